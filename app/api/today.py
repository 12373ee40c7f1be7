"""Today so far, for the lead's board."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request

from app.api.access import Route, desk_of
from app.api.calls import Lead
from app.api.fields import Out, Zone
from app.records import today as record

router = APIRouter(route_class=Route, prefix="/api/board", tags=["lead"])

#: Seconds within which an answer counts as in time, where the lines file says nothing (`service_level_s`).
THRESHOLD_S = 20.0


class SlotOut(Out):
    at_ms: int
    offered: int
    answered: int
    median_s: float | None
    worst_s: float | None


class TodayOut(Out):
    """Since midnight of the asked zone. `service_level` is the share of decided calls (answered, abandoned, rolled over)
    that were answered within `threshold_s` of first ring."""

    since_ms: int
    threshold_s: float
    offered: int
    answered: int
    abandoned: int
    rolled_over: int
    service_level: float | None
    median_answer: float | None
    worst_answer: float | None
    half_hours: list[SlotOut]


@router.get("/today")
async def today(request: Request, _: Lead, zone: Annotated[Zone, Query()] = "UTC") -> TodayOut:
    """Offered, answered, abandoned, rolled over, service level, waits; the same by half-hour."""
    ctx = desk_of(request).ctx
    threshold = float(ctx.lines.raw.get("service_level_s", THRESHOLD_S))
    now = datetime.fromtimestamp(ctx.clock.now(), ZoneInfo(zone))
    since = now.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)
    async with ctx.sessions() as store:
        calls = await record.calls_since(store, since)
    half_hours = [_slot(slot) for slot in record.slots(calls, since, now.astimezone(UTC), threshold)]
    whole = record.numbers(calls, threshold)
    return TodayOut(since_ms=_ms(since), threshold_s=threshold, half_hours=half_hours, **vars(whole))


def _slot(slot: record.Slot) -> SlotOut:
    n = slot.numbers
    return SlotOut(
        at_ms=_ms(slot.at), offered=n.offered, answered=n.answered, median_s=n.median_answer, worst_s=n.worst_answer
    )


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)
