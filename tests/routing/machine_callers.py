"""What callers, the backup line and agencies do to the board, in any order."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from routing.board import Answer, Caller, CallView
from tests.routing.machine_hands import CALLS, GRAVE, Hands, Past, call_names, caller_of
from tests.routing.world import START


class Callers(Hands):
    """Moves of callers and of those whom they are put through to."""

    @precondition(lambda self: not all(line.rang for line in self.fates.callers.values()))
    @rule(
        call=call_names,
        language=st.sampled_from(("en", "en", "es")),
        ring_back=st.sampled_from((False, False, True)),
        line=st.sampled_from(("main", "main", "warm")),
        number=st.sampled_from(("", "hash-ann", "hash-ann", "hash-bob")),
    )
    def rings(self, call: str, language: str, ring_back: bool = False, line: str = "main", number: str = "") -> None:
        call = next((c for c in (call, *CALLS) if not self.fates.callers[c].rang), "")
        if not call:
            return
        self.fates.callers[call].rang = True
        line = "main" if ring_back else line
        language = "en" if line == "warm" else language
        who = Caller(number, "cipher", withheld=False) if number else caller_of(call)
        how = {"ring_back": ring_back, "day_ms": START}
        self.do(self.world.rings(call, language=language, line=line, caller=who, **how))
        phone, board = self.world.phones[call], self.world.board
        again = board.arrive(call, phone.sid, line, language, who, **how)
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
        at, sid, board = self.world.ms, self.world.phones[call].sid, self.world.board
        how = dict(status="completed", side="caller")
        if supplied:
            within = {"earliest_ms": at - 5000, "latest_ms": at}
            self.once("found gone", lambda: board.caller_gone(call, sid, **how, at_ms=None, **within))
        self.once("gone", lambda: board.caller_gone(call, sid, **how, at_ms=at))
        if supplied:
            self.nothing(
                board.caller_gone(call, sid, **how, at_ms=None, earliest_ms=at, latest_ms=at), "found gone, late"
            )
        if self.model.calls[call].state == "closed":
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

    # -- agencies, and the end

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
