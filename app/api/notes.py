"""Notes on a call: straight to Postgres, never through the board (S4).

While Postgres is away this answers 503 and the console keeps an encrypted draft, which it sends again under its id.
"""

from __future__ import annotations

import base64
from datetime import UTC, datetime

from fastapi import APIRouter, Request, Response
from pydantic import Field
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from app.api.access import Route, desk_of
from app.api.console import OnTheLine
from app.api.errors import Refused
from app.api.fields import In, Key, Narrative, Out, PathId
from app.api.ownership import was_own_call
from app.api.trail import note
from app.records.models_notes import CallNote
from app.secrets import NARRATIVE

router = APIRouter(route_class=Route, prefix="/api", tags=["notes"])

#: Purpose of the keys under which consoles keep drafts.
DRAFTS = "drafts"


class NoteIn(In):
    id: Key
    version: int = Field(ge=1, le=2**53)
    text: Narrative


class NoteOut(Out):
    id: str
    version: int
    text: str


class NoteSaved(Out):
    id: str
    version: int


class DraftKey(Out):
    """32 bytes, base64: with it this person's drafts can be read on whatever machine they were left on."""

    key: str


@router.put("/calls/{id}/notes")
async def write(id: PathId, form: NoteIn, request: Request, session: OnTheLine) -> NoteSaved:
    """Keep one's note on a call, whole; an older version than the one kept changes nothing."""
    desk = desk_of(request)
    await was_own_call(desk, session, id)
    row = {
        "id": form.id,
        "call_id": id,
        "spec": session.spec,
        "version": form.version,
        "text_cipher": desk.ctx.secrets.encrypt(form.text, NARRATIVE),
        "written_at": datetime.fromtimestamp(desk.ctx.clock.now(), UTC),
    }
    made = insert(CallNote).values(row)
    newer = {name: made.excluded[name] for name in ("version", "text_cipher", "written_at")}
    own = (CallNote.call_id == id) & (CallNote.spec == session.spec)
    upsert = made.on_conflict_do_update(
        index_elements=[CallNote.id], set_=newer, where=own & (CallNote.version < made.excluded.version)
    )
    async with desk.ctx.sessions.begin() as store:
        await store.execute(upsert)
        kept = await store.scalar(select(CallNote).where(CallNote.id == form.id, own))
    if kept is None:
        raise Refused(409, "taken", "This id belongs to another note.")
    return NoteSaved(id=form.id, version=kept.version)


@router.get("/calls/{id}/notes")
async def read(id: PathId, request: Request, session: OnTheLine) -> list[NoteOut]:
    """One's own notes on a call."""
    desk = desk_of(request)
    await was_own_call(desk, session, id)
    query = (
        select(CallNote)
        .where(CallNote.call_id == id, CallNote.spec == session.spec)
        .order_by(CallNote.written_at.desc())
    )
    async with desk.ctx.sessions() as store:
        rows = (await store.scalars(query)).all()
    if rows:
        await note(desk, session, "notes.read", "call", id)
    decrypt = desk.ctx.secrets.decrypt
    return [NoteOut(id=row.id, version=row.version, text=decrypt(row.text_cipher, NARRATIVE)) for row in rows]


@router.get("/draft-key")
async def draft_key(request: Request, response: Response, session: OnTheLine) -> DraftKey:
    """The key of this person's drafts. Asks no store, so that a reload works while they are away."""
    response.headers["Cache-Control"] = "no-store"
    key = desk_of(request).ctx.secrets.key_for(DRAFTS, session.spec)
    return DraftKey(key=base64.b64encode(key).decode())
