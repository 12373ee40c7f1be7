"""Lines, words and numbers that would fail on a live call are said at the start, in the operator's words (S5)."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from app.cli import cli
from app.lines import SHIPPED, BadLines, load, parse, problems
from app.prompts import say
from app.secrets import Secrets
from app.settings import Settings, wrong_number, wrong_numbers

RAW = json.loads(SHIPPED.read_text())
KEY = "a key that only tests would ever use 0123456789"


def changed(change: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    raw = copy.deepcopy(RAW)
    change(raw)
    return raw


def greeting(text: str) -> Callable[[dict[str, Any]], Any]:
    return lambda raw: raw["words"]["es"].update(greeting=text)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (greeting("oprima {dangr}."), "line 'main', language 'es', words 'greeting': placeholders are"),
        (greeting("oprima {danger"), "language 'es', words 'greeting': placeholders are"),
        (greeting("oprima {0}"), "language 'es', words 'greeting': placeholders are"),
        (greeting("oprima {danger.x}"), "language 'es', words 'greeting': placeholders are"),
        (lambda raw: raw["lines"]["main"]["keys"].pop("1"), "{danger} is used, but this line has none"),
        (lambda raw: raw["lines"]["main"]["emergency_words"].pop("es"), "{emergency} is used, but this line has none"),
        (lambda raw: raw["lines"]["main"].update(number="202 555 0100"), "line 'main': its number is not written as +"),
        (lambda raw: raw["lines"]["main"].update(number="911"), "line 'main': its number is an emergency number"),
        (lambda raw: raw["lines"]["main"].pop("number"), "lines file: 'number' is missing"),
        (lambda raw: raw["lines"]["main"]["keys"].update({"2": "language:fr"}), "line 'main', key '2'"),
        (lambda raw: raw["lines"]["main"]["keys"].update({"12": "danger"}), "line 'main', key '12'"),
        (lambda raw: raw["lines"]["main"].update(languages=["en", "fr"]), "lines file: 'fr' is missing"),
        (lambda raw: raw["voices"].update(es="Spanish, please"), "voices: 'Spanish, please' for 'es'"),
        (
            lambda raw: raw["lines"]["main"].update({"class": "agency"}),
            "its class is one of attempt, danger",
        ),
        (lambda raw: raw.update(head_starts_s={"danger": float("inf")}), "a finite number of seconds"),
        (lambda raw: raw.update(head_starts_s={"dangr": 5}), "a finite number of seconds"),
        (lambda raw: raw.update(default="night"), "there is no line 'night'"),
        (lambda raw: raw.update(lines={}), "there is no line"),
    ],
)
def test_what_is_wrong_with_lines_is_said_in_the_operators_words(
    change: Callable[[dict[str, Any]], Any], words: str
) -> None:
    with pytest.raises(BadLines) as found:
        parse(changed(change))
    assert words in str(found.value)


def test_each_language_is_spoken_with_its_own_voice() -> None:
    line = parse(changed(lambda raw: raw["voices"].update(es="es-ES"))).line("")
    assert (say(line, "en", "moment").language, say(line, "es", "moment").language) == ("en-US", "es-ES")


@pytest.mark.parametrize("number", ["+12025550123", "+442079460123"])
def test_a_number_as_the_carrier_wants_it_is_right(number: str) -> None:
    assert wrong_number(number) == ""


@pytest.mark.parametrize("number", ["2025550123", "+1 202 555 0123", "(202) 555-0123", "anonymous", "", "+1202"])
def test_a_number_in_another_spelling_is_not(number: str) -> None:
    assert "E.164" in wrong_number(number)


def test_C7_every_wrong_setting_is_named_and_no_number_is_repeated() -> None:
    settings = Settings(
        emergency_caller_id="202 555 0109",
        outbound_caller_id="+12025550100",
        backup_numbers=["+12025550190", "+1911", "2025550191"],
    )
    found = list(wrong_numbers(settings))
    assert [text.partition(" is ")[0] for text in found] == [
        "HOTLINE_EMERGENCY_CALLER_ID",
        "HOTLINE_BACKUP_NUMBERS, number 2",
        "HOTLINE_BACKUP_NUMBERS, number 3",
    ]
    assert not any("555 0109" in text or "0191" in text for text in found)


def test_S5_bad_lines_do_not_replace_good_ones_that_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "lines.json"
    file.write_text(json.dumps(changed(lambda raw: raw["lines"]["main"].update(number="+12025550111"))))
    settings = Settings(data_dir=tmp_path, lines_file=file, secret_key=SecretStr(KEY))
    assert load(settings, Secrets(settings)).line("").number == "+12025550111"
    file.write_text(json.dumps(changed(greeting("oprima {dangr}."))))
    assert any("dangr" not in text and "greeting" in text for text in problems(settings))
    assert load(settings, Secrets(settings)).line("").number == "+12025550111"


def test_serve_does_not_start_with_numbers_that_fail_on_a_live_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOTLINE_SECRET_KEY", KEY)
    monkeypatch.setenv("HOTLINE_BACKUP_NUMBERS", '["202 555 0190"]')
    answer = CliRunner().invoke(cli, ["serve", "--data-dir", str(tmp_path)])
    assert answer.exit_code == 1
    assert "HOTLINE_BACKUP_NUMBERS, number 1 is not written as + with country code" in answer.output
