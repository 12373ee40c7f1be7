"""Callers who choose to be rung back, and the people who ring them, in any order (C4)."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import rule

from routing.board import Answer, CallView
from tests.routing.machine_callers import Callers
from tests.routing.machine_hands import SPECS, call_names


class Callbacks(Callers):
    """Moves of callbacks."""

    @rule(call=call_names, key=st.sampled_from(("yes", "yes", "yes", "no", "stay")), goes=st.booleans())
    def chooses_callback(self, call: str, key: str, goes: bool = True) -> None:
        line = self.fates.callers[call]
        if not line.rang or line.gone or line.in_room:
            return
        may = self.do(self.world.turn(call)).may_callback
        view = self._turn(call, callback=key)
        if key == "yes":
            assert (view.state == "callback") == (may and not view.room_open), "taken where it was offered"
        if view.state == "callback" and goes:
            self.hangs_up(call)

    def _sitting(self) -> str:
        return next((id_ for id_, call in self.model.calls.items() if call.state == "calling_back"), "")

    @rule(answer=st.sampled_from(("key", "key", "no-answer", "voicemail", "late")))
    def rings_back(self, answer: str) -> None:
        """By the owner's hand alone; what comes of it."""
        call = self._sitting()
        if not call:
            return
        board, owner = self.world.board, self.model.calls[call].owner
        self.refused(board.ring(call, next(s for s in SPECS if s != owner)), "a ring by who is not the owner")
        before = self.do(board.call(call))
        if not (before.callback and before.callback.away):
            return
        if not self.do(board.ring(call, owner)).ok:
            return
        assert self.nothing(board.ring(call, owner), "rung again").ok
        [label] = [data["label"] for kind, data in self.do(self.world.effects()) if kind == "dial_caller"]
        sid = self.world.sid("CR")
        self.do(board.leg_status(call, sid, label, status="ringing", at_ms=self.world.ms))
        self._comes_of_it(call, sid, label, answer)

    def _comes_of_it(self, call: str, sid: str, label: str, answer: str) -> None:
        board, at = self.world.board, self.world.ms
        if answer == "no-answer":
            self.once("unanswered", lambda: board.leg_status(call, sid, label, status="no-answer", at_ms=at))
            self.refused(board.rung(call, sid, label, key=False), "an answer after the end")
            return
        assert self.do(board.rung(call, sid, label, key=False)) == Answer(True)
        self.refused(board.rung(call, "CRtwin", label, key=False), "a second leg of one ring")
        if answer == "voicemail":
            self.do(board.leg_status(call, sid, label, status="completed", at_ms=at))
            return
        if answer == "late":
            self.do(board.leave(call, self.model.calls[call].owner))
        self.presses_through(call, sid, label)

    def presses_through(self, call: str, sid: str, label: str) -> None:
        """The leg is the caller's, in the room or back in the line."""
        board, world = self.world.board, self.world
        view = self.do(board.rung(call, sid, label, key=True))
        assert isinstance(view, CallView), view
        again = self.nothing(board.rung(call, sid, label, key=True), "the key again")
        assert again.sid == view.sid == sid
        phone, line = world.phones[call], self.fates.callers[call]
        phone.sid, phone.turn, phone.rooms = sid, view.turn, view.turn - 1
        line.gone = False
        if view.room_open:
            line.in_room = True
            self.do(world.caller_joins(call))
