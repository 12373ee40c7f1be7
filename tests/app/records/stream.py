"""A stream of board events without a board: written by stories, read by the recorder."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.recorder import Recorder
from routing.board import BoardAway, Event, stream_order

START_MS = 1_800_000_000_000
EPOCH = f"{START_MS}-aaaa"


class Stream:
    """Entries as the board would append them, and the recorder's view of the board."""

    def __init__(self, epoch: str = EPOCH) -> None:
        self.entries: list[Event] = []
        self.epoch, self.now_ms = epoch, START_MS
        self.memory = 0.0
        self.away = False
        self.leases: dict[str, str] = {}
        self._ids, self._n, self._place = 0, {}, 0

    def add(self, kind: str, call: str = "", state: str = "", /, **data: Any) -> Event:
        self._ids, self._place = self._ids + 1, self._place + 1
        self._n[call] = self._n.get(call, 0) + 1
        self.now_ms += 10
        cursor = f"{START_MS + self._place}-0"
        event = Event(cursor, self.epoch, self._ids, call, self._n[call], self.now_ms, kind, state, data)
        self.entries.append(event)
        return event

    def renew(self, epoch: str, *, empty: bool = True) -> None:
        """Another epoch: ids and sequences begin again."""
        self.epoch, self._ids, self._n = epoch, 0, {}
        if empty:
            self.entries.clear()

    # -- what the recorder asks of the board
    def saw(self, cursor: str) -> None:
        """No move is refused here."""

    async def events(self, after: str, *, count: int = 500, block_ms: int = 0) -> Sequence[Event]:
        self._reach()
        found = [event for event in self.entries if stream_order(event.cursor) > stream_order(after)][:count]
        await asyncio.sleep(0 if found or not block_ms else 0.01)
        return found

    async def last_cursor(self) -> str:
        self._reach()
        return self.entries[-1].cursor if self.entries else "0-0"

    async def lease(self, name: str, holder: str, ttl_ms: int) -> int:  # noqa: ARG002
        self._reach()
        return int(self.leases.setdefault(name, holder) == holder)

    async def trim_events(self, before: str) -> int:
        self.entries = [event for event in self.entries if stream_order(event.cursor) > stream_order(before)]
        return 0

    async def memory_share(self) -> float:
        return self.memory if self.entries else 0.1

    def _reach(self) -> None:
        if self.away:
            raise BoardAway


Story = Callable[[Stream, str, random.Random], Any]


def arrives(stream: Stream, call: str, **more: Any) -> None:
    data: Mapping[str, Any] = {
        "sid": "CA" + call, "line": "main", "language": "en", "number_hash": "", "number_cipher": "", "withheld": True,
        "verification": "", "arrived_ms": stream.now_ms, "counter": 1, "returning": False, "cls": "standard",
        "resurrected": False,
    }  # fmt: skip
    stream.add("call.arrived", call, "greeting", **{**data, **more})


def goes(stream: Stream, call: str, before: str, after: str, cause: str = "") -> None:
    stream.add("call.state", call, after, **{"from": before, "to": after, "cause": cause})


def ends(stream: Stream, call: str, outcome: str, side: str = "caller", **more: Any) -> None:
    at = stream.now_ms
    stream.add("leg.ended", call, "talking", sid="CA" + call, role="caller", label="", status="completed", at_ms=at)
    goes(stream, call, "talking", "closed", "caller_gone")
    stream.add("call.ended", call, "closed", outcome=outcome, side=side, cause="caller_gone", ended_ms=at,
               carrier_status="completed", **more)  # fmt: skip


def hangs_up(stream: Stream, call: str, rng: random.Random):
    arrives(stream, call)
    yield
    goes(stream, call, "greeting", "waiting")
    if rng.random() < 0.5:
        yield
        stream.add("call.key", call, "waiting", meaning="danger", turn=1)
        stream.add("call.class", call, "waiting", **{"from": "standard", "to": "danger", "who": "caller", "why": "key"})
    yield
    ends(stream, call, "abandoned")


def is_answered(stream: Stream, call: str, rng: random.Random):
    spec, offer, engagement = f"s{rng.randrange(3)}", "o" + call, "e" + call
    arrives(stream, call, number_hash=f"hash{rng.randrange(2)}", number_cipher="a.x.y", withheld=False)
    goes(stream, call, "greeting", "waiting")
    yield
    offered = {"offer": offer, "spec": spec}
    stream.add("offer.made", call, "offered", kind="call", cls="standard", language="en", line="main", arrived_ms=1,
               wait_ms=20, returning=False, ack_by_ms=stream.now_ms + 2000, deadline_ms=stream.now_ms + 12000,
               **offered)  # fmt: skip
    goes(stream, call, "waiting", "offered")
    stream.add("offer.acked", call, "offered", **offered)
    yield
    stream.add("offer.accepted", call, "connecting", **offered)
    engaged = {"engagement": engagement, "spec": spec, "role": "owner"}
    stream.add("engagement.started", call, "connecting", offer=offer, **engaged)
    own = {"from_spec": "", "to_spec": spec, "reason": "accept", "engagement": engagement}
    stream.add("engagement.owner", call, "connecting", **own)
    goes(stream, call, "offered", "connecting")
    leg = {"sid": "CB" + call, "role": "owner", "who": spec, "label": f"owner_{spec}_1"}
    stream.add("leg.asked", call, "connecting", **leg)
    yield
    stream.add("leg.joined", call, "connecting", room="r", room_sid="CF1", at_ms=stream.now_ms, **leg)
    stream.add("engagement.state", call, "talking", **{"from": "connecting", "to": "talking"}, **engaged)
    stream.add("offer.connected", call, "talking", **offered)
    goes(stream, call, "connecting", "talking")
    together = stream.now_ms
    yield
    stream.add("clinical", call, "talking", id="k" + call, spec=spec, kind="risk",
               facts={"screened": "moderate", "imminent": False}, cipher="a.b.c")  # fmt: skip
    yield
    stream.add("leg.left", call, "talking", at_ms=stream.now_ms, reason="hangup", **leg)
    ends(stream, call, "answered", answered_ms=together)
    stream.add("engagement.state", call, "closed", **{"from": "talking", "to": "wrapping", "cause": "ended"}, **engaged)
    yield
    stream.add("engagement.state", call, "closed", **{"from": "wrapping", "to": "done", "cause": "person"}, **engaged)
    stream.add("specialist.duty", "", "", spec=spec, **{"from": "wrapping", "to": "idle"}, call=call)


def is_rolled_over(stream: Stream, call: str, _rng: random.Random):
    arrives(stream, call)
    goes(stream, call, "greeting", "waiting")
    yield
    stream.add("backup.ringing", call, "backup_ringing", index=0)
    goes(stream, call, "waiting", "backup_ringing")
    yield
    stream.add("backup.answered", call, "backup_talking", index=0, sid="CD" + call, cause="key")
    goes(stream, call, "backup_ringing", "backup_talking")
    yield
    ends(stream, call, "rolled_over", "backup")


STORIES: Sequence[Story] = (hangs_up, is_answered, is_rolled_over)


def told(seed: int, calls: int = 4, stream: Stream | None = None, prefix: str = "c") -> Stream:
    """A stream with several interleaved calls."""
    stream, rng = stream or Stream(), random.Random(seed)
    running = [rng.choice(STORIES)(stream, f"{prefix}{seed}n{i}", rng) for i in range(calls)]
    while running:
        story = rng.choice(running)
        try:
            next(story)
        except StopIteration:
            running.remove(story)
    return stream


def altered(event: Event, **data: Any) -> Event:
    return replace(event, data={**event.data, **data})


# -- what was recorded

TABLES = (
    "contacts", "calls", "call_aliases", "call_events", "event_conflicts", "engagements", "ownerships",
    "class_changes", "offers", "legs", "risk_assessments", "emergency_handoffs", "handoff_facts", "recorder_cursor",
)  # fmt: skip
#: Written by the database's clock, or about the recorder rather than about calls.
VOLATILE = frozenset({"recorded_at", "updated_at", "seen_at", "fence", "marks"})


async def snapshot(engine: AsyncEngine) -> dict[str, list[str]]:
    """Everything recorded, without what differs from run to run."""
    tables: dict[str, list[str]] = {}
    async with engine.connect() as connection:
        for table in TABLES:
            rows = (await connection.execute(text(f"SELECT * FROM {table}"))).mappings()
            tables[table] = sorted(repr({k: v for k, v in row.items() if k not in VOLATILE}) for row in rows)
    return tables


async def emptied(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("TRUNCATE " + ", ".join(TABLES)))


async def drain(recorder: Recorder) -> None:
    """Step until there is nothing more to record."""
    await recorder.step()
    while not recorder.caught_up:
        await recorder.step()
