"""Who will be there: gaps and thin hours ahead, by line and language, and hours without a lead on call. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from app.people.spans import Spans, common
from routing.policy import ANY_LANGUAGE, ANY_TIER


@dataclass(frozen=True)
class Staff:
    """One person's time, and what they can take in it."""

    id: str
    lanes: tuple[str, ...]
    line: Spans
    needs: Mapping[str, Spans]
    """When they hold what a line requires, for the lines that require something."""


@dataclass(frozen=True)
class Stretch:
    """Some hours with the same number of people, in seconds since the epoch."""

    begin: float
    end: float
    on: int


def serving(staff: Iterable[Staff], line: str, language: str) -> list[Spans]:
    """The time of everybody who may take callers of that line in that language, credentials considered."""
    found = [one for one in staff if any(_takes(lane, line, language) for lane in one.lanes)]
    return [common(one.line, one.needs[line]) if line in one.needs else one.line for one in found]


def counted(everybody: Iterable[Spans], begin: float, end: float) -> list[Stretch]:
    """The window as stretches, with how many are on in each."""
    steps: dict[float, int] = {begin: 0, end: 0}
    for first, last in (span for spans in everybody for span in spans):
        first, last = max(first, begin), min(last, end)
        if first < last:
            steps[first] = steps.get(first, 0) + 1
            steps[last] = steps.get(last, 0) - 1
    return _joined(steps)


def below(stretches: Sequence[Stretch], wanted: int) -> tuple[list[Stretch], list[Stretch]]:
    """Gaps, where nobody is on, and thin hours, where somebody is but fewer than wanted."""
    return [one for one in stretches if not one.on], [one for one in stretches if 0 < one.on < wanted]


def _joined(steps: Mapping[float, int]) -> list[Stretch]:
    moments, on, found = sorted(steps), 0, list[Stretch]()
    for begin, end in pairwise(moments):
        on += steps[begin]
        if found and found[-1].on == on:
            found[-1] = Stretch(found[-1].begin, end, on)
        else:
            found.append(Stretch(begin, end, on))
    return found


def _takes(lane: str, line: str, language: str) -> bool:
    of_line, of_language, tier, _ = lane.split("|")
    return (of_line, of_language) == (line, language) and tier != ANY_TIER and language != ANY_LANGUAGE
