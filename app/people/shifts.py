"""Shifts: recurrences in wall time of an IANA zone, with single occurrences cancelled, moved or given away. Pure.

Where the clocks go back a time exists twice: a start is its first occurrence, an end its last, so a handover overlaps.
Where they go forward a time does not exist: it means the jump itself, so a handover has no gap.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache

from app.people import recurrence
from app.people.walltime import instant, zone_of

DAY = timedelta(days=1)
#: A Monday long ago: where weekly shifts without a first date begin.
LONG_AGO = date(2000, 1, 3)


class Kind(StrEnum):
    """What a shift is for."""

    line = "line"
    """Taking calls."""
    on_call = "on_call"
    """A lead who is paged, and takes what is open to anyone on shift."""


@dataclass(frozen=True)
class Change:
    """What differs in one occurrence, known by the wall-clock start that its rule gave it."""

    original: datetime
    cancelled: bool = False
    start: datetime | None = None
    """Moved: another wall-clock start; None: as the rule says."""
    end: time | None = None
    holder: str | None = None
    """Somebody else has it, after a swap."""


@dataclass(frozen=True)
class Series:
    """One shift as it recurs. `end` at or before `start` is on the next day; equal ones are a whole day."""

    first_on: date
    """The day of the first occurrence."""
    start: time
    end: time
    zone: str
    rule: str = ""
    """RRULE without its name; empty: once."""
    holder: str = ""
    kind: Kind = Kind.line
    id: int = 0
    changes: tuple[Change, ...] = ()

    @property
    def begin(self) -> datetime:
        return datetime.combine(self.first_on, self.start)


@dataclass(frozen=True)
class Occurrence:
    """One shift of one day. `begin` and `end` are UTC."""

    shift: int
    original: datetime
    """Wall-clock start that the rule gave it: with the shift's id, its name."""
    begin: datetime
    end: datetime
    holder: str
    kind: Kind
    zone: str
    changed: bool = False


def weekly(
    weekday: int,
    start: time,
    end: time,
    zone: str,
    valid_from: date | None = None,
    valid_until: date | None = None,
    **more: object,
) -> Series:
    """A weekly shift as a recurrence. Monday is 0; the dates bound the days on which it starts."""
    since = valid_from or LONG_AGO
    first = since + timedelta(days=(weekday - since.weekday()) % 7)
    until = f";UNTIL={valid_until:%Y%m%d}" if valid_until else ""
    return Series(first, start, end, zone, f"FREQ=WEEKLY{until}", **more)  # pyright: ignore[reportArgumentType]


def occurrences(series: Series, begin: datetime, end: datetime) -> Iterator[Occurrence]:
    """Every occurrence that is on at some time from `begin` to `end` (UTC); changed ones come last."""
    first, last = (moment.astimezone(zone_of(series.zone)).replace(tzinfo=None) for moment in (begin, end))
    named = recurrence.starts(series.begin, series.rule, series.zone, first - 2 * DAY, last + DAY)
    changed = {change.original: change for change in series.changes}
    here = [_occurrence(series, original) for original in named if original not in changed]
    here += [_changed(series, change) for change in series.changes if not change.cancelled and names(series, change)]
    yield from (one for one in here if one.begin < one.end and one.begin < end and one.end > begin)


def occurrence(series: Series, original: datetime) -> Occurrence | None:
    """The one of that name as it is now; None when there is none, or it is cancelled."""
    for change in series.changes:
        if change.original == original:
            return None if change.cancelled or not names(series, change) else _changed(series, change)
    return _occurrence(series, original) if names(series, Change(original)) else None


@lru_cache(maxsize=4096)
def names(series: Series, change: Change) -> bool:
    """Whether the rule gives a start of that name."""
    at = change.original
    return at in recurrence.starts(series.begin, series.rule, series.zone, at, at)


def on_shift(shifts: Iterable[Series], at: datetime) -> bool:
    """Whether any shift covers `at`. A shift's first moment is on, its last is off."""
    return any(one.begin <= at < one.end for series in shifts for one in occurrences(series, at - DAY, at + DAY))


def moments(start: datetime, end: time, zone: str) -> tuple[datetime, datetime]:
    """Begin and end in UTC of a shift with this wall-clock start and end."""
    over = datetime.combine(start.date() + timedelta(days=end <= start.time()), end)
    return instant(start, zone, last=False), instant(over, zone, last=True)


def as_utc(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _occurrence(series: Series, original: datetime) -> Occurrence:
    begin, end = moments(original, series.end, series.zone)
    return Occurrence(series.id, original, begin, end, series.holder, series.kind, series.zone)


def _changed(series: Series, change: Change) -> Occurrence:
    begin, end = moments(change.start or change.original, change.end or series.end, series.zone)
    holder = change.holder or series.holder
    return Occurrence(series.id, change.original, begin, end, holder, series.kind, series.zone, True)
