"""Calendar files: what goes out comes in again, foreign ones are read, bad ones are refused in words of our own."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.people import ics_write
from app.people.ics import FILE_MAX, BadCalendar, Imported, read
from app.people.shifts import Change, Kind, Occurrence, Series, occurrences, weekly

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
YEAR = (datetime(2026, 10, 1, tzinfo=UTC), datetime(2027, 10, 1, tzinfo=UTC))
ZONES = ["UTC", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe"]
DAY = timedelta(days=1)


def calendar(*events: str) -> str:
    inside = "".join(f"BEGIN:VEVENT\n{event}\nEND:VEVENT\n" for event in events)
    return f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//test\n{inside}END:VCALENDAR\n".replace("\n", "\r\n")


def event(**changes: str | None) -> str:
    """A shift every Saturday night; None takes a line away."""
    lines = {
        "UID": ":night@example.org",
        "DTSTART": ";TZID=America/New_York:20261024T220000",
        "DTEND": ";TZID=America/New_York:20261025T060000",
        "RRULE": ":FREQ=WEEKLY",
    } | changes
    return "\n".join(f"{name.replace('_', '-')}{value}" for name, value in lines.items() if value is not None)


def times(series: Series) -> list[tuple[datetime, datetime, datetime]]:
    return [(one.original, one.begin, one.end) for one in occurrences(series, *YEAR)]


def one(text: str) -> Series:
    [found] = read(text)
    return found.series


quarters = st.integers(0, 95).map(lambda n: time(n // 4, n % 4 * 15))


@st.composite
def series(draw: st.DrawFn) -> Series:
    first = date(2026, 10, 20) + DAY * draw(st.integers(0, 20))
    rule = draw(st.sampled_from(["", "FREQ=DAILY", "FREQ=DAILY;INTERVAL=3;UNTIL=20270310", "FREQ=WEEKLY;COUNT=20"]))
    made = Series(
        first, draw(quarters), draw(quarters), draw(st.sampled_from(ZONES)), rule, "s1", draw(st.sampled_from(Kind)), 7
    )
    named = [one.original for one in occurrences(made, *YEAR)]
    changed = draw(st.sets(st.sampled_from(named), max_size=4)) if named else set()
    changes = [
        Change(original, cancelled=True)
        if draw(st.booleans())
        else Change(original, start=original + timedelta(hours=draw(st.integers(-30, 30))), end=draw(quarters))
        for original in sorted(changed)
    ]
    return Series(**(vars(made) | {"changes": tuple(changes)}))


@settings(max_examples=60, deadline=None)
@given(series())
def test_what_is_exported_is_imported_as_the_same_shifts(made: Series) -> None:
    text = ics_write.write([made], [], {}, NOW, "main")
    [back] = read(text)
    assert back.uid == "shift-7@main"
    assert back.series.kind == made.kind
    assert times(back.series) == times(made)


def test_a_shift_taken_over_is_exported_and_not_imported_a_second_time() -> None:
    given_away = Series(
        date(2026, 11, 23), time(6), time(14), "UTC", "FREQ=DAILY", "s1", id=1,
        changes=(Change(datetime(2026, 11, 25, 6), holder="s2"),),
    )  # fmt: skip
    taken = Occurrence(
        1, datetime(2026, 11, 25, 6), datetime(2026, 11, 25, 6, tzinfo=UTC), datetime(2026, 11, 25, 14, tzinfo=UTC),
        "s2", Kind.line, "UTC", True,
    )  # fmt: skip
    theirs = ics_write.write([given_away], [], {}, NOW, "main")
    assert datetime(2026, 11, 25, 6) not in [start for start, _, _ in times(one(theirs))]
    mine = ics_write.write([], [taken], {}, NOW, "main")
    assert "DTSTART:20261125T060000Z" in mine
    with pytest.raises(BadCalendar, match="no shift"):
        read(mine)


def test_the_night_of_a_clock_change_ends_at_its_hour_however_its_length_is_written() -> None:
    nights = [event(), event(DTEND=None, DURATION=":PT8H"), event(DTEND=":20261025T100000Z")]
    for night in nights:
        lengths = {end - begin for _, begin, end in times(one(calendar(night)))}
        assert lengths == {timedelta(hours=hours) for hours in (7, 8, 9)}


def test_foreign_files_are_read() -> None:
    outlook = event(DTSTART=";TZID=W. Europe Standard Time:20261024T220000", DTEND=None, DURATION=":PT9H")
    assert one(calendar(outlook)).zone == "Europe/Berlin"
    assert one(calendar(event(DTSTART=":20261024T220000Z", DTEND=":20261025T060000Z"))).zone == "UTC"
    floating = calendar(event(DTSTART=":20261024T220000", DTEND=":20261025T060000"))
    assert read(floating, "Europe/Berlin")[0].series.zone == "Europe/Berlin"
    assert one(calendar(event(CATEGORIES=":Work,On-Call"))).kind == Kind.on_call
    gone = one(calendar(event(EXDATE=";TZID=America/New_York:20261031T220000,20261107T220000")))
    assert [change.original.day for change in gone.changes] == [31, 7]
    in_utc = one(calendar(event(EXDATE=":20261101T020000Z")))
    assert [change.original for change in in_utc.changes] == [datetime(2026, 10, 31, 22)]


def test_a_single_shift_is_moved_or_cancelled_by_its_recurrence_id() -> None:
    this = ";TZID=America/New_York:20261031T220000"
    moved = event(RECURRENCE_ID=this, RRULE=None, DTSTART=this.replace("T22", "T20"), DTEND=None, DURATION=":PT2H")
    assert one(calendar(event(), moved)).changes == (
        Change(datetime(2026, 10, 31, 22), start=datetime(2026, 10, 31, 20), end=time(22)),
    )
    gone = event(RECURRENCE_ID=this, RRULE=None, STATUS=":CANCELLED")
    assert one(calendar(gone, event())).changes == (Change(datetime(2026, 10, 31, 22), cancelled=True),)


THIS = ";TZID=America/New_York:20261031T220000"
BAD = [
    ("", "not a calendar"), ("SECRET", "not a calendar"), ("BEGIN:VEVENT\r\nEND:VEVENT\r\n", "not a calendar"),
    (calendar(), "no shift"), ("BEGIN:VCALENDAR\r\n" * 3000, "not a calendar"), ("x" * (FILE_MAX + 1), "too long"),
    (calendar(event(UID=None)), "UID"), (calendar(event(), event()), "same UID"),
    (calendar(event(DTSTART=None)), "no start"), (calendar(event(DTSTART=":SECRET")), "cannot be read"),
    (calendar(event(DTSTART=";VALUE=DATE:20261024", DTEND=None)), "time zone|whole days"),
    (calendar(event(DTSTART=";VALUE=DATE;TZID=UTC:20261024")), "whole days"),
    (calendar(event(DTSTART=";TZID=Mars/SECRET:20261024T220000")), "IANA"),
    (calendar(event(DTSTART=":20261024T220000", DTEND=":20261025T060000")), "no time zone"),
    (calendar(event(DTEND=None)), "neither an end"),
    (calendar(event(DTEND=None, DURATION=":-PT8H")), "after it begins"),
    (calendar(event(DTEND=";TZID=America/New_York:20261026T220100")), "24 hours"),
    (calendar(event(DTEND=None, DURATION=":PT8H0M7S")), "minute"), (calendar(event(RRULE=":FREQ=HOURLY")), "FREQ"),
    (calendar(event(RRULE=":SECRET")), "NAME=VALUE"), (calendar(event(RRULE=":FREQ=WEEKLY;BYDAY=MO")),
    "first shift"), (calendar(event(RRULE=":FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30")), "first shift"),
    (calendar(event(RRULE=":FREQ=WEEKLY;BYDAY=SA=SU")), "NAME=VALUE"), (calendar(event(RRULE=":")), "NAME=VALUE"),
    (calendar(event(RRULE=":FREQ=WEEKLY\nRRULE:FREQ=DAILY")), "two rules"), (calendar(event(RDATE=THIS)), "EXDATE"),
    (calendar(event(EXDATE=THIS.replace("T22", "T21"))), "EXDATE"), (calendar(event(STATUS=":CANCELLED")), "cancelled"),
    (calendar(event(RECURRENCE_ID=THIS)), "not in this file"),
    (calendar(event(), event(RECURRENCE_ID=THIS.replace("T22", "T21"))), "Event 2.*RECURRENCE-ID"),
    (calendar(event(), event(RECURRENCE_ID=";RANGE=THISANDFUTURE" + THIS)), "later shifts"),
    (calendar(event(), event(RECURRENCE_ID=THIS), event(RECURRENCE_ID=THIS)), "Event 3.*twice"),
    (calendar(event(DTSTART=";TZID=UTC:00010101T000000", DTEND=None, DURATION=":PT8H")), "year"),
    (calendar(event(DTSTART=";TZID=UTC:99991231T220000", DTEND=None, DURATION=":PT8H")), "year|cannot"),
    (calendar(*(event(UID=f":{n}@example.org", DTEND=None, RRULE=None) for n in range(301))), "more than 300"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "words"), BAD)
def test_a_bad_file_is_refused_in_words_that_say_where_and_quote_nothing(text: str, words: str) -> None:
    with pytest.raises(BadCalendar, match=words) as refused:
        read(text)
    said = str(refused.value)
    assert "SECRET" not in said
    assert said[0].isupper()
    assert said.endswith(".")


GOOD = calendar(event(EXDATE=THIS), event(UID=":2", RRULE=":FREQ=MONTHLY;BYDAY=4SA;COUNT=5"))


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(GOOD)), st.integers(0, 12), st.text(max_size=8) | st.sampled_from(["\r\n", ";", ":", "Z"]))
def test_a_damaged_file_is_read_or_refused_and_never_anything_else(place: int, length: int, instead: str) -> None:
    try:
        found = read(GOOD[:place] + instead + GOOD[place + length :])
    except BadCalendar:
        return
    assert all(isinstance(one, Imported) for one in found)
    assert sum(len(times(one.series)) for one in found) < 800


def test_a_zone_that_is_a_folder_of_zones_is_refused() -> None:
    with pytest.raises(BadCalendar):
        read(calendar(event()).replace("TZID=America/New_York", "TZID=America"))


def test_an_export_of_a_shift_without_a_first_date_is_a_calendar_file() -> None:
    made = weekly(2, time(22), time(6), "Europe/Berlin", id=1)
    assert times(one(ics_write.write([made], [], {1: "mine"}, NOW, "main"))) == times(made)
