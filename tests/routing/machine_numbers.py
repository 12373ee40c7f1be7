"""Warm callers and several calls of one number, in any order (issue 4, 9; C6)."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.routing.machine_callers import Callers
from tests.routing.machine_hands import call_names
from tests.routing.world import START

ANN, BOB = "hash-ann", "hash-bob"
marks = st.sampled_from(((), (ANN,), (ANN, BOB)))


class Numbers(Callers):
    """What the warm line and the limits of a number add."""

    @rule(marked=marks, met=st.integers(0, 2))
    def is_told(self, marked: tuple[str, ...], met: int = 0) -> None:
        """Which numbers are never limited, and what was connected today."""
        self.model.told, self.model.marked = self.model.epoch, set(marked)
        known = [("warm", ANN, f"old{n}", START) for n in range(met)]
        self.do(self.world.board.numbers(list(marked), known))
        self.do(self.world.tick())

    @rule(call=call_names, danger=st.booleans())
    def goes_to_crisis(self, call: str, danger: bool) -> None:
        """One key leads there at any time, once."""
        line = self.fates.callers[call]
        if not line.rang or line.gone or line.in_room:
            return
        before = self.do(self.world.board.call(call))
        self.world.phones[call].line = "main"
        view = self._turn(call, danger=danger)
        if view.state in ("closed", "agency_only"):
            return
        assert view.line == "main"
        assert view.arrived_ms == before.arrived_ms, "the place is kept"
        assert before.line == "main" or view.cls != "warm", "it is a crisis call at once"
        assert not view.over

    @rule()
    def asks_up(self) -> None:
        """A peer asks for the crisis line's people: a crisis call from then on. From a crisis call nothing is above."""
        board = self.world.board
        for call, seen in self.model.calls.items():
            if seen.state != "talking":
                continue
            ask = board.ask(call, seen.owner, kind="transfer", lanes=("main|en|1|",), up=True)
            if seen.line == "main" and not seen.asks:
                self.refused(ask, "up from a crisis call")
                continue
            answer = self.do(ask)
            view = self.do(board.call(call))
            assert not answer.ok or (view.line == "main" and view.cls != "warm")
