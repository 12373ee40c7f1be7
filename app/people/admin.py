"""Making people and shifts: used by the API, by `hotline user` and by the demo."""

from __future__ import annotations

import secrets as random_bytes
from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.people.passwords import hash_now
from app.people.roles import Level, Role
from app.people.shifts import LONG_AGO, Change, Series
from app.records.models import Shift, ShiftChange, Specialist
from app.secrets import NAME, Secrets


def new_person_id() -> str:
    """Also the softphone's identity, so letters and digits only."""
    return "s" + random_bytes.token_hex(6)


async def create_person(
    store: AsyncSession,
    secrets: Secrets,
    *,
    login: str,
    name: str,
    role: Role | str,
    password: str | None = None,
    password_hash: str | None = None,
    level: Level | str = Level.junior,
    languages: Sequence[str] = ("en",),
    lines: Sequence[str] = ("main",),
    tier: int = 1,
    skills: Sequence[str] = (),
    always_on: bool = False,
    id: str | None = None,
) -> Specialist:
    """Add somebody; the caller commits. Without password and hash they cannot sign in. `ValueError` on a wrong word."""
    person = Specialist(
        id=id or new_person_id(),
        login=login.strip().lower(),
        name_cipher=secrets.encrypt(name, NAME),
        password_hash=password_hash or (hash_now(password) if password else None),
        role=str(Role(role)),
        level=str(Level(level)),
        languages=list(languages),
        lines=list(lines),
        tier=tier,
        skills=list(skills),
        active=True,
        always_on=always_on,
    )
    store.add(person)
    await store.flush()
    return person


async def add_shift(
    store: AsyncSession,
    series: Series,
    *,
    valid_from: date | None = None,
    valid_until: date | None = None,
    uid: str | None = None,
) -> Shift:
    """Add a shift with its changes; the caller commits."""
    shift = Shift(specialist_id=series.holder, valid_from=valid_from, valid_until=valid_until, uid=uid)
    set_shift(shift, series)
    store.add(shift)
    await store.flush()
    await set_changes(store, shift.id, series.changes)
    return shift


def set_shift(row: Shift, series: Series) -> None:
    """What the row says of the recurrence, also to the release before, which reads a weekly shift in it."""
    row.first_on, row.rule, row.kind = series.first_on, series.rule, series.kind
    row.starts, row.ends, row.zone = series.start, series.end, series.zone
    row.weekday = series.first_on.weekday()
    if series.first_on >= LONG_AGO + timedelta(days=7):
        row.valid_from = row.valid_from or series.first_on
    if not series.rule:
        row.valid_until = series.first_on


async def set_changes(store: AsyncSession, shift_id: int, changes: Iterable[Change]) -> None:
    """Write those changes over what is known of the same occurrences."""
    for change in changes:
        fields = {
            "cancelled": change.cancelled,
            "starts_at": change.start,
            "ends": change.end,
            "holder": change.holder,
        }
        row = insert(ShiftChange).values(shift_id=shift_id, original=change.original, **fields)
        await store.execute(row.on_conflict_do_update(index_elements=["shift_id", "original"], set_=fields))
