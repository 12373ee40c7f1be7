"""Swaps: whatever is asked and accepted in whatever order, every shift keeps one holder and nobody gets one unasked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.people.roles import Role
from app.people.shifts import Change, Kind, Series, occurrences
from app.people.swaps import Named, Swap, accepted, refusal

FIRST = date(2026, 11, 23)
BEGIN, END = datetime(2026, 11, 23, tzinfo=UTC), datetime(2026, 12, 7, tzinfo=UTC)
BEFORE = BEGIN - timedelta(days=1)


@dataclass(frozen=True)
class Person:
    role: Role = Role.specialist
    active: bool = True


PEOPLE = {"a": Person(), "b": Person(), "c": Person(Role.lead), "gone": Person(active=False), "adm": Person(Role.admin)}


def rota() -> dict[int, Series]:
    """Three people, eight hours a day each."""
    hours = [time(6), time(14), time(22), time(6)]
    who = enumerate("abc")
    return {n: Series(FIRST, hours[n], hours[n + 1], "UTC", "FREQ=DAILY", holder, id=n) for n, holder in who}


def holders(shifts: dict[int, Series]) -> dict[Named, str]:
    found = [one for series in shifts.values() for one in occurrences(series, BEGIN, END)]
    return {Named(one.shift, one.original): one.holder for one in found}


def apply(shifts: dict[int, Series], swap: Swap) -> dict[int, Series]:
    """As the API writes it: each change over what is known of the same occurrence."""
    made = dict(shifts)
    for named, change in accepted(swap, shifts.values()).items():
        kept = [known for known in made[named.shift].changes if known.original != named.original]
        made[named.shift] = replace(made[named.shift], changes=(*kept, change))
    return made


names = st.builds(
    lambda shift, day: Named(shift, datetime.combine(FIRST + timedelta(days=day), time(6 + 8 * shift))),
    st.integers(0, 2),
    st.integers(0, 6),
)
asked = st.builds(Swap, st.sampled_from("abc"), st.sampled_from(list(PEOPLE)), names, st.none() | names)


@settings(max_examples=120, deadline=None)
@given(st.lists(asked, max_size=12))
def test_every_shift_has_one_holder_whatever_is_swapped(asked: list[Swap]) -> None:
    shifts = rota()
    at_first = holders(shifts)
    for swap in asked:
        before = holders(shifts)
        if refusal(swap, shifts.values(), PEOPLE, BEFORE):
            continue
        shifts = apply(shifts, swap)
        after = holders(shifts)
        moved = {named for named in after if after[named] != before[named]}
        assert moved == {named for named, _, _ in swap.moves}
        assert all(before[named] == giver and after[named] == taker for named, giver, taker in swap.moves)
        assert refusal(swap, shifts.values(), PEOPLE, BEFORE)  # the same once more is nobody's any longer
    assert holders(shifts).keys() == at_first.keys()
    assert set(holders(shifts).values()) <= {"a", "b", "c"}


@settings(max_examples=40, deadline=None)
@given(st.lists(asked, max_size=8))
def test_a_swap_back_restores_everything(asked: list[Swap]) -> None:
    shifts = rota()
    for swap in asked:
        if refusal(swap, shifts.values(), PEOPLE, BEFORE):
            continue
        there = apply(shifts, swap)
        back = Swap(swap.asked, swap.asker, swap.give, swap.back)
        assert not refusal(back, there.values(), PEOPLE, BEFORE)
        assert holders(apply(there, back)) == holders(shifts)
        shifts = there


def give(shift: int = 0, day: int = 0, **more: object) -> Swap:
    named = Named(shift, datetime.combine(FIRST + timedelta(days=day), time(6 + 8 * shift)))
    return replace(Swap("abc"[shift], "b" if shift != 1 else "a", named), **more)


@pytest.mark.parametrize(
    ("swap", "word"),
    [
        (give(asked="gone"), "take no shifts"),
        (give(asked="adm"), "take no shifts"),
        (give(asked="nobody"), "take no shifts"),
        (give(asked="a"), "yourself"),
        (give(asker="b", asked="c"), "somebody else's"),
        (give(give=Named(0, datetime(2026, 11, 23, 7))), "no longer takes place"),
        (give(give=Named(9, datetime(2026, 11, 23, 6))), "no longer takes place"),
        (give(back=Named(0, datetime(2026, 11, 23, 6))), "one and the same"),
        (give(back=Named(2, datetime(2026, 11, 23, 22))), "somebody else's"),
    ],
)
def test_what_cannot_be_swapped_is_said(swap: Swap, word: str) -> None:
    assert word in refusal(swap, rota().values(), PEOPLE, BEFORE)


def test_a_shift_that_has_begun_stays_whose_it_is() -> None:
    assert not refusal(give(), rota().values(), PEOPLE, datetime(2026, 11, 23, 5, 59, tzinfo=UTC))
    assert "begun" in refusal(give(), rota().values(), PEOPLE, datetime(2026, 11, 23, 6, tzinfo=UTC))


def test_only_a_lead_is_on_call() -> None:
    shifts = {0: replace(rota()[0], kind=Kind.on_call)}
    assert "lead" in refusal(give(asked="b"), shifts.values(), PEOPLE, BEFORE)
    assert not refusal(give(asked="c"), shifts.values(), PEOPLE, BEFORE)


def test_nobody_takes_a_shift_in_hours_that_they_work_but_a_handover_may_overlap() -> None:
    shifts = rota()
    shifts[3] = Series(FIRST, time(7), time(9), "UTC", holder="b", id=3)
    assert "already" in refusal(give(), shifts.values(), PEOPLE, BEFORE)
    shifts[3] = Series(FIRST, time(13), time(20), "UTC", holder="b", id=3)
    assert not refusal(give(), shifts.values(), PEOPLE, BEFORE)


def test_a_moved_shift_stays_moved_when_it_is_given_away() -> None:
    shifts = rota()
    later = Change(datetime(2026, 11, 23, 6), start=datetime(2026, 11, 23, 8), end=time(10))
    shifts[0] = replace(shifts[0], changes=(later,))
    [change] = accepted(give(), shifts.values()).values()
    assert change == replace(later, holder="b")
