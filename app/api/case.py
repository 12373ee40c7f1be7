"""What is on record of one's own call: risk, safe to call and handoffs, for a console that has no draft of them.

Codes only. Whoever comes back after a reload, relieves somebody or takes a call over begins where the others were.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from sqlalchemy import select

from app.api.access import Route, desk_of
from app.api.console import OnTheLine
from app.api.desk import Desk
from app.api.fields import Out, PathId
from app.api.ownership import was_own_call
from app.api.trail import note
from app.records.models import Call, EmergencyHandoff, HandoffFact, Leg, RiskAssessment
from app.reports.handoffs import UNASKED
from app.secrets import NUMBER
from routing.states import Role
from telephony.numbers import NotDiallable, check_diallable

router = APIRouter(route_class=Route, prefix="/api/calls", tags=["case"])


class RiskKnown(Out):
    """The latest of each statement; null: nobody has made it."""

    at_ms: int
    at: str
    screened: str | None
    judged: str | None
    imminent: bool | None


class HandoffKnown(Out):
    """A handoff, open or closed. `to` is an entry of the directory, or a number or name as it was typed."""

    id: str
    to: str
    opened_ms: int
    by: str
    why: str
    consent: str
    location: str
    dial: bool
    joined: bool
    """They have been in the room."""
    consulted: bool
    contact: str
    dispatched_ms: int | None
    outcome: str
    closed: bool


class CaseOut(Out):
    safe_to_call: str | None
    risk: RiskKnown | None
    handoffs: list[HandoffKnown]


@router.get("/{id}/case")
async def case(id: PathId, request: Request, session: OnTheLine) -> CaseOut:
    """What has been said about this call so far, by whoever had it; rationale and narrative stay closed."""
    desk = desk_of(request)
    await was_own_call(desk, session, id)
    async with desk.ctx.sessions() as store:
        call = await store.get(Call, id)
        risk = (await store.scalars(_of(RiskAssessment, id).order_by(RiskAssessment.at, RiskAssessment.id))).all()
        handoffs = (await store.scalars(_of(EmergencyHandoff, id).order_by(EmergencyHandoff.opened_at))).all()
        on_the_way = select(HandoffFact).where(HandoffFact.handoff_id.in_([one.id for one in handoffs]))
        facts = (await store.scalars(on_the_way.order_by(HandoffFact.at))).all() if handoffs else []
        there = _of(Leg, id).where(Leg.role == Role.agency, Leg.joined_at.is_not(None))
        joined = {leg.who for leg in await store.scalars(there)} if handoffs else set[str]()
    if risk or handoffs:
        await note(desk, session, "case.read", "call", id)
    sent = _sent(facts)
    return CaseOut(
        safe_to_call=call.safe_to_call if call else None,
        risk=_latest(risk),
        handoffs=[_known(desk, one, sent.get(one.id), one.id in joined) for one in handoffs if one.opened_at],
    )


def _of(model: Any, call: str) -> Any:
    return select(model).where(model.call_id == call)


def _sent(facts: Iterable[HandoffFact]) -> dict[str, int]:
    """When help was first on its way, by handoff; whoever said so by mistake has taken it back."""
    sent: dict[str, int] = {}
    for fact in facts:
        if fact.facts.get("dispatched"):
            sent.setdefault(fact.handoff_id, _ms(fact.at))
        elif fact.facts.get("dispatched") is False:
            sent.pop(fact.handoff_id, None)
    return sent


def _latest(rows: Sequence[RiskAssessment]) -> RiskKnown | None:
    """A later row never erases what an earlier one said and it leaves out."""
    if not rows:
        return None
    said: dict[str, Any] = {"screened": None, "judged": None, "imminent": None}
    for row in rows:
        said |= {name: value for name in said if (value := getattr(row, name)) is not None}
    return RiskKnown(at_ms=_ms(rows[-1].at), at=str(rows[-1].facts.get("at") or "during"), **said)


def _known(desk: Desk, one: EmergencyHandoff, dispatched_ms: int | None, joined: bool) -> HandoffKnown:
    facts = one.facts
    return HandoffKnown(
        id=one.id,
        to=_entry(desk, one.to_cipher or ""),
        opened_ms=_ms(one.opened_at) if one.opened_at else 0,
        by=one.opened_by or "",
        why=one.why or "",
        consent=one.consent or "",
        location=str(facts.get("location") or ""),
        dial=bool(facts.get("dial")),
        joined=joined,
        consulted=facts.get("consulted") not in UNASKED,
        contact=one.contact or "",
        dispatched_ms=dispatched_ms,
        outcome=one.outcome or "",
        closed=one.closed_at is not None,
    )


def _entry(desk: Desk, to_cipher: str) -> str:
    """The directory's key where the number is one of its numbers."""
    to = desk.ctx.secrets.decrypt(to_cipher, NUMBER) if to_cipher else ""
    entries: dict[str, dict[str, Any]] = desk.ctx.lines.raw.get("agencies", {})
    return next((key for key, entry in entries.items() if to and to in (key, _number(entry))), to)


def _number(entry: dict[str, Any]) -> str:
    try:
        return check_diallable(str(entry.get("number", "")))
    except NotDiallable:
        return ""


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
