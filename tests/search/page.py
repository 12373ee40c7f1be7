"""The page of what the exhaustive search has found: docs/search.md."""

from __future__ import annotations

import os
from collections.abc import Mapping

from tests.search.explore import Figures
from tests.search.guards import UNREACHED
from tests.search.worlds import WORLDS, World

HEAD = """# Every board there can be

Beside the state machine of `tests/routing/machine.py`, which goes many ways by chance, `tests/search` goes all of them:
breadth first over the boards of a small hotline, each board put back on a real server and every event done to it by
the real scripts through `Board`. On every board and at every event the rules are checked by `tests/routing/model.py`
and by what the keys must say of one another: no caller in two offers that count, nobody in two calls, one owner, nobody
in a state that nothing ends, P1 at every match, duplicates and refused requests leave no event. At the end of a
complete search one thing more: **from every board there is a way, of helpful events alone, to one on which every caller
is with a human**, so that no caller is lost.

Every board is put back from its keys before every event, and nothing else is handed on: so a process may die and start
again between any two moves in every search, and whatever it kept in memory cannot matter.

## What is a board, and what is a time

Boards that go on in the same way are one (`tests/search/canon.py` names everything left out, with the reason). That is
not only argued: of a sample, boards are put back twice, with every key they had and as their text says, every further
event is done to both, and answers and results must be the same. Callers come and go without end, so many at once.

Times are on a grid of one unit (the limits are whole units in the order in which the real ones race, `worlds.py`); one
event lets a unit pass, in which consoles that are up beat and callers on hold turn. Timers due at the same moment are
carried out in one order. Where the table says *ticker away*, other moves may come between a timer's moment and its
tick. Late: requests and callbacks held back and delivered at any later time, so many at once; each is delivered twice.
"""

LIMITS = """
## What it does not see

- Times between the units, epochs (S2), presence, classes set by hand, limits on misses and on hard calls in a row,
  languages, tiers and the interpreter: those are the state machine's and the stories'.
- Callbacks that never come: they are the reconciler's affair (R3). An effect at the carrier is carried out in the end,
  once or twice; it does not run out.
- A duplicate long after its original, and a device that beats for a leg of another call.
- Agencies, leads beside a call, transfers and consults.
"""


def page(
    figures: Mapping[str, Figures],
    looked: Mapping[str, int],
    missed: Mapping[str, str],
    command: str,
    day: str,
    load: float,
) -> str:
    rows = [_row(WORLDS[name], figure, looked[name]) for name, figure in figures.items()]
    lines = [
        HEAD,
        "## Figures",
        "",
        f"Measured on {day}, {os.cpu_count()} cores, load before it {load:.1f} (above 0.5 something else ran), by:",
        "",
        f"    {command}",
        "",
        "| World | Events besides time | Late | Boards | Events | Moves | Deepest | Seconds | Complete | Compared |",
        "|---|---|---|---|---|---|---|---|---|---|",
        *rows,
        "",
        "*Compared*: pairs of boards of one text that went on in the same way.",
        LIMITS,
        *_guards(missed),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _row(world: World, figure: Figures, looked: int) -> str:
    acts = [*sorted(world.acts), *(["backup line"] if world.backup else []), *(["ticker away"] if world.ticks else [])]
    numbers = [f"{n:,}" for n in (world.late, figure.states, figure.events, figure.moves, figure.deepest)]
    end = "yes" if figure.complete else f"no, {figure.left:,} boards to do"
    return f"| {' | '.join([world.name, ', '.join(acts), *numbers, f'{figure.seconds:.0f}', end, f'{looked:,}'])} |"


def _guards(missed: Mapping[str, str]) -> list[str]:
    lines = ["## Guards", "", "Taken out one at a time (T2), each of these makes the search fail:", ""]
    lines += [", ".join(f"`{name}`" for name in sorted(missed)) + ".", "", "It cannot see these missing:", ""]
    return lines + [f"- {', '.join(f'`{n}`' for n in names)}: {why}." for why, names in UNREACHED.items()]
