"""Credentials with an expiry: who may take which line, and who must be warned. Pure.

A credential is good to the end of its last day in the hotline's own zone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import reduce

from app.people.spans import common, merge
from app.people.walltime import instant

#: Days ahead at which an expiry is warned of.
WARN_DAYS = (3, 14, 30)
EVER = float("inf")


class CredentialKind(StrEnum):
    """What a line may require."""

    licence = "licence"
    certification = "certification"
    background_check = "background_check"


@dataclass(frozen=True)
class Credential:
    """One of a person's. Without dates it has always been good, or never expires."""

    id: int
    holder: str
    kind: CredentialKind
    valid_from: date | None = None
    expires_on: date | None = None
    """The last day on which it is good."""


@dataclass(frozen=True)
class Warned:
    """A credential that expires within 30 days, or has expired, and that no other of its kind follows."""

    credential: Credential
    days_left: int
    """Whole days until its last one; negative: it has expired."""
    stage: int
    """30, 14 or 3 days ahead, or 0: not good any more."""


def span(credential: Credential, zone: str) -> tuple[float, float]:
    """From and until when it is good, in seconds since the epoch."""
    begin = _midnight(credential.valid_from, zone, last=False) if credential.valid_from else -EVER
    if credential.expires_on is None:
        return begin, EVER
    return begin, _midnight(credential.expires_on + timedelta(days=1), zone, last=True)


def warnings(held: Iterable[Credential], today: date) -> list[Warned]:
    """Everything that has expired or will within 30 days, the most urgent first."""
    held = tuple(held)
    found = [
        Warned(one, days, next((stage for stage in WARN_DAYS if days <= stage), 0) if days >= 0 else 0)
        for one in held
        if one.expires_on and (days := (one.expires_on - today).days) <= WARN_DAYS[-1] and not _followed(one, held)
    ]
    return sorted(found, key=lambda one: (one.days_left, one.credential.id))


def needs(
    held: Iterable[Credential], required: Mapping[str, Iterable[str]], zone: str
) -> dict[str, tuple[tuple[float, float], ...]]:
    """For each line that requires something, the time in which this person holds all of it."""
    by_kind: dict[str, list[tuple[float, float]]] = {}
    for one in held:
        by_kind.setdefault(one.kind, []).append(span(one, zone))
    return {line: reduce(common, (merge(by_kind.get(kind, ())) for kind in kinds)) for line, kinds in required.items()}


def _followed(one: Credential, held: Iterable[Credential]) -> bool:
    assert one.expires_on is not None
    next_day = one.expires_on + timedelta(days=1)
    return any(
        other.holder == one.holder
        and other.kind == one.kind
        and (other.valid_from or date.min) <= next_day
        and (other.expires_on or date.max) > one.expires_on
        for other in held
    )


def _midnight(day: date, zone: str, *, last: bool) -> float:
    return instant(datetime.combine(day, time()), zone, last=last).timestamp()
