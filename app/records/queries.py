"""Every question asked of the record, apart from people's own tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.records import models as m

Sessions = async_sessionmaker[AsyncSession]

#: Calls in one page at most.
PAGE_MAX = 200


@dataclass(frozen=True)
class WholeCall:
    """A call with everything recorded of it, each list in the order in which it happened."""

    call: m.Call
    contact: m.Contact | None
    events: Sequence[m.CallEvent]
    offers: Sequence[m.Offer]
    engagements: Sequence[m.Engagement]
    owners: Sequence[m.Ownership]
    class_changes: Sequence[m.ClassChange]
    legs: Sequence[m.Leg]
    risk: Sequence[m.RiskAssessment]
    handoffs: Sequence[m.EmergencyHandoff]
    handoff_facts: Sequence[m.HandoffFact]


async def calls(
    session: AsyncSession,
    *,
    since: datetime | None = None,
    before: datetime | None = None,
    line: str | None = None,
    outcome: str | None = None,
    limit: int = 50,
) -> Sequence[m.Call]:
    """Calls for a lead's list, newest first; the next page is `before` the last one's arrival."""
    query = select(m.Call).order_by(m.Call.arrived_at.desc().nulls_last(), m.Call.id).limit(min(limit, PAGE_MAX))
    if since:
        query = query.where(m.Call.arrived_at >= since)
    if before:
        query = query.where(m.Call.arrived_at < before)
    if line:
        query = query.where(m.Call.line == line)
    if outcome:
        query = query.where(m.Call.outcome == outcome)
    return (await session.scalars(query)).all()


async def whole_call(session: AsyncSession, call_id: str) -> WholeCall | None:
    """One call, also by an id it had under an earlier secret key."""
    call = await session.get(m.Call, await _canonical(session, call_id))
    if call is None:
        return None

    async def rows(query: Select[Any]) -> Sequence[Any]:
        return (await session.scalars(query)).all()

    def of(model: Any, *order: Any) -> Select[Any]:
        return select(model).where(model.call_id == call.id).order_by(*order)

    handoffs = await rows(of(m.EmergencyHandoff, m.EmergencyHandoff.opened_at))
    handoff_ids = [handoff.id for handoff in handoffs]
    facts = select(m.HandoffFact).where(m.HandoffFact.handoff_id.in_(handoff_ids)).order_by(m.HandoffFact.at)
    return WholeCall(
        call=call,
        contact=await session.get(m.Contact, call.contact_id) if call.contact_id else None,
        events=await rows(_events(call.id)),
        offers=await rows(of(m.Offer, m.Offer.made_at, m.Offer.id)),
        engagements=await rows(of(m.Engagement, m.Engagement.started_at, m.Engagement.id)),
        owners=await rows(of(m.Ownership, m.Ownership.epoch, m.Ownership.n)),
        class_changes=await rows(of(m.ClassChange, m.ClassChange.epoch, m.ClassChange.n)),
        legs=await rows(of(m.Leg, m.Leg.asked_at.nulls_last(), m.Leg.sid)),
        risk=await rows(of(m.RiskAssessment, m.RiskAssessment.at, m.RiskAssessment.id)),
        handoffs=handoffs,
        handoff_facts=await rows(facts) if handoff_ids else [],
    )


def _events(call_id: str) -> Select[Any]:
    aliases = select(m.CallAlias.alias).where(m.CallAlias.call_id == call_id)
    own = (m.CallEvent.call_id == call_id) | m.CallEvent.call_id.in_(aliases)
    return select(m.CallEvent).where(own).order_by(m.CallEvent.epoch, m.CallEvent.n, m.CallEvent.id)


async def _canonical(session: AsyncSession, call_id: str) -> str:
    return await session.scalar(select(m.CallAlias.call_id).where(m.CallAlias.alias == call_id)) or call_id


async def contacts_of_number(
    session: AsyncSession, hashes: Sequence[str], *, within: timedelta | None = None
) -> Sequence[m.Contact]:
    """Contacts under any of a number's hashes (`Secrets.number_hashes`), latest first. A known number is not a known
    person (C5)."""
    query = select(m.Contact).where(m.Contact.number_hash.in_(hashes)).order_by(m.Contact.last_at.desc())
    if within:
        query = query.where(m.Contact.last_at >= func.now() - within)
    return (await session.scalars(query)).all() if hashes else []


async def calls_of_contact(session: AsyncSession, contact_id: str) -> Sequence[m.Call]:
    query = select(m.Call).where(m.Call.contact_id == contact_id).order_by(m.Call.arrived_at)
    return (await session.scalars(query)).all()


async def recorded_facts(sessions: Sessions, ids: Iterable[str]) -> set[str]:
    """Which of these clinical facts are on record: what a console may be told is safe (S4)."""
    query = select(m.CallEvent.fact_id).where(m.CallEvent.fact_id.in_(list(ids)))
    async with sessions() as session:
        return {fact for fact in await session.scalars(query) if fact}


async def call_facts(sessions: Sessions, call_id: str) -> Mapping[str, Any] | None:
    """What the record knows of a live call, in the words of `Board.restore`'s `told`: for a board that lost it (P4)."""
    async with sessions() as session:
        call = await session.get(m.Call, await _canonical(session, call_id))
        if call is None:
            return None
        grave = await _kept_open_by(session, call.id)
    told = {
        "line": call.line,
        "language": call.language,
        "class": call.cls,
        "counter": call.counter,
        "owner": call.owner,
        "number_hash": call.number_hash,
        "number_cipher": call.number_cipher,
        "withheld": call.withheld,
        "arrived_ms": round(call.arrived_at.timestamp() * 1000) if call.arrived_at else None,
        **grave,
    }
    return {name: value for name, value in told.items() if value is not None}


async def _kept_open_by(session: AsyncSession, call_id: str) -> Mapping[str, bool]:
    """What needs a lead before the call is ended (L9): an open handoff; high risk, by the latest of each statement."""
    opened = select(m.EmergencyHandoff.id).where(
        m.EmergencyHandoff.call_id == call_id, m.EmergencyHandoff.closed_at.is_(None)
    )
    risk = select(m.RiskAssessment).where(m.RiskAssessment.call_id == call_id).order_by(m.RiskAssessment.at)
    said: dict[str, Any] = {}
    for row in await session.scalars(risk):
        stated = {"screened": row.screened, "judged": row.judged, "imminent": row.imminent}
        said |= {name: value for name, value in stated.items() if value is not None}
    level = said.get("judged") or said.get("screened")
    high = level in ("high", "imminent") or said.get("imminent") is True
    return {"handoff_open": (await session.scalar(opened.limit(1))) is not None, "risk_high": high}


async def ended_calls(sessions: Sessions, calls: Iterable[str]) -> set[str]:
    """Those of these calls whose outcome is on record."""
    query = select(m.Call.id).where(m.Call.id.in_(list(calls)), m.Call.outcome.is_not(None))
    async with sessions() as session:
        return set(await session.scalars(query))


@dataclass(frozen=True)
class OpenLeg:
    """A leg of which the record has a beginning without its end."""

    call: str
    sid: str
    label: str
    room_sid: str
    asked_ms: int | None
    joined_ms: int | None
    left: bool
    call_over: bool
    """The outcome of its call is on record."""


async def open_legs(sessions: Sessions, since: datetime, limit: int) -> Sequence[OpenLeg]:
    """Legs of calls that arrived since then which were asked for and have no end, or came and have not left; the oldest
    first."""
    leg, call = m.Leg, m.Call
    unended = leg.ended_at.is_(None) & (leg.asked_at.is_not(None) | leg.joined_at.is_not(None))
    unleft = leg.joined_at.is_not(None) & leg.left_at.is_(None) & (leg.role != "backup")
    query = select(leg, call.outcome).join(call, call.id == leg.call_id).where(call.arrived_at >= since)
    async with sessions() as session:
        rows = await session.execute(query.where(unended | unleft).order_by(call.arrived_at, leg.sid).limit(limit))
        return [_open_leg(row, outcome) for row, outcome in rows]


def _open_leg(leg: m.Leg, outcome: str | None) -> OpenLeg:
    return OpenLeg(
        call=leg.call_id,
        sid=leg.sid,
        label=leg.label or f"{leg.role}_{leg.who or 0}_0",
        room_sid=leg.room_sid or "",
        asked_ms=_ms(leg.asked_at),
        joined_ms=_ms(leg.joined_at),
        left=leg.left_at is not None,
        call_over=outcome is not None,
    )


def _ms(at: datetime | None) -> int | None:
    return None if at is None else round(at.timestamp() * 1000)


async def open_callbacks(sessions: Sessions) -> Sequence[tuple[str, str, Mapping[str, Any]]]:
    """Callers who chose to be rung back and were not yet: call, CallSid and what a board that lost them must know."""
    event, call = m.CallEvent, m.Call
    latest = (
        select(event.kind)
        .where(event.call_id == call.id, event.kind.in_(("callback.kept", "callback.answered")))
        .order_by(event.epoch.desc(), event.n.desc())
        .limit(1)
        .scalar_subquery()
    )
    states = ("callback", "connecting", "calling_back")
    query = select(call).where(call.outcome.is_(None), call.state.in_(states), latest == "callback.kept")
    async with sessions() as session:
        return [(row.id, row.sid or "", _callback_told(row)) for row in await session.scalars(query)]


def _callback_told(call: m.Call) -> Mapping[str, Any]:
    return {
        "line": call.line,
        "language": call.language,
        "class": call.cls,
        "counter": call.counter,
        "number_hash": call.number_hash,
        "number_cipher": call.number_cipher,
        "arrived_ms": _ms(call.arrived_at),
        "safe": "no" if call.safe_to_call == "no" else "yes",
    }


async def epochs(sessions: Sessions, hotline: str) -> Sequence[str]:
    """Epochs of this hotline on record: a new one must exceed them all (S2)."""
    query = select(m.RecorderCursor.epoch).where(m.RecorderCursor.hotline == hotline)
    async with sessions() as session:
        return [epoch for epoch in await session.scalars(query) if epoch]
