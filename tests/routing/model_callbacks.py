"""The part of the model that judges callbacks (C4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from routing.board import Event

GRAVE = {"attempt", "danger"}


class CallbackModel:
    """Who may choose it, when they are offered, and by whom they are rung."""

    calls: dict[str, Any]

    def __init__(self) -> None:
        self.unsafe: set[str] = set()
        """Numbers that somebody called not safe."""

    def callback_state(self, event: Event, call: Any, data: Mapping[str, Any]) -> None:
        """Who may take it, and how long who was rung in vain is left alone (C4)."""
        if data["to"] == "callback" and data["from"] == "waiting":
            assert call.may, "not before the plan's second"
            assert call.cls not in GRAVE | {"agency"}, "never attempt or danger"
            assert not call.pressed, "never after the danger key"
            assert call.number, "never a withheld number"
            assert call.number not in self.unsafe, "never where it is not safe"
            assert not call.offers, "somebody is about to answer"
            assert not call.needs_key
        elif data["to"] == "callback":
            assert data["cause"] == "failed"
            call.held_until = event.at_ms + 600_000 if call.rings else call.held_until
            call.rings = []
        if data["from"] == "callback" and data["to"] == "connecting":
            assert call.away, "nobody is rung who is still there"

    def on_callback_kept(self, event: Event, _data: Mapping[str, Any]) -> None:
        self.calls[event.call].away = True

    def on_callback_answered(self, event: Event, _data: Mapping[str, Any]) -> None:
        call = self.calls[event.call]
        assert call.away, "one leg is the caller's"
        call.away, call.rings = False, []

    def on_callback_ringing(self, event: Event, data: Mapping[str, Any]) -> None:
        call = self.calls[event.call]
        assert call.state == "calling_back", "a person is there before anybody is rung (C4)"
        assert data["spec"] == call.owner, "the owner rings"
        assert call.number not in self.unsafe, "nobody is rung where it is not safe (C4)"
        assert len(call.rings) < 2, "twice at most"
        assert all(event.at_ms - at >= 60_000 for at in call.rings), "not twice in a minute"
        call.rings.append(event.at_ms)

    def on_call_place(self, event: Event, data: Mapping[str, Any]) -> None:
        """Rang in by themselves: the callback is over, its place is theirs (C8)."""
        call, old = self.calls[event.call], self.calls[data["of"]]
        assert old.ended
        assert old.number == call.number
        call.arrived, call.counter = data["arrived_ms"], data["counter"]
