"""Gaps and thin hours, against a count of every quarter of an hour; credentials cut into them."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from app.people.coverage import Staff, Stretch, below, counted, serving
from app.people.spans import common, merge, within
from routing.policy import Line, lanes_for_person

QUARTERS = 200
spans = st.lists(st.tuples(st.integers(0, QUARTERS), st.integers(0, QUARTERS)), max_size=6).map(merge)


@settings(max_examples=150, deadline=None)
@given(st.lists(spans, max_size=6), st.integers(0, 100), st.integers(1, 100))
def test_stretches_count_everybody_at_every_moment_and_have_no_holes(everybody, begin: int, length: int) -> None:
    found = counted(everybody, begin, begin + length)
    assert found[0].begin == begin
    assert found[-1].end == begin + length
    assert all(one.end == other.begin and one.on != other.on for one, other in pairwise(found))
    for at in range(begin, begin + length):
        [here] = [one for one in found if one.begin <= at < one.end]
        assert here.on == sum(bool(within(spans, at)) for spans in everybody)


@settings(max_examples=150, deadline=None)
@given(spans, spans, st.integers(0, QUARTERS))
def test_common_time_is_the_time_of_both(one, other, at: int) -> None:
    assert bool(within(common(one, other), at)) == bool(within(one, at) and within(other, at))


def test_gaps_are_where_nobody_is_and_thin_hours_where_too_few_are() -> None:
    gaps, thin = below(counted([((0, 8),), ((6, 12),)], 0, 15), 2)
    assert gaps == [Stretch(12, 15, 0)]
    assert thin == [Stretch(0, 6, 1), Stretch(8, 12, 1)]


def test_only_who_speaks_the_language_and_has_the_credential_serves() -> None:
    line = Line("main", ("en", "es"))
    english = lanes_for_person([line], role="specialist", languages=["en"])
    both = lanes_for_person([line], role="specialist", languages=["en", "es"])
    lead = lanes_for_person([line], role="lead", languages=["en", "es"], tiers={})
    staff = [
        Staff("s1", english, ((0, 10),), {}),
        Staff("s2", both, ((0, 10),), {"main": ((-9, 4),)}),
        Staff("s3", lead, ((0, 10),), {}),
    ]
    assert serving(staff, "main", "en") == [((0, 10),), ((0, 4),)]
    assert serving(staff, "main", "es") == [((0, 4),)]
    assert serving(staff, "other", "en") == []
