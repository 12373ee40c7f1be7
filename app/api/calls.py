"""What a person does with their call: see it, hear it, come back to it, leave it, end it, see the number."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from sqlalchemy import select

from app.api import views
from app.api.access import Route, desk_of, roles
from app.api.console import AcceptIn, AcceptOut, Done, OnTheLine, accepted
from app.api.desk import Desk
from app.api.errors import Refused, refuse
from app.api.fields import Code, In, Out, PathId
from app.api.ownership import own_call
from app.api.trail import note
from app.api.views import CallOut
from app.people.roles import Role
from app.people.sessions import Session
from app.records.models import Call
from app.secrets import NUMBER
from routing.board import Accepted, BoardAway, Caller, CallView

router = APIRouter(route_class=Route, prefix="/api/calls", tags=["calls"])

Lead = Annotated[Session, Depends(roles(Role.lead))]


class LegOut(Out):
    role: str
    who: str
    joined: bool


class CallDetail(CallOut):
    """A call and who is in its room."""

    legs: list[LegOut]


class EndIn(In):
    reason: Code


class NumberOut(Out):
    """`number` is null for a caller who withheld it."""

    number: str | None
    withheld: bool


async def seen(desk: Desk, call: str) -> CallView:
    if view := await desk.ctx.board.call(call):
        return view
    raise Refused(404, "unknown", "There is no such call any more.")


@router.get("")
async def live_calls(request: Request, _: Lead) -> list[CallOut]:
    """Every call that is not closed."""
    return [CallOut.model_validate(views.call_out(call)) for call in await desk_of(request).ctx.board.live_calls()]


@router.get("/{id}")
async def call(id: PathId, request: Request, session: OnTheLine) -> CallDetail:
    """One's own call; a lead sees any."""
    desk = desk_of(request)
    await own_call(desk, session, id)
    view = await seen(desk, id)
    legs = (await desk.ctx.board.legs(id)).values()
    people = [LegOut(role=leg["role"], who=leg.get("who") or "", joined=bool(leg.get("joined"))) for leg in legs]
    return CallDetail.model_validate(views.call_out(view) | {"legs": people})


@router.post("/{id}/media")
async def media(id: PathId, request: Request, session: OnTheLine) -> Done:
    """The console hears its room: the caller may come (L5)."""
    desk = desk_of(request)
    refuse(await desk.ctx.board.media_up(id, session.spec))
    desk.ctx.effects_due()
    return Done()


@router.post("/{id}/rejoin")
async def rejoin(id: PathId, form: AcceptIn, request: Request, session: OnTheLine) -> AcceptOut:
    """Back into the same call after a reload or a dead device (L8)."""
    desk = desk_of(request)
    won = await desk.ctx.board.rejoin(id, session.spec, form.tab)
    if isinstance(won, Accepted):
        return accepted(desk, won, call=id)
    refuse(won)
    raise Refused(409, "refused", "That is not possible now.")


@router.post("/{id}/leave")
async def leave(id: PathId, request: Request, session: OnTheLine) -> Done:
    """I go; the caller hears it, stays, and gets somebody else (L9)."""
    desk = desk_of(request)
    refuse(await desk.ctx.board.leave(id, session.spec))
    desk.ctx.effects_due()
    return Done()


@router.post("/{id}/end")
async def end(id: PathId, form: EndIn, request: Request, session: OnTheLine) -> Done:
    """End the call with a reason. With high risk or an open handoff only a lead may."""
    desk = desk_of(request)
    await own_call(desk, session, id)
    agrees = session.role == Role.lead
    refuse(await desk.ctx.board.end_call(id, session.spec, form.reason, lead_agrees=agrees))
    desk.ctx.effects_due()
    await note(desk, session, "call.end", "call", id, {"reason": form.reason})
    return Done()


@router.get("/{id}/number")
async def number(id: PathId, request: Request, session: OnTheLine) -> NumberOut:
    """The caller's number, for the call's person or a lead; each look is on the audit trail (S7)."""
    desk = desk_of(request)
    caller = await _secret(desk, session, id)
    await note(desk, session, "number.reveal", "call", id)
    if caller.withheld or not caller.number_cipher:
        return NumberOut(number=None, withheld=True)
    return NumberOut(number=desk.ctx.secrets.decrypt(caller.number_cipher, NUMBER), withheld=False)


async def _secret(desk: Desk, session: Session, call: str) -> Caller:
    """From the board, so that it works with Postgres away; else, for a call it has forgotten, from the record."""
    try:
        await own_call(desk, session, call)
        if caller := await desk.ctx.board.secret(call):
            return caller
    except BoardAway:
        if session.role != Role.lead:  # who owns it can be read nowhere else
            raise
    async with desk.ctx.sessions() as store:
        row = (await store.execute(select(Call).where(Call.id == call))).scalar_one_or_none()
    if row is None:
        raise Refused(404, "unknown", "There is no such call.")
    return Caller(number_cipher=row.number_cipher or "", withheld=bool(row.withheld))
