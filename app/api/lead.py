"""What the on-call lead sees."""

from __future__ import annotations

from fastapi import APIRouter, Request

from app.api.access import Route, desk_of
from app.api.calls import Lead
from app.api.fields import Out
from app.api.hub import snapshot
from app.api.views import CallOut, Me

router = APIRouter(route_class=Route, prefix="/api/board", tags=["lead"])


class BoardOut(Out):
    calls: list[CallOut]
    specialists: list[Me]


@router.get("")
async def board(request: Request, _: Lead) -> BoardOut:
    """All calls and people at this moment; the live stream sends the same as it changes."""
    return BoardOut.model_validate(await snapshot(desk_of(request).ctx.board))
