"""Form fields and filters as the carrier reads them."""

from __future__ import annotations

import pytest

from telephony.emulator import rest_errors as errors
from telephony.emulator.refusal import Refusal
from telephony.emulator.rest_forms import E164, Form, day_filter, is_url

NOON = 1_782_907_200.0
"""2026-07-01 12:00:00 UTC."""
DAY = 86_400


def form(*pairs: tuple[str, str]) -> Form:
    return Form(pairs, frozenset({"A", "B"}))


def test_unknown_names_are_told_apart_and_case_counts() -> None:
    assert form(("A", "1"), ("a", "1"), ("C", ""), ("C", "2")).unknown == ["C", "a"]


def test_a_repeated_field_has_its_last_value_and_a_blank_one_is_there() -> None:
    given = form(("A", "1"), ("A", "2"), ("B", ""))
    assert given.text("A") == "2"
    assert given.has("B")
    assert given.text("B", "default") == ""


@pytest.mark.parametrize(("word", "value"), [("true", True), ("True", True), ("false", False), ("", None)])
def test_booleans(word: str, value: bool | None) -> None:
    assert form(("A", word)).boolean("A") is value


@pytest.mark.parametrize("word", ["ja", "2", "truee"])
def test_a_boolean_that_is_none_is_refused(word: str) -> None:
    with pytest.raises(Refusal):
        form(("A", word)).boolean("A")


@pytest.mark.parametrize("word", ["4", "601", "-5", "5.0", "٥", "x"])
def test_a_number_out_of_its_range_is_refused(word: str) -> None:
    with pytest.raises(Refusal) as refusal:
        form(("A", word)).whole("A", 5, 600, errors.BAD_TIMEOUT)
    assert refusal.value.code == 21208


def test_events_come_repeated_or_as_words_and_have_a_default() -> None:
    allowed = frozenset({"ringing", "answered", "completed"})
    assert form(("A", "ringing"), ("A", "answered")).events("A", allowed, "completed") == ("ringing", "answered")
    assert form(("A", "ringing answered ringing")).events("A", allowed, "completed") == ("ringing", "answered")
    assert form().events("A", allowed, "completed") == ("completed",)
    with pytest.raises(Refusal):
        form(("A", "['ringing', 'answered']")).events("A", allowed, "completed")


@pytest.mark.parametrize("text", ["http://a.test", "https://a.test:8443/x?y=z#rc=2&rp=ct,rt", "http://[::1]:80/"])
def test_addresses(text: str) -> None:
    assert is_url(text)


@pytest.mark.parametrize("text", ["", "a.test", "/x", "ftp://a.test", "http://", "http://a.test:x/", "http://[/"])
def test_no_addresses(text: str) -> None:
    assert not is_url(text)


@pytest.mark.parametrize("text", ["911", "+0123", "+1 202 555 0123", "+1202555012345678", "12025550123"])
def test_no_e164(text: str) -> None:
    assert not E164.fullmatch(text)


@pytest.mark.parametrize(
    ("query", "passing"),
    [
        ({}, [NOON - DAY, NOON, NOON + DAY]),
        ({"T": "2026-07-01"}, [NOON]),
        ({"T": "2026-07-01T00:00:00Z"}, [NOON]),
        ({"T<": "2026-07-01"}, [NOON - DAY, NOON]),
        ({"T>": "2026-07-01"}, [NOON, NOON + DAY]),
        ({"T<": "2026-07-01T12:00:00Z"}, [NOON - DAY, NOON]),
        ({"T<": "2026-07-01T11:59:59Z"}, [NOON - DAY]),
        ({"T>": "2026-07-01T14:00:00+02:00"}, [NOON, NOON + DAY]),
        ({"T>": "2026-07-01T12:00:01Z", "T<": "2026-07-02"}, [NOON + DAY]),
    ],
)
def test_times_pass_that_day_or_up_to_or_from(query: dict[str, str], passing: list[float]) -> None:
    passes = day_filter(query, "T")
    assert [at for at in (NOON - DAY, NOON, NOON + DAY) if passes(at)] == passing
    assert passes(None) == (not query)
