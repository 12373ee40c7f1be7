"""What earlier passes have seen: since when something is odd, and when a leg was last known to be there."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass, field
from typing import Any

from routing.board import Span

#: Seconds for which something must have looked odd, in every pass since, before it is acted on: lists lag.
AGE_S = 6.0
#: Seconds by which a list may lag behind: what it shows was true so long ago at the least.
LAG_S = 5.0
#: Milliseconds by which the carrier's whole-second stamps may be early.
ROUNDING_MS = 999
#: Seconds after which nobody asks any more when a leg was seen.
FORGET_S = 3_600.0

#: Of a stamp of the carrier's own.
NO_SPAN: Span = {}

Key = tuple[str, str]


@dataclass
class Memory:
    """Seconds of the clock throughout. Keys are (kind or SID, SID)."""

    number: int = 0
    """Passes so far."""
    failed: bool = False
    """This pass could not compare everything."""
    _since: dict[Key, float] = field(default_factory=dict[Key, float])
    _odd: set[Key] = field(default_factory=set[Key])
    _alive: dict[str, float] = field(default_factory=dict[str, float])
    _inside: dict[Key, float] = field(default_factory=dict[Key, float])
    _outside: dict[Key, float] = field(default_factory=dict[Key, float])

    # -- odd things

    def since(self, kind: str, sid: str, now: float) -> float:
        """When this was seen first, if every pass since has seen it too."""
        self._odd.add((kind, sid))
        return self._since.setdefault((kind, sid), now)

    def aged(self, kind: str, sid: str, now: float) -> bool:
        """It has been so for long enough to be believed of a list that lags."""
        return now - self.since(kind, sid, now) >= AGE_S

    def was_odd(self, kind: str, sid: str) -> bool:
        """The last pass saw it."""
        return (kind, sid) in self._since

    def turn_over(self, now: float) -> None:
        """The pass is over: what it did not see is odd no more."""
        self._since = {key: at for key, at in self._since.items() if key in self._odd}
        for seen in (self._alive, self._inside, self._outside):
            _forget(seen, now - FORGET_S)
        self._odd, self.number, self.failed = set(), self.number + 1, False

    # -- who was where

    def is_alive(self, sid: str, now: float) -> None:
        self._alive[sid] = now

    def is_in(self, sid: str, room_sid: str, now: float, *, inside: bool) -> None:
        (self._inside if inside else self._outside)[sid, room_sid] = now

    def alive(self, sid: str) -> int | None:
        """The last moment, ms, at which a list has shown this leg as live."""
        return _before(self._alive.get(sid))

    def inside(self, sid: str, room_sid: str) -> int | None:
        return _before(self._inside.get((sid, room_sid)))

    def outside(self, sid: str, room_sid: str) -> int | None:
        return _before(self._outside.get((sid, room_sid)))


def _forget(seen: MutableMapping[Any, float], before: float) -> None:
    for key in [key for key, at in seen.items() if at < before]:
        del seen[key]


def _before(seen: float | None) -> int | None:
    return None if seen is None else int((seen - LAG_S) * 1000)


def span(latest_ms: int, *earliest_ms: int | float | None) -> Span:
    """The span in which a supplied stamp lies: from the last of what is known to have been before it."""
    known = [int(at) for at in earliest_ms if at]
    return {"earliest_ms": min(max(known, default=latest_ms), latest_ms), "latest_ms": latest_ms}
