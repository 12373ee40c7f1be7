"""An edit is validated whole, over the operator's file, and what is wrong is said in its user's words."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from app.documents import Turn, Voice, document_for
from app.lines import SHIPPED, SNAPSHOT_FILE, BadLines, Edit, keep, load, parse, usable
from app.links import Links
from app.plan import rules
from app.plan.reading import BadPlan
from app.secrets import Secrets
from app.settings import Settings
from routing.policy import PlanStep, lanes_for_call
from telephony.carrier import DialNumber
from tests.app.plan.edits import RIGHT, WRONG, edited
from tests.app.test_flow import T0, VIEW, said

RAW = json.loads(SHIPPED.read_text())


def line(data: dict[str, Any]) -> Any:
    return parse(RAW, {"main": Edit(1, data)}).line("main")


@pytest.mark.parametrize(("change", "words"), WRONG)
def test_what_is_wrong_with_an_edit_is_said(change: Callable[[dict[str, Any]], Any], words: str) -> None:
    with pytest.raises(BadLines) as found:
        line(edited(change))
    assert words in str(found.value)


steps = st.lists(
    st.builds(
        PlanStep,
        st.floats(0, 1200),
        st.sampled_from(["tier", "interpreter", "page", "callback", "backup"]),
        st.sampled_from([0, 0, 0, 1, 2, 3]),
    ),
    max_size=6,
)


@given(steps)
def test_every_plan_that_is_accepted_ends_at_a_human_line_in_bounded_time(plan: list[PlanStep]) -> None:
    try:
        rules.check_plan(plan)
    except BadPlan:
        return
    compiled = lanes_for_call(replace(parse(RAW).line("").routing, plan=tuple(plan)), "en")
    assert compiled[-1]["step"] == "backup"
    assert [s["at"] for s in compiled] == sorted(s["at"] for s in compiled)
    assert compiled[-1]["at"] <= rules.BACKUP_MAX_S * 1000


def test_the_file_is_held_to_the_same_rules() -> None:
    raw = copy.deepcopy(RAW)
    raw["lines"]["main"]["plan"] = [{"at_s": 5, "step": "page"}]
    with pytest.raises(BadLines, match="the last step must be the backup line"):
        parse(raw)


def test_words_are_said_when_the_data_say_so() -> None:
    voice = Voice(line(RIGHT), Links("https://hotline.example"), ("+12025550190",), "+12025550100")

    def heard(turn: int, waited_s: int) -> str:
        view = replace(VIEW, turn=turn, now_ms=T0 + waited_s * 1000)
        return said(document_for(view, Turn(turn), voice))

    assert "longer than usual" in heard(6, 120)
    assert heard(7, 140) == ""
    assert "your place is kept" in heard(4, 40)
    assert heard(3, 40) == ""


def test_who_rings_outside_the_hours_hears_that_and_is_rung_through() -> None:
    voice = Voice(line(RIGHT), Links("https://hotline.example"), ("+12025550190",), "+12025550100")
    shut = replace(VIEW, state="greeting", closed=True)
    assert "We are closed. Press 1." in said(document_for(shut, Turn(), voice))
    ringing = document_for(replace(VIEW, state="backup_ringing", closed=True), Turn(3), voice)
    assert "closed at this hour" in said(ringing)
    assert any(isinstance(verb, DialNumber) for verb in ringing.verbs)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, secret_key=SecretStr("a key that only tests would ever use 0123456789"))


def test_S5_a_process_starts_with_the_newest_edit_without_any_store(settings: Settings) -> None:
    secrets = Secrets(settings)
    assert load(settings, secrets).revision == 0
    keep(settings, secrets, parse(RAW, {"main": Edit(3, RIGHT)}, 77))
    again = load(settings, secrets)
    assert (again.revision, again.edits["main"].version) == (77, 3)
    assert again.line("main").routing.plan[-1].at_s == 90
    keep(settings, secrets, parse(RAW, {"main": Edit(2, edited(lambda d: d["plan"].pop(0)))}, 50))
    assert load(settings, secrets).revision == 77, "a process that is behind does not put the snapshot back"


def test_S5_a_snapshot_that_somebody_altered_is_not_believed(settings: Settings) -> None:
    secrets = Secrets(settings)
    keep(settings, secrets, parse(RAW, {"main": Edit(3, RIGHT)}, 77))
    file = settings.data_dir / SNAPSHOT_FILE
    file.write_text(file.read_text()[:-4] + "AAAA")
    assert load(settings, secrets).revision == 0


def test_an_edit_that_does_not_fit_a_changed_file_is_not_followed_and_the_line_is_answered() -> None:
    raw = copy.deepcopy(RAW)
    raw["lines"]["main"]["languages"] = ["en"]
    raw["lines"]["main"]["keys"] = {"1": "danger", "3": "callback", "4": "not_safe"}
    lines = usable(raw, {"main": Edit(1, RIGHT)}, 9)
    assert (lines.revision, lines.edits["main"].version) == (9, 1)
    assert lines.line("main").routing.plan[-1].at_s == 180
