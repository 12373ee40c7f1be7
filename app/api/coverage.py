"""What leads see ahead: gaps and thin hours of each line and language, and who is on call."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request

from app.api.access import Route, desk_of
from app.api.fields import Out
from app.api.people import AdminOrLead
from app.api.shifts import OnTheRota
from app.lines import Line
from app.people.coverage import Staff, Stretch, below, counted, serving
from app.people.roles import ON_THE_LINE
from app.people.roster import Person, Roster
from app.people.shifts import as_utc
from app.people.spans import within

router = APIRouter(route_class=Route, prefix="/api/shifts", tags=["shifts"])

#: Days ahead that can be asked for: within what the roster has computed.
DAYS_MAX = 21
DAY_S, MINUTE_S = 86_400, 60


class StretchOut(Out):
    """Some hours (UTC) and how many people are on shift in them."""

    begin: datetime
    end: datetime
    on: int


class LineCoverage(Out):
    """Of the callers of one line in one language."""

    line: str
    language: str
    wanted: int
    """Fewer people at once than this are thin."""
    gaps: list[StretchOut]
    thin: list[StretchOut]
    always_on: int
    """People who may answer at any hour and are planned for none: they do not count above."""


class CoverageOut(Out):
    since: datetime
    until: datetime
    lines: list[LineCoverage]
    on_call_gaps: list[StretchOut]
    """No lead is on call."""


class OnCallOut(Out):
    specialist_id: str
    until: datetime


@router.get("/coverage")
async def coverage(
    request: Request,
    _: AdminOrLead,
    days: Annotated[int, Query(ge=1, le=DAYS_MAX)] = 14,
    wanted: Annotated[int | None, Query(ge=1, le=99)] = None,
) -> CoverageOut:
    """Gaps and thin hours ahead, from what is planned now; expired credentials do not count as coverage."""
    desk = desk_of(request)
    begin = desk.ctx.clock.now() // MINUTE_S * MINUTE_S
    end = begin + days * DAY_S
    staff = [one for one in desk.roster.people.values() if one.active and one.role in ON_THE_LINE]
    called = counted((one.on_call for one in staff), begin, end)
    lines = [
        _line(line, language, wanted or line.staff_min, staff, begin, end)
        for line in desk.ctx.lines.by_id.values()
        for language in line.languages
    ]
    return CoverageOut(since=as_utc(begin), until=as_utc(end), lines=lines, on_call_gaps=_out(below(called, 1)[0]))


@router.get("/on-call")
async def on_call(request: Request, _: OnTheRota) -> list[OnCallOut]:
    """The leads on call now, who goes last first."""
    desk = desk_of(request)
    found = [OnCallOut(specialist_id=who, until=as_utc(end)) for who, end in _called(desk.roster, desk.ctx.clock.now())]
    return sorted(found, key=lambda one: one.until, reverse=True)


def _called(roster: Roster, now: float) -> list[tuple[str, float]]:
    people = [one for one in roster.people.values() if one.active]
    return [(one.id, end) for one in people if (end := within(one.on_call, now))]


def _line(line: Line, language: str, wanted: int, people: list[Person], begin: float, end: float) -> LineCoverage:
    staff = [Staff(one.id, one.lanes, one.line, one.needs) for one in people]
    unplanned = [Staff(one.id, one.lanes, ((begin, end),), {}) for one in people if one.always_on and not one.line]
    gaps, thin = below(counted(serving(staff, line.id, language), begin, end), wanted)
    return LineCoverage(
        line=line.id,
        language=language,
        wanted=wanted,
        gaps=_out(gaps),
        thin=_out(thin),
        always_on=len(serving(unplanned, line.id, language)),
    )


def _out(stretches: list[Stretch]) -> list[StretchOut]:
    return [StretchOut(begin=as_utc(one.begin), end=as_utc(one.end), on=one.on) for one in stretches]
