"""Open handoffs and what is due in each (C1): consult, contact with the agency, news after its dispatch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.records.models import EmergencyHandoff, HandoffFact

#: Seconds that each step may take, where the lines' data say nothing else (C1).
DEADLINES_S: Mapping[str, int] = {"consult": 120, "contact": 180, "news": 900}
#: What says that nobody has been consulted yet.
UNASKED = (None, "none")
#: Handoffs in one answer: a hotline with more open ones has another problem.
MOST = 500


@dataclass(frozen=True)
class Due:
    """One thing that must happen, and by when."""

    what: str
    """`consult`, `contact` or `news`."""
    by: datetime


@dataclass(frozen=True)
class Open:
    """A handoff that nobody has closed."""

    id: str
    call: str
    owner: str
    opened: datetime | None
    state: str
    why: str
    due: Sequence[Due]
    """What is due, the earliest first; it stays when it is late."""


async def open_ones(sessions: async_sessionmaker[AsyncSession], deadlines_s: Mapping[str, int]) -> Sequence[Open]:
    """Every open handoff, the one with the earliest deadline first."""
    query = select(EmergencyHandoff).where(EmergencyHandoff.closed_at.is_(None)).order_by(EmergencyHandoff.opened_at)
    async with sessions() as session:
        rows = (await session.scalars(query.limit(MOST))).all()
        sent = select(HandoffFact).where(HandoffFact.handoff_id.in_([row.id for row in rows])).order_by(HandoffFact.at)
        facts = (await session.scalars(sent)).all() if rows else []
    dispatched = {fact.handoff_id: fact.at for fact in reversed(facts) if fact.facts.get("dispatched")}
    found = [_open(row, dispatched.get(row.id), deadlines_s) for row in rows]
    return sorted(found, key=lambda one: (not one.due, one.due[0].by if one.due else one.opened, one.id))


def _open(row: EmergencyHandoff, dispatched: datetime | None, deadlines_s: Mapping[str, int]) -> Open:
    due = [Due(what, since + timedelta(seconds=deadlines_s[what])) for what, since in _waits(row, dispatched)]
    return Open(
        id=row.id,
        call=row.call_id,
        owner=row.opened_by or "",
        opened=row.opened_at,
        state=row.state or "decided",
        why=row.why or "",
        due=sorted(due, key=lambda one: one.by),
    )


def _waits(row: EmergencyHandoff, dispatched: datetime | None) -> list[tuple[str, datetime]]:
    """What has not happened yet, and since when it is waited for. An attempt in progress waits for no consult."""
    waits: list[tuple[str, datetime]] = []
    if row.outcome or row.opened_at is None:
        return waits
    facts: Mapping[str, Any] = row.facts
    if row.contacted_at is None:
        waits.append(("contact", row.opened_at))
        if facts.get("consulted") in UNASKED and row.why != "attempt_in_progress":
            waits.append(("consult", row.opened_at))
    if dispatched:
        waits.append(("news", dispatched))
    return waits
