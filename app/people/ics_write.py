"""A person's shifts as a calendar file (iCalendar, RFC 5545), for the calendar program that they use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta

from icalendar import Calendar, Event, vRecur

from app.people import recurrence
from app.people.ics import TAKEN_OVER
from app.people.shifts import Change, Kind, Occurrence, Series
from app.people.walltime import zone_of

SUMMARY = {Kind.line: "Shift", Kind.on_call: "On call"}


def write(
    own: Iterable[Series], taken_over: Iterable[Occurrence], uids: Mapping[int, str], now: datetime, hotline: str
) -> str:
    """The shifts of one person, and those of others that they have taken over. `uids` are names from earlier files."""
    calendar = Calendar()
    calendar.add("PRODID", "-//crisis-hotline//shifts//EN")
    calendar.add("VERSION", "2.0")
    for series in own:
        uid = uids.get(series.id) or uid_of(series.id, hotline)
        for event in _events(series, uid, now):
            calendar.add_component(event)
    for one in taken_over:
        uid = f"{TAKEN_OVER}{one.shift}-{one.original:%Y%m%dT%H%M}@{hotline}"
        begin, end = (moment.astimezone(zone_of(one.zone)) for moment in (one.begin, one.end))
        calendar.add_component(_event(uid, begin, end, one.kind, now))
    calendar.add_missing_timezones(date(now.year - 1, 1, 1), date(now.year + 10, 1, 1))
    return calendar.to_ical().decode()


def uid_of(shift: int, hotline: str) -> str:
    """The name of a shift that came from no file."""
    return f"shift-{shift}@{hotline}"


def _events(series: Series, uid: str, now: datetime) -> Iterable[Event]:
    master = _local(uid, series.begin, series, now)
    if series.rule:
        master.add("RRULE", vRecur.from_ical(recurrence.in_utc(series.rule, series.zone)))
    gone = [change.original for change in series.changes if change.cancelled or change.holder]
    if gone:
        master.add("EXDATE", [_zoned(original, series.zone) for original in gone])
    yield master
    for change in series.changes:
        if change.original not in gone and (change.start or change.end):
            event = _local(uid, change.start or change.original, series, now, change)
            event.add("RECURRENCE-ID", _zoned(change.original, series.zone))
            yield event


def _local(uid: str, start: datetime, series: Series, now: datetime, change: Change | None = None) -> Event:
    end = (change.end if change else None) or series.end
    over = datetime.combine(start.date() + timedelta(days=end <= start.time()), end)
    return _event(uid, _zoned(start, series.zone), _zoned(over, series.zone), series.kind, now)


def _event(uid: str, begin: datetime, end: datetime, kind: Kind, now: datetime) -> Event:
    event = Event()
    event.add("UID", uid)
    event.add("DTSTAMP", now)
    event.add("SUMMARY", SUMMARY[kind])
    event.add("CATEGORIES", [kind.value])
    event.add("DTSTART", begin)
    event.add("DTEND", end)
    return event


def _zoned(local: datetime, zone: str) -> datetime:
    return local.replace(tzinfo=zone_of(zone))
