"""What leads read out of the record, and the directory of agencies that everybody who answers reads."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from app.api.access import Route, desk_of
from app.api.calls import Lead
from app.api.console import OnTheLine
from app.api.desk import Desk
from app.api.fields import Line, Out, Zone
from app.reports import handoffs, today
from app.reports.definitions import DEFINITIONS, TARGET_S, words
from app.reports.today import Figures
from telephony.numbers import NotDiallable, check_diallable

router = APIRouter(route_class=Route, prefix="/api", tags=["reports"])


class Figure(Out):
    """A number and what it means, in every language of the console."""

    value: float | None
    definition: dict[str, str]


class HalfHour(Out):
    """By first ring, from `at_ms` on."""

    at_ms: int
    offered: int
    answered: int
    abandoned: int
    rolled_over: int
    callback: int
    open: int
    service_level: float | None
    median_answer_s: float | None
    worst_answer_s: float | None


class TodayOut(Out):
    """Today so far, as it is on record."""

    since_ms: int
    now_ms: int
    zone: str
    line: str | None
    target_s: int
    figures: dict[str, Figure]
    half_hours: list[HalfHour]


class DueOut(Out):
    what: str
    by_ms: int


class OpenHandoff(Out):
    """`due` in order; what is late stays in it until it has happened."""

    id: str
    call: str
    owner: str
    opened_ms: int | None
    state: str
    why: str
    due: list[DueOut]


class Agency(Out):
    """An entry of the directory; `key` can be given as `to` of a handoff."""

    key: str
    name: str
    number: str
    kind: str
    area: str
    diallable: bool
    """Emergency numbers and misspelt ones can only be dialled by hand (C7)."""


class Directory(Out):
    agencies: list[Agency]
    deadlines_s: dict[str, int]
    """Seconds: `consult` and `contact` from the decision, `news` from the dispatch (C1)."""


@router.get("/board/today")
async def so_far(
    request: Request, _: Lead, zone: Annotated[Zone, Query()] = "UTC", line: Annotated[Line | None, Query()] = None
) -> TodayOut:
    """The day's figures, each with its definition, and the same by half-hour; the day begins in the viewer's zone."""
    desk = desk_of(request)
    target = int(desk.ctx.lines.raw.get("service_level_s", TARGET_S))
    now = datetime.fromtimestamp(desk.ctx.clock.now(), UTC)
    day = await today.so_far(desk.ctx.sessions, now, zone=zone, target_s=target, line=line)
    return TodayOut(
        since_ms=_ms(day.since),
        now_ms=_ms(day.now),
        zone=zone,
        line=line,
        target_s=target,
        figures={name: Figure(value=getattr(day.whole, name), definition=words(name, target)) for name in DEFINITIONS},
        half_hours=[HalfHour(at_ms=_ms(at), **_columns(figures)) for at, figures in day.half_hours],
    )


@router.get("/board/handoffs")
async def open_handoffs(request: Request, _: Lead) -> list[OpenHandoff]:
    """Handoffs that nobody has closed, the most urgent deadline first."""
    desk = desk_of(request)
    found = await handoffs.open_ones(desk.ctx.sessions, deadlines(desk))
    return [
        OpenHandoff(
            id=one.id,
            call=one.call,
            owner=one.owner,
            opened_ms=_ms(one.opened) if one.opened else None,
            state=one.state,
            why=one.why,
            due=[DueOut(what=due.what, by_ms=_ms(due.by)) for due in one.due],
        )
        for one in found
    ]


@router.get("/directory")
async def directory(request: Request, _: OnTheLine) -> Directory:
    """Agencies that can be brought into a call, and the deadlines of a handoff. Works without any store."""
    desk = desk_of(request)
    entries: dict[str, dict[str, Any]] = desk.ctx.lines.raw.get("agencies", {})
    return Directory(agencies=[_agency(key, entry) for key, entry in entries.items()], deadlines_s=deadlines(desk))


def deadlines(desk: Desk) -> dict[str, int]:
    said = desk.ctx.lines.raw.get("handoff_deadlines_s", {})
    return {name: int(said.get(name, seconds)) for name, seconds in handoffs.DEADLINES_S.items()}


def _agency(key: str, entry: dict[str, Any]) -> Agency:
    number = str(entry.get("number", ""))
    try:
        number, diallable = check_diallable(number), True
    except NotDiallable:
        diallable = False
    texts = {name: str(entry.get(name, "")) for name in ("kind", "area")}
    return Agency(key=key, name=str(entry.get("name", key)), number=number, diallable=diallable, **texts)


def _columns(figures: Figures) -> dict[str, Any]:
    return {name: getattr(figures, name) for name in HalfHour.model_fields if name != "at_ms"}


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
