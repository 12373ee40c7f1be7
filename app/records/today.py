"""Today's numbers from the record: one definition each, said in the docstrings and on the lead's board."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.records.models import Call

#: Length of a chart's slot.
SLOT = timedelta(minutes=30)


@dataclass(frozen=True)
class Numbers:
    """What happened to the calls that rang in a span of time; waits are seconds from first ring to answered."""

    offered: int
    """Every call that rang."""
    answered: int
    """Caller and owner were together for a second; of a call that is still going on, that they are."""
    abandoned: int
    rolled_over: int
    service_level: float | None
    """Of the calls that are decided (answered, abandoned, rolled over): the share answered within the threshold."""
    median_answer: float | None
    worst_answer: float | None


@dataclass(frozen=True)
class Slot:
    at: datetime
    numbers: Numbers


async def calls_since(store: AsyncSession, since: datetime) -> Sequence[Call]:
    return (await store.scalars(select(Call).where(Call.arrived_at >= since).order_by(Call.arrived_at))).all()


def numbers(calls: Sequence[Call], threshold_s: float) -> Numbers:
    """The figures of these calls."""
    waits = [wait for call in calls if (wait := answer_s(call)) is not None]
    abandoned, rolled = (sum(call.outcome == word for call in calls) for word in ("abandoned", "rolled_over"))
    decided = len(waits) + abandoned + rolled
    return Numbers(
        offered=len(calls),
        answered=len(waits),
        abandoned=abandoned,
        rolled_over=rolled,
        service_level=sum(wait <= threshold_s for wait in waits) / decided if decided else None,
        median_answer=median(waits) if waits else None,
        worst_answer=max(waits, default=None),
    )


def answer_s(call: Call) -> float | None:
    """Seconds from first ring to answered. The recorder knows for sure when the call has ended; until then the first
    moment together stands."""
    answered = call.answered_at or (None if call.closed_at else call.talking_at)
    if answered is None or call.arrived_at is None or call.outcome not in (None, "answered"):
        return None
    return max(0.0, (answered - call.arrived_at).total_seconds())


def slots(calls: Sequence[Call], since: datetime, until: datetime, threshold_s: float) -> list[Slot]:
    """The same by half-hour of the first ring."""
    found: list[Slot] = []
    at = since
    while at <= until:
        mine = [call for call in calls if call.arrived_at and at <= call.arrived_at < at + SLOT]
        found.append(Slot(at, numbers(mine, threshold_s)))
        at += SLOT
    return found
