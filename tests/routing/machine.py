"""The state machine: hypothesis drives every move on a real server; `Model` judges every event (T2).

`mischief` tries, at every moment, what must be refused: another person's offer, a wrong token, a late epoch. A refused
or repeated move must leave no event behind.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from routing.board import Accepted, Answer, BoardAway, CallView, EpochChanged, Seat
from tests.routing.model import Model
from tests.routing.stories import STORIES
from tests.routing.world import World

CALLS = ("c1", "c2", "c3", "c4", "c5", "c6")
SPECS = ("s1", "s2", "s3")
CLASSES = ("attempt", "urgent", "standard", "warm")
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
    facts: int = 0
    distrusts: int = 0


def someone_is(*duties: str) -> Callable[[Any], Any]:
    """The rule has something to do: a person has such a duty."""
    return precondition(lambda self: any(p.duty in duties for p in self.model.specs.values()))


class BoardMachine(RuleBasedStateMachine):
    """Moves of callers, people, the carrier and time, in any order."""

    loop: asyncio.AbstractEventLoop
    url: str
    edit: Callable[[str], str] | None = None
    stories: tuple[Callable[[Any], None], ...] = STORIES

    def __init__(self) -> None:
        super().__init__()
        self.world = World(self.url, edit=type(self).edit)
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
        story(self)

    def teardown(self) -> None:
        self.loop.run_until_complete(self.world.close())

    # -- callers

    @precondition(lambda self: not all(line.rang for line in self.fates.callers.values()))
    @rule(
        call=call_names, language=st.sampled_from(("en", "en", "es")), ring_back=st.sampled_from((False, False, True))
    )
    def rings(self, call: str, language: str, ring_back: bool = False) -> None:
        call = next((c for c in (call, *CALLS) if not self.fates.callers[c].rang), "")
        if not call:
            return
        self.fates.callers[call].rang = True
        self.do(self.world.rings(call, language=language, ring_back=ring_back))
        phone, board = self.world.phones[call], self.world.board
        again = board.arrive(call, phone.sid, "main", language, _nobody(), ring_back=ring_back)
        self.nothing(again, "arrive again")
        self._turn(call)

    @rule(call=call_names, danger=st.booleans(), away=st.booleans())
    def turns(self, call: str, danger: bool, away: bool = False) -> None:
        """A turn; `away`: it was held without the board, and a key pressed meanwhile is in its URL alone."""
        line = self.fates.callers[call]
        if not line.rang or line.gone or line.in_room:
            return
        if away:
            view = self._turn(call, away=True, cls="danger" if danger else "standard")
            heard = not danger or view.state in ("closed", "agency_only") or view.cls in GRAVE
            assert heard, "a key pressed while we were away counts"
        else:
            self._turn(call, danger=danger)

    def _turn(self, call: str, **how: Any) -> CallView:
        view: CallView = self.do(self.world.turn(call, **how))
        line, board = self.fates.callers[call], self.world.board
        self.nothing(self.world.repeat_turn(call, **how), "turn again")
        if view.backup_done:
            view = self.do(self.world.turn(call, still_needed=True))
        if view.room_open:
            line.in_room = True
            self.do(self.world.caller_joins(call))
            phone, label = self.world.phones[call], self.world.label(call)
            at = self.world.ms
            self.fates.past.append(
                Past("join", lambda: board.leg_joined(call, phone.sid, label, self.world.room(call), at))
            )
        elif view.state == "backup_ringing":
            line.dialled = True
        return view

    @rule(call=call_names)
    def loses_ingress(self, call: str) -> None:
        """Its turns do not reach us for a while."""
        self.fates.callers[call].silent = not self.fates.callers[call].silent

    @rule(call=call_names, supplied=st.booleans())
    def hangs_up(self, call: str, supplied: bool = False) -> None:
        """`supplied`: the reconciler finds it out before the callback comes."""
        line = self.fates.callers[call]
        if not line.rang or line.gone:
            return
        line.gone, line.in_room = True, False
        at, phone, board = self.world.ms, self.world.phones[call], self.world.board
        how = dict(status="completed", side="caller")
        if supplied:
            within = {"earliest_ms": at - 5000, "latest_ms": at}
            self.once("found gone", lambda: board.caller_gone(call, phone.sid, **how, at_ms=None, **within))
        self.once("gone", lambda: board.caller_gone(call, phone.sid, **how, at_ms=at))
        if supplied:
            self.nothing(
                board.caller_gone(call, phone.sid, **how, at_ms=None, earliest_ms=at, latest_ms=at), "found gone, late"
            )
        self.nothing(self.world.turn(call, danger=True), "a turn after the end")

    @rule(call=call_names)
    def backup(self, call: str) -> None:
        line, board = self.fates.callers[call], self.world.board
        if not line.rang or line.gone or line.in_room:
            return
        answer: Answer = self.do(board.backup_answered(call, f"BK{call}"))
        if not answer.ok:
            return
        self.nothing(board.backup_answered(call, f"BK{call}"), "key 1 again")
        self.refused(board.backup_answered(call, "BKother"), "a second backup")
        self.nothing(board.backup_over(call, dialled_index=9), "the end of another Dial")

    @rule(call=call_names)
    def backup_ends(self, call: str) -> None:
        view = self.do(self.world.board.call(call))
        if view and view.state in ("backup_ringing", "backup_talking") and not self.fates.callers[call].gone:
            self.fates.callers[call].dialled = False
            self.do(self.world.board.backup_over(call, dialled_index=view.backup_index))

    # -- people

    @someone_is("offered")
    @rule(spec=spec_names)
    def accepts(self, spec: str) -> None:
        spec = self.who(spec, "offered")
        view = self.do(self.world.board.specialist(spec))
        if not view.offers:
            return
        offer = view.offers[0]
        person, board = self.fates.people[spec], self.world.board
        self.once("ack", lambda: board.ack(offer.id, spec))
        won = self.once("accept", lambda: board.accept(offer.id, spec, "t"))
        if isinstance(won, Accepted):
            self.fates.people[spec] = Person(up=person.up, won=won)
            self.refused(board.accept(offer.id, spec, "another tab"), "another tab's accept")
            self.refused(board.decline(offer.id, spec, "late"), "a decline after the accept")
            self.refused(board.ack(offer.id, spec), "an acknowledgement after the accept")

    @someone_is("offered")
    @rule(spec=spec_names)
    def declines(self, spec: str) -> None:
        spec = self.who(spec, "offered")
        view = self.do(self.world.board.specialist(spec))
        if view.offers:
            offer, board = view.offers[0].id, self.world.board
            self.do(board.decline(offer, spec, "busy"))
            self.refused(board.accept(offer, spec, "t"), "accept after the decline")
            self.refused(board.decline(offer, spec, "x"), "decline after the decline")
            self.refused(board.ack(offer, spec), "acknowledgement after the decline")

    @someone_is("connecting", "reconnecting")
    @rule(spec=spec_names, hears=st.booleans(), follows=st.booleans())
    def dials_in(self, spec: str, hears: bool, follows: bool) -> None:
        self._dials_in(self.who(spec, "connecting", "reconnecting"), hears, follows)

    def _dials_in(self, spec: str, hears: bool, follows: bool) -> None:
        person, board = self.fates.people[spec], self.world.board
        won = person.won
        if won is None or person.joined:
            return
        wrong = board.seat(spec, offer=won.offer, token="wrong", sid="CBx")
        self.refused(wrong, "a leg with a wrong token")
        self.refused(board.seat(spec, offer="other", token=won.token, sid="CBx"), "a leg for another offer")
        sid, seat = self.do(self.world.sits(spec, won))
        if not seat.ok:
            person.won = None
            return
        self.nothing(board.seat(spec, offer=won.offer, token=won.token, sid=sid), "the leg asks again")
        self.refused(board.seat(spec, offer=won.offer, token=won.token, sid="CBy"), "a second leg on one token")
        person.leg, person.seat, person.joined = sid, seat, True
        at, room = self.world.ms, self.world.room(won.call)
        self.once("join", lambda: board.leg_joined(won.call, sid, seat.label, room, at))
        if hears:
            self.do(board.media_up(won.call, spec))
        if follows:
            self.turns(won.call, False)

    @someone_is("offered")
    @rule(spec=spec_names)
    def connects(self, spec: str) -> None:
        """All goes well, from the offer to the conversation."""
        spec = self.who(spec, "offered")
        self.accepts(spec)
        if self.fates.people[spec].won:
            self._dials_in(spec, True, True)

    @someone_is("connecting", "talking", "reconnecting")
    @rule(spec=spec_names)
    def leg_ends(self, spec: str) -> None:
        spec = self.who(spec, "connecting", "talking", "reconnecting")
        person, board, at = self.fates.people[spec], self.world.board, self.world.ms
        if not person.joined or person.won is None or person.seat is None:
            return
        call, leg, label = person.won.call, person.leg, person.seat.label
        self.once("left", lambda: board.leg_left(call, leg, label, at))
        self.do(board.leg_joined(call, leg, label, self.world.room(call), at - 1))
        legs = self.do(board.legs(call))
        assert leg not in legs or not legs[leg]["joined"], "a late join of a leg that has left"
        self.once("ended", lambda: board.leg_status(call, leg, label, status="completed", at_ms=at))
        self.fates.people[spec] = Person(up=person.up)

    @rule(spec=spec_names)
    def goes_silent(self, spec: str) -> None:
        self.fates.people[spec].up = not self.fates.people[spec].up

    @someone_is("talking")
    @rule(spec=spec_names, seconds=st.sampled_from((7, 13, 20, 50)), back=st.booleans())
    def dies(self, spec: str, seconds: int, back: bool) -> None:
        """The device is dead for a while; others go on."""
        spec = self.who(spec, "talking")
        self.fates.people[spec].up = False
        self.time_passes(seconds)
        self.fates.people[spec].up = back

    @someone_is("talking", "reconnecting")
    @rule(spec=spec_names)
    def rejoins(self, spec: str) -> None:
        spec = self.who(spec, "talking", "reconnecting")
        view = self.do(self.world.board.specialist(spec))
        if not view.call:
            return
        won = self.do(self.world.board.rejoin(view.call, spec, "t2"))
        if isinstance(won, Accepted):
            assert view.duty in ("talking", "reconnecting"), "only who was in may rejoin"
            self.fates.people[spec] = Person(won=won)
            self._dials_in(spec, True, True)

    @someone_is("connecting", "talking", "reconnecting")
    @rule(spec=spec_names)
    def leaves(self, spec: str) -> None:
        spec = self.who(spec, "connecting", "talking", "reconnecting")
        view = self.do(self.world.board.specialist(spec))
        if view.call:
            self.do(self.world.board.leave(view.call, spec))

    @someone_is("wrapping")
    @rule(spec=spec_names)
    def wraps_up(self, spec: str) -> None:
        spec = self.who(spec, "wrapping")
        self.do(self.world.board.wrapped(spec))
        person = self.fates.people[spec]
        if self.do(self.world.board.specialist(spec)).duty == "idle":
            self.fates.people[spec] = Person(up=person.up)

    @rule(spec=spec_names, presence=st.sampled_from(("available", "on_demand", "break")))
    def chooses(self, spec: str, presence: str) -> None:
        self.model.beaten[spec], self.model.beat_ms[spec] = self.model.epoch, self.world.ms
        self.do(self.world.board.set_presence(self.world.people[spec], presence))

    @rule(spec=spec_names, on=st.booleans())
    def recovers(self, spec: str, on: bool) -> None:
        view = self.do(self.world.board.specialist(spec))
        answer = self.do(self.world.board.recover(spec, on))
        if on and view.duty not in ("idle", "wrapping", "recovering"):
            assert not answer.ok, "no recovery out of a call"

    @rule(
        call=call_names, cls=st.sampled_from(("attempt", "urgent", "standard", "warm")), why=st.sampled_from(("", "x"))
    )
    def set_class(self, call: str, cls: str, why: str) -> None:
        if self.fates.callers[call].rang:
            self.do(self.world.board.set_class(call, cls, who="s1", why=why))

    @rule(call=call_names, rings=st.booleans())
    def agency(self, call: str, rings: bool = False) -> None:
        """A handoff is opened and the agency comes; or it goes."""
        board, world = self.world.board, self.world
        view = self.do(board.call(call))
        label = f"agency_h{call}_x"
        if call in self.fates.ringing:
            self._agency_answers(call, label)
        elif self.fates.agencies.get(call):
            del self.fates.agencies[call]
            self.do(board.leg_left(call, f"AG{call}", label, world.ms, room_sid=world.room(call)))
        elif view and view.state == "talking":
            fact = dict(handoff=f"h{call}", to_cipher="x", facts={}, cipher="", dial=True)
            self.do(board.handoff_open(call, view.owner, **fact))
            self.nothing(board.handoff_open(call, view.owner, **fact), "the handoff again")
            self.refused(board.end_call(call, view.owner, "done"), "an end with a handoff open")
            if rings:
                self.once("rung", lambda: board.leg_status(call, f"AG{call}", label, status="ringing", at_ms=world.ms))
                self.fates.ringing.add(call)
            else:
                self._agency_comes(call, label)

    def _agency_comes(self, call: str, label: str) -> None:
        board, world = self.world.board, self.world
        self.do(board.leg_joined(call, f"AG{call}", label, world.room(call), world.ms))
        self.fates.agencies[call] = label

    def _agency_answers(self, call: str, label: str) -> None:
        """Or it does not, and then nobody is left where the caller has gone meanwhile."""
        self.fates.ringing.discard(call)
        view = self.do(self.world.board.call(call))
        if view.state in ("talking", "agency_only") and self.model.calls[call].n % 2:
            self._agency_comes(call, label)
            return
        at, board = self.world.ms, self.world.board
        self.do(board.leg_status(call, f"AG{call}", label, status="busy", at_ms=at))
        assert self.model.calls[call].state != "agency_only", "nobody is left in the room"

    @rule(call=call_names, agrees=st.booleans())
    def ends(self, call: str, agrees: bool) -> None:
        view = self.do(self.world.board.call(call))
        if view and view.owner:
            answer = self.do(self.world.board.end_call(call, view.owner, "done", lead_agrees=agrees))
            if answer.ok:
                self.fates.callers[call].in_room = False

    # -- time, repetition, mischief

    @rule(seconds=SPANS)
    def time_passes(self, seconds: int) -> None:
        """Consoles beat every 2 s, callers turn every 15 s, timers fire."""
        for _ in range(seconds):
            self.world.ms += 1000
            self.do(self.world.tick())
            if self.world.ms % 2000 == 0:
                self._beats()
            if self.world.ms % 15_000 == 0:
                for call, line in self.fates.callers.items():
                    if line.rang and not line.gone and not line.in_room and not line.silent:
                        self._turn(call)
        self._moves()

    def _beats(self) -> None:
        for spec, person in self.fates.people.items():
            if person.up:
                call = person.won.call if person.won else ""
                self.beat(spec, call=call, rtp_age_ms=100 if person.joined else None)

    def _moves(self) -> None:
        """The carrier does what the outbox would ask of it."""
        for kind, data in self.do(self.world.effects()):
            if kind != "move_caller":
                continue
            call = next(c for c, p in self.world.phones.items() if p.sid == data["sid"])
            line = self.fates.callers[call]
            if line.gone:
                continue
            if line.in_room:
                line.in_room = False
                self.do(self.world.caller_leaves(call))
            self._turn(call)

    @rule(index=st.integers(0, 30))
    def again(self, index: int) -> None:
        """What came once comes once more, late."""
        if index < len(self.fates.past):
            move = self.fates.past[index]
            self.nothing(move.again(), f"{move.name}, late")

    @rule()
    def mischief(self) -> None:
        board, world = self.world.board, self.world
        views = {spec: self.do(board.specialist(spec)) for spec in SPECS}
        for spec, view in views.items():
            other = "s2" if spec == "s1" else "s1"
            for offer in view.offers:
                self.refused(board.ack(offer.id, other), "another's acknowledgement")
                self.refused(board.accept(offer.id, other, "t"), "another's accept")
                self.refused(board.decline(offer.id, other, "x"), "another's decline")
            for call in CALLS:
                if view.call != call and world.phones.get(call):
                    for name in ("leave", "media_up"):
                        self.refused(getattr(board, name)(call, spec), f"{name} of another's call")
                    self.refused(board.rejoin(call, spec, "t"), "rejoin of another's call")
                    self.refused(board.end_call(call, spec, "x"), "end of another's call")
            if view.duty in ("wrapping", "idle"):
                for call in CALLS:
                    self.refused(board.seat(spec, call=call, token="", sid="CBz"), "a seat without a call")
        for call, phone in world.phones.items():
            gone = board.caller_gone(call, "CAother", status="completed", side="caller", at_ms=None)
            self.nothing(gone, "the end of another leg")
            view = self.do(board.call(call))
            old = world.repeat_turn(call, turn=max(0, phone.turn - 1))
            assert self.nothing(old, "an older turn").turn == view.turn, "an older turn changes nothing"
        self._facts()
        self._late()

    def _facts(self) -> None:
        board = self.world.board
        for call, phone in self.world.phones.items():
            self.fates.facts += 1
            fact = dict(kind="risk", id=f"k{self.fates.facts}", facts={"judged": "low"}, cipher="")
            self.do(board.clinical(phone.call, "s1", **fact))
            self.nothing(board.clinical(phone.call, "s1", **fact), "a fact again")
            if self.fates.agencies.get(call):
                said = dict(id=f"k{self.fates.facts}f", facts={"contact": "reached"}, cipher="")
                self.do(board.handoff_fact(f"h{call}", "s1", **said))
                self.nothing(board.handoff_fact(f"h{call}", "s1", **said), "a handoff's fact again")

    def _late(self) -> None:
        """A command sent to a stopped server, or of another epoch, changes nothing (P5, S2)."""
        store = self.world.board._store
        epoch, store.epoch = store.epoch, "1-old"
        try:
            self.nothing(self.world.board.wrapped("s1"), "a move of an old epoch")
            raise AssertionError("a move of an old epoch was let through")
        except EpochChanged:
            pass
        finally:
            store.epoch = epoch
        now = store._now_ms
        store._not_after = lambda: self.world.ms - 1
        try:
            self.nothing(self.world.board.wrapped("s1"), "a late move")
            raise AssertionError("a late move was let through")
        except BoardAway:
            pass
        finally:
            del store._not_after
            store._now_ms = now

    @precondition(lambda self: self.fates.distrusts < 2)
    @rule(early=st.booleans())
    def distrusts(self, early: bool) -> None:
        """The data turned out to be older than what is known: a new epoch (S2)."""
        world = self.world
        self.fates.distrusts += 1
        known = f"{int(world.board.epoch.partition('-')[0]) + 1}-zz"
        self.do(world.board.open(world.config, known=[known]))
        for call, line in self.fates.callers.items():
            if line.rang and not line.gone and not line.in_room:
                self._turn(call)
        self._moves()
        if early:
            self.model.verify_until = world.ms
            self.do(world.board.end_verify())

    @invariant()
    def holds(self) -> None:
        self.model.settled()
        self.loop.run_until_complete(self._none_lost())

    async def _none_lost(self) -> None:
        """Every call that is not closed is in a lane, an offer, a room, a backup leg, or has a timer."""
        store = self.world.board._store
        timers = {m.partition("|")[2] for m in await store.plain("ZRANGE", f"{store.tag}timers", 0, -1)}
        for id_, call in self.model.calls.items():
            if call.state in ("closed", "backup_talking", "agency_only", "doubtful") or call.offers or id_ in timers:
                continue
            if call.needs_key or call.owner or self.fates.agencies.get(id_):
                continue
            lanes = await store.plain("HGET", f"{store.tag}call:{id_}", "lanes")
            assert lanes, f"{id_} is {call.state} and nowhere"


def _nobody() -> Any:
    from routing.board import Caller

    return Caller()
