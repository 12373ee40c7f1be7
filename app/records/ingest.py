"""One batch of the stream in one transaction: log, rows and cursor together, or nothing of it (S3)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.records.pages import Pages, Row, as_json, insert_new
from app.records.projection import CONTACT_WINDOW, project
from app.records.reading import instant, word
from routing.board import Event

#: What an entry that makes no sense raises, and will raise again: it is kept in the log with its problem, and the rest
#: goes on. Anything else (no connection, an older schema, a deadlock) is a reason to wait.
SENSELESS = (ValueError, TypeError, LookupError, AttributeError, OverflowError, AssertionError)
#: Classes of SQLSTATE that mean the same: data exception, integrity, limit of a row or index.
SENSELESS_SQLSTATES = ("22", "23", "54")
#: Milliseconds between two marks of what may be trimmed, and how long an entry is kept after it was recorded (S3).
MARK_MS, KEEP_MS = 60_000, 3_600_000


#: A coming that was told after the call's end: its answer may rest on it.
LATE_JOIN = ("leg.joined", "closed")


class Fenced(Exception):
    """Another recorder has taken over since; this one must not write."""


@dataclass(frozen=True)
class Position:
    """Where a recorder stands, as Postgres knows it."""

    fence: int
    epoch: str
    cursor: str
    last_id: int
    marks: tuple[tuple[int, str], ...]

    def after(self, events: Sequence[Event], now_ms: int) -> Position:
        """The position when these are recorded; a mark is added once a minute, and old ones but one are dropped."""
        last, marks = events[-1], list(self.marks)
        if not marks or now_ms - marks[-1][0] >= MARK_MS:
            marks.append((now_ms, last.cursor))
        while len(marks) > 1 and marks[1][0] <= now_ms - KEEP_MS:
            del marks[0]
        epoch = max(self.epoch, *(event.epoch for event in events))
        return Position(self.fence, epoch, last.cursor, last.id, tuple(marks))

    def trimmable(self, now_ms: int) -> str | None:
        """The cursor up to which everything was recorded more than an hour ago."""
        return max((m for m in self.marks if m[0] <= now_ms - KEEP_MS), default=(0, None))[1]


@dataclass
class Result:
    """What a batch brought: how many entries were new, and which clinical facts are now on record."""

    new: int = 0
    fact_ids: list[str] = field(default_factory=list)
    conflicts: int = 0
    problems: list[str] = field(default_factory=list)


async def take_over(engine: AsyncEngine, hotline: str) -> Position:
    """Raise the fence: from now on every other recorder of this hotline is refused."""
    statement = text(
        "INSERT INTO recorder_cursor (hotline, fence) VALUES (:hotline, 1) "
        "ON CONFLICT (hotline) DO UPDATE SET fence = recorder_cursor.fence + 1 "
        "RETURNING fence, epoch, cursor, last_id, marks"
    )
    async with engine.begin() as connection:
        row = (await connection.execute(statement, {"hotline": hotline})).one()
    return Position(row.fence, row.epoch, row.cursor, row.last_id, tuple((ms, cursor) for ms, cursor in row.marks))


async def record(
    engine: AsyncEngine,
    hotline: str,
    events: Sequence[Event],
    position: Position | None,
    fence: int | None,
    *,
    window: timedelta = CONTACT_WINDOW,
) -> Result:
    """Write these events and, if given, the position after them. Without a fence (a spilled file) no position moves."""
    try:
        async with engine.begin() as connection:
            await _check(connection, hotline, fence)
            result = await _apply(connection, events, window)
            await _move(connection, hotline, position)
    except Exception as error:
        if not _is_senseless(error):
            raise
        async with engine.begin() as connection:
            await _check(connection, hotline, fence)
            result = await _one_by_one(connection, events, window)
            await _move(connection, hotline, position)
    return result


def _is_senseless(error: Exception) -> bool:
    state = getattr(error.orig, "sqlstate", None) if isinstance(error, DBAPIError) else None
    return isinstance(error, SENSELESS) or str(state or "")[:2] in SENSELESS_SQLSTATES


async def _check(connection: AsyncConnection, hotline: str, fence: int | None) -> None:
    """Lock the hotline's line, so that recorders follow one another, and refuse one that was overtaken."""
    query = text("SELECT fence FROM recorder_cursor WHERE hotline = :hotline FOR UPDATE")
    stored = await connection.scalar(query, {"hotline": hotline})
    if fence is not None and stored != fence:
        raise Fenced


async def _move(connection: AsyncConnection, hotline: str, position: Position | None) -> None:
    if position is not None:
        statement = text(
            "UPDATE recorder_cursor SET epoch = :epoch, cursor = :cursor, last_id = :last_id, "
            "marks = CAST(:marks AS jsonb), updated_at = now() WHERE hotline = :hotline"
        )
        values = {"epoch": position.epoch, "cursor": position.cursor, "last_id": position.last_id}
        await connection.execute(statement, {**values, "marks": json.dumps(position.marks), "hotline": hotline})


async def _one_by_one(connection: AsyncConnection, events: Sequence[Event], window: timedelta) -> Result:
    """After a failed batch: every entry alone, so that only the bad ones stay without their rows."""
    total = Result()
    for event in events:
        try:
            async with connection.begin_nested():
                one = await _apply(connection, [event], window)
        except Exception as error:
            if not _is_senseless(error):
                raise
            problem = type(error).__name__
            async with connection.begin_nested():
                await insert_new(connection, "call_events", [_log_row(_cleaned(event), event, problem)])
            one = Result(new=1, problems=[f"{event.kind}: {problem}"])
        total.new, total.conflicts = total.new + one.new, total.conflicts + one.conflicts
        total.fact_ids += one.fact_ids
        total.problems += one.problems
    return total


async def _apply(connection: AsyncConnection, events: Sequence[Event], window: timedelta) -> Result:
    """Log what is new, project only that: the log's own key makes a redelivered entry harmless."""
    firsts: dict[tuple[str, int], Event] = {}
    repeated = [event for event in events if firsts.setdefault((event.epoch, event.id), event) is not event]
    rows = {key: _log_row(event) for key, event in firsts.items()}
    new = await insert_new(connection, "call_events", list(rows.values()))
    fresh = [event for key, event in firsts.items() if key in new]
    again = [_log_row(event) for event in repeated] + [row for key, row in rows.items() if key not in new]
    result = Result(new=len(new), conflicts=await _compare(connection, again))
    if fresh:
        await _project(connection, fresh, result, window)
    result.fact_ids = [row["fact_id"] for row in rows.values() if row["fact_id"]]
    return result


async def _project(connection: AsyncConnection, fresh: Sequence[Event], result: Result, window: timedelta) -> None:
    pages, known_as = await _load(connection, fresh)
    for event in fresh:
        if problem := project(pages, event, _call_id(event, known_as), window):
            result.problems.append(f"{event.kind}: {problem}")
            statement = text("UPDATE call_events SET problem = :problem WHERE epoch = :epoch AND id = :id")
            await connection.execute(statement, {"problem": problem, "epoch": event.epoch, "id": event.id})
    await pages.save(connection)


async def _compare(connection: AsyncConnection, rows: Sequence[Row]) -> int:
    """Keep every second payload under a key already taken (S2); the number of them."""
    if not rows:
        return 0
    statement = text(
        "INSERT INTO event_conflicts (epoch, event_id, payload_hash, entry) "
        "SELECT s.epoch, s.id, s.payload_hash, to_jsonb(s) "
        "FROM jsonb_populate_recordset(NULL::call_events, CAST(:rows AS jsonb)) s "
        "JOIN call_events e ON e.epoch = s.epoch AND e.id = s.id AND e.payload_hash <> s.payload_hash "
        "ON CONFLICT DO NOTHING RETURNING 1"
    )
    return len((await connection.execute(statement, {"rows": as_json(rows)})).all())


# -- reading what the batch touches


async def _load(connection: AsyncConnection, events: Sequence[Event]) -> tuple[Pages, Mapping[str, str]]:
    pages = Pages()

    def named(*names: str) -> set[str]:
        return {value for event in events for name in names if (value := word(event.data, name))}

    known_as = await _aliases(connection, pages, events)
    handoffs = named("handoff")
    await pages.load(connection, "emergency_handoffs", "id", handoffs)
    await pages.load(connection, "calls", "id", {_call_id(event, known_as) for event in events})
    await _load_contacts(connection, pages, named("number_hash"))
    await pages.load(connection, "offers", "id", named("offer"))
    await pages.load(connection, "engagements", "id", named("engagement"))
    await pages.load(connection, "legs", "sid", named("sid"))
    over = {_call_id(e, known_as) for e in events if e.kind == "call.ended" or (e.kind, e.state) == LATE_JOIN}
    await pages.load(connection, "legs", "call_id", over)
    facts = {word(event.data, "id") or "" for event in events if event.kind in ("clinical", "handoff.fact")}
    await pages.load(connection, "risk_assessments", "id", facts)
    await pages.load(connection, "handoff_facts", "id", facts)
    return pages, known_as


async def _aliases(connection: AsyncConnection, pages: Pages, events: Sequence[Event]) -> Mapping[str, str]:
    """Other ids of known calls: a CallSid is one call, also after a change of the secret key, from which ids come."""
    query = text("SELECT alias, call_id FROM call_aliases WHERE alias = ANY(:ids)")
    found = await connection.execute(query, {"ids": list({event.call for event in events})})
    known_as = {alias: call_id for alias, call_id in found}
    arrivals = {sid: e.call for e in events if e.kind == "call.arrived" and (sid := word(e.data, "sid"))}
    await pages.load(connection, "calls", "sid", arrivals)
    for call in list(pages.all("calls")):
        alias = arrivals[call["sid"]]
        if alias not in (call["id"], "") and alias not in known_as:
            known_as[alias] = call["id"]
            pages.change("call_aliases", alias)["call_id"] = call["id"]
    return known_as


async def _load_contacts(connection: AsyncConnection, pages: Pages, hashes: set[str]) -> None:
    """The latest contact of each number, and those of the calls loaded."""
    own = {call["contact_id"] for call in pages.all("calls") if call["contact_id"]}
    await pages.load(connection, "contacts", "id", own)
    if hashes:
        query = text(
            "SELECT DISTINCT ON (number_hash) * FROM contacts WHERE number_hash = ANY(:hashes) "
            "ORDER BY number_hash, last_at DESC"
        )
        pages.hold("contacts", (await connection.execute(query, {"hashes": list(hashes)})).mappings())


def _call_id(event: Event, known_as: Mapping[str, str]) -> str:
    return known_as.get(event.call, event.call)


# -- the log's row


def _log_row(event: Event, hashed: Event | None = None, problem: str | None = None) -> Row:
    """The log's line; the hash is over `hashed`, where that is what was sent."""
    spec = word(event.data, "spec") or word(event.data, "to_spec")
    fact = word(event.data, "handoff") if event.kind == "handoff.opened" else word(event.data, "id")
    return {
        "epoch": event.epoch,
        "id": event.id,
        "call_id": event.call or None,
        "n": event.n,
        "at": instant(event.at_ms),
        "kind": event.kind,
        "state": event.state or None,
        "spec": spec,
        "fact_id": fact,
        "data": dict(event.data),
        "payload_hash": payload_hash(hashed or event),
        "problem": problem,
    }


def payload_hash(event: Event) -> str:
    """32 hex digits over everything but the place in the stream."""
    whole = [event.call, event.n, event.at_ms, event.kind, event.state, event.data]
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()[:32]


def _cleaned(event: Event) -> Event:
    """The entry as far as Postgres can hold it at all: no NUL, no half characters, a time that exists."""
    try:
        instant(event.at_ms)
        at_ms = event.at_ms
    except (ValueError, OverflowError, TypeError):
        at_ms = int(datetime.now(UTC).timestamp() * 1000)
    data = {"unreadable": json.dumps(event.data, default=str).replace("\\", "/")}
    words = {name: getattr(event, name).replace("\0", "") for name in ("call", "kind", "state")}
    return replace(event, at_ms=at_ms, data=data, **words)
