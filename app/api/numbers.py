"""A person's word on a number: a shelter's telephone is shared, some callers must never be limited (C6)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Request
from pydantic import StringConstraints
from sqlalchemy.dialects.postgresql import insert

from app.api.access import Route, desk_of
from app.api.console import Done, OnTheLine
from app.api.desk import Desk
from app.api.errors import Refused
from app.api.fields import In, Key, Narrative, PathId
from app.api.ownership import was_own_call
from app.api.trail import note
from app.numbers import follow
from app.people.sessions import Session
from app.records.models import Call, NumberMark
from app.secrets import NARRATIVE

router = APIRouter(route_class=Route, prefix="/api/calls", tags=["numbers"])


class MarkIn(In):
    """`shared`: several people call with it. `flagged`: whoever calls with it is never limited. `none`: neither."""

    id: Key
    mark: Literal["shared", "flagged", "none"]
    why: Annotated[Narrative, StringConstraints(min_length=1)]


@router.post("/{id}/number-mark")
async def mark(id: PathId, form: MarkIn, request: Request, session: OnTheLine) -> Done:
    """Say of the number of one's own call (a lead: of any) that no limit applies to it, or that one does again. Sending
    it again changes nothing."""
    desk = desk_of(request)
    await was_own_call(desk, session, id)
    async with desk.ctx.sessions() as store:
        call = await store.get(Call, id)
    if call is None:
        raise Refused(404, "unknown", "There is no such call.")
    if not call.number_hash or not call.number_cipher:
        raise Refused(409, "withheld", "This caller's number is withheld. No limit ever applies to it.")
    await note(desk, session, "number.mark", "call", id, {"mark": form.mark})
    await _keep(desk, session, form, call)
    await follow.refresh(desk.ctx)
    return Done()


async def _keep(desk: Desk, session: Session, form: MarkIn, call: Call) -> None:
    row = {
        "id": form.id,
        "hotline": desk.ctx.settings.name,
        "number_hash": call.number_hash,
        "number_cipher": call.number_cipher,
        "mark": form.mark,
        "call_id": call.id,
        "who": session.spec,
        "why_cipher": desk.ctx.secrets.encrypt(form.why, NARRATIVE),
        "at": datetime.fromtimestamp(desk.ctx.clock.now(), UTC),
    }
    async with desk.ctx.sessions.begin() as store:
        await store.execute(insert(NumberMark).values(row).on_conflict_do_nothing())
