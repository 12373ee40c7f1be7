"""Shifts and credentials out of Postgres, as the planning knows them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.people.credentials import Credential, CredentialKind
from app.people.shifts import Change, Kind, Series, weekly
from app.records import models

#: Changes of single shifts that lie further back matter to nobody's presence.
KEEP = timedelta(days=40)


async def series(
    store: AsyncSession, *ids: int, since: datetime | None = None, lock: bool = False
) -> tuple[Series, ...]:
    """All shifts, or those; with their changes from `since` on. `lock` keeps others from changing them meanwhile."""
    query = select(models.Shift).order_by(models.Shift.id)
    changed = select(models.ShiftChange).order_by(models.ShiftChange.original)
    if ids:
        query, changed = query.where(models.Shift.id.in_(ids)), changed.where(models.ShiftChange.shift_id.in_(ids))
    if since:
        changed = changed.where(models.ShiftChange.original >= since.replace(tzinfo=None))
    rows = (await store.scalars(query.with_for_update() if lock else query)).all()
    changes: dict[int, list[Change]] = {}
    for row in await store.scalars(changed):
        changes.setdefault(row.shift_id, []).append(change_of(row))
    return tuple(series_of(row, changes.get(row.id, ())) for row in rows)


def series_of(row: models.Shift, changes: Iterable[Change] = ()) -> Series:
    """A row as a recurrence, also one written by the release that knew only weekly shifts."""
    more = {"holder": row.specialist_id, "kind": Kind(row.kind), "id": row.id, "changes": tuple(changes)}
    if row.first_on is None:
        return weekly(row.weekday, row.starts, row.ends, row.zone, row.valid_from, row.valid_until, **more)
    return Series(row.first_on, row.starts, row.ends, row.zone, row.rule or "", **more)


def change_of(row: models.ShiftChange) -> Change:
    return Change(row.original, row.cancelled, row.starts_at, row.ends, row.holder)


async def credentials(store: AsyncSession, holder: str | None = None) -> list[Credential]:
    """Everybody's credentials, or one person's; without their numbers."""
    c = models.Credential
    query = select(c.id, c.specialist_id, c.kind, c.valid_from, c.expires_on).order_by(c.id)
    if holder:
        query = query.where(c.specialist_id == holder)
    rows = (await store.execute(query)).all()
    return [Credential(id, who, CredentialKind(kind), begin, end) for id, who, kind, begin, end in rows]


def by_holder(held: Sequence[Credential]) -> dict[str, list[Credential]]:
    found: dict[str, list[Credential]] = {}
    for one in held:
        found.setdefault(one.holder, []).append(one)
    return found
