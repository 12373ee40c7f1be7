"""Recurrence rules, against a walk over the days; what is refused; what an expansion may cost."""

from __future__ import annotations

import calendar
import time as clocks
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.people import recurrence
from app.people.recurrence import BadRule, parse, starts

DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
DAY = timedelta(days=1)


def oracle(first: date, parts: dict[str, str], until: date, count: int | None, last: date) -> Iterator[date]:
    """Every day from the first on, asked whether the rule names it."""
    interval, day, left = int(parts["INTERVAL"]), first, count
    monday = first - first.weekday() * DAY
    while day <= min(until, last) and left != 0:
        if _named(day, first, monday, interval, parts):
            left = left - 1 if left is not None else None
            yield day
        day += DAY


def _named(day: date, first: date, monday: date, interval: int, parts: dict[str, str]) -> bool:
    if "BYMONTH" in parts and str(day.month) not in parts["BYMONTH"].split(","):
        return False
    months = (day.year - first.year) * 12 + day.month - first.month
    if parts["FREQ"] == "DAILY":
        return (day - first).days % interval == 0
    if parts["FREQ"] == "WEEKLY":
        return DAYS[day.weekday()] in parts["BYDAY"].split(",") and (day - monday).days // 7 % interval == 0
    if months % interval:
        return False
    backwards = day.day - calendar.monthrange(day.year, day.month)[1] - 1
    return bool({str(day.day), str(backwards)} & set(parts["BYMONTHDAY"].split(",")))


@st.composite
def rules(draw: st.DrawFn) -> tuple[date, dict[str, str], date, int | None]:
    first = date(2026, 1, 1) + DAY * draw(st.integers(0, 800))
    parts = {"FREQ": draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY"])), "INTERVAL": str(draw(st.integers(1, 5)))}
    if parts["FREQ"] == "WEEKLY":
        more = draw(st.sets(st.sampled_from(DAYS), max_size=4))
        parts["BYDAY"] = ",".join(sorted({DAYS[first.weekday()], *more}))
    if parts["FREQ"] == "MONTHLY":
        more = draw(st.sets(st.integers(1, 31) | st.integers(-31, -1), max_size=3))
        parts["BYMONTHDAY"] = ",".join(map(str, sorted({first.day, *more})))
    if draw(st.booleans()):
        more = draw(st.sets(st.integers(1, 12), max_size=6))
        parts["BYMONTH"] = ",".join(map(str, sorted({first.month, *more})))
    end = draw(st.sampled_from(["", "until", "count"]))
    until = first + DAY * draw(st.integers(0, 900)) if end == "until" else date.max
    return first, parts, until, draw(st.integers(1, 60)) if end == "count" else None


@settings(max_examples=150, deadline=None)
@given(rules(), st.integers(-100, 1500), st.integers(0, 120), st.sampled_from(["UTC", "Australia/Lord_Howe"]))
def test_a_rule_names_the_days_that_a_walk_over_the_calendar_finds(
    drawn: tuple[date, dict[str, str], date, int | None], ahead: int, length: int, zone: str
) -> None:
    first, parts, until, count = drawn
    text = ";".join(f"{name}={value}" for name, value in parts.items())
    text += f";UNTIL={until:%Y%m%d}" if until != date.max else f";COUNT={count}" if count else ""
    begin = datetime.combine(first, time(22, 15))
    low, high = first + DAY * ahead, first + DAY * (ahead + length)
    found = starts(begin, text, zone, datetime.combine(low, time()), datetime.combine(high, time(23, 59)))
    wanted = [day for day in oracle(first, parts, until, count, high) if day >= low]
    assert [one.date() for one in found] == wanted


def test_until_in_utc_is_the_moment_of_the_start() -> None:
    begin = datetime(2026, 7, 3, 22)
    everything = (datetime(2026, 1, 1), datetime(2027, 1, 1))
    upto = "FREQ=WEEKLY;UNTIL=20260718T0200{}Z"
    assert len(list(starts(begin, upto.format("00"), "America/New_York", *everything))) == 3
    assert len(list(starts(begin, "FREQ=WEEKLY;UNTIL=20260718T015959Z", "America/New_York", *everything))) == 2


WRONG = [
    ("FREQ=HOURLY", "FREQ"), ("INTERVAL=2", "FREQ"), ("FREQ=DAILY;INTERVAL=0", "INTERVAL"), ("FREQ=DAILY;", ""),
    ("FREQ=DAILY;COUNT=9999", "COUNT"), ("FREQ=DAILY;FREQ=DAILY", "once"),
    ("FREQ=DAILY;COUNT=2;UNTIL=20270101", "both"),
    ("FREQ=WEEKLY;BYDAY=2MO", "monthly"), ("FREQ=WEEKLY;BYDAY=XX", "BYDAY"), ("FREQ=DAILY;BYHOUR=1,2,3", "part 2"),
    ("FREQ=MONTHLY;BYMONTHDAY=0", "BYMONTHDAY"), ("FREQ=MONTHLY;BYSETPOS=1", "BYSETPOS"), 
    ("FREQ=DAILY;UNTIL=20269999", "UNTIL"), ("X" * 400, "characters"),
    ("FREQ", "FREQ"), ("=", "part 1"), ("FREQ=DAILY\nRRULE:FREQ=SECONDLY", "FREQ"),
    ("FREQ=WEEKLY;BYSETPOS=1;BYDAY=MO", "monthly"), ("FREQ=DAILY;COUNT=0", "COUNT"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "word"), WRONG)
def test_a_rule_that_is_not_understood_is_refused_in_words_that_do_not_quote_it(rule: str, word: str) -> None:
    if not word:
        assert parse(rule)
        return
    with pytest.raises(BadRule, match=word) as refused:
        parse(rule)
    assert "SECONDLY" not in str(refused.value)


NEVER = [
    "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=MONTHLY;BYMONTHDAY=13;BYSETPOS=2",
    "FREQ=DAILY;INTERVAL=7;BYDAY=MO", "FREQ=WEEKLY;BYDAY=MO;UNTIL=20260101",
]  # fmt: skip


@pytest.mark.parametrize("rule", NEVER)
def test_a_rule_that_does_not_name_its_first_day_is_refused_at_once(rule: str) -> None:
    began = clocks.process_time()
    with pytest.raises(BadRule, match="first shift"):
        recurrence.check(datetime(2026, 3, 3, 8), rule, "UTC")
    assert clocks.process_time() - began < 2  # the library alone takes about five


def test_a_shift_that_has_run_for_decades_is_taken_up_where_it_is_asked_for() -> None:
    begin = datetime(1990, 1, 1, 6)
    began = clocks.process_time()
    for week in range(200):
        low = datetime(2090, 1, 2) + timedelta(weeks=week)
        found = list(starts(begin, "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH", "UTC", low, low + timedelta(days=13)))
        assert len(found) == 2
    assert clocks.process_time() - began < 1
