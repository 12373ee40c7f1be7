"""What every line's plan, hours and words must be, so that no caller comes to a dead end. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from string import Formatter
from typing import Any

from app.plan.hours import Holiday, Hours, Opening
from app.plan.reading import WEEKDAYS, BadPlan, Saying
from routing.policy import PlanStep

#: Steps of one plan, openings of one day, holidays, and words at a time of one line: more is a mistake.
STEPS_MAX, OPENINGS_MAX, HOLIDAYS_MAX, SAYINGS_MAX = 20, 6, 100, 10
#: Seconds after which the backup line rings at the latest: nobody waits longer for a human line.
BACKUP_MAX_S = 900
#: The same outside the opening hours, when nobody of ours is expected.
CLOSED_BACKUP_MAX_S = 60
#: Tiers that a step may open; the first is the line's own and open from the start.
TIERS = range(2, 10)
#: Hold turns, of some 20 s, between words: a caller hears at least every three minutes that nobody forgot.
TURNS_MAX = 9
#: Seconds after which words at a time may still begin.
FROM_MAX_S = 3600
#: Characters of one sentence on hold: half a minute of speech; a longer one would keep a turn from coming.
WORDS_MAX = 400
#: Words that are not heard on the line itself, or live outside our infrastructure (H5); the operator's file has them.
NOT_EDITABLE = frozenset(
    {"agency", "fallback", "fallback_next", "not_yours", "screen", "screen_late", "try_again", "language_choice"}
)
#: Words that must name the danger key where the line has one (H6).
NAME_THE_KEY = ("greeting", "closed", "still_needed")
#: Words of a line whose plan has the step `callback` (C4), and those that must name its keys.
CALLBACK_WORDS = (
    "callback_offer",
    "callback_safe",
    "callback_taken",
    "callback_goodbye",
    "callback_not",
    "callback_soon",
    "ring_back",
)
CALLBACK_KEYS = {"callback_offer": ("callback",), "callback_safe": ("callback", "not_safe")}
#: Words that a line with opening hours needs beside the others.
CLOSED_WORDS = ("closed", "closed_backup")


def check_plan(steps: Sequence[PlanStep], *, closed: bool = False) -> None:
    """Steps in order, each once, the last the backup line, at a finite time that a caller can bear."""
    name, limit = ("outside the opening hours", CLOSED_BACKUP_MAX_S) if closed else ("the plan", BACKUP_MAX_S)
    if not steps or steps[-1].step != "backup":
        raise BadPlan(f"{name}: the last step must be the backup line, so that every caller comes to a human")
    if len(steps) > STEPS_MAX:
        raise BadPlan(f"{name}: at most {STEPS_MAX} steps")
    if not all(math.isfinite(step.at_s) and step.at_s >= 0 for step in steps):
        raise BadPlan(f"{name}: seconds are numbers from 0 on")
    if any(later.at_s < earlier.at_s for earlier, later in pairwise(steps)):
        raise BadPlan(f"{name}: the steps must be in the order of their seconds")
    if closed and has_callback(steps):
        raise BadPlan(f"{name}: no callback, since nobody of ours is there to ring")
    if steps[-1].at_s > limit:
        raise BadPlan(f"{name}: the backup line must ring after {limit} s at the latest")
    _each_once(name, steps)


def _each_once(name: str, steps: Sequence[PlanStep]) -> None:
    for step in steps:
        if step.step == "tier" and step.tier not in TIERS:
            raise BadPlan(f"{name}: a step opens a tier from {TIERS[0]} to {TIERS[-1]}; tier 1 is open from the start")
        if step.step != "tier" and step.tier:
            raise BadPlan(f"{name}: only a step of kind tier names one")
    kinds = [(step.step, step.tier or step.partner) for step in steps]
    if twice := next((kind for kind in kinds if kinds.count(kind) > 1), None):
        raise BadPlan(f"{name}: {' '.join(str(part) for part in twice if part)} stands in it twice")


def check_hours(hours: Hours | None) -> None:
    """The line opens at some time, and each opening and holiday is one."""
    if hours is None:
        return
    if not any(hours.weekly):
        raise BadPlan("opening hours: the line would never open; leave them out for a line that is always open")
    for day, openings in zip(WEEKDAYS, hours.weekly, strict=True):
        _check_openings(day, openings)
    if len(hours.holidays) > HOLIDAYS_MAX:
        raise BadPlan(f"opening hours: at most {HOLIDAYS_MAX} holidays")
    for holiday in hours.holidays:
        _check_holiday(holiday)
    _apart(hours.holidays)


def _check_openings(where: str, openings: Sequence[Opening]) -> None:
    if len(openings) > OPENINGS_MAX:
        raise BadPlan(f"{where}: at most {OPENINGS_MAX} openings a day")


def _check_holiday(holiday: Holiday) -> None:
    name = f"holiday {holiday.first}"
    if holiday.last < holiday.first:
        raise BadPlan(f"{name}: its last day lies before its first")
    if (holiday.last - holiday.first).days > 30:
        raise BadPlan(f"{name}: at most 31 days at a time")
    if not 2000 <= holiday.first.year < 2200:
        raise BadPlan(f"{name}: the year must lie between 2000 and 2199")
    _check_openings(name, holiday.openings)


def _apart(holidays: Sequence[Holiday]) -> None:
    ordered = sorted(holidays, key=lambda h: h.first)
    for earlier, later in pairwise(ordered):
        if later.first <= earlier.last:
            raise BadPlan(f"holiday {later.first}: another one covers this day already")


def check_sayings(sayings: Sequence[Saying], words: Mapping[str, Mapping[str, str]]) -> None:
    """From the first second on something is said, in every language of the line, and not too seldom."""
    if not sayings or sayings[0].from_s != 0:
        raise BadPlan("words at a time: the first ones begin at second 0")
    if len(sayings) > SAYINGS_MAX:
        raise BadPlan(f"words at a time: at most {SAYINGS_MAX}")
    for earlier, later in pairwise(sayings):
        if not later.from_s > earlier.from_s:
            raise BadPlan("words at a time: they must be in the order of their seconds")
    for saying in sayings:
        if not 0 <= saying.from_s <= FROM_MAX_S:
            raise BadPlan(f"words at a time: seconds are numbers from 0 to {FROM_MAX_S}")
        if not 1 <= saying.every_turns <= TURNS_MAX:
            raise BadPlan(f"words at a time: every turn to every {TURNS_MAX}th turn")
        if missing := [code for code, known in words.items() if not known.get(saying.words)]:
            raise BadPlan(f"words at a time: {saying.words!r} has no text in {', '.join(missing)}")


def check_own_words(own: Any, languages: Sequence[str], known: set[str], said: set[str]) -> None:
    """A lead's own words: known ones, or new ones that are said at a time, in each language of the line."""
    if not isinstance(own, Mapping):
        raise BadPlan("words: by language, then by name")
    if strange := sorted(set(own) - set(languages)):
        raise BadPlan(f"words: this line does not speak {str(strange[0])[:20]!r}")
    for code, texts in own.items():
        if not isinstance(texts, Mapping):
            raise BadPlan(f"words in {code}: a text for each name")
        for key, text in texts.items():
            _check_text(str(code), str(key), text, (known - NOT_EDITABLE) | said)


def _check_text(code: str, key: str, text: Any, allowed: set[str]) -> None:
    where = f"words {key[:40]!r} in {code}"
    if key not in allowed:
        raise BadPlan(f"{where}: not words of this line, and said at no time")
    if not isinstance(text, str) or not text.strip():
        raise BadPlan(f"{where}: there is no text")
    if len(text) > WORDS_MAX:
        raise BadPlan(f"{where}: at most {WORDS_MAX} characters")
    if any(ord(letter) < 32 for letter in text):
        raise BadPlan(f"{where}: control characters are not allowed")


def check_danger_named(words: Mapping[str, Mapping[str, str]], key: str) -> None:
    """Whoever is greeted hears which key means danger, if the line has one (H6)."""
    for code, texts in words.items():
        for name in NAME_THE_KEY if key else ():
            if name in texts and "danger" not in _placeholders(texts[name]):
                raise BadPlan(f"words {name!r} in {code}: they must name the danger key, as {{danger}}")


def _placeholders(text: str) -> set[str]:
    try:
        return {name for _, name, _, _ in Formatter().parse(text) if name is not None}
    except ValueError:
        return {"danger"}  # the check of placeholders says what is wrong with it


def has_callback(steps: Sequence[PlanStep]) -> bool:
    return any(step.step == "callback" for step in steps)


def check_callback(steps: Sequence[PlanStep], words: Mapping[str, Mapping[str, str]], keys: Mapping[str, str]) -> None:
    """Who may be rung back is asked first whether that is safe, by keys that the line has and the words name (C4)."""
    if not has_callback(steps):
        return
    if missing := [meaning for meaning in ("callback", "not_safe") if meaning not in keys.values()]:
        raise BadPlan(f"the plan: a callback needs a key that means {missing[0]!r}, and this line has none")
    for code, texts in words.items():
        if absent := [name for name in CALLBACK_WORDS if not texts.get(name)]:
            raise BadPlan(f"the plan: a callback needs the words {absent[0]!r} in {code}")
        for name, named in CALLBACK_KEYS.items():
            if unnamed := [key for key in named if key not in _placeholders(texts[name])]:
                raise BadPlan(f"words {name!r} in {code}: they must name the key, as {{{unnamed[0]}}}")


def check_closed_words(hours: Hours | None, words: Mapping[str, Mapping[str, str]]) -> None:
    """A line that closes says so, truly, in each of its languages."""
    if hours is None:
        return
    for code, texts in words.items():
        if missing := [name for name in CLOSED_WORDS if not texts.get(name)]:
            raise BadPlan(f"opening hours: words {missing[0]!r} are missing in {code}")
