"""What simulated people will do, drawn from one seeded rng before anybody dials: the special parts first.

A caller's script says when they ring, which keys they press, when they hang up and, as scenes, what happens once they
are with somebody. A deck says what specialists do with the offers they are shown.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

#: The demo's own lines; nobody serves the second: its callers get to the backup line (H5).
LINE, NIGHT_LINE = "+12025550100", "+12025550101"
#: A third one, whose people come so late that its callers would rather be rung back (C4).
LATER_LINE = "+12025550102"
#: Peers answer the fourth, the warm line.
WARM_LINE = "+12025550103"
#: Telephones of the emergency service, each for one handoff at a time.
AGENCIES = ("+12025550180", "+12025550181", "+12025550182", "+12025550183")
#: Seconds of an ordinary conversation: short, so that few people can serve many.
TALK_S = (3.0, 8.0)
#: Seconds that an ordinary caller waits before giving up: longer than the run and its drain may keep them waiting.
PATIENCE_S = (150.0, 240.0)
#: Seconds after being scripted to hang up in a state, once in it.
IN_STATE_S = (0.0, 0.3)


@dataclass(frozen=True)
class Scene:
    """One conversation. `ends`: who or what ends it."""

    talk_s: float
    ends: str = "caller"
    """`caller`, `specialist` (End call), `leaves`, `dies` (the device, who comes back) or `dies_for_long`."""
    acts: tuple[str, ...] = ()
    """What the specialist does meanwhile: `risk`, `safe`, `urgent`, `handoff`, `consult`, `transfer`, `up`."""


@dataclass(frozen=True)
class Script:
    """One caller. Times are seconds after the first ring, `at` after the run's beginning."""

    kind: str
    at: float
    number: str
    line: str = LINE
    withheld: bool = False
    keys: tuple[tuple[float, str], ...] = ()
    hangs_up_in: str = ""
    """The state of the call in which they give up; empty: never before `patience_s`."""
    patience_s: float = 200.0
    scenes: tuple[Scene, ...] = ()
    callback: str = ""
    """Chooses to be rung back, and then is `reached`, or `busy`."""
    calls_again_s: float | None = None
    """Seconds after their line dropped until they ring again."""


def _talk(rng: random.Random) -> float:
    return rng.uniform(*TALK_S)


def _plain(rng: random.Random) -> Scene:
    return Scene(_talk(rng), acts=tuple(act for act in ("safe", "risk") if rng.random() < 0.3))


Draw = Callable[[random.Random, Script], Script]


def _hangs_up(state: str) -> Draw:
    return lambda _rng, script: replace(script, hangs_up_in=state)


def _plays(*scenes: Scene) -> Draw:
    return lambda rng, script: replace(script, scenes=(*scenes, _plain(rng)))


def _presses(digit: str) -> Draw:
    return lambda rng, script: replace(script, keys=((rng.uniform(1.0, 6.0), digit),))


def _warm(_: random.Random, script: Script) -> Script:
    """They ring the warm line."""
    return replace(script, line=WARM_LINE)


#: Part to (how many of 60, when in the run: early, any time, late; how the script differs). Slow ones come early, so
#: that they are over in time; who is to give up waiting comes when everybody is busy.
PARTS: dict[str, tuple[int, str, Draw]] = {
    "device_dies": (1, "early", _plays(Scene(2.0, "dies"))),
    "device_dies_for_long": (1, "early", _plays(Scene(2.0, "dies_for_long"))),
    "hangs_up_reconnecting": (
        2,
        "early",
        lambda rng, s: replace(s, hangs_up_in="reconnecting", scenes=(Scene(1.5, "dies"), _plain(rng))),
    ),
    "specialist_leaves": (1, "early", _plays(Scene(3.0, "leaves"))),
    "handoff": (2, "early", _plays(Scene(12.0, acts=("handoff",)))),
    "hangs_up_with_agency": (
        1,
        "early",
        lambda rng, s: replace(s, hangs_up_in="agency", scenes=(Scene(40.0, acts=("handoff",)), _plain(rng))),
    ),
    "rung_back": (2, "early", lambda _rng, s: replace(s, line=LATER_LINE, callback="reached")),
    "not_reached": (1, "early", lambda _rng, s: replace(s, line=LATER_LINE, callback="busy")),
    "transferred": (3, "early", _plays(Scene(30.0, acts=("transfer",)))),
    "consulted": (2, "early", _plays(Scene(16.0, acts=("consult",)))),
    "hangs_up_private": (
        2,
        "early",
        lambda rng, s: replace(s, hangs_up_in="private", scenes=(Scene(30.0, acts=("consult",)), _plain(rng))),
    ),
    "line_drops": (
        2,
        "early",
        lambda rng, s: replace(s, scenes=(Scene(3.0),), calls_again_s=rng.uniform(2.0, 4.0)),
    ),
    "warm_up": (2, "early", lambda rng, s: _warm(rng, _plays(Scene(40.0, acts=("up",)))(rng, s))),
    "warm": (2, "any", lambda rng, s: _warm(rng, s)),
    "warm_to_crisis": (2, "any", lambda rng, s: _warm(rng, _presses("0")(rng, s))),
    "danger_key": (2, "any", _presses("1")),
    "hangs_up_backup_ringing": (2, "any", lambda _rng, s: replace(s, hangs_up_in="backup_ringing", line=NIGHT_LINE)),
    "hangs_up_greeting": (2, "any", _hangs_up("greeting")),
    "hangs_up_offered": (4, "any", _hangs_up("offered")),
    "hangs_up_connecting": (4, "any", _hangs_up("connecting")),
    "hangs_up_talking": (2, "any", _hangs_up("talking")),
    "hangs_up_waiting": (3, "late", _hangs_up("waiting")),
    "wrong_key": (2, "any", _presses("7")),
    "spanish": (3, "any", _presses("2")),
    "withheld": (3, "any", lambda _rng, s: replace(s, withheld=True)),
    "silent": (2, "any", _plays(Scene(4.0, "specialist"))),
    "urgent": (1, "any", _plays(Scene(5.0, acts=("urgent", "risk", "safe")))),
}
WHEN = {"early": (0.0, 0.35), "any": (0.1, 1.0), "late": (0.45, 0.95)}


def callers(rng: random.Random, count: int, seconds: float) -> list[Script]:
    """Scripts in the order of their calls. With few callers the first parts of the list are played, one each."""
    parts = _allot(count)
    scripts = []
    for index in range(count):
        name, when, draw = parts[index] if index < len(parts) else ("ordinary", "any", _as_it_is)
        begin, end = WHEN[when] if index < len(parts) else (0.0, 1.0)
        script = Script(name, rng.uniform(begin, end) * seconds, number=telephone(index))
        script = replace(script, patience_s=rng.uniform(*PATIENCE_S), scenes=(_plain(rng),))
        scripts.append(draw(rng, script))
    return sorted(scripts, key=lambda script: script.at)


def telephone(index: int) -> str:
    """Fictional numbers only: 555 in every area from 201 on, 01 and two digits."""
    area, last = 203 + index // 100, index % 100
    return f"+1{area}55501{last:02}"


def _as_it_is(_: random.Random, script: Script) -> Script:
    return script


def _allot(count: int) -> list[tuple[str, str, Draw]]:
    """Each part once, then again as often as 60 callers would, as far as there are callers."""
    scale = max(1.0, count / 60)
    rounds = [
        (part, n, round(most * scale)) for part, (most, _, _) in PARTS.items() for n in range(round(most * scale))
    ]
    order = sorted(rounds, key=lambda one: one[1] > 0)
    return [(part, *PARTS[part][1:]) for part, _, _ in order][:count]


def is_full(count: int) -> bool:
    """Whether so many callers play every part, so that every scripted kind must have happened."""
    return count >= sum(most for most, _, _ in PARTS.values())


#: What is done with an offer, apart from answering it, and in how many of the first forty.
OFFER_ACTS = {"decline": 4, "lapse": 4, "unseen": 3}


def deck(rng: random.Random, callers: int) -> Iterator[str]:
    """For each offer shown, in turn, what its specialist does with it: `answer` mostly."""
    size = max(8, min(40, callers))
    acts: Sequence[str] = [act for act, count in OFFER_ACTS.items() for _ in range(count)]
    cards = [*acts, *["answer"] * (size - len(acts))]
    rng.shuffle(cards)
    yield from cards
    while True:
        yield "decline" if rng.random() < 0.05 else "answer"
