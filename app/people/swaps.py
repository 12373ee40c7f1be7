"""Swaps: one person gives an occurrence to another, perhaps for one of theirs, who must accept. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from app.people.roles import ON_THE_LINE, Role
from app.people.shifts import Change, Kind, Occurrence, Series, occurrence, occurrences

#: What two shifts of one person may have in common: a handover overlaps by an hour where clocks go back.
HANDOVER = timedelta(hours=1)


class Who(Protocol):
    """What must be known of the two."""

    @property
    def role(self) -> Role: ...
    @property
    def active(self) -> bool: ...


@dataclass(frozen=True)
class Named:
    """An occurrence by its name."""

    shift: int
    original: datetime


@dataclass(frozen=True)
class Swap:
    """`give` goes from the asker to the asked; `back`, if there is one, the other way."""

    asker: str
    asked: str
    give: Named
    back: Named | None = None

    @property
    def moves(self) -> tuple[tuple[Named, str, str], ...]:
        """What goes from whom to whom."""
        there = (self.give, self.asker, self.asked)
        return (there, (self.back, self.asked, self.asker)) if self.back else (there,)


def refusal(swap: Swap, shifts: Iterable[Series], people: Mapping[str, Who], now: datetime) -> str:
    """Why this cannot be asked or accepted now, in words for both of them; empty when it can."""
    shifts = tuple(shifts)
    if swap.asker == swap.asked:
        return "You cannot swap with yourself."
    if swap.back == swap.give:
        return "These are one and the same shift."
    found = {move[0]: _found(shifts, move[0]) for move in swap.moves}
    for named, giver, taker in swap.moves:
        one, who = found[named], people.get(taker)
        if one is None or one.holder != giver:
            return "This shift no longer takes place, or is somebody else's."
        if one.begin <= now:
            return "This shift has already begun."
        if who is None or not who.active or who.role not in ON_THE_LINE:
            return "They take no shifts."
        if one.kind == Kind.on_call and who.role != Role.lead:
            return "Only a lead can be on call."
        if _in_the_way(shifts, one, taker, except_for=tuple(found.values())):
            return "They are on shift in these hours already."
    return ""


def accepted(swap: Swap, shifts: Iterable[Series]) -> dict[Named, Change]:
    """The changes that make it so; everything else of the occurrences stays."""
    known = {Named(series.id, change.original): change for series in shifts for change in series.changes}
    return {named: replace(known.get(named, Change(named.original)), holder=taker) for named, _, taker in swap.moves}


def _found(shifts: Iterable[Series], named: Named) -> Occurrence | None:
    return next((occurrence(series, named.original) for series in shifts if series.id == named.shift), None)


def _in_the_way(
    shifts: Iterable[Series], one: Occurrence, taker: str, *, except_for: tuple[Occurrence | None, ...]
) -> bool:
    """The taker already has a shift of the same kind in more of this time than a handover."""
    theirs = (
        other
        for series in shifts
        if series.kind == one.kind
        for other in occurrences(series, one.begin, one.end)
        if other.holder == taker and other not in except_for
    )
    return any(min(one.end, other.end) - max(one.begin, other.begin) > HANDOVER for other in theirs)
