"""A warm line that would leave a caller without a way to crisis is refused in the operator's words (issue 4, 9)."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from app.lines import SHIPPED, BadLines, parse
from app.plan.hours import day_begins
from app.plan.warm import opens
from routing.policy import WARM_CLOSED_PLAN, WARM_PLAN

RAW = json.loads(SHIPPED.read_text())
WARM: dict[str, Any] = {
    "kind": "warm",
    "crisis": "main",
    "number": "+12025550105",
    "languages": ["en", "es"],
    "keys": {"1": "danger", "0": "crisis"},
    "emergency_words": {"en": "9 1 1", "es": "9 1 1"},
}
HOURS = {"zone": "America/New_York", "weekly": {"monday": [{"start": "09:00", "end": "21:00"}]}}


def with_warm(**changes: Any) -> dict[str, Any]:
    raw = copy.deepcopy(RAW)
    raw["lines"]["warm"] = {**WARM, **changes}
    return raw


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def test_a_warm_line_has_its_own_class_plan_and_limit() -> None:
    line = parse(with_warm()).line("warm")
    assert (line.cls, line.crisis, line.routing.limit) == ("warm", "main", 2)
    assert (line.routing.plan, line.routing.closed_plan) == (WARM_PLAN, WARM_CLOSED_PLAN)
    assert not parse(with_warm()).line("main").crisis


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"kind": "cold"}, "its kind is crisis or warm"),
        ({"crisis": ""}, "a warm line names its crisis line"),
        ({"crisis": "other"}, "crisis names the line, no warm one"),
        ({"crisis": "warm"}, "crisis names the line, no warm one"),
        ({"keys": {"1": "danger"}}, "{crisis} is used, but this line has none"),
        ({"keys": {"0": "crisis"}}, "{danger} is used, but this line has none"),
        ({"class": "standard"}, "the class of a warm line is warm"),
        ({"limit_a_day": -1}, "limit_a_day: a whole number from 0"),
        ({"limit_a_day": "two"}, "limit_a_day: a whole number from 0"),
        ({"words": {"en": {"warm": "Hello. In danger press {danger}."}}}, "they must name the key to the crisis line"),
        ({"words": {"en": {"warm_over": ""}}}, "words 'warm_over' are missing in en"),
        ({"plan": [{"at_s": 10, "step": "tier", "tier": 2}]}, "the last step must be the backup line"),
    ],
)
def test_what_would_leave_a_caller_without_a_way_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(BadLines, match=words.replace("{", r"\{").replace("}", r"\}")):
        parse(with_warm(**changes))


@pytest.mark.parametrize("change", [lambda raw: raw.update(default="warm")])
def test_a_warm_line_is_never_the_default(change: Callable[[dict[str, Any]], Any]) -> None:
    raw = with_warm()
    change(raw)
    with pytest.raises(BadLines, match="a warm line cannot be the default"):
        parse(raw)


def test_the_key_to_crisis_belongs_to_warm_lines_alone() -> None:
    raw = copy.deepcopy(RAW)
    raw["lines"]["main"]["keys"]["0"] = "crisis"
    with pytest.raises(BadLines, match="key '0'"):
        parse(raw)


def test_when_it_opens_is_spoken_in_its_own_zone() -> None:
    line = parse(with_warm(hours=HOURS)).line("warm")
    sunday = datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert opens(line.hours, sunday, line.words["en"]) == "on Monday at 9:00 AM"
    assert opens(line.hours, sunday, line.words["es"]) == "el lunes a las 9:00"
    assert opens(line.hours, datetime(2026, 11, 23, 18, tzinfo=UTC), line.words["en"]) == "", "it is open"


@pytest.mark.parametrize(
    ("at", "began"),
    [
        ("2026-11-23T04:59:00+00:00", "2026-11-22T05:00:00+00:00"),
        ("2026-11-23T05:00:00+00:00", "2026-11-23T05:00:00+00:00"),
        ("2026-11-01T12:00:00+00:00", "2026-11-01T04:00:00+00:00"),
        ("2026-11-02T04:30:00+00:00", "2026-11-01T04:00:00+00:00"),
    ],
)
def test_a_day_of_the_limit_is_the_zones_across_the_clock_change_too(at: str, began: str) -> None:
    assert day_begins(ms(at), "America/New_York") == ms(began)
