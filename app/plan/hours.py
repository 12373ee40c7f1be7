"""Opening hours in wall time of an IANA zone, across midnight and both clock changes. Pure.

Where the clocks go back a time exists twice: an opening is its first occurrence, a closing its last. Where they go
forward a time does not exist: it means the jump itself. Holidays name the days on which an opening begins.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from app.people.walltime import instant, zone_of

DAY = timedelta(days=1)
#: Days in which a change from open to closed, or back, is looked for: a long holiday is shorter.
AHEAD_DAYS = 40


@dataclass(frozen=True)
class Opening:
    """Hours of one day. `end` at or before `start` is on the next day; equal ones are a whole day."""

    start: time
    end: time


@dataclass(frozen=True)
class Holiday:
    """Days, both included, on which other hours apply; none: closed."""

    first: date
    last: date
    openings: tuple[Opening, ...] = ()
    name: str = ""


@dataclass(frozen=True)
class Hours:
    """When the line's own people answer. `weekly` has the openings of each weekday, Monday first."""

    zone: str
    weekly: tuple[tuple[Opening, ...], ...]
    holidays: tuple[Holiday, ...] = ()

    def is_open(self, at: datetime) -> bool:
        """Whether `at` lies in an opening: its first moment does, its last does not."""
        day = at.astimezone(zone_of(self.zone)).date()
        return any(begin <= at < end for begin, end in self.spans(day - 2 * DAY, day + DAY))

    def changes_at(self, at: datetime) -> datetime | None:
        """The next moment (UTC) at which it opens or closes; None when that is far away."""
        now, until = self.is_open(at), at.astimezone(zone_of(self.zone)).date()
        edges = sorted({edge for span in self.spans(until - 2 * DAY, until + AHEAD_DAYS * DAY) for edge in span})
        return next((edge for edge in edges if edge > at and self.is_open(edge) != now), None)

    def spans(self, first: date, last: date) -> Iterator[tuple[datetime, datetime]]:
        """Begin and end in UTC of every opening that begins on a day from `first` to `last`."""
        for day in (first + n * DAY for n in range((last - first).days + 1)):
            for opening in self._on(day):
                over = day + DAY if opening.end <= opening.start else day
                begin = instant(datetime.combine(day, opening.start), self.zone, last=False)
                yield begin, instant(datetime.combine(over, opening.end), self.zone, last=True)

    def _on(self, day: date) -> tuple[Opening, ...]:
        other = next((h for h in self.holidays if h.first <= day <= h.last), None)
        return other.openings if other else self.weekly[day.weekday()]


def day_begins(ms: int, zone: str) -> int:
    """The first moment (ms) of the day on which `ms` lies in that zone."""
    today = as_utc(ms).astimezone(zone_of(zone)).date()
    return round(instant(datetime.combine(today, time()), zone, last=False).timestamp() * 1000)


def as_utc(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
