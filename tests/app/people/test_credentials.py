"""Credentials: good to the end of the last day in the hotline's zone, warned of 30, 14 and 3 days ahead."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.lines import SHIPPED, BadLines, parse
from app.people.credentials import Credential, CredentialKind, needs, span, warnings
from app.people.spans import within

TODAY = date(2026, 11, 23)
LICENCE, CHECK = CredentialKind.licence, CredentialKind.background_check


def shipped() -> dict[str, Any]:
    return json.loads(SHIPPED.read_text())


def licence(days: int | None, **more: object) -> Credential:
    expires = None if days is None else TODAY + timedelta(days=days)
    return Credential(**{"id": 1, "holder": "s1", "kind": LICENCE, "expires_on": expires} | more)


@pytest.mark.parametrize(
    ("zone", "end"),
    [
        ("UTC", "2026-11-02T00:00"),
        ("America/New_York", "2026-11-02T05:00"),
        ("Australia/Lord_Howe", "2026-11-01T13:00"),
    ],
)
def test_a_credential_is_good_to_the_end_of_its_last_day_where_the_hotline_is(zone: str, end: str) -> None:
    one = licence(None, valid_from=date(2026, 11, 1), expires_on=date(2026, 11, 1))
    begin, over = span(one, zone)
    assert datetime.fromtimestamp(over, UTC) == datetime.fromisoformat(end).replace(tzinfo=UTC)
    assert over - begin == (25 if zone == "America/New_York" else 24) * 3600  # clocks go back there on this day


@pytest.mark.parametrize(
    ("days", "stage"), [(31, None), (30, 30), (15, 30), (14, 14), (4, 14), (3, 3), (0, 3), (-1, 0), (-400, 0)]
)
def test_warned_30_14_and_3_days_ahead_and_when_it_is_over(days: int, stage: int | None) -> None:
    found = warnings([licence(days)], TODAY)
    assert [(one.days_left, one.stage) for one in found] == ([(days, stage)] if stage is not None else [])


def test_a_renewal_ends_the_warning_and_another_kind_or_person_does_not() -> None:
    due = licence(5)
    assert not warnings([due, licence(400, id=2, valid_from=TODAY + timedelta(days=6))], TODAY)
    assert not warnings([due, licence(None, id=2)], TODAY)
    for other in (
        licence(400, id=2, kind=CHECK),
        licence(400, id=2, holder="s2"),
        licence(400, id=2, valid_from=TODAY + timedelta(days=7)),  # a day without
    ):
        assert [one.credential.id for one in warnings([due, other], TODAY)] == [1]


held = st.builds(
    lambda kind, begin, length: licence(
        None, kind=kind, valid_from=TODAY + timedelta(days=begin), expires_on=TODAY + timedelta(days=begin + length)
    ),
    st.sampled_from(CredentialKind),
    st.integers(-40, 40),
    st.integers(0, 40),
)


@given(st.lists(held, max_size=6), st.sets(st.sampled_from(CredentialKind), min_size=1), st.integers(-60, 60))
def test_a_line_is_open_to_whom_each_required_kind_is_valid(
    have: list[Credential], required: set[CredentialKind], day: int
) -> None:
    at = datetime(2026, 11, 23, 12, tzinfo=UTC) + timedelta(days=day)
    right = all(
        any(one.kind == kind and one.valid_from <= at.date() <= one.expires_on for one in have)  # pyright: ignore
        for kind in required
    )
    found = needs(have, {"main": tuple(required)}, "UTC")
    assert bool(within(found["main"], at.timestamp())) == right


def test_nothing_is_required_unless_the_lines_say_so() -> None:
    lines = parse(shipped())
    assert not lines.required
    assert lines.zone
    raw = shipped()
    raw["lines"]["main"]["credentials"] = ["licence", "background_check"]
    assert parse(raw).required == {"main": ("licence", "background_check")}


@pytest.mark.parametrize(
    ("where", "value"), [("credentials", ["drivers"]), ("staff_min", 0), ("credentials", "licence")]
)
def test_what_a_line_cannot_require_is_said(where: str, value: object) -> None:
    raw = shipped()
    raw["lines"]["main"][where] = value
    with pytest.raises(BadLines, match="main"):
        parse(raw)


def test_a_zone_that_is_none_is_said() -> None:
    with pytest.raises(BadLines, match="IANA"):
        parse(shipped() | {"zone": "Mars/Olympus"})
