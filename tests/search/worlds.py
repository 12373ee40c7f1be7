"""What is searched: who is there, which limits, which events may happen, and how many messages may be late."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from routing.board import Profile
from routing.policy import Line, PlanStep, compile_config, lanes_for_person

NEVER_S = 1_000_000
"""Seconds: not in a search."""
JUST_UNDER = 9.999
"""Seconds: a limit that is over when a unit has passed, where the script asks for more than it."""

TIMES_S: dict[str, float] = {
    "ack": 10,
    "offer": 20,
    "fresh": JUST_UNDER,
    "shy": 10,
    "exclude": 20,
    "exclude_alone": 10,
    "doubt": 20,
    "anyone": NEVER_S,
    "danger_backup": NEVER_S,
    "backup_ring": 10,
    "backup_again": NEVER_S,
    "ask": 10,
    "join": 10,
    "media": 10,
    "move": 10,
    "room": 10,
    "silent": JUST_UNDER,
    "others": JUST_UNDER,
    "deaf": NEVER_S,
    "grace": 0,
    "say": NEVER_S,
    "relief": 20,
    "giveup": 30,
    "rejoin": 10,
    "left": 10,
    "wrap": 10,
    "effect": NEVER_S,
}
"""The board's limits on the search's grid: whole units, in the order that the real ones have where they race. Scripts
compare times with these and with one another, never with numbers of their own."""


@dataclass(frozen=True)
class World:
    """One search. `callers` at once, any number of them one after the other; `late` messages in flight."""

    name: str
    callers: int
    people: int
    legs: bool
    late: int
    acts: frozenset[str]
    besides: int = 0
    """Calls that are over and still spoken of (a wrap-up, a leg) while others ring."""
    backup: bool = False
    ticks: bool = True
    """Time may pass before the timers are looked at: the ticker's process is away for a unit."""

    def config(self) -> dict[str, Any]:
        plan = (PlanStep(20, "backup"),) if self.backup else ()
        line = Line("main", ("en",), plan=plan)
        config = compile_config([line], backups=int(self.backup), times_s=TIMES_S)
        return {**config, "misses": NEVER_S, "hard": NEVER_S}

    def profile(self, spec: str) -> Profile:
        lanes = lanes_for_person([Line("main", ("en",))], role="specialist", languages=("en",))
        return Profile(spec, "specialist", "intermediate", lanes, True)

    def specs(self) -> list[str]:
        return [f"s{n}" for n in range(1, self.people + 1)]


CORE = frozenset({"arrive", "hang_up", "offer", "talk"})
BOARD = CORE | {"danger", "dies", "leave"}
ALL = BOARD | {"reload", "drop", "end"}

WORLDS = {
    world.name: world
    for world in (
        World("1x1 legs, core", 1, 1, True, 1, CORE, ticks=False),
        World("2x2 board, core", 2, 2, False, 0, CORE, ticks=False),
        World("1x1 legs", 1, 1, True, 1, ALL, backup=True),
        World("1x1 legs, two late", 1, 1, True, 2, CORE, ticks=False),
        World("2x2 board", 2, 2, False, 1, BOARD, besides=1, ticks=False),
        World("1x2 legs", 1, 2, True, 2, CORE | {"dies", "leave"}, ticks=False),
        World("2x2 legs", 2, 2, True, 1, CORE | {"dies"}, ticks=False),
        World("1x1 ended", 1, 1, True, 1, frozenset({"arrive", "talk", "end"}), ticks=False),
        World("1x1 silent", 1, 1, True, 1, frozenset({"arrive", "talk", "dies"}), ticks=False),
    )
}
