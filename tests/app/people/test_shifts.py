"""Who is on shift, against an oracle that walks the minutes of the zone's own calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.people.rota import compute
from app.people.shifts import Series, occurrences, on_shift, weekly
from app.people.spans import within

MINUTE = timedelta(minutes=1)
NEW_YORK = "America/New_York"
ZONES = [NEW_YORK, "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu", "Antarctica/Troll", "Pacific/Chatham"]
MONDAY, FRIDAY, SATURDAY, SUNDAY = 0, 4, 5, 6


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def oracle(weekday: int, shift: Series, at: datetime) -> bool:
    """From the first minute at which the zone's clock has reached the start, to the last that shows the end."""
    zone = ZoneInfo(shift.zone)
    middle = at.astimezone(zone).date()
    for offset in range(-2, 2):
        day = middle + timedelta(days=offset)
        if day.weekday() == weekday and _covers(shift, day, zone, at):
            return True
    return False


def _covers(shift: Series, day: date, zone: ZoneInfo, at: datetime) -> bool:
    start = datetime.combine(day, shift.start)
    end = datetime.combine(day + timedelta(days=shift.end <= shift.start), shift.end)
    first = datetime.combine(day, time(), UTC) - timedelta(hours=16)
    walk = [first + MINUTE * n for n in range(4 * 24 * 60)]
    local = [moment.astimezone(zone).replace(tzinfo=None) for moment in walk]
    begins = next(n for n, here in enumerate(local) if here >= start)
    shows = [n for n, here in enumerate(local) if here == end]
    ends = max(shows) if shows else next(n for n, here in enumerate(local) if here > end)
    return walk[begins] <= at < walk[ends]


changes = st.sampled_from(
    ["2026-03-08", "2026-11-01", "2026-03-29", "2026-10-25", "2026-04-05", "2026-10-04", "2026-07-05"]
)


@st.composite
def cases(draw: st.DrawFn) -> tuple[int, Series, datetime]:
    near = date.fromisoformat(draw(changes))
    minutes = st.integers(0, 24 * 60 - 1)
    start, end = (time(m // 60, m % 60) for m in (draw(minutes), draw(minutes)))
    weekday = (near.weekday() + draw(st.integers(-1, 1))) % 7
    at = datetime.combine(near, time(), UTC) + MINUTE * draw(st.integers(-36 * 60, 60 * 60))
    return weekday, weekly(weekday, start, end, draw(st.sampled_from(ZONES))), at


@settings(max_examples=150, deadline=None)
@given(cases())
def test_on_shift_agrees_with_the_calendar_around_both_clock_changes(case: tuple[int, Series, datetime]) -> None:
    weekday, shift, at = case
    assert on_shift([shift], at) == oracle(weekday, shift, at)


def test_overnight_shift_belongs_to_the_day_it_starts() -> None:
    night = weekly(FRIDAY, time(22), time(6), "Europe/Berlin")
    assert not on_shift([night], utc("2026-07-03T19:59"))
    assert on_shift([night], utc("2026-07-03T20:00"))
    assert on_shift([night], utc("2026-07-04T03:59"))
    assert not on_shift([night], utc("2026-07-04T04:00"))
    assert not on_shift([night], utc("2026-07-03T01:00"))


def test_equal_times_are_a_whole_day() -> None:
    day = weekly(MONDAY, time(8), time(8), "Asia/Kathmandu")
    [one] = occurrences(day, utc("2026-07-06T12:00"), utc("2026-07-06T12:01"))
    assert one.end - one.begin == timedelta(hours=24)


@pytest.mark.parametrize(
    ("weekday", "start", "end", "day", "hours"),
    [
        (SATURDAY, time(22), time(6), date(2026, 10, 31), 9),  # the night of 25 hours
        (SATURDAY, time(22), time(6), date(2026, 3, 7), 7),  # the night of 23 hours
        (SUNDAY, time(1, 30), time(1, 45), date(2026, 11, 1), 1.25),  # start first occurrence, end last
        (SUNDAY, time(2, 10), time(2, 50), date(2026, 3, 8), 0),  # times that do not exist
        (SUNDAY, time(2, 30), time(4), date(2026, 3, 8), 1),  # begins with the jump
    ],
)
def test_clock_changes(weekday: int, start: time, end: time, day: date, hours: float) -> None:
    noon = datetime.combine(day, time(12), UTC)
    around = occurrences(weekly(weekday, start, end, NEW_YORK), noon - timedelta(hours=30), noon + timedelta(hours=30))
    assert sum((one.end - one.begin for one in around), timedelta()) == timedelta(hours=hours)


def test_valid_from_and_until_are_days_of_the_start() -> None:
    shift = weekly(FRIDAY, time(22), time(6), "UTC", date(2026, 7, 10), date(2026, 7, 17))
    on = [week for week in range(5) if on_shift([shift], utc("2026-07-03T23:00") + timedelta(weeks=week))]
    assert on == [1, 2]
    assert on_shift([shift], utc("2026-07-18T05:00"))


def test_no_shift_is_off_shift() -> None:
    assert not on_shift([], utc("2026-07-03T12:00"))


def test_shifts_that_touch_are_one_stretch_of_work() -> None:
    early = weekly(MONDAY, time(6), time(14), "UTC", holder="s1")
    late = weekly(MONDAY, time(14), time(22), "UTC", holder="s1")
    spans = compute([early, late], utc("2026-07-06T08:00")).line["s1"]
    assert within(spans, utc("2026-07-06T08:00").timestamp()) == utc("2026-07-06T22:00").timestamp()
    assert not within(spans, utc("2026-07-06T22:00").timestamp())
