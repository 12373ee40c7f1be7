"""Shifts in and out as calendar files (.ics)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import StringConstraints
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.access import Route, desk_of
from app.api.errors import Refused
from app.api.fields import Id, In, Out, Zone
from app.api.people import Admin, existing
from app.api.shifts import OnTheRota, fits
from app.api.trail import note
from app.people import ics, ics_write
from app.people.admin import add_shift, set_changes, set_shift
from app.people.ics import Imported
from app.people.roles import Role
from app.people.rota import in_order
from app.people.shifts import as_utc
from app.records import models, planned

router = APIRouter(route_class=Route, prefix="/api/shifts", tags=["shifts"])

#: Days back and ahead in which shifts taken over from others are exported, one by one.
TAKEN_OVER_DAYS = (30, 180)


class FileIn(In):
    """A calendar file's text, all of whose events are shifts of one person. A UID that is known already is changed."""

    specialist_id: Id
    ics: Annotated[str, StringConstraints(min_length=1, max_length=ics.FILE_MAX)]
    zone: Zone | None = None
    """For times that name none."""


class FileOut(Out):
    added: int
    changed: int


@router.post("/import")
async def take_in(form: FileIn, request: Request, session: Admin) -> FileOut:
    """Take in a calendar file: all of it, or nothing."""
    desk = desk_of(request)
    try:
        found = await asyncio.to_thread(ics.read, form.ics, form.zone)
    except ics.BadCalendar as error:
        raise Refused(422, "bad_calendar", str(error), {"ics": str(error)}) from error
    async with desk.ctx.sessions.begin() as store:
        person = await existing(store, form.specialist_id)
        for one in found:
            fits(one.series.kind, person)
        known = await _known(store, form.specialist_id, desk.ctx.settings.name)
        for one in found:
            await _keep(store, one, known.get(one.uid), form.specialist_id)
    changed = sum(one.uid in known for one in found)
    facts = {"added": len(found) - changed, "changed": changed}
    await note(desk, session, "shift.import", "specialist", form.specialist_id, facts)
    await desk.roster.load()
    return FileOut(**facts)


@router.get("/export", response_class=Response, responses={200: {"content": {"text/calendar": {}}}})
async def give_out(
    request: Request, session: OnTheRota, specialist_id: Annotated[Id | None, Query()] = None
) -> Response:
    """One's own shifts as a calendar file; leads and admins may have anybody's."""
    desk, whose = desk_of(request), specialist_id or session.spec
    if whose != session.spec and session.role == Role.specialist:
        raise Refused(403, "not_yours", "You can have a file of your own shifts only.")
    now = as_utc(desk.ctx.clock.now())
    async with desk.ctx.sessions() as store:
        await existing(store, whose)
        everything = await planned.series(store)
        known = await _known(store, whose, desk.ctx.settings.name)
    back, ahead = (timedelta(days=days) for days in TAKEN_OVER_DAYS)
    own = [one for one in everything if one.holder == whose]
    lent = [one for one in everything if one.holder != whose and any(c.holder == whose for c in one.changes)]
    taken = [one for one in in_order(lent, now - back, now + ahead) if one.holder == whose]
    uids = {row.id: uid for uid, row in known.items() if row.uid == uid}
    text = await asyncio.to_thread(ics_write.write, own, taken, uids, now, desk.ctx.settings.name)
    headers = {"Content-Disposition": 'attachment; filename="shifts.ics"', "Cache-Control": "no-store"}
    return Response(text, media_type="text/calendar", headers=headers)


async def _known(store: AsyncSession, whose: str, hotline: str) -> Mapping[str, models.Shift]:
    """Shifts of the person, by the UIDs under which files may name them."""
    rows = (await store.scalars(select(models.Shift).where(models.Shift.specialist_id == whose))).all()
    return {row.uid or ics_write.uid_of(row.id, hotline): row for row in rows}


async def _keep(store: AsyncSession, one: Imported, row: models.Shift | None, whose: str) -> None:
    """Add it, or change what is known under its UID; what has been swapped stays so."""
    series = replace(one.series, holder=whose)
    if row is None:
        await add_shift(store, series, uid=one.uid)
        return
    row.valid_from = row.valid_until = None
    set_shift(row, series)
    [before] = await planned.series(store, row.id, lock=True)
    swapped = {change.original: change for change in before.changes if change.holder}
    await store.execute(delete(models.ShiftChange).where(models.ShiftChange.shift_id == row.id))
    said = {change.original: change for change in series.changes}
    for original, change in swapped.items():
        said[original] = replace(said.get(original, change), cancelled=False, holder=change.holder)
    await set_changes(store, row.id, said.values())
