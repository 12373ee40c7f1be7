"""What leads do beside a call, and what is theirs to answer: listening, taking over, help, the caller on hold (L10)."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, cast

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from routing.board import Accepted, SpecView
from routing.board.supervise import Mode
from tests.routing.machine_hands import CALLS, Hands, Person, call_names, someone_is, spec_names

LEAD = "l1"
ROOM = ("connecting", "talking", "reconnecting", "agency_only")
MAY = ("talking", "reconnecting", "agency_only")
MODES = ("listen", "whisper", "barge")


class Leads(Hands):
    """Moves of one lead, and of owners towards leads. What may be is judged by the views before the move."""

    def _me(self, spec: str = LEAD) -> SpecView:
        view = self.do(self.world.board.specialist(spec))
        assert view is not None
        return view

    def _is_in(self, call: str, who: str) -> bool:
        legs = self.do(self.world.board.legs(call))
        return any(leg["who"] == who and leg["joined"] for leg in legs.values())

    def _live(self, call: str) -> str:
        """This call, or the next one with people in its room."""
        order = CALLS[CALLS.index(call) :] + CALLS[: CALLS.index(call)]
        states = {id_: one.state for id_, one in self.model.calls.items()}
        return next((one for one in order if states.get(one) in ROOM), call)

    # -- beside a call

    @someone_is("connecting", "talking", "reconnecting")
    @rule(call=call_names, mode=st.sampled_from(MODES), comes=st.booleans())
    def watches(self, call: str, mode: str, comes: bool = True) -> None:
        """The lead asks for a call, or for another way of being heard in it."""
        call = self._live(call)
        view, me = self.do(self.world.board.call(call)), self._me()
        if view is None:
            return
        ear = mode != "whisper" or self._is_in(call, view.owner)
        may = view.state in ROOM and bool(view.room) and (me.duty in ("idle", "offered") or bool(me.watch))
        answer = self._asks(call, mode)
        assert answer.ok == (may and ear), f"{answer} in {view.state} while {me.duty}"
        if answer.ok and answer.data["token"] and comes:
            self._comes(call, answer.data["token"])

    def _asks(self, call: str, mode: str) -> Any:
        token, lead = self.world.sid("T"), self.world.people[LEAD]
        way = cast(Mode, mode)
        return self._twice("supervise", lambda: self.world.board.supervise(lead, call, way, tab="t", token=token))

    def _twice(self, name: str, move: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        """Asked again at once it leaves no event; later it is another wish."""
        result = self.do(move())
        self.nothing(move(), f"{name} again at once")
        return result

    def _comes(self, call: str, token: str) -> None:
        board, world, sid = self.world.board, self.world, self.world.sid("CBl")
        self.refused(board.seat(LEAD, call=call, token="guessed", sid="CBx"), "a lead's leg with a wrong token")
        seat = self.do(board.seat(LEAD, call=call, token=token, sid=sid))
        assert seat.ok, seat
        self.nothing(board.seat(LEAD, call=call, token=token, sid=sid), "the lead's leg asks again")
        self.refused(board.seat(LEAD, call=call, token=token, sid="CBy"), "a second leg of the lead's")
        self.fates.watch = (sid, seat)
        at = world.ms
        self.once("the lead joins", lambda: board.leg_joined(call, sid, seat.label, world.room(call), at))
        self.nothing(board.leg_joined(call, sid, seat.label, world.room(call), at + 1), "the lead's join, restamped")

    @precondition(lambda self: self.fates.watch is not None)
    @rule(hangs_up=st.booleans())
    def goes(self, hangs_up: bool) -> None:
        """The lead leaves: by a word, or by hanging up; whoever has taken over leaves a call of their own."""
        assert self.fates.watch is not None
        me, (sid, seat) = self._me(), self.fates.watch
        self.fates.watch = None
        self.fates.people[LEAD] = Person()
        if not me.call:
            return
        board, at = self.world.board, self.world.ms
        if not hangs_up:
            self.do(board.unsupervise(me.call, LEAD) if me.watch else board.leave(me.call, LEAD))
        self.do(board.leg_left(me.call, sid, seat.label, at, room_sid=self.world.room(me.call)))
        self.do(board.leg_status(me.call, sid, seat.label, status="completed", at_ms=at))
        if self._me().duty == "wrapping":
            self.do(board.wrapped(LEAD))

    @someone_is("talking")
    @rule(call=call_names, joins=st.sampled_from((True, True, False)))
    def takes_over(self, call: str, joins: bool) -> None:
        if joins:
            self.watches(call, "barge", True)
        if self.fates.watch is not None:
            self._takes_over()

    def _takes_over(self) -> None:
        me, board = self._me(), self.world.board
        call = me.call
        if not call:
            return
        view = self.do(board.call(call))
        aloud = me.watch == "barge" and self._is_in(call, LEAD)
        may = view.owner == LEAD or (view.state in MAY and aloud)
        if not may:
            self.refused(board.take_over(call, LEAD), "a take over without being heard")
            return
        answer = self.do(board.take_over(call, LEAD))
        assert answer.ok, answer
        assert self.nothing(board.take_over(call, LEAD), "a take over again").ok
        assert self.model.calls[call].owner == LEAD
        assert self.fates.watch is not None
        sid, seat = self.fates.watch
        self.fates.people[LEAD] = Person(won=Accepted(call, "", "", "call"), leg=sid, seat=seat, joined=True)

    # -- help, and the caller on hold

    @someone_is("connecting", "talking", "reconnecting", "wrapping")
    @rule(call=call_names, spec=spec_names, on=st.booleans())
    def wants_help(self, call: str, spec: str, on: bool) -> None:
        call, spec = self._live(call), self.who(spec, "talking", "wrapping")
        view, board = self.do(self.world.board.call(call)), self.world.board
        if view is None:
            return
        may = self._me(spec).call == call and view.state != "closed"
        answer = self._twice("help", lambda: board.help(call, spec, on))
        assert answer.ok == may, answer

    @someone_is("connecting", "talking", "reconnecting")
    @rule(call=call_names, spec=spec_names, on=st.booleans())
    def holds_caller(self, call: str, spec: str, on: bool) -> None:
        call, spec = self._live(call), self.who(spec, "talking", "reconnecting")
        view, board = self.do(self.world.board.call(call)), self.world.board
        if view is None:
            return
        may = view.owner == spec and view.caller_in_room and (not on or view.state == "talking")
        answer = self._twice("hold", lambda: board.hold(call, spec, on))
        assert answer.ok == may, answer
        held = self.do(board.call(call)).held_ms
        assert not may or (held > 0) == on

    def meddles(self, call: str) -> None:
        """Who is no lead listens to nobody and takes nobody over."""
        board, world = self.world.board, self.world
        for spec in ("s1", "s2"):
            self.refused(board.unsupervise(call, spec), "leaving what was not listened to")
            listens = board.supervise(world.people[spec], call, "listen", tab="t", token="T")
            self.refused(listens, "a specialist listens")
            if self.model.calls[call].owner != spec:
                self.refused(board.take_over(call, spec), "a specialist takes over")
