"""Stretches of time as begins and ends in seconds since the epoch: in order, and apart from one another. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

Spans = tuple[tuple[float, float], ...]


def merge(spans: Iterable[tuple[float, float]]) -> Spans:
    """The same time as spans that neither touch nor overlap."""
    merged: list[tuple[float, float]] = []
    for begin, end in sorted(spans):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        elif begin < end:
            merged.append((begin, end))
    return tuple(merged)


def common(one: Spans, other: Spans) -> Spans:
    """The time that is in both."""
    return merge((max(a, c), min(b, d)) for a, b in one for c, d in other if max(a, c) < min(b, d))


def within(spans: Spans, at: float) -> float:
    """The end of the span that covers `at`; 0 when none does. A span's first moment is in it, its last is not."""
    place = bisect_right(spans, (at, float("inf"))) - 1
    return spans[place][1] if place >= 0 and at < spans[place][1] else 0.0
