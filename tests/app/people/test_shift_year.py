"""A year of shifts, every minute of it, against an oracle that knows only the zone's own clock."""

from __future__ import annotations

from bisect import bisect_left
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import accumulate
from zoneinfo import ZoneInfo

import pytest

from app.people.shifts import Series, occurrences

YEAR = 2027
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
FIRST = datetime(YEAR, 1, 1, tzinfo=UTC)
MINUTES = 365 * 24 * 60
#: Minutes before and after the year, for shifts that reach over its ends and for zones far from UTC.
MARGIN = 4 * 24 * 60

#: Handovers at ordinary hours, and at hours that exist twice or not at all when this zone's clocks change.
ROTAS = [
    ("America/New_York", [time(6), time(14), time(22)]),
    ("America/New_York", [time(1, 30), time(2, 30), time(17)]),
    ("Europe/Berlin", [time(7), time(15), time(23)]),
    ("Europe/Berlin", [time(2), time(2, 30), time(12)]),
    ("Australia/Lord_Howe", [time(6), time(14), time(22)]),
    ("Australia/Lord_Howe", [time(1, 45), time(2, 15), time(18)]),
]


@lru_cache(maxsize=3)
def walls(zone: str) -> list[datetime]:
    """What the zone's clocks show at each minute of UTC."""
    here = ZoneInfo(zone)
    first = FIRST - MARGIN * MINUTE
    return [(first + n * MINUTE).astimezone(here).replace(tzinfo=None) for n in range(MINUTES + 2 * MARGIN)]


def oracle(zone: str, start: time, end: time) -> list[int]:
    """How often this shift is on at each minute: from the first at which the clock has reached the start, to the last
    that shows the end; where none shows it, to the first beyond."""
    shown = walls(zone)
    change = [0] * (len(shown) + 1)
    for day in range(-1, 366):
        on, near = date(YEAR, 1, 1) + day * DAY, (day - 1) * 1440 + MARGIN
        first, over = datetime.combine(on, start), datetime.combine(on + DAY * (end <= start), end)
        window = range(near, min(len(shown), near + 4 * 1440))
        change[next(n for n in window if shown[n] >= first)] += 1
        shows = next((n for n in reversed(window) if shown[n] == over), None)
        change[next(n for n in window if shown[n] > over) if shows is None else shows] -= 1
    return list(accumulate(change))[MARGIN : MARGIN + MINUTES]


def ours(zone: str, start: time, end: time) -> list[int]:
    change = [0] * (MINUTES + 1)
    daily = Series(date(YEAR - 1, 12, 1), start, end, zone, "FREQ=DAILY")
    for one in occurrences(daily, FIRST, FIRST + MINUTES * MINUTE):
        change[max(0, (one.begin - FIRST) // MINUTE)] += 1
        change[min(MINUTES, (one.end - FIRST) // MINUTE)] -= 1
    return list(accumulate(change))[:MINUTES]


def _slots(handovers: list[time]) -> list[tuple[time, time]]:
    return list(zip(handovers, handovers[1:] + handovers[:1], strict=True))


def changes(zone: str) -> list[int]:
    """Minutes of the year at which the zone's clocks are changed."""
    here = ZoneInfo(zone)
    offsets = [(FIRST + n * MINUTE).astimezone(here).utcoffset() for n in range(0, MINUTES, 15)]
    return [15 * n for n in range(1, len(offsets)) if offsets[n] != offsets[n - 1]]


@pytest.mark.parametrize(("zone", "handovers"), ROTAS)
def test_every_minute_of_a_year_is_covered_as_the_calendar_says(zone: str, handovers: list[time]) -> None:
    for start, end in _slots(handovers):
        assert ours(zone, start, end) == oracle(zone, start, end)


@pytest.mark.parametrize(("zone", "handovers"), ROTAS)
def test_no_minute_of_a_year_is_a_gap_and_only_ambiguous_handovers_overlap(zone: str, handovers: list[time]) -> None:
    on = [sum(each) for each in zip(*(ours(zone, *slot) for slot in _slots(handovers)), strict=True)]
    assert min(on) == 1
    around = changes(zone)
    assert len(around) == 2
    overlaps = [n for n, count in enumerate(on) if count > 1]
    for n in overlaps:
        place = bisect_left(around, n)
        assert min(abs(n - around[k]) for k in (place - 1, place) if 0 <= k < 2) <= 60
    twice = any(start in (time(1, 30), time(1, 45), time(2)) for start in handovers)
    assert bool(overlaps) == twice
