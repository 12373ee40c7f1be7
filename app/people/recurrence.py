"""Recurrence rules of iCalendar (RFC 5545, 3.3.10) for shifts: checked, and expanded within bounds, in wall time.

dateutil expands plain wall-clock times and never sees a zone. It looks for the next day of a rule until the year 9999,
whatever UNTIL says: seconds for a rule that names none (30 February). The calendar repeats itself every 400 years, so
rules are expanded 7600 years from now, where that search is short.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice, takewhile

from dateutil.rrule import rrulestr

from app.people.walltime import instant

#: Characters of a rule; every weekday, month day and month named once needs fewer.
RULE_MAX = 300
#: Occurrences that COUNT may ask for: ten years of days.
COUNT_MAX = 3_660
#: Steps that INTERVAL may skip: a leap year of days.
INTERVAL_MAX = 366
#: Years in which a shift may begin: what lies outside is a slip of the hand.
YEARS = range(1990, 2101)
#: Days of 7600 years, a multiple of the calendar's 400: weekdays and leap years are the same.
ERA = timedelta(days=19 * 146_097)

_DAY = "(MO|TU|WE|TH|FR|SA|SU)"
_MONTHDAY = r"-?([1-9]|[12]\d|3[01])"
PARTS = {
    "FREQ": "DAILY|WEEKLY|MONTHLY|YEARLY",
    "INTERVAL": r"\d{1,3}",
    "COUNT": r"\d{1,4}",
    "UNTIL": r"\d{8}(T\d{6}Z?)?",
    "BYDAY": rf"(-?[1-5])?{_DAY}(,(-?[1-5])?{_DAY})*",
    "BYMONTHDAY": rf"{_MONTHDAY}(,{_MONTHDAY})*",
    "BYMONTH": r"([1-9]|1[0-2])(,([1-9]|1[0-2]))*",
    "BYSETPOS": rf"{_MONTHDAY}(,{_MONTHDAY})*",
    "WKST": _DAY,
}


class BadRule(ValueError):
    """What is wrong with a rule, in the words of whoever plans shifts; never the rule itself."""


@dataclass(frozen=True)
class Rule:
    """A checked rule. `text` is its RRULE without COUNT and UNTIL, which are kept apart."""

    text: str
    step_days: int
    """Days after which a daily or weekly rule begins anew; 0 for a monthly or yearly one."""
    count: int | None = None
    until: datetime | None = None
    """Latest start: UTC where aware, else wall time of the shift's zone."""


@lru_cache(maxsize=1024)
def parse(text: str) -> Rule | None:
    """The rule of an RRULE's value; None for an empty one, which means once. `BadRule` says what is not understood."""
    if not text:
        return None
    parts = _parts(text)
    interval = int(parts.get("INTERVAL", 1))
    if not 1 <= interval <= INTERVAL_MAX:
        raise BadRule(f"INTERVAL lies between 1 and {INTERVAL_MAX}")
    count = int(parts["COUNT"]) if "COUNT" in parts else None
    if count is not None and not 1 <= count <= COUNT_MAX:
        raise BadRule(f"COUNT lies between 1 and {COUNT_MAX}")
    if count is not None and "UNTIL" in parts:
        raise BadRule("a rule has COUNT or UNTIL, not both")
    if parts["FREQ"] in ("DAILY", "WEEKLY") and ("BYSETPOS" in parts or re.search(r"\d", parts.get("BYDAY", ""))):
        raise BadRule("BYSETPOS, and a number in BYDAY (such as 2MO), are for monthly and yearly rules")
    if "BYSETPOS" in parts and not {"BYDAY", "BYMONTHDAY"} & parts.keys():
        raise BadRule("BYSETPOS needs BYDAY or BYMONTHDAY beside it")
    kept = ";".join(f"{name}={value}" for name, value in parts.items() if name not in ("COUNT", "UNTIL"))
    days = {"DAILY": interval, "WEEKLY": 7 * interval}.get(parts["FREQ"], 0)
    return Rule(kept, days, count, _until(parts["UNTIL"]) if "UNTIL" in parts else None)


def starts(begin: datetime, rule: str, zone: str, first: datetime, last: datetime) -> Iterator[datetime]:
    """Wall-clock starts from `first` to `last` of a recurrence that begins at `begin`."""
    known = parse(rule)
    if known is None:
        yield from (begin,) if first <= begin <= last else ()
        return
    named = islice(_expanded(_forward(begin, known, first), known.text, last), known.count)
    yield from (moment for moment in takewhile(lambda m: not _past(m, known, zone), named) if moment >= first)


def check(begin: datetime, rule: str, zone: str) -> None:
    """Refuse a rule that cannot be read, or whose first shift is on a day that it does not name (RFC 5545, 3.8.5.3)."""
    if begin.year not in YEARS:
        raise BadRule(f"a shift begins in one of the years {YEARS.start} to {YEARS.stop - 1}")
    if begin not in starts(begin, rule, zone, begin, begin):
        raise BadRule("the first shift must be on a day that the rule names, and not after its end")


def in_utc(rule: str, zone: str) -> str:
    """The rule as a calendar file with zones must say it: UNTIL in UTC (RFC 5545, 3.3.10)."""
    known = parse(rule)
    if known is None or known.until is None:
        return rule
    until = known.until if known.until.tzinfo else instant(known.until, zone, last=True)
    return f"{known.text};UNTIL={until:%Y%m%dT%H%M%SZ}"


def _expanded(begin: datetime, rule: str, last: datetime) -> Iterator[datetime]:
    for moment in rrulestr(f"RRULE:{rule}", dtstart=begin + ERA):
        if moment - ERA > last:
            return
        yield moment - ERA


def _forward(begin: datetime, rule: Rule, to: datetime) -> datetime:
    """Where a long-running rule is taken up: whole steps later, so that nothing it names changes."""
    if not rule.step_days or rule.count is not None or to <= begin:
        return begin
    step = timedelta(days=rule.step_days)
    return begin + step * max(0, (to - begin) // step - 1)


def _past(moment: datetime, rule: Rule, zone: str) -> bool:
    if rule.until is None:
        return False
    return (instant(moment, zone, last=False) if rule.until.tzinfo else moment) > rule.until


def _parts(text: str) -> dict[str, str]:
    if len(text) > RULE_MAX:
        raise BadRule(f"a rule has at most {RULE_MAX} characters")
    pairs = [part.partition("=") for part in text.strip().rstrip(";").upper().split(";")]
    parts = {name: value for name, _, value in pairs}
    if len(parts) != len(pairs):
        raise BadRule("each part of a rule stands in it once")
    if unknown := [name for name in parts if name not in PARTS]:
        known = ", ".join(PARTS)
        raise BadRule(f"part {pairs.index(next(p for p in pairs if p[0] == unknown[0])) + 1} is none of {known}")
    for name, value in parts.items():
        if not re.fullmatch(PARTS[name], value):
            raise BadRule(f"{name} is not as shifts use it")
    if "FREQ" not in parts:
        raise BadRule("a rule says FREQ: DAILY, WEEKLY, MONTHLY or YEARLY")
    return parts


def _until(text: str) -> datetime:
    """A day means its whole length: the last day on which a shift starts."""
    try:
        if len(text) == 8:
            return datetime.strptime(text, "%Y%m%d").replace(hour=23, minute=59, second=59)
        moment = datetime.strptime(text.rstrip("Z"), "%Y%m%dT%H%M%S")
    except ValueError:
        raise BadRule("UNTIL is no day of the calendar") from None
    return moment.replace(tzinfo=UTC) if text.endswith("Z") else moment
