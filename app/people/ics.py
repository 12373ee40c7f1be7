"""Shifts out of a calendar file (iCalendar, RFC 5545): all of it is understood, or the file is refused in plain words.

Nothing in a message is quoted from the file. Wall times are taken as they stand, never as the library's moments.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import available_timezones

from icalendar import Calendar
from icalendar.parser import Contentlines
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from app.people import recurrence
from app.people.recurrence import BadRule
from app.people.shifts import DAY, Change, Kind, Series, names
from app.people.walltime import zone_of

#: Characters of a file: some hundred shifts, and little enough for one request.
FILE_MAX = 60_000
EVENTS_MAX = 300
CHANGES_MAX = 300
UID_MAX = 200
#: Begin of the UIDs that our own export gives to shifts taken over from others: their owners' shifts hold them already.
TAKEN_OVER = "swap-"
#: Parts of an event that would change when it takes place, and that shifts do not use.
UNKNOWN = ("RDATE", "EXRULE")


class BadCalendar(ValueError):
    """What is wrong with a calendar file, in the words of whoever sent it."""


@dataclass(frozen=True)
class Imported:
    """A shift of the file, and the name by which the same file changes it again."""

    uid: str
    series: Series


def read(text: str, zone: str | None = None) -> list[Imported]:
    """Every shift of a file; `zone` is for times that name none. `BadCalendar` says which event is not understood."""
    events = list(enumerate(_events(text), start=1))
    if len(events) > EVENTS_MAX:
        raise BadCalendar(f"There are more than {EVENTS_MAX} events in this file; send it in parts.")
    mine = [(number, event) for number, event in events if not str(event.get("UID", "")).startswith(TAKEN_OVER)]
    found = [_said(number, event, _shift, zone) for number, event in mine if "RECURRENCE-ID" not in event]
    by_uid = {one.uid: one for one in found}
    if len(by_uid) < len(found):
        raise BadCalendar("Two events of this file have the same UID, which must be one event's alone.")
    for number, event in mine:
        if "RECURRENCE-ID" in event:
            changed = _said(number, event, _override, by_uid)
            by_uid[changed.uid] = changed
    if not by_uid:
        raise BadCalendar("There is no shift in this file.")
    if sum(len(one.series.changes) for one in by_uid.values()) > CHANGES_MAX:
        raise BadCalendar(f"More than {CHANGES_MAX} single shifts differ from their rules; send the file in parts.")
    return list(by_uid.values())


def _events(text: str) -> Iterator[Any]:
    if len(text) > FILE_MAX:
        raise BadCalendar(f"This file is too long: at most {FILE_MAX} characters are read at once.")
    try:
        lines = [line.parts() for line in Contentlines.from_ical(text) if line]
        calendar = Calendar.from_ical(text)
        if calendar.name != "VCALENDAR":
            raise ValueError
        events = calendar.walk("VEVENT")
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError, OSError):  # a zone is a file
        raise BadCalendar("This is not a calendar file, or it is damaged: it must be one VCALENDAR.") from None
    if any(name.upper() == "RRULE" and not _whole(value) for name, _, value in lines):
        raise BadCalendar("A rule (RRULE) of this file has a part that is not of the form NAME=VALUE.")
    yield from events


def _whole(rule: str) -> bool:
    """The library leaves out parts that it cannot split, which would make a rule say more than was meant."""
    return all(part.count("=") == 1 for part in rule.strip().rstrip(";").split(";"))


def _said(number: int, event: Any, read_one: Any, more: Any) -> Imported:
    """Whatever is wrong is said with the event's place in the file."""
    try:
        if event.errors:
            raise BadCalendar("one of its lines cannot be read")
        return read_one(event, more)
    except (BadRule, BadCalendar) as error:
        raise BadCalendar(f"Event {number} of this file: {error}.") from None
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, OSError):
        raise BadCalendar(f"Event {number} of this file cannot be read.") from None


def _shift(event: Any, zone: str | None) -> Imported:
    uid = str(event.get("UID", "")).strip()
    if not uid or len(uid) > UID_MAX:
        raise BadCalendar(f"it needs a UID of at most {UID_MAX} characters")
    if any(name in event for name in UNKNOWN):
        raise BadCalendar("dates are added and left out by rule, EXDATE and RECURRENCE-ID only")
    if str(event.get("STATUS", "")).upper() == "CANCELLED":
        raise BadCalendar("it is cancelled; take it out of the file")
    where = _zone(event, zone)
    start = _wall(event, "DTSTART", where)
    rule = _rule(event)
    recurrence.check(start, rule, where)
    series = Series(start.date(), start.time(), _end(event, start, where), where, rule, kind=_kind(event))
    cancelled = [Change(original, cancelled=True) for original in sorted(set(_excluded(event, where)))]
    if not all(names(series, change) for change in cancelled):
        raise BadCalendar("an EXDATE names no shift of its rule")
    return Imported(uid, replace(series, changes=tuple(cancelled)))


def _override(event: Any, by_uid: dict[str, Imported]) -> Imported:
    master = by_uid.get(str(event.get("UID", "")).strip())
    if master is None:
        raise BadCalendar("it changes a shift that is not in this file")
    series = master.series
    if "RANGE" in event["RECURRENCE-ID"].params:
        raise BadCalendar("a change of all later shifts is written as a new event")
    original = _wall(event, "RECURRENCE-ID", series.zone)
    if str(event.get("STATUS", "")).upper() == "CANCELLED":
        change = Change(original, cancelled=True)
    else:
        start = _wall(event, "DTSTART", series.zone)
        change = Change(original, start=start, end=_end(event, start, series.zone))
    if not names(series, Change(original)):
        raise BadCalendar("its RECURRENCE-ID names no shift of its rule")
    if any(known.original == original for known in series.changes):
        raise BadCalendar("the same shift is changed twice")
    return Imported(master.uid, replace(series, changes=(*series.changes, change)))


def _zone(event: Any, default: str | None) -> str:
    if "DTSTART" not in event:
        raise BadCalendar("it has no start")
    start = event["DTSTART"]
    named = start.params.get("TZID")
    zone = WINDOWS_TO_OLSON.get(named, named)
    if not zone:
        aware = isinstance(start.dt, datetime) and start.dt.tzinfo
        zone = "UTC" if aware else default
    if not zone:
        raise BadCalendar("its start names no time zone; choose one for the file")
    if zone not in available_timezones():
        raise BadCalendar("its time zone is none of the IANA names, such as Europe/Berlin")
    return zone


def _wall(event: Any, name: str, zone: str) -> datetime:
    found = event[name]
    if isinstance(found, list):
        raise BadCalendar(f"{name} stands in it twice")
    if found.params.get("VALUE") == "DATE":
        raise BadCalendar("whole days are no shifts: give the time of day")
    return _as_wall(found.dt, found.params.get("TZID"), zone)


def _as_wall(moment: Any, tzid: str | None, zone: str) -> datetime:
    """What the clocks of `zone` show: as written where the time is already of that zone."""
    if not isinstance(moment, datetime):
        raise BadCalendar("whole days are no shifts: give the time of day")
    if moment.second or moment.microsecond:
        raise BadCalendar("shifts begin and end on the minute")
    if moment.year not in recurrence.YEARS:
        raise BadCalendar(f"its year is none of {recurrence.YEARS.start} to {recurrence.YEARS.stop - 1}")
    if moment.tzinfo is None or WINDOWS_TO_OLSON.get(tzid or "", tzid) == zone:
        return moment.replace(tzinfo=None, fold=0)
    return moment.astimezone(UTC).astimezone(zone_of(zone)).replace(tzinfo=None, fold=0)


def _end(event: Any, start: datetime, zone: str) -> time:
    """A length is taken on the clock: a night of eight hours ends at the same hour where clocks change, too."""
    if "DTEND" in event:
        end = _wall(event, "DTEND", zone)
    elif "DURATION" in event and isinstance(event["DURATION"].dt, timedelta):
        end = start + event["DURATION"].dt
    else:
        raise BadCalendar("it has neither an end nor a length")
    if not timedelta() < end - start <= DAY:
        raise BadCalendar("it must end after it begins, and at most 24 hours later")
    if end.second:
        raise BadCalendar("shifts begin and end on the minute")
    return end.time()


def _rule(event: Any) -> str:
    rule = event.get("RRULE")
    if isinstance(rule, list):
        raise BadCalendar("it has two rules; write two events")
    return rule.to_ical().decode() if rule is not None else ""


def _excluded(event: Any, zone: str) -> Iterator[datetime]:
    lists = event.get("EXDATE", [])
    for dates in lists if isinstance(lists, list) else [lists]:
        for one in dates.dts:
            yield _as_wall(one.dt, dates.params.get("TZID"), zone)


def _kind(event: Any) -> Kind:
    categories = event.get("CATEGORIES")
    words = {str(word).lower() for group in _many(categories) for word in getattr(group, "cats", ())}
    return Kind.on_call if words & {"on_call", "on-call", "on call"} else Kind.line


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value] if value is not None else []
