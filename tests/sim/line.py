"""A hotline in virtual time: callers and specialists by the dice, every match by the real board.

A discrete-event simulation over a heap. All that is simulated is when people ring, speak, give up, decline; who is
offered to whom, and in which order, is the Lua scripts' affair.
"""

from __future__ import annotations

import heapq
import itertools
import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from routing.board import Accepted, Caller, Profile
from routing.policy import Line, compile_config, lanes_for_person
from tests.routing.model import Model
from tests.search.laws import told
from tests.search.wire import TAG, Wire
from tests.sim.erlang import Staffing

START = 1_800_000_000_000
NEVER_S = 1_000_000_000
"""Seconds: limits that are no part of the simulation (beats, turns, wrap-up)."""
QUIET = ("fresh", "doubt", "anyone", "danger_backup", "backup_again", "ask", "offer", "ack", "shy")
SWEEP = 500
"""After so many calls the effects that nobody carries out are thrown away."""


@dataclass(frozen=True)
class Mix:
    """Who rings and who answers: shares of classes and languages, what the staff speak, share of offers declined."""

    classes: Mapping[str, float] = field(default_factory=lambda: {"standard": 1.0})
    languages: Mapping[str, float] = field(default_factory=lambda: {"en": 1.0})
    speak: tuple[tuple[str, ...], ...] = (("en",),)
    declines: float = 0.0


MIXED = Mix(
    {"standard": 0.6, "urgent": 0.2, "attempt": 0.1, "warm": 0.1},
    {"en": 0.7, "es": 0.3},
    (("en",), ("es",), ("en", "es")),
    0.05,
)


@dataclass
class Ring:
    """A caller, as the simulation remembers them."""

    at: int
    cls: str
    offer: str = ""
    answered: int = -1
    gone: bool = False


class Hotline:
    """Runs so many calls. `watch` judges every event by the rules of section P (`tests/routing/model.py`)."""

    def __init__(
        self, path: str, staffing: Staffing, mix: Mix | None = None, *, seed: int = 1, watch: bool = False
    ) -> None:
        self.staffing, self.mix, self.rng = staffing, mix or Mix(), random.Random(seed)
        self.wire, self.now, self.watch = Wire(path), START, watch
        self.model = Model()
        self.heap: list[tuple[int, int, Callable[[], None]]] = []
        self.order = itertools.count()
        self.rings: dict[str, Ring] = {}
        self.waits_ms: list[int] = []
        self.served: list[tuple[int, int]] = []
        """Of each answered caller, when they rang and how long they were served, in ms."""
        self.gave_up: list[bool] = []
        self.matches = self.moves = 0
        self.taken: list[str] = []
        self._open()

    def _open(self) -> None:
        languages = tuple(self.mix.languages)
        lines = [Line("main", languages, plan=())]
        config = compile_config(lines, backups=0, times_s={**dict.fromkeys(QUIET, NEVER_S), "keep": 10, "loose": 10})
        self.wire.store.epoch = self._do(self.wire.board.open(config))[0]
        self._do(self.wire.board.end_verify())
        for n in range(self.staffing.staff):
            speaks = self.mix.speak[n % len(self.mix.speak)]
            lanes = lanes_for_person(lines, role="specialist", languages=speaks)
            self.model.may[f"s{n}"], self.model.beaten[f"s{n}"] = (speaks, "1"), self.wire.store.epoch
            self._do(self.wire.board.beat(Profile(f"s{n}", "specialist", "senior", lanes, True), presence="available"))
        self.model.verify_until = 0

    # -- moves

    def _do(self, *works: Any) -> list[Any]:
        """Some moves at once, what they answer, and what they have brought about."""
        moves = [self.wire.move(work) for work in works]
        stream = f"{TAG}events"
        look = [("XRANGE", stream, "-", "+"), ("XTRIM", stream, "MAXLEN", 0)]
        self.wire.send([*(self.wire.command(m, self.now) for m in moves), *look])
        self.moves += len(moves)
        for move in moves:
            reply = json.loads(self.wire.receive())
            assert "err" not in reply, reply
            move.answered(reply.get("v"))
        events = told(self.wire.receive())
        self.wire.receive()
        if self.watch:
            self.model.beat_ms = dict.fromkeys(self.model.may, self.now)
            self.model.feed(events)
        for event in events:
            if event.kind == "offer.made":
                self._at(self.now, partial(self._offered, event.call, event.data["spec"], event.data["offer"]))
        return [move.result for move in moves]

    def _at(self, ms: int, what: Callable[[], None]) -> None:
        heapq.heappush(self.heap, (ms, next(self.order), what))

    def _in(self, mean_s: float) -> int:
        return self.now + round(self.rng.expovariate(1 / mean_s) * 1000)

    def _one_of(self, shares: Mapping[str, float]) -> str:
        return self.rng.choices(list(shares), list(shares.values()))[0]

    # -- what happens

    def run(self, calls: int) -> None:
        """Until so many callers have rung and all have been served or have given up."""
        self.left = calls
        self._at(self._in(3600 / self.staffing.calls_per_hour), self._rings)
        while self.heap:
            self.now, _, what = heapq.heappop(self.heap)
            what()
        assert not any(ring.answered < 0 and not ring.gone for ring in self.rings.values()), "nobody is left behind"

    def _rings(self) -> None:
        self.left -= 1
        if self.left:
            self._at(self._in(3600 / self.staffing.calls_per_hour), self._rings)
        c, cls, language = f"c{self.left}", self._one_of(self.mix.classes), self._one_of(self.mix.languages)
        self.rings[c] = Ring(self.now, cls)
        if self.staffing.patience_s:
            self._at(self._in(self.staffing.patience_s), partial(self._gives_up, c))
        said: dict[str, Any] = {"line": "main", "language": language, "cls": cls, "arrived_ms": self.now, "counter": 0}
        board = self.wire.board
        grade = [board.set_class(c, cls, who="lead", why="as told")] if cls != "standard" else []
        self._do(board.arrive(c, f"CA{c}", "main", language, Caller()), *grade, board.turn(c, f"CA{c}", turn=1, **said))

    def _offered(self, c: str, spec: str, offer: str) -> None:
        """Whoever is offered a call accepts at once, or declines."""
        ring = self.rings.get(c)
        if ring is None or ring.gone:
            return
        self.matches += 1
        if self.rng.random() < self.mix.declines:
            self._do(self.wire.board.decline(offer, spec, "busy"))
            return
        [won] = self._do(self.wire.board.accept(offer, spec, "t"))
        if isinstance(won, Accepted):
            ring.answered, ring.offer = self.now, offer
            self.waits_ms.append(self.now - ring.at)
            self.gave_up.append(False)
            self.taken.append(ring.cls)
            over = self._in(self.staffing.service_s)
            self.served.append((ring.at, over - self.now))
            self._at(over, partial(self._ends, c))

    def _gives_up(self, c: str) -> None:
        ring = self.rings.get(c)
        if ring is not None and ring.answered < 0:
            self.gave_up.append(True)
            self._ends(c)

    def _ends(self, c: str) -> None:
        """The caller hangs up, and the specialist, if there is one, is free for the next."""
        ring = self.rings[c]
        ring.gone = True
        self._do(self.wire.board.caller_gone(c, f"CA{c}", status="completed", side="caller", at_ms=self.now))
        del self.rings[c]
        self.model.calls.pop(c, None)
        self.wire.ask("UNLINK", f"{TAG}offer:{ring.offer}", f"{TAG}call:{c}", f"{TAG}legs:{c}")
        if self.left % SWEEP == 0:
            self.wire.ask("UNLINK", f"{TAG}fx", f"{TAG}fxdue")

    def close(self) -> None:
        self.wire.close()
