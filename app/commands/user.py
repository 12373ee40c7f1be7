"""`hotline user`: the first people, before anybody can sign in."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.commands.stores import reachable
from app.people import passwords
from app.people.admin import create_person
from app.records.engine import connect
from app.secrets import Secrets
from app.settings import Settings


async def add(
    settings: Settings, login: str, *, name: str, role: str, password: str, level: str, languages: Sequence[str]
) -> str:
    """Add a person and return their id; `ValueError` says what is wrong with the details."""
    if not passwords.SHORTEST <= len(password) <= passwords.LONGEST:
        raise ValueError(f"a password has {passwords.SHORTEST} to {passwords.LONGEST} characters")
    details = {"name": name, "role": role, "password": password, "level": level, "languages": languages}
    async with reachable(settings, valkey=False) as usable:
        engine = connect(usable.database_url)
        try:
            async with AsyncSession(engine) as session, session.begin():
                return (await create_person(session, Secrets(usable), login=login, **details)).id
        except IntegrityError:
            raise ValueError(f"somebody signs in as {login} already") from None
        finally:
            await engine.dispose()
