"""Today so far: counted in Postgres, in one statement for the day's figures and its half-hours alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.reports.calls import CALLS

HALF_HOUR = timedelta(minutes=30)

#: The whole day has no slot; a call without a wait of its own (answered by nobody) is in no wait.
FIGURES = f"""
    SELECT
        slot,
        count(*) AS offered,
        count(*) FILTER (WHERE became = 'answered') AS answered,
        count(*) FILTER (WHERE became = 'abandoned') AS abandoned,
        count(*) FILTER (WHERE became = 'rolled_over') AS rolled_over,
        count(*) FILTER (WHERE became = 'callback') AS callback,
        count(*) FILTER (WHERE became = 'open') AS open,
        count(*) FILTER (WHERE became = 'answered' AND took <= :target) AS in_time,
        count(*) FILTER (WHERE became <> 'open' OR age > :target) AS due,
        percentile_disc(0.5) WITHIN GROUP (ORDER BY took) FILTER (WHERE became = 'answered') AS median,
        max(took) FILTER (WHERE became = 'answered') AS worst
    FROM ({CALLS}) AS c
    GROUP BY GROUPING SETS ((), (slot))
    ORDER BY slot
"""


@dataclass(frozen=True)
class Figures:
    """Of one span of time, by first ring. Seconds; None where nobody was answered, or nothing is due."""

    offered: int = 0
    answered: int = 0
    abandoned: int = 0
    rolled_over: int = 0
    callback: int = 0
    open: int = 0
    service_level: float | None = None
    median_answer_s: float | None = None
    worst_answer_s: float | None = None


@dataclass(frozen=True)
class Today:
    since: datetime
    now: datetime
    whole: Figures
    half_hours: Sequence[tuple[datetime, Figures]]
    """Every half-hour from the day's beginning until now, also those without a call."""


def midnight(now: datetime, zone: str) -> datetime:
    """When this day began where the viewer is."""
    here = now.astimezone(ZoneInfo(zone))
    return here.replace(hour=0, minute=0, second=0, microsecond=0, fold=0).astimezone(UTC)


async def so_far(
    sessions: async_sessionmaker[AsyncSession], now: datetime, *, zone: str, target_s: int, line: str | None = None
) -> Today:
    """Today's figures at `now` in the viewer's zone; of one line, or of all."""
    since = midnight(now, zone)
    asked = {"since": since, "now": now, "until": now + timedelta(seconds=1), "target": target_s, "line": line}
    async with sessions() as session:
        rows = (await session.execute(text(FIGURES), asked)).mappings().all()
    by_slot = {row["slot"]: _figures(row) for row in rows}
    newest = max((slot for slot in by_slot if slot is not None), default=0)  # it may have rung in this very second
    slots = range(max(int((now - since) / HALF_HOUR), newest) + 1)
    halves = [(since + slot * HALF_HOUR, by_slot.get(slot, Figures())) for slot in slots]
    return Today(since, now, by_slot.get(None, Figures()), halves)


def _figures(row: Mapping[Any, Any]) -> Figures:
    counts = ("offered", "answered", "abandoned", "rolled_over", "callback", "open")
    return Figures(
        **{name: row[name] for name in counts},
        service_level=row["in_time"] / row["due"] if row["due"] else None,
        median_answer_s=_seconds(row["median"]),
        worst_answer_s=_seconds(row["worst"]),
    )


def _seconds(took: Any) -> float | None:
    return None if took is None else round(max(0.0, float(took)), 1)
