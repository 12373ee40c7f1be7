"""The hands of the state machine: how a move is made, repeated and judged, and how a story begins."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition

from routing.board import Accepted, Answer, Caller, Seat
from routing.policy import DEFAULT_PLAN, WARM_PLAN, PlanStep
from routing.policy import Line as Line_
from tests.routing.model import Model
from tests.routing.stories import STORIES
from tests.routing.world import World

CALLS = ("c1", "c2", "c3", "c4", "c5", "c6")
SPECS = ("s1", "s2", "s3", "p1")
CLASSES = ("attempt", "urgent", "standard", "warm")
MACHINE_LINES = (
    Line_("main", ("en", "es"), plan=(PlanStep(5, "callback"), *DEFAULT_PLAN)),
    Line_("warm", ("en",), plan=WARM_PLAN, cls="warm", crisis="main", limit=1),
)
#: Whose telephone: c6 is c1's once more, c2 withholds its number.
NUMBERS = {**{call: f"n{call}" for call in CALLS}, "c6": "nc1", "c2": ""}
call_names = st.sampled_from(CALLS)
spec_names = st.sampled_from(SPECS)
#: Seconds that may pass at once: within an acknowledgement, a deadline, a hold turn.
SPANS = st.sampled_from((1, 3, 7, 13))
RARELY = st.sampled_from((False, False, True))
GRAVE = ("agency", "attempt", "danger")


@dataclass
class Person:
    """What a simulated specialist's console knows."""

    up: bool = True
    won: Accepted | None = None
    leg: str = ""
    seat: Seat | None = None
    joined: bool = False


@dataclass
class Line:
    """What a simulated caller's telephone does."""

    rang: bool = False
    gone: bool = False
    in_room: bool = False
    dialled: bool = False
    silent: bool = False


@dataclass
class Past:
    """A move that was made, to be made again; its events must have been all."""

    name: str
    again: Callable[[], Coroutine[Any, Any, Any]]


@dataclass
class Fates:
    callers: dict[str, Line] = field(default_factory=lambda: {c: Line() for c in CALLS})
    people: dict[str, Person] = field(default_factory=lambda: {s: Person() for s in SPECS})
    past: list[Past] = field(default_factory=list)
    agencies: dict[str, str] = field(default_factory=dict)
    ringing: set[str] = field(default_factory=set)
    watch: tuple[str, Seat] | None = None
    facts: int = 0
    distrusts: int = 0


def caller_of(call: str) -> Caller:
    number = NUMBERS[call]
    return Caller(number_hash=number, number_cipher=f"x{number}" if number else "", withheld=not number)


def someone_is(*duties: str) -> Callable[[Any], Any]:
    """The rule has something to do: a person has such a duty."""
    return precondition(lambda self: any(p.duty in duties for p in self.model.specs.values()))


class Hands(RuleBasedStateMachine):
    """A board, what everybody knows of it, and the ways of making a move before the eyes of the model."""

    loop: asyncio.AbstractEventLoop
    url: str
    edit: Callable[[str], str] | None = None
    stories: tuple[Callable[[Any], None], ...] = STORIES

    def __init__(self) -> None:
        super().__init__()
        self.world = World(self.url, edit=type(self).edit, lines=MACHINE_LINES)
        self.model = Model()
        self.fates = Fates()

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        """One move, and what came of it before the eyes of the model."""
        result = self.loop.run_until_complete(work)
        self.model.feed(self.loop.run_until_complete(self.world.news()))
        return result

    def nothing(self, work: Coroutine[Any, Any, Any], name: str) -> Any:
        """A move that must leave no event."""
        result = self.loop.run_until_complete(work)
        left = self.loop.run_until_complete(self.world.news())
        assert not left, f"{name} left {[e.kind for e in left]}"
        return result

    def refused(self, work: Coroutine[Any, Any, Any], name: str) -> None:
        answer = self.nothing(work, name)
        assert isinstance(answer, Answer | Seat), f"{name} was let through"
        assert not answer.ok, f"{name} was let through"

    def once(self, name: str, move: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        """A move that may come twice: it is remembered and repeated later."""
        self.fates.past = [*self.fates.past[-30:], Past(name, move)]
        result = self.do(move())
        self.nothing(move(), f"{name} again at once")
        return result

    def beat(self, spec: str, **how: Any) -> None:
        self.model.beaten[spec] = self.model.epoch
        self.model.beat_ms[spec] = self.world.ms
        self.do(self.world.beat(spec, **how))

    def who(self, spec: str, *duties: str) -> str:
        """This person, or the next one with such a duty."""
        order = SPECS[SPECS.index(spec) :] + SPECS[: SPECS.index(spec)]
        return next((one for one in order if self.model.spec(one).duty in duties), spec)

    # -- the beginning

    @initialize(story=st.runner().flatmap(lambda machine: st.sampled_from(machine.stories)))
    def begin(self, story: Callable[[Any], None]) -> None:
        self.do(self.world.open())
        self.model.verify_until = 0
        ways = {"s1": (("en",), 1), "s2": (("en", "es"), 1), "s3": (("es",), 2)}
        for spec, (languages, tier) in ways.items():
            self.model.may[spec] = (languages, str(tier))
            self.model.beaten[spec], self.model.beat_ms[spec] = self.model.epoch, self.world.ms
            self.do(self.world.person(spec, languages=languages, tier=tier))
        self.model.may["p1"], self.model.on["p1"] = (("en",), "1"), "warm"
        self.model.beaten["p1"], self.model.beat_ms["p1"] = self.model.epoch, self.world.ms
        self.do(self.world.person("p1", on_lines=("warm",)))
        self.model.leads.add("l1")
        self.do(self.world.person("l1", role="lead", presence="offline"))
        story(self)

    def teardown(self) -> None:
        self.loop.run_until_complete(self.world.close())
