"""What is known from before, opened only when the person has said whom they speak to (C5)."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from fastapi import APIRouter, Request
from sqlalchemy import func, select

from app.api.access import Route, desk_of
from app.api.console import OnTheLine
from app.api.fields import In, Out, PathId
from app.api.ownership import own_call
from app.api.trail import note
from app.records.models import Call, EmergencyHandoff, RiskAssessment

router = APIRouter(route_class=Route, prefix="/api/calls", tags=["story"])

#: Earlier calls shown.
EARLIER_MAX = 20


class StoryIn(In):
    """Who is on the line, as the person found out by asking."""

    whom: Literal["returning_person", "somebody_else", "third_party"]


class EarlierCall(Out):
    """Codes only; the narrative of each is read, and audited, for itself."""

    id: str
    arrived_at: datetime | None
    language: str | None
    cls: str | None
    outcome: str | None
    safe_to_call: str | None
    judged: str | None
    imminent: bool | None
    handoffs: int


class StoryOut(Out):
    """`known` is false for a withheld number: such calls are never joined."""

    known: bool
    earlier: list[EarlierCall]


@router.post("/{id}/story")
async def story(id: PathId, form: StoryIn, request: Request, session: OnTheLine) -> StoryOut:
    """Earlier calls of the same number. Nobody's story is opened to somebody else; who looked is on the audit trail."""
    desk = desk_of(request)
    await own_call(desk, session, id)
    await note(desk, session, "identity.confirm", "call", id, {"whom": form.whom})
    if form.whom != "returning_person":
        return StoryOut(known=False, earlier=[])
    caller = await desk.ctx.board.secret(id)
    if caller is None or caller.withheld or not caller.number_hash:
        return StoryOut(known=False, earlier=[])
    earlier = await _earlier(desk, caller.number_hash, id)
    await note(desk, session, "story.open", "call", id, {"calls": len(earlier)})
    return StoryOut(known=True, earlier=earlier)


async def _earlier(desk, number_hash: str, but: str) -> list[EarlierCall]:
    calls = (
        select(Call)
        .where(Call.number_hash == number_hash, Call.id != but)
        .order_by(Call.arrived_at.desc().nulls_last())
        .limit(EARLIER_MAX)
    )
    async with desk.ctx.sessions() as store:
        rows = (await store.scalars(calls)).all()
        ids = [row.id for row in rows]
        latest = select(RiskAssessment).where(RiskAssessment.call_id.in_(ids)).order_by(RiskAssessment.at)
        risk: dict[str, RiskAssessment] = {row.call_id: row for row in await store.scalars(latest)}
        counts = select(EmergencyHandoff.call_id, func.count()).where(EmergencyHandoff.call_id.in_(ids))
        handoffs = dict(row for row in await store.execute(counts.group_by(EmergencyHandoff.call_id)))
    return [_told(row, risk.get(row.id), handoffs.get(row.id, 0)) for row in rows]


def _told(call: Call, risk: RiskAssessment | None, handoffs: int) -> EarlierCall:
    return EarlierCall(
        id=call.id,
        arrived_at=call.arrived_at,
        language=call.language,
        cls=call.cls,
        outcome=call.outcome,
        safe_to_call=call.safe_to_call,
        judged=risk.judged if risk else None,
        imminent=risk.imminent if risk else None,
        handoffs=handoffs,
    )
