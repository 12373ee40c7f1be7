"""The lead's figures once more, out of the record's log alone: what had been recorded of each call by a moment.

Nothing of `app.reports` and of the rows made from the log is used; what a figure means is said here a second time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import zip_longest
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

#: Together for less than this is not yet answered, ms.
ANSWERED_MS = 1_000
EPOCH = datetime.fromtimestamp(0, UTC)
BUCKETS = ("answered", "abandoned", "rolled_over", "callback", "open")


@dataclass
class Stay:
    """Somebody in a room. Milliseconds."""

    role: str
    room: str
    came: int
    went: int | None = None


@dataclass
class Told:
    """All that is on record of one call by some moment."""

    events: list[Any] = field(default_factory=list)

    def last(self, kind: str, name: str, otherwise: Any = None) -> Any:
        return next((e.data.get(name) for e in reversed(self.events) if e.kind == kind), otherwise)

    def has(self, kind: str) -> bool:
        return any(e.kind == kind for e in self.events)

    @property
    def rang(self) -> int:
        return next(e.data["arrived_ms"] for e in self.events if e.kind == "call.arrived")

    @property
    def state(self) -> str:
        return next((e.state for e in reversed(self.events) if e.state), "")

    @property
    def cls(self) -> str:
        return self.last("call.class", "to") or self.last("call.arrived", "cls")

    @property
    def language(self) -> str:
        return self.last("call.language", "to") or self.last("call.arrived", "language")

    @property
    def owner(self) -> str:
        return self.last("engagement.owner", "to_spec") or ""

    @property
    def handoffs(self) -> Mapping[str, Mapping[str, Any]]:
        """Those that nobody has closed: who opened it and when, and what has been said of it since."""
        found: dict[str, dict[str, Any]] = {}
        for e in self.events:
            if e.kind == "handoff.opened":
                found[e.data["handoff"]] = {"who": e.data["spec"], "at": ms_of(e.at)}
            if e.kind in ("handoff.opened", "handoff.fact"):
                found[e.data["handoff"]] |= _facts(e)
        return {handoff: said for handoff, said in found.items() if not said.get("closed")}

    def stays(self) -> list[Stay]:
        found: dict[str, Stay] = {}
        for e in self.events:
            if e.kind == "leg.joined":
                stay = found.setdefault(e.data["label"], Stay(e.data["role"], e.data["room"], e.data["at_ms"]))
                stay.came = stay.came if "earliest_ms" in e.data else e.data["at_ms"]
            elif e.kind == "leg.left" and e.data["label"] in found:
                found[e.data["label"]].went = e.data["at_ms"]
        return list(found.values())

    def answered(self, now: int) -> int | None:
        """When caller and owner came together, the first time that lasted, or lasts."""
        together = [*self._in_one_room(), *self._talking()]
        goes_on = not self.has("call.ended")
        times = [came for came, went in together if (went or now) - came >= ANSWERED_MS or (went is None and goes_on)]
        return min(times, default=None)

    def _in_one_room(self) -> Iterable[tuple[int, int | None]]:
        stays = self.stays()
        for one in (stay for stay in stays if stay.role == "caller"):
            for other in (s for s in stays if s.role in ("owner", "relief") and s.room == one.room):
                ends = [went for went in (one.went, other.went) if went is not None]
                yield max(one.came, other.came), min(ends, default=None)

    def _talking(self) -> Iterable[tuple[int, int | None]]:
        """The console may say that they talk before the carrier says who came, but not for longer than it says."""
        left = [e.data["at_ms"] for e in self.events if e.kind == "leg.left" and e.data["role"] == "caller"]
        states = [e for e in self.events if e.kind == "call.state"]
        for e, following in zip_longest(states, states[1:]):
            if e.data["to"] == "talking":
                since = ms_of(e.at)
                ends = [ms_of(following.at)] if following else []
                yield since, min([*ends, *(at for at in left if at >= since)], default=None)

    def bucket(self, now: int) -> str:
        if self.answered(now) is not None:
            return "answered"
        if self.has("backup.answered"):
            return "rolled_over"
        if not self.has("call.ended"):
            return "open"
        return "callback" if self._to_be_rung() else "abandoned"

    def _to_be_rung(self) -> bool:
        """They chose to be rung back, and did not take it back."""
        chosen = [e.data["meaning"] for e in self.events if e.kind == "call.key"]
        about = [meaning for meaning in chosen if meaning in ("callback_yes", "callback_stay", "danger")]
        return bool(about) and about[-1] == "callback_yes"


class Log:
    """The whole log, in the order in which it was written."""

    def __init__(self, events: Sequence[Any]) -> None:
        self._events = events

    @classmethod
    async def read(cls, engine: AsyncEngine) -> Log:
        async with engine.connect() as store:
            query = text("SELECT epoch, id, call_id, at, kind, state, data FROM call_events ORDER BY epoch, id")
            return cls((await store.execute(query)).all())

    def calls(self, now: datetime) -> Mapping[str, Told]:
        calls: dict[str, Told] = {}
        for event in self._events:
            if event.at <= now and event.call_id:
                calls.setdefault(event.call_id, Told()).events.append(event)
        return calls

    def people(self, now: datetime, kind: str) -> Mapping[str, str]:
        """Each person's latest duty or presence."""
        seen = (e for e in self._events if e.at <= now and e.kind == f"specialist.{kind}")
        return {e.data["spec"]: e.data["to"] for e in seen}

    def engaged(self, now: datetime) -> Mapping[str, str]:
        """The call that each person is with, wrapping up included."""
        found: dict[str, str] = {}
        for e in self._events:
            if e.at <= now and e.kind == "engagement.started":
                found[e.data["spec"]] = e.call_id
            elif e.at <= now and e.kind == "engagement.state" and e.data["to"] == "done":
                found.pop(e.data["spec"], None)
        return found


def figures(calls: Iterable[Told], now: datetime, target_s: int) -> dict[str, Any]:
    """Counts; shares as two whole numbers; waits in seconds, in order."""
    mine, now_ms = list(calls), ms_of(now)
    became = Counter(call.bucket(now_ms) for call in mine)
    waits = sorted((at - call.rang) / 1000 for call in mine if (at := call.answered(now_ms)) is not None)
    due = sum(1 for c in mine if c.bucket(now_ms) != "open" or now_ms - c.rang > target_s * 1000)
    return {"offered": len(mine), **{bucket: became[bucket] for bucket in BUCKETS}, "waits": waits, "due": due}


def ms_of(at: datetime) -> int:
    return (at - EPOCH) // timedelta(milliseconds=1)


def _facts(event: Any) -> dict[str, Any]:
    facts = event.data.get("facts")
    return facts if isinstance(facts, dict) else {}
