"""Lanes, scores and the compiled plan are pure (section P); the state tables are literal and whole."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing import states
from routing.board.scripts import LUA, load, names
from routing.policy import HEAD_START_S, Line, PlanStep, compile_config, lanes_for_call, lanes_for_person, score

LINE = Line("main", ("en", "es"), ("youth",))
CLASSES = st.sampled_from([str(c) for c in states.CallClass])


def test_a_person_serves_the_lanes_of_their_line_languages_and_tier() -> None:
    lanes = lanes_for_person([LINE], role="specialist", languages=["es", "fr"], skills=["youth"], tiers={"main": 2})
    assert lanes == ("main|*|any|youth", "main|es|2|youth", "main|*|2|youth")


def test_without_the_skill_only_the_gravest_are_theirs() -> None:
    assert lanes_for_person([LINE], role="specialist", languages=["en"]) == ("main|*|any|youth",)


def test_a_lead_serves_the_gravest_unless_they_take_calls() -> None:
    assert lanes_for_person([Line("m")], role="lead", languages=["en"]) == ("m|*|any|", "m|*|lead|")
    assert "m|en|1|" in lanes_for_person([Line("m")], role="lead", languages=["en"], tiers={"m": 1})


def test_the_default_plan_is_that_of_section_P() -> None:
    steps = [(s["at"], s["step"], s["lanes"]) for s in lanes_for_call(Line("m"), "en")]
    assert steps == [
        (0, "tier", ["m|en|1|"]),
        (20_000, "tier", ["m|en|2|"]),
        (40_000, "interpreter", ["m|*|1|", "m|*|2|"]),
        (60_000, "page", []),
        (180_000, "backup", []),
    ]


def test_the_configuration_is_json() -> None:
    config = compile_config([Line("m", plan=(PlanStep(5, "backup"),))], backups=0, times_s={"ack": 1.5})
    assert json.loads(json.dumps(config)) == config
    assert config["times"]["ack"] == 1500


def test_words_of_a_lane_have_neither_spaces_nor_bars() -> None:
    with pytest.raises(ValueError):
        lanes_for_call(Line("a b"), "en")
    with pytest.raises(ValueError):
        compile_config([])


@given(st.integers(0, 10**7), st.integers(0, 10**7), CLASSES, CLASSES)
def test_P1_who_is_first_by_score_waited_within_the_head_starts(a_x: int, a_y: int, x: str, y: str) -> None:
    if score(a_y, y) <= score(a_x, x):
        assert a_y - a_x <= (HEAD_START_S[y] - HEAD_START_S[x]) * 1000


@pytest.mark.parametrize(
    ("enum", "table"),
    [
        (states.Call, states.CALL),
        (states.Engagement, states.ENGAGEMENT),
        (states.Offer, states.OFFER),
        (states.Duty, states.DUTY),
        (states.Presence, states.PRESENCE),
    ],
)
def test_every_state_has_its_row_and_only_final_ones_lead_nowhere(enum: type, table: dict) -> None:
    assert set(table) == set(enum)
    final = {str(state) for state, following in table.items() if not following}
    assert final <= {"closed", "done", "connected", "declined", "expired", "rescinded", "failed", "unreachable"}


@pytest.mark.parametrize("name", names())
def test_every_script_has_its_header_and_is_short(name: str) -> None:
    text = (LUA / f"{name}.lua").read_text()
    assert text.startswith(f"-- {name}: ")
    assert "KEYS[1] meta" in text
    assert "Returns" in text
    assert len(text.splitlines()) <= 120
    assert len(load(name).sha) == 40
