"""Brings the schema up to date. No ini file: the configuration is here.

A developer makes a new migration from the changed models with
`python -m app.records.migrate postgresql://… "what changes"`, and then reads it.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

import migrations
from app.records.engine import connect
from app.records.models import Base

#: Any constant: whoever holds this advisory lock is migrating.
LOCK = 0x686F746C696E65
#: A migration that takes longer must be written in smaller steps.
STATEMENT_TIMEOUT = "60s"


def config(connection: Connection | None = None) -> Config:
    """Alembic's configuration for the migrations that ship with the package."""
    made = Config(attributes={"connection": connection})
    made.set_main_option("script_location", str(Path(migrations.__file__).parent).replace("%", "%%"))
    made.set_main_option("file_template", "%%(year)d_%%(month).2d_%%(day).2d_%%(slug)s")
    made.set_main_option("path_separator", "os")
    return made


async def upgrade(url: str, revision: str = "head") -> None:
    """Run every migration not yet run; safe to call from several processes at once."""

    def run(connection: Connection) -> None:
        # The lock comes first: Alembic keeps its context in a global, which two runners in one process would share.
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
        connection.execute(text(f"SET LOCAL statement_timeout = '{STATEMENT_TIMEOUT}'"))
        command.upgrade(config(connection), revision)

    await _on(url, run)


async def is_current(url: str) -> bool:
    """The database has exactly the migrations that this program knows."""
    head = ScriptDirectory.from_config(config()).get_current_head()
    return await _on(url, lambda c: MigrationContext.configure(c).get_current_revision()) == head


async def difference(url: str) -> list[Any]:
    """What autogenerate would still change: empty when models and schema agree."""

    def compare(connection: Connection) -> list[Any]:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        return compare_metadata(context, Base.metadata)

    return await _on(url, compare)


async def make(url: str, message: str) -> None:
    """Write a new migration from the difference between the models and the database at `url`."""
    await _on(url, lambda connection: command.revision(config(connection), message, autogenerate=True))


async def _on(url: str, work: Callable[[Connection], Any]) -> Any:
    engine = connect(url, command_s=None)
    try:
        async with engine.begin() as connection:
            return await connection.run_sync(work)
    finally:
        await engine.dispose()


if __name__ == "__main__":
    asyncio.run(make(sys.argv[1], sys.argv[2]))
