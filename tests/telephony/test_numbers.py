"""Numbers: read, withheld, redacted, and never an emergency number dialled (C7)."""

from __future__ import annotations

from contextlib import suppress

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony import numbers

BARE = (
    "911",
    "112",
    "999",
    "933",
    "000",
    "110",
    "113",
    "115",
    "117",
    "118",
    "119",
    "15",
    "17",
    "18",
    "100",
    "101",
    "102",
)
BARE += ("108", "190", "191", "192", "193", "995")
SPELLINGS = ("{}", " {} ", "({})", "{},,1", "tel:{}", "{};ext=5", "00{}", "011{}", "1{}", "{}x1")


@pytest.mark.parametrize("bare", BARE)
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_C7_emergency_numbers_in_local_forms(bare: str, spelling: str) -> None:
    for text in (bare, "-".join(bare), " ".join(bare), ".".join(bare)):
        with pytest.raises(numbers.NotDiallable):
            numbers.check_diallable(spelling.format(text))


@pytest.mark.parametrize("bare", BARE)
def test_C7_emergency_numbers_behind_every_country_code(bare: str) -> None:
    for country in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
        for text in (f"+{country}{bare}", f"+{country} {bare}", f"00{country}{bare}", f"+{country}-" + "-".join(bare)):
            with pytest.raises(numbers.NotDiallable):
                numbers.check_diallable(text)


@given(st.sampled_from(BARE), st.lists(st.sampled_from(list(" -.()/ _\u00a0\u200b")), max_size=6), st.randoms())
def test_C7_whatever_stands_between_the_digits(bare: str, noise: list[str], random: object) -> None:
    characters = [*bare]
    for mark in noise:
        characters.insert(random.randint(0, len(characters)), mark)  # type: ignore[attr-defined]
    with pytest.raises(numbers.NotDiallable):
        numbers.check_diallable("".join(characters))


@pytest.mark.parametrize(
    "text", ["9116666666", "+19115550123", "٩١١", "９１１", "988", "+1", "", "+", "911" * 20, "ONE"]
)
def test_C7_what_a_network_would_route_there_and_what_is_no_number(text: str) -> None:
    with pytest.raises(numbers.NotDiallable):
        numbers.check_diallable(text)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("+12025550123", "+12025550123"),
        ("(202) 555-0123", "+12025550123"),
        ("+15005550006", "+15005550006"),
        ("+44 20 7946 0958", "+442079460958"),
        ("+91 11 2345 6789", "+911123456789"),  # begins like 911 and like 112: Delhi
        ("+4930123456", "+4930123456"),
    ],
)
def test_subscribers_can_be_dialled(text: str, number: str) -> None:
    assert numbers.check_diallable(text) == number


def test_local_forms_belong_to_the_region_given() -> None:
    assert numbers.check_diallable("020 7946 0958", "GB") == "+442079460958"


@pytest.mark.parametrize("raw", [None, "", " ", "anonymous", "ANONYMOUS", "Unknown", "+266696687", "Restricted"])
def test_withheld(raw: str | None) -> None:
    assert numbers.is_withheld(raw)
    assert numbers.parse(raw) is None


@given(st.text(max_size=50))
def test_no_text_whatever_crashes(raw: str) -> None:
    numbers.parse(raw)
    numbers.redact(raw)
    with suppress(numbers.NotDiallable):
        assert numbers.parse(numbers.check_diallable(raw)) is not None


def test_a_refusal_does_not_repeat_the_number() -> None:
    with pytest.raises(numbers.NotDiallable, match=r"^number refused: emergency$"):
        numbers.check_diallable("+1 911 555 0123")


@pytest.mark.parametrize("text", ["+12025550123", "+44 20 7946 0958", "(202) 555-0123", "202-555-0123", "2025550123"])
def test_numbers_are_taken_out_of_logs(text: str) -> None:
    assert numbers.redact(f"leg to {text}, ended") == "leg to [number], ended"


@pytest.mark.parametrize(
    "text", ["1777716000000", "CA" + "0123456789" * 3 + "01", "c0123456789-0a1b2c3d", "12:30:00 200 OK"]
)
def test_what_is_not_a_number_stays(text: str) -> None:
    assert numbers.redact(text) == text
