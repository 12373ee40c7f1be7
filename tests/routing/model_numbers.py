"""The part of the model that judges the warm line and the limits of a number (C6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from routing.board import Event
from tests.routing.model_callbacks import GRAVE

HEAD = {
    "agency": 93_600_000,
    "attempt": 3_600_000,
    "danger": 1_800_000,
    "urgent": 600_000,
    "standard": 0,
    "warm": -600_000,
}
#: Live with a place or a person of its own: a later call of the number may wait behind it.
AHEAD = {"greeting", "waiting", "offered", "connecting", "talking", "backup_ringing", "backup_talking"}


class NumberModel:
    """Who may be kept back, and where a call may go."""

    calls: dict[str, Any]
    epoch: str

    def tell_nothing(self) -> None:
        self.told = ""
        """The epoch that has last heard which numbers are marked."""
        self.marked: set[str] = set()

    def on_call_line(self, event: Event, data: Mapping[str, Any]) -> None:
        call = self.calls[event.call]
        assert (data["from"], data["to"]) == (call.line, "main") != ("main", "main"), "up, and never down"
        assert data["who"], "somebody has decided it"
        call.line, call.tiers, call.interpreter = "main", {"1"}, False

    def _limited(self, call: Any) -> None:
        assert call.number, "a withheld number is never limited (C6)"
        assert call.number not in self.marked, "a marked number is never limited (C6)"
        assert self.told == self.epoch, "nobody is limited before this epoch knows the marks"

    def on_call_behind(self, event: Event, data: Mapping[str, Any]) -> None:
        call = self.calls[event.call]
        assert call.behind != data["on"]
        call.behind = data["on"]
        if not data["on"]:
            return
        self._limited(call)
        assert call.cls not in (*GRAVE, "agency"), "the gravest wait behind nobody"
        assert not call.past, "whose plan has come to its end waits behind nobody"
        others = [o for id_, o in self.calls.items() if id_ != event.call and o.number == call.number]
        first = [o for o in others if o.counter < call.counter and o.state in AHEAD and HEAD[o.cls] >= HEAD[call.cls]]
        assert first, "behind an earlier call of the same number, in its class or a graver one"

    def on_call_limit(self, event: Event, data: Mapping[str, Any]) -> None:
        call = self.calls[event.call]
        call.over = data["on"]
        if data["on"]:
            self._limited(call)
            assert (call.line, call.cls) == ("warm", "warm"), "a crisis call knows no limit"
