"""The fault tests again and again, and what they measured as a page: `python -m tests.long.chaos --times 5`.

Writes `docs/chaos.md`. Real time: one round takes about six minutes. Each round ends with a run of `hotline demo
--chaos`, a seed of its own a round.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from app.demo.chaos import recovery
from app.demo.judge import COUNTERS
from tests.chaos.figures import FILE

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "chaos.md"
#: What each scenario does, in words.
SCENARIOS = {
    "worker_killed": "A worker is killed under 2 conversations and 3 waiting callers, twice",
    "parent_killed": "The parent is killed; after 4 s without anything of ours it is started again",
    "redis_stopped": "Redis is stopped for 20 s and started again with its data",
    "redis_paused": "Redis hangs (SIGSTOP) for 8 s",
    "redis_emptied": "Redis is killed and started empty: 2 conversations, 4 waiting callers of two classes",
    "redis_emptied_with_people_free": "The same with 3 waiting callers, and 2 people who become available at once",
    "postgres_stopped": "Postgres is stopped for 60 s in full traffic",
}
#: The demo's run, without seed.
DEMO = "--chaos --callers 60 --specialists 8 --for 60"
#: Figures with a bound of R3, seconds.
BOUNDS = {
    ("worker_killed", "right_s"): 5,
    ("redis_stopped", "right_s"): 5,
    ("redis_paused", "right_s"): 5,
    ("redis_emptied", "queue_s"): 25,
    ("redis_emptied", "offer_s"): 5,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=3)
    times, load = parser.parse_args().times, os.getloadavg()[1]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "figures.jsonl"
        file.touch()
        failed = sum(_round(file) != 0 for _ in range(times))
        demos = [_demo(seed) for seed in range(1, times + 1)]
        lines = [json.loads(line) for line in file.read_text().splitlines()]
    PAGE.write_text(page(lines, times, failed, load) + demo_page(demos))
    return 1 if failed else 0


def _round(file: Path) -> int:
    command = [sys.executable, "-m", "pytest", "tests/chaos", "-q", "-n", "2"]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, FILE: str(file)}, check=False).returncode


def _demo(seed: int) -> dict[str, Any]:
    """The last line of one run in real time."""
    command = [sys.executable, "-m", "app.cli", "demo", *DEMO.split(), "--seed", str(seed), "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return json.loads(done.stdout.splitlines()[-1])


def demo_page(results: list[dict[str, Any]]) -> str:
    """What the demo's runs counted, and how soon everything was right again."""
    bounds = recovery.BOUNDS_S
    rows = [_demo_row(kind, bound, [r["recovered_p99_s"][kind] for r in results]) for kind, bound in bounds.items()]
    faults = sum((Counter(r["faults"]) for r in results), Counter[str]())
    counted = {name: sum(r[name] for r in results) for name in COUNTERS}
    callers = sum(r["callers"] for r in results)
    return "\n".join(
        [
            "",
            "## All of it in one run",
            "",
            f"`hotline demo {DEMO}`, seeds 1 to {len(results)}: {callers} callers.",
            "For each caller on the line when a store came back, the time until the board was right about them; for",
            "each callback that never came, the time until the record knew.",
            "",
            "| Fault | Median of p99, s | Greatest p99, s | Bound (R3), s |",
            "|---|---|---|---|",
            *rows,
            "",
            "Faults: " + ", ".join(f"{name} {count}" for name, count in faults.items()) + ".",
            "",
            "Counters: " + ", ".join(f"{name} {count}" for name, count in counted.items()) + ".",
            "",
        ]
    )


def _demo_row(kind: str, bound: float, values: list[float | None]) -> str:
    known = [value for value in values if value is not None]
    figures = f"{statistics.median(known):.2f} | {max(known):.2f}" if known else "|"
    return f"| `{kind}` | {figures} | {bound:.0f} |"


def page(lines: list[dict[str, object]], times: int, failed: int, load: float) -> str:
    """Median and greatest of every figure."""
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    for line in lines:
        for name, value in line.items():
            if isinstance(value, int | float):
                found[str(line["scenario"]), name].append(value)
    rows = [_row(scenario, name, found[scenario, name]) for scenario, name in sorted(found, key=_place)]
    return "\n".join([*_head(times, failed, load), *rows, ""])


def _place(key: tuple[str, str]) -> tuple[int, str]:
    return list(SCENARIOS).index(key[0]), key[1]


def _row(scenario: str, name: str, values: list[float]) -> str:
    bound = BOUNDS.get((scenario, name), "")
    figures = f"{statistics.median(values):.2f} | {max(values):.2f} | {bound} | {len(values)}"
    return f"| {SCENARIOS[scenario]} | `{name}` | {figures} |"


def _head(times: int, failed: int, load: float) -> list[str]:
    day = f"{datetime.now(UTC):%Y-%m-%d}"
    return [
        "# What faults cost",
        "",
        "`hotline serve` with two workers, real stores and the emulated carrier, all on one machine; figures are",
        "seconds. *Right* is sampled every 200 ms: each live leg's phase, the human by the label in the room, and the",
        "waiting order by class and first ring. After each scenario all counters of the judge are 0, or it has failed.",
        "",
        f"Measured on {day}, {os.cpu_count()} cores, load before it {load:.1f} (above 0.5 something else ran), rounds:",
        f"{times}, of them with a failed test: {failed}, by:",
        "",
        f"    uv run python -m tests.long.chaos --times {times}",
        "",
        "| Fault | Figure | Median | Greatest | Bound | Rounds |",
        "|---|---|---|---|---|---|",
    ]


if __name__ == "__main__":
    sys.exit(main())
