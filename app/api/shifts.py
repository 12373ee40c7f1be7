"""Shifts as they recur and their single changes, kept by admins; everybody on the line sees who is on when."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field, StringConstraints, model_validator
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.access import Route, desk_of, roles
from app.api.desk import Desk
from app.api.errors import Refused
from app.api.fields import Id, In, Out, RowId, Wall, Zone
from app.api.people import Admin, AdminOrLead, existing
from app.api.trail import note
from app.people import recurrence
from app.people.admin import add_shift, set_changes
from app.people.roles import Role
from app.people.rota import in_order
from app.people.sessions import Session
from app.people.shifts import Change, Kind, Occurrence, Series, names, weekly
from app.records import models, planned

router = APIRouter(route_class=Route, prefix="/api/shifts", tags=["shifts"])

OnTheRota = Annotated[Session, Depends(roles(Role.specialist, Role.lead, Role.admin))]
#: Days of the calendar in one answer.
DAYS_MAX = 62

Rule = Annotated[str, StringConstraints(max_length=recurrence.RULE_MAX, to_upper=True)]


class ShiftIn(In):
    """Wall-clock times in `zone`; an `end` at or before `start` is on the next day. Either every week on `weekday`, or
    from the day `first_on` by an iCalendar `rule` (RRULE), without which it takes place once."""

    specialist_id: Id
    kind: Kind = Kind.line
    start: time
    end: time
    zone: Zone
    weekday: int | None = Field(default=None, ge=0, le=6)
    """0 is Monday."""
    valid_from: date | None = None
    valid_until: date | None = None
    first_on: date | None = None
    rule: Rule = ""

    @model_validator(mode="after")
    def is_one_of_two(self) -> ShiftIn:
        for moment in (self.start, self.end):
            if moment.tzinfo:
                raise ValueError("times are wall-clock times of the zone, without an offset")
            if moment.second or moment.microsecond:
                raise ValueError("shifts begin and end on the minute")
        if (self.weekday is None) == (self.first_on is None):
            raise ValueError("a shift has either a weekday or a first day")
        if (self.first_on and (self.valid_from or self.valid_until)) or (self.weekday is not None and self.rule):
            raise ValueError("valid_from and valid_until go with a weekday, a rule goes with first_on")
        if any(day and day.year not in recurrence.YEARS for day in (self.first_on, self.valid_from, self.valid_until)):
            raise ValueError("this day lies too far away")
        if self.valid_from and self.valid_until and self.valid_until < self.valid_from:
            raise ValueError("valid_until lies before valid_from")
        recurrence.check(self.series().begin, self.series().rule, self.zone)
        return self

    def series(self) -> Series:
        """The recurrence that this is."""
        if self.first_on:
            return Series(self.first_on, self.start, self.end, self.zone, self.rule, self.specialist_id, self.kind)
        more = {"holder": self.specialist_id, "kind": self.kind}
        span = (self.valid_from, self.valid_until)
        return weekly(self.weekday or 0, self.start, self.end, self.zone, *span, **more)


class ChangeOut(Out):
    """What differs in one shift, named by the wall-clock start that its rule gives it."""

    original: datetime
    cancelled: bool
    start: datetime | None
    end: time | None
    holder: str | None
    """Whose it is after a swap."""


class ShiftOut(Out):
    id: int
    specialist_id: str
    kind: Kind
    weekday: int
    start: time
    end: time
    zone: str
    valid_from: date | None
    valid_until: date | None
    first_on: date
    rule: str
    changes: list[ChangeOut]


class OccurrenceOut(Out):
    """One shift of one day; `shift_id` and `original` together are its name."""

    shift_id: int
    original: datetime
    begin: datetime
    end: datetime
    kind: Kind
    specialist_id: str
    changed: bool


class ChangeIn(In):
    """Cancel one shift, or move it to other wall-clock times of the same zone."""

    shift_id: RowId
    original: Wall
    cancelled: bool = False
    start: Wall | None = None
    end: time | None = None

    @model_validator(mode="after")
    def is_one_of_two(self) -> ChangeIn:
        if self.cancelled == (self.start is not None and self.end is not None) or (
            self.cancelled and (self.start or self.end)
        ):
            raise ValueError("say cancelled, or both start and end")
        if self.end and (self.end.tzinfo or self.end.second or self.end.microsecond):
            raise ValueError("end is a wall-clock time of the zone, on the minute and without an offset")
        return self


@router.get("")
async def shifts(
    request: Request, _: AdminOrLead, specialist_id: Annotated[Id | None, Query()] = None
) -> list[ShiftOut]:
    """Shifts as they recur, of one person or of all."""
    async with desk_of(request).ctx.sessions() as store:
        rows = {row.id: row for row in await store.scalars(select(models.Shift))}
        found = [one for one in await planned.series(store) if specialist_id in (None, one.holder)]
    found.sort(key=lambda one: (one.holder, rows[one.id].weekday, one.start, one.id))
    return [shift_out(rows[one.id], one) for one in found]


@router.post("", status_code=201)
async def add(form: ShiftIn, request: Request, session: Admin) -> ShiftOut:
    """A shift for somebody."""
    desk = desk_of(request)
    async with desk.ctx.sessions.begin() as store:
        fits(form.kind, await existing(store, form.specialist_id))
        row = await add_shift(store, form.series(), valid_from=form.valid_from, valid_until=form.valid_until)
        made = shift_out(row, planned.series_of(row))
    await note(desk, session, "shift.add", "specialist", form.specialist_id, {"shift": made.id})
    await desk.roster.load()
    return made


@router.delete("", status_code=204)
async def remove(request: Request, session: Admin, id: Annotated[RowId, Query()]) -> None:
    """Take a shift away, with everything changed in it."""
    desk = desk_of(request)
    async with desk.ctx.sessions.begin() as store:
        gone = await store.execute(delete(models.Shift).where(models.Shift.id == id).returning(models.Shift.id))
        if gone.scalar_one_or_none() is None:
            raise Refused(404, "unknown", "There is no such shift.")
    await note(desk, session, "shift.remove", "shift", str(id))
    await desk.roster.load()


@router.get("/occurrences")
async def calendar(
    request: Request,
    _: OnTheRota,
    since: date | None = None,
    days: Annotated[int, Query(ge=1, le=DAYS_MAX)] = 14,
    specialist_id: Annotated[Id | None, Query()] = None,
) -> list[OccurrenceOut]:
    """Who is on when, from midnight (UTC) of `since` or of today."""
    desk = desk_of(request)
    first = since or datetime.fromtimestamp(desk.ctx.clock.now(), UTC).date()
    if first.year not in recurrence.YEARS:
        raise Refused(422, "invalid", "This day lies too far away.", {"since": "too far away"})
    begin = datetime.combine(first, time(), UTC)
    async with desk.ctx.sessions() as store:
        known = await planned.series(store)
    found = await asyncio.to_thread(in_order, known, begin, begin + timedelta(days=days))
    return [occurrence_out(one) for one in found if specialist_id in (None, one.holder)]


@router.post("/changes")
async def change(form: ChangeIn, request: Request, session: Admin) -> ChangeOut:
    """Cancel or move one shift; whoever has taken it over keeps it."""
    desk = desk_of(request)
    async with desk.ctx.sessions.begin() as store:
        series = await _named(store, form.shift_id, form.original)
        before = next((one for one in series.changes if one.original == form.original), Change(form.original))
        made = Change(form.original, form.cancelled, form.start, form.end, before.holder)
        await set_changes(store, form.shift_id, [made])
    await _changed(desk, session, form.shift_id, "shift.change")
    return change_out(made)


@router.delete("/changes", status_code=204)
async def restore(
    request: Request, session: Admin, shift_id: Annotated[RowId, Query()], original: Annotated[Wall, Query()]
) -> None:
    """One shift is again as its rule says, and its first owner's."""
    desk, row = desk_of(request), models.ShiftChange
    async with desk.ctx.sessions.begin() as store:
        named = delete(row).where(row.shift_id == shift_id, row.original == original)
        if (await store.execute(named.returning(row.id))).scalar_one_or_none() is None:
            raise Refused(404, "unknown", "Nothing is changed in this shift.")
    await _changed(desk, session, shift_id, "shift.restore")


def fits(kind: Kind, person: models.Specialist) -> None:
    """Refuse a shift that would never make its person reachable."""
    if kind == Kind.on_call and person.role != Role.lead:
        raise Refused(409, "not_a_lead", "Only a lead can be on call.", {"kind": "only a lead can be on call"})


def shift_out(row: models.Shift, series: Series) -> ShiftOut:
    return ShiftOut(
        id=row.id,
        specialist_id=series.holder,
        kind=series.kind,
        weekday=row.weekday,
        start=series.start,
        end=series.end,
        zone=series.zone,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        first_on=series.first_on,
        rule=series.rule,
        changes=[change_out(one) for one in series.changes],
    )


def change_out(one: Change) -> ChangeOut:
    return ChangeOut(original=one.original, cancelled=one.cancelled, start=one.start, end=one.end, holder=one.holder)


def occurrence_out(one: Occurrence) -> OccurrenceOut:
    return OccurrenceOut(
        shift_id=one.shift,
        original=one.original,
        begin=one.begin,
        end=one.end,
        kind=one.kind,
        specialist_id=one.holder,
        changed=one.changed,
    )


async def _named(store: AsyncSession, shift_id: int, original: datetime) -> Series:
    for series in await planned.series(store, shift_id, lock=True):
        if names(series, Change(original)):
            return series
    raise Refused(404, "unknown", "There is no such shift.")


async def _changed(desk: Desk, session: Session, shift_id: int, what: str) -> None:
    await note(desk, session, what, "shift", str(shift_id))
    await desk.roster.load()
