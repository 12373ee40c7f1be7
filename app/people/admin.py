"""Making people and shifts: used by the API, by `hotline user` and by the demo."""

from __future__ import annotations

import secrets as random_bytes
from collections.abc import Sequence
from datetime import date, time

from sqlalchemy.ext.asyncio import AsyncSession

from app.people.passwords import hash_now
from app.people.roles import Level, Role
from app.records.models import Shift, Specialist
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
    specialist_id: str,
    *,
    weekday: int,
    start: time,
    end: time,
    zone: str,
    valid_from: date | None = None,
    valid_until: date | None = None,
) -> Shift:
    """Add a weekly shift; the caller commits."""
    shift = Shift(
        specialist_id=specialist_id,
        weekday=weekday,
        starts=start,
        ends=end,
        zone=zone,
        valid_from=valid_from,
        valid_until=valid_until,
    )
    store.add(shift)
    await store.flush()
    return shift
