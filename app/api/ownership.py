"""Whose call it is: one acts only on one's own; a lead may act on any."""

from __future__ import annotations

from sqlalchemy import select

from app.api.desk import Desk
from app.api.errors import Refused
from app.people.roles import Role
from app.people.sessions import Session
from app.records.models import EmergencyHandoff, Engagement


def _not_yours() -> Refused:
    return Refused(409, "not_yours", "This call is not yours, or no longer yours.")


async def own_call(desk: Desk, session: Session, call: str) -> None:
    """Refuse a specialist who is not in this call now."""
    if session.role != Role.lead and not await _is_in(desk, session.spec, call):
        raise _not_yours()


async def was_own_call(desk: Desk, session: Session, call: str) -> None:
    """Refuse a specialist who never was in this call: facts may be sent, and re-sent, after its end."""
    if session.role == Role.lead or desk.hub.memory.was_in(session.spec, call):
        return
    if not (await _is_in(desk, session.spec, call) or await _record_knows(desk, session.spec, call)):
        raise _not_yours()


async def own_handoff(desk: Desk, session: Session, handoff: str) -> str:
    """The handoff's call; refuse a specialist who never was in it."""
    call = desk.hub.memory.call_of(handoff)
    if call is None:
        query = select(EmergencyHandoff.call_id).where(EmergencyHandoff.id == handoff)
        async with desk.ctx.sessions() as store:
            call = (await store.execute(query)).scalar_one_or_none()
    if call is None:
        await desk.ctx.board.specialist(session.spec)  # a board that is away has yet to learn of it: 503 (S4)
        raise Refused(404, "unknown", "There is no such handoff.")
    await was_own_call(desk, session, call)
    return call


async def _is_in(desk: Desk, spec: str, call: str) -> bool:
    me = await desk.ctx.board.specialist(spec)
    return me is not None and me.call == call


async def _record_knows(desk: Desk, spec: str, call: str) -> bool:
    query = select(Engagement.id).where(Engagement.call_id == call, Engagement.spec == spec).limit(1)
    async with desk.ctx.sessions() as store:
        return (await store.execute(query)).first() is not None
