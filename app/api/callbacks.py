"""A caller who chose to be rung back: rung by the specialist's own hand, never by a machine (C4)."""

from __future__ import annotations

from fastapi import APIRouter, Request

from app.api.access import Route, desk_of
from app.api.console import Done, OnTheLine
from app.api.errors import refuse
from app.api.fields import PathId
from app.api.trail import note

router = APIRouter(route_class=Route, prefix="/api/calls", tags=["callbacks"])


@router.post("/{id}/ring")
async def ring(id: PathId, request: Request, session: OnTheLine) -> Done:
    """Ring the caller of one's own callback now. Once more is possible a minute after nobody has answered."""
    desk = desk_of(request)
    refuse(await desk.ctx.board.ring(id, session.spec))
    desk.ctx.effects_due()
    await note(desk, session, "call.ring", "call", id)
    return Done()
