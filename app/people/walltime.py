"""The UTC moment of a wall-clock time, where clocks change too.

Libraries were tried and do something else: `recurring-ical-events` ends a shift at the first of two equal times and
begins one inside a gap as much later as the time lies in it, so that handovers there gap or leave half an hour out.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo


@lru_cache(maxsize=64)
def zone_of(name: str) -> ZoneInfo:
    return ZoneInfo(name)


@lru_cache(maxsize=16_384)
def instant(local: datetime, zone: str, *, last: bool) -> datetime:
    """The UTC moment of a wall-clock time: of two the first or the last, of none the moment of the jump."""
    both = [local.replace(tzinfo=zone_of(zone), fold=fold) for fold in (0, 1)]
    first, second = (moment.astimezone(UTC) for moment in both)
    if first <= second:  # ordinary (equal) or ambiguous
        return second if last else first
    return _jump(second, first, zone)


def _jump(low: datetime, high: datetime, zone: str) -> datetime:
    """The moment between two instants at which the zone's offset changes, to the second."""
    before = low.astimezone(zone_of(zone)).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        middle = middle.replace(microsecond=0)
        if middle.astimezone(zone_of(zone)).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high
