"""From the JSON of a line's plan, hours and words to values, with what is wrong said in the user's words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from typing import Any
from zoneinfo import available_timezones

from app.plan.hours import Holiday, Hours, Opening
from routing.policy import PlanStep

NAME = "[a-z][a-z0-9_]{0,39}"
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class BadPlan(ValueError):
    """What is wrong with a line's plan, hours or words, in its user's words."""


@dataclass(frozen=True)
class Saying:
    """From `from_s` seconds after the first ring on, every `every_turns`-th hold turn (of some 20 s) says `words`."""

    from_s: float
    words: str
    every_turns: int


#: Every fourth turn: often enough to know that nobody forgot.
SAYINGS = (Saying(0, "still_here", 4),)


def steps(given: Any) -> tuple[PlanStep, ...]:
    return tuple(_step(step, f"step {n}") for n, step in enumerate(_list(given, "a plan"), 1))


def _step(given: Any, where: str) -> PlanStep:
    known = _fields(given, {"at_s", "step", "tier", "partner"}, where)
    kind = known.get("step")
    if kind not in ("tier", "interpreter", "page", "callback", "partner", "backup"):
        raise BadPlan(f"{where}: a step is one of tier, interpreter, page, callback, partner and backup")
    partner = str(known.get("partner") or "") if kind == "partner" else ""
    tier = known.get("tier", 0)
    if not isinstance(tier, int) or isinstance(tier, bool):
        raise BadPlan(f"{where}: a tier is a whole number")
    return PlanStep(_seconds(known.get("at_s"), where), kind, tier, partner)


def sayings(given: Any) -> tuple[Saying, ...]:
    return tuple(_saying(one, f"words at a time, {n}") for n, one in enumerate(_list(given, "words at a time"), 1))


def _saying(given: Any, where: str) -> Saying:
    known = _fields(given, {"from_s", "words", "every_turns"}, where)
    turns, words = known.get("every_turns", 4), known.get("words")
    if not isinstance(turns, int) or isinstance(turns, bool):
        raise BadPlan(f"{where}: every how many turns is a whole number")
    if not isinstance(words, str) or not re.fullmatch(NAME, words):
        raise BadPlan(f"{where}: words are named by small letters, digits and _")
    return Saying(_seconds(known.get("from_s"), where), words, turns)


def hours(given: Any) -> Hours | None:
    """None: open at all times."""
    if given is None:
        return None
    known = _fields(given, {"zone", "weekly", "holidays"}, "opening hours")
    if known.get("zone") not in available_timezones():
        raise BadPlan("opening hours: the zone is no IANA time zone, such as Europe/Berlin")
    weekly = _fields(known.get("weekly", {}), set(WEEKDAYS), "opening hours of the week")
    days = tuple(_openings(weekly.get(day, ()), day) for day in WEEKDAYS)
    free = tuple(_holiday(one, f"holiday {n}") for n, one in enumerate(_list(known.get("holidays", ()), "holidays"), 1))
    return Hours(str(known["zone"]), days, free)


def _openings(given: Any, where: str) -> tuple[Opening, ...]:
    return tuple(_opening(one, where) for one in _list(given, where))


def _opening(given: Any, where: str) -> Opening:
    known = _fields(given, {"start", "end"}, where)
    try:
        start, end = (time.fromisoformat(str(known[name])) for name in ("start", "end"))
    except (KeyError, ValueError):
        raise BadPlan(f"{where}: start and end are times of the day, such as 08:30") from None
    if start.tzinfo or end.tzinfo:
        raise BadPlan(f"{where}: times are wall-clock times of the zone, without an offset")
    return Opening(start, end)


def _holiday(given: Any, where: str) -> Holiday:
    known = _fields(given, {"first", "last", "openings", "name"}, where)
    try:
        first = date.fromisoformat(str(known["first"]))
        last = date.fromisoformat(str(known.get("last") or known["first"]))
    except (KeyError, ValueError):
        raise BadPlan(f"{where}: first and last are days, such as 2026-12-25") from None
    return Holiday(first, last, _openings(known.get("openings", ()), where), str(known.get("name", ""))[:80])


def _seconds(value: Any, where: str) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise BadPlan(f"{where}: at which second is missing, or no number")
    return value


def _fields(given: Any, known: set[str], where: str) -> Mapping[str, Any]:
    """An object with no other names than those: a misspelt one is not lost in silence."""
    if not isinstance(given, Mapping):
        raise BadPlan(f"{where}: not of the expected shape")
    if strange := sorted(str(name)[:40] for name in given if name not in known):
        raise BadPlan(f"{where}: {strange[0]!r} is unknown; known are {', '.join(sorted(known))}")
    return given


def _list(given: Any, where: str) -> Sequence[Any]:
    if not isinstance(given, list | tuple):
        raise BadPlan(f"{where}: a list is expected")
    return given
