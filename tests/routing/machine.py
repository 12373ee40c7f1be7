"""The state machine: hypothesis drives every move on a real server; `Model` judges every event (T2).

`mischief` tries, at every moment, what must be refused: another person's offer, a wrong token, a late epoch. A refused
or repeated move must leave no event behind.
"""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from routing.board import Accepted, BoardAway, EpochChanged
from tests.routing.machine_callbacks import Callbacks
from tests.routing.machine_colleagues import Colleagues
from tests.routing.machine_hands import CALLS, SPANS, SPECS, Person, call_names, someone_is, spec_names
from tests.routing.machine_numbers import Numbers


class BoardMachine(Callbacks, Numbers, Colleagues):
    """Moves of callers, people, the carrier and time, in any order."""

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

    @rule(spec=spec_names)
    def wants_more_time(self, spec: str) -> None:
        view = self.do(self.world.board.specialist(spec))
        assert self.do(self.world.board.extend_wrap(spec)).ok == (view.duty == "wrapping")

    @rule(
        call=call_names, cls=st.sampled_from(("attempt", "urgent", "standard", "warm")), why=st.sampled_from(("", "x"))
    )
    def set_class(self, call: str, cls: str, why: str) -> None:
        if self.fates.callers[call].rang:
            self.do(self.world.board.set_class(call, cls, who="s1", why=why))

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
            self.meddles(call)
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
