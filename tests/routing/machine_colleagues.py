"""What colleagues do beside an owner: asked in, talked with alone, handed over to (L10). Judged by the views before."""

from __future__ import annotations

from typing import Any, Literal, cast

from hypothesis import strategies as st
from hypothesis.stateful import rule

from routing.board import CallView
from tests.routing.machine_hands import CALLS, SPECS, someone_is, spec_names
from tests.routing.machine_leads import LEAD, Leads

#: Where a colleague is looked for: by name, among a line's people, among leads.
PEOPLE = ("main|en|1|", "main|es|2|", "main|*|lead|")


class Colleagues(Leads):
    """Moves of owners towards their colleagues."""

    def _owned(self) -> str:
        """A call that talks, or none."""
        return next((id_ for id_ in CALLS if id_ in self.model.calls and self.model.calls[id_].state == "talking"), "")

    def _call(self, call: str) -> CallView:
        return self.do(self.world.board.call(call))

    @someone_is("talking")
    @rule(kind=st.sampled_from(("transfer", "consult")), to=st.sampled_from((*SPECS, *PEOPLE)))
    def asks_in(self, kind: str, to: str) -> None:
        """The owner asks; somebody else may not, and nobody is asked twice."""
        call = self._owned()
        if not call:
            return
        owner, board = self.model.calls[call].owner, self.world.board
        whom: dict[str, Any] = {"to": to} if to in SPECS else {"lanes": (to,)}
        way = cast(Literal["transfer", "consult"], kind)
        other = next(s for s in (*SPECS, LEAD) if s != owner)
        self.refused(board.ask(call, other, kind=way, **whom), "a question by who is not the owner")
        before = self._call(call)
        free = self.free_colleagues(call, to)
        answer = self.do(board.ask(call, owner, kind=way, **whom))
        if before.asking:
            assert not answer.ok or answer.data["offer"] == before.asking.offer, "one is asked at a time"
            return
        verifying = self.world.ms < self.model.verify_until
        assert answer.ok == (bool(free) and not verifying), f"{answer} while {free} are free"
        if answer.ok:
            assert answer.data["spec"] in free
            assert self.nothing(board.ask(call, owner, kind=way, **whom), "asked again").data == answer.data

    def free_colleagues(self, call: str, to: str) -> set[str]:
        """Who may be asked, by what the board shows of the idle."""
        store = self.world.board._store
        theirs = f"{self.model.calls[call].line}|*|any|"
        found = [
            self.loop.run_until_complete(store.plain("ZRANGE", f"{store.tag}idle:{lane}", 0, -1))
            for lane in (to if to not in SPECS else theirs, theirs)
        ]
        named, let = ({m.partition(":")[2] for m in members} for members in found)
        idle = named & let
        excluded = {s for s in idle if self.loop.run_until_complete(self._apart(s, call))}
        heard = {s for s in idle if self.model.beaten.get(s) == self.model.epoch}
        fresh = {s for s in heard if self.world.ms - self.model.beat_ms.get(s, 0) <= 12_000}
        return (idle & fresh - excluded) & ({to} if to in SPECS else idle)

    async def _apart(self, spec: str, call: str) -> bool:
        store = self.world.board._store
        until = await store.plain("ZSCORE", f"{store.tag}excl:{spec}", call)
        return until is not None and float(until) > self.world.ms

    @someone_is("talking")
    @rule()
    def takes_back(self) -> None:
        call = self._owned()
        if not call:
            return
        board, owner = self.world.board, self.model.calls[call].owner
        other = next(s for s in (*SPECS, LEAD) if s != owner)
        self.refused(board.unask(call, other), "taken back by who is not the owner")
        assert self.do(board.unask(call, owner)).ok
        assert self._call(call).asking is None
        self.nothing(board.unask(call, owner), "taken back again")

    @someone_is("talking")
    @rule(to=spec_names)
    def hands_over(self, to: str) -> None:
        """Only to who is in the room and heard; then they own it, at once."""
        call = next((id_ for id_ in CALLS if id_ in self.model.calls and self.model.calls[id_].owner), "")
        if not call:
            return
        view, board = self._call(call), self.world.board
        there = any(one.spec == to and one.heard and one.state == "talking" for one in view.team)
        may = there and to != view.owner and view.state in ("talking", "agency_only")
        other = next(s for s in (*SPECS, LEAD) if s != view.owner)
        if not (self._gave(call) == other and view.owner == to):
            self.refused(board.hand_over(call, other, to), "a hand over by who is not the owner")
        if self._gave(call) == view.owner == to:
            return
        if not may:
            self.refused(board.hand_over(call, view.owner, to), "a hand over to nobody")
            return
        assert self.do(board.hand_over(call, view.owner, to)).ok
        assert self.nothing(board.hand_over(call, view.owner, to), "a hand over again").ok
        after = self._call(call)
        assert (after.owner, after.held_ms, after.asking) == (to, 0, None)
        assert self.model.calls[call].owner == to

    def _gave(self, call: str) -> str:
        """Who owned it last before."""
        store = self.world.board._store
        return self.loop.run_until_complete(store.plain("HGET", f"{store.tag}call:{call}", "before")) or ""

    @someone_is("talking", "reconnecting")
    @rule(comes=st.booleans())
    def interprets(self, comes: bool) -> None:
        """An interpreter is wanted, and comes or is let go; of a call without one of ours it keeps out."""
        call = next((id_ for id_ in CALLS if id_ in self.model.calls and self.model.calls[id_].owner), "")
        if not call:
            return
        view, board, world = self._call(call), self.world.board, self.world
        if view.interpreter:
            self.do(board.interpreter(call, view.owner, "", [], nonce="x"))
            assert self._call(call).interpreter is None
            return
        nonce = world.sid("n")
        wanted = self.do(board.interpreter(call, view.owner, "fr", ["x", "y"], nonce=nonce))
        assert wanted.ok == (view.state == "talking"), wanted
        label = f"interpreter_fr_{nonce}"
        if comes:
            self.do(board.leg_joined(call, world.sid("IN"), label, world.room(call), world.ms))
        there = self._call(call).interpreter
        assert (there is not None and there.there) == (comes and view.state == "talking")
