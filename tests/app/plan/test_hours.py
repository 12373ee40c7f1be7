"""Opening hours hold across midnight, both clock changes and holidays."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.plan.hours import Holiday, Hours, Opening

ZONES = ("America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "UTC")
DAY = (Opening(time(8), time(20)),)
NIGHT = (Opening(time(22), time(6)),)
WHOLE = (Opening(time(0), time(0)),)


def every_day(openings: tuple[Opening, ...], zone: str = "America/New_York", *holidays: Holiday) -> Hours:
    return Hours(zone, (openings,) * 7, holidays)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("openings", "moment", "is_open"),
    [
        (DAY, "2026-11-23T12:59:59", False),
        (DAY, "2026-11-23T13:00:00", True),  # 8:00 in New York, standard time
        (DAY, "2026-07-01T12:00:00", True),  # 8:00, daylight time
        (DAY, "2026-11-24T01:00:00", False),  # 20:00: the last moment is closed
        (NIGHT, "2026-11-24T10:59:00", True),
        (NIGHT, "2026-11-24T11:00:00", False),
        # 2:30 on 8 March 2026 does not exist in New York: it means the jump, 7:00 UTC
        ((Opening(time(2, 30), time(9)),), "2026-03-08T06:59:59", False),
        ((Opening(time(2, 30), time(9)),), "2026-03-08T07:00:00", True),
        # 1:30 on 1 November 2026 exists twice: an opening is the first, a closing the last
        ((Opening(time(1, 30), time(9)),), "2026-11-01T05:30:00", True),
        ((Opening(time(0), time(1, 30)),), "2026-11-01T06:29:59", True),
        ((Opening(time(0), time(1, 30)),), "2026-11-01T06:30:00", False),
    ],
)
def test_it_is_open_as_the_wall_clock_says(openings: tuple[Opening, ...], moment: str, is_open: bool) -> None:
    assert every_day(openings).is_open(at(moment)) is is_open


@given(st.sampled_from(ZONES), st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)))
def test_a_line_that_opens_at_midnight_every_day_never_closes(zone: str, moment: datetime) -> None:
    assert every_day(WHOLE, zone).is_open(moment.replace(tzinfo=UTC))


@given(
    st.sampled_from(ZONES),
    st.times(),
    st.times(),
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)),
)
def test_two_openings_that_meet_leave_no_gap_at_any_clock_change(
    zone: str, first: time, second: time, moment: datetime
) -> None:
    both = (Opening(first, second), Opening(second, first))
    assert every_day(both, zone).is_open(moment.replace(tzinfo=UTC))


@given(st.sampled_from(ZONES), st.times(), st.times(), st.datetimes(datetime(2026, 1, 1), datetime(2027, 6, 30)))
def test_the_next_change_is_one_and_nothing_changes_before(zone: str, start: time, end: time, naive: datetime) -> None:
    hours, moment = every_day((Opening(start, end),), zone), naive.replace(tzinfo=UTC)
    change = hours.changes_at(moment)
    if change is None:
        assert all(hours.is_open(moment + timedelta(hours=6 * n)) for n in range(80))
        return
    assert hours.is_open(change) != hours.is_open(moment)
    middle = moment + (change - moment) / 2
    assert hours.is_open(middle) == hours.is_open(moment)


def test_on_a_holiday_it_is_closed_or_has_other_hours() -> None:
    christmas = Holiday(date(2026, 12, 24), date(2026, 12, 25), (), "Christmas")
    eve = Holiday(date(2026, 12, 31), date(2026, 12, 31), (Opening(time(8), time(12)),), "New Year's Eve")
    hours = every_day(DAY, "Europe/Berlin", christmas, eve)
    assert not hours.is_open(at("2026-12-25T12:00:00"))
    assert hours.is_open(at("2026-12-26T12:00:00"))
    assert (hours.is_open(at("2026-12-31T10:00:00")), hours.is_open(at("2026-12-31T12:00:00"))) == (True, False)
    assert hours.changes_at(at("2026-12-24T12:00:00")) == at("2026-12-26T07:00:00")


def test_a_night_that_began_before_a_holiday_ends_in_its_morning() -> None:
    hours = every_day(NIGHT, "Europe/Berlin", Holiday(date(2026, 12, 25), date(2026, 12, 25)))
    assert hours.is_open(datetime(2026, 12, 25, 5, tzinfo=ZoneInfo("Europe/Berlin")))
    assert not hours.is_open(datetime(2026, 12, 25, 23, tzinfo=ZoneInfo("Europe/Berlin")))
