"""Who is on shift: weekly shifts in an IANA zone, across midnight and both clock changes. Pure.

A shift names wall-clock times. Where the clocks go back a time exists twice: a start is its first occurrence, an end
its last, so nobody is sent home an hour early. Where they go forward a time does not exist: it means the jump itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class Shift:
    """One weekly shift. `end` at or before `start` is on the next day; equal ones are a whole day."""

    weekday: int
    """Of the start; Monday is 0."""
    start: time
    end: time
    zone: str
    valid_from: date | None = None
    """First date on which it starts."""
    valid_until: date | None = None
    """Last date on which it starts."""


def on_shift(shifts: Iterable[Shift], at: datetime) -> bool:
    """Whether any shift covers `at`. A shift's first moment is on, its last is off."""
    return any(begin <= at < end for shift in shifts for begin, end in _around(shift, at))


def on_until(shifts: Iterable[Shift], at: datetime) -> datetime | None:
    """When the person goes off shift, following shifts that touch one another; None when off now, or after a week."""
    shifts, until = tuple(shifts), at
    while until - at < timedelta(days=8):
        ends = [end for shift in shifts for begin, end in _around(shift, until) if begin <= until < end]
        if not ends:
            return until if until > at else None
        until = max(ends)
    return until


def spans(shift: Shift, first: date, last: date) -> Iterator[tuple[datetime, datetime]]:
    """Begin and end in UTC of every occurrence that starts on a date from `first` to `last`."""
    day = first + timedelta(days=(shift.weekday - first.weekday()) % 7)
    while day <= last:
        if (shift.valid_from or day) <= day <= (shift.valid_until or day):
            end_day = day + timedelta(days=shift.end <= shift.start)
            begin = _instant(day, shift.start, shift.zone, last=False)
            yield begin, _instant(end_day, shift.end, shift.zone, last=True)
        day += timedelta(days=7)


def _around(shift: Shift, at: datetime) -> Iterator[tuple[datetime, datetime]]:
    here = at.astimezone(_zone(shift.zone)).date()
    return spans(shift, here - timedelta(days=2), here + timedelta(days=1))


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


@lru_cache(maxsize=4096)
def _instant(day: date, clock: time, zone: str, *, last: bool) -> datetime:
    """The UTC moment of a wall-clock time: of two the first or the last, of none the moment of the jump."""
    local = [datetime.combine(day, clock, _zone(zone)).replace(fold=fold) for fold in (0, 1)]
    first, second = (moment.astimezone(UTC) for moment in local)
    if first <= second:  # ordinary (equal) or ambiguous
        return second if last else first
    return _jump(second, first, zone)


def _jump(low: datetime, high: datetime, zone: str) -> datetime:
    """The moment between two instants at which the zone's offset changes, to the second."""
    before = low.astimezone(_zone(zone)).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        middle = middle.replace(microsecond=0)
        if middle.astimezone(_zone(zone)).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high
