"""One event together with the rows it may change, and the few ways in which values are read and filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from app.records.pages import Pages, Row
from routing.board import Event

#: The carrier's stamps are whole seconds, rounded down.
RESOLUTION = timedelta(seconds=1)


def instant(ms: int | float | str) -> datetime:
    return datetime.fromtimestamp(int(ms) / 1000, UTC)


def word(data: Mapping[str, Any], name: str) -> str | None:
    """A text value; the empty string and `unknown` are nothing known."""
    value = data.get(name)
    return str(value) if value not in (None, "", "unknown") else None


def first(row: Row, name: str, at: datetime) -> None:
    """Keep the earliest."""
    row[name] = min(row[name] or at, at)


@dataclass(frozen=True)
class Told:
    """A stamp. The carrier's own has no span; where one was supplied without its callback, the truth lies between."""

    at: datetime
    earliest: datetime | None = None
    latest: datetime | None = None

    @classmethod
    def of(cls, row: Row, name: str) -> Told | None:
        """What `row` holds under `<name>_at`, `<name>_earliest_at` and `<name>_latest_at`."""
        at = row[f"{name}_at"]
        return None if at is None else cls(at, row[f"{name}_earliest_at"], row[f"{name}_latest_at"])

    @property
    def exact(self) -> bool:
        return self.earliest is None or self.latest is None

    def write(self, row: Row, name: str) -> None:
        row[f"{name}_at"], row[f"{name}_earliest_at"], row[f"{name}_latest_at"] = self.at, self.earliest, self.latest

    def may_be(self, other: Told) -> bool:
        """Both may speak of one moment: only then does the exact one stand for the other."""
        return self.begin <= other.end + RESOLUTION and other.begin <= self.end + RESOLUTION

    @property
    def begin(self) -> datetime:
        return self.earliest or self.at

    @property
    def end(self) -> datetime:
        return self.latest or self.at


def keep(row: Row, name: str, told: Told, *, same: bool, last: bool = False) -> bool:
    """Write the first (or the last) of several stamps. Of the `same` stay an exact one replaces one that was supplied
    for it, never the reverse. Whether it was written."""
    known = Told.of(row, name)
    if known is None:
        wins = True
    elif same and known.exact != told.exact and told.may_be(known):
        wins = told.exact
    else:
        wins = told.end >= known.end if last else told.begin < known.begin
    if wins:
        told.write(row, name)
    return wins


@dataclass(frozen=True)
class Reading:
    """An event being applied. `newer`: nothing newer was applied to its call before."""

    pages: Pages
    event: Event
    call: Row | None
    newer: bool
    window: timedelta

    @property
    def own(self) -> Row:
        assert self.call is not None
        return self.call

    @property
    def at(self) -> datetime:
        return instant(self.event.at_ms)

    @property
    def key(self) -> tuple[str, int]:
        return self.event.epoch, self.event.id

    def word(self, name: str) -> str | None:
        return word(self.event.data, name)

    def stamp(self, name: str) -> datetime | None:
        value = self.event.data.get(name)
        return instant(value) if value not in (None, "", 0, "0") else None

    def number(self, name: str) -> int | None:
        value = self.event.data.get(name)
        return int(value) if value not in (None, "") else None

    def flag(self, name: str) -> bool | None:
        """Scripts write true, 1 or "1"; what is absent is unknown."""
        value = self.event.data.get(name)
        return None if value in (None, "") else value in (True, 1, "1", "true")

    def now(self, name: str, value: Any, *, unknown: bool = False) -> None:
        """What is true of the call now: from the newest event, or where nothing was known."""
        if (self.newer or self.own[name] is None) and (value is not None or unknown):
            self.own[name] = value

    def entity(self, table: str, name: str) -> Row | None:
        """The row named by the event's `name`, made where there is none, and tied to the call."""
        if not (key := self.word(name)):
            return None
        row = self.pages.change(table, key)
        row["call_id"] = row["call_id"] or self.own["id"]
        return row

    def told(self, name: str = "at_ms") -> Told:
        """The stamp that this event gives, with the span in which the truth lies where it was supplied."""
        return Told(self.stamp(name) or self.at, self.stamp("earliest_ms"), self.stamp("latest_ms"))
