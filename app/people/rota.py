"""Who is on at which moment, computed ahead for some weeks, so that a beat only looks between two numbers. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from functools import lru_cache

from app.people.shifts import DAY, Kind, Occurrence, Series, occurrences
from app.people.spans import Spans, merge

#: Days before today and from today on that are computed: a fortnight for planning, and some while Postgres is away.
BEHIND, AHEAD = 2, 22


@dataclass(frozen=True)
class Rota:
    """Everybody's time, by person: on the line, and on call."""

    since: date
    """The first day computed."""
    shifts: tuple[Series, ...] = ()
    line: Mapping[str, Spans] = field(default_factory=dict)
    on_call: Mapping[str, Spans] = field(default_factory=dict)

    @property
    def until(self) -> datetime:
        return _midnight(self.since) + (BEHIND + AHEAD) * DAY


def since(now: datetime) -> date:
    """The first day that is computed at this moment."""
    return now.date() - BEHIND * DAY


def compute(shifts: Iterable[Series], now: datetime) -> Rota:
    """The rota around `now`; a shift that has not changed since the same day costs a look-up."""
    shifts, first = tuple(shifts), since(now)
    found: dict[Kind, dict[str, list[tuple[float, float]]]] = {kind: {} for kind in Kind}
    for one in (one for series in shifts for one in _computed(series, first)):
        found[one.kind].setdefault(one.holder, []).append((one.begin.timestamp(), one.end.timestamp()))
    merged = {kind: {who: merge(spans) for who, spans in by.items()} for kind, by in found.items()}
    return Rota(first, shifts, merged[Kind.line], merged[Kind.on_call])


def in_order(shifts: Iterable[Series], begin: datetime, end: datetime) -> Sequence[Occurrence]:
    """Every occurrence in a window, by its begin."""
    found = [one for series in shifts for one in occurrences(series, begin, end)]
    return sorted(found, key=lambda one: (one.begin, one.shift, one.original))


@lru_cache(maxsize=8192)
def _computed(series: Series, first: date) -> tuple[Occurrence, ...]:
    begin = _midnight(first)
    return tuple(occurrences(series, begin, begin + (BEHIND + AHEAD) * DAY))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
