"""What two operators agree on is checked at the start, not by a caller."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import SecretStr

from app.lines import SHIPPED, BadLines, parse
from app.partners.agreed import keys, partners
from app.settings import Settings

SOUTH = {"url": "https://south.example/", "number": "+12025550102", "shows": "+12025550101", "known_as": "north"}
PLAN = [{"at_s": 60, "step": "partner", "partner": "south"}, {"at_s": 180, "step": "backup"}]


def lines(south: Any = SOUTH, plan: Any = PLAN) -> dict[str, Any]:
    return {**json.loads(SHIPPED.read_text()), "partners": {"south": south}, "plan": plan}


def test_a_plan_asks_a_partner_that_is_agreed_on() -> None:
    config = parse(lines()).board_config(1)
    asked = config["lines"]["main"]["plans"]["en"][1]
    assert (asked["step"], asked["partner"], asked["at"]) == ("partner", "south", 60_000)
    south = partners(lines())["south"]
    assert (south.url, south.classes) == ("https://south.example", ("urgent", "standard", "warm"))


@pytest.mark.parametrize(
    ("south", "named"),
    [
        ({**SOUTH, "classes": ["danger"]}, "classes"),
        ({**SOUTH, "classes": ["attempt", "standard"]}, "classes"),
        ({**SOUTH, "line": "nowhere"}, "no such line"),
        ({**SOUTH, "number": "911"}, "number"),
        ({**SOUTH, "shows": "5550100"}, "shows"),
        ({**SOUTH, "url": "ftp://south.example"}, "url"),
        ({**SOUTH, "known_as": ""}, "known_as"),
        ({**SOUTH, "key": "x" * 40}, "has"),
        ({"known_as": "north", "line": "main"}, "has no url"),
        ("south", "named"),
    ],
)
def test_what_is_not_right_is_named(south: Any, named: str) -> None:
    with pytest.raises(BadLines, match=named):
        parse(lines(south))


def test_a_plan_still_ends_at_a_human_line_and_asks_a_partner_once() -> None:
    with pytest.raises(BadLines, match="backup"):
        parse(lines(plan=PLAN[:1]))
    with pytest.raises(BadLines, match="twice"):
        parse(lines(plan=[PLAN[0], {**PLAN[0], "at_s": 90}, PLAN[1]]))


@pytest.mark.parametrize("text", ["[]", "{", '{"south": "short"}', '{"south": 1}'])
def test_keys_that_are_not_right_are_refused_without_being_said(text: str) -> None:
    with pytest.raises(ValueError, match="HOTLINE_PARTNER_KEYS") as refused:
        keys(Settings(partner_keys=SecretStr(text)))
    assert "short" not in str(refused.value)
