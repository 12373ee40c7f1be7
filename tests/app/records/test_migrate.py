"""The schema is brought up to date without downtime and agrees with the models."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

import migrations
from app.records import migrate

pytestmark = pytest.mark.anyio

VERSIONS = sorted((Path(migrations.__file__).parent / "versions").glob("*.py"))


async def test_from_empty_twice_at_the_same_time_and_again(empty_url: str) -> None:
    assert not await migrate.is_current(empty_url)
    await asyncio.gather(migrate.upgrade(empty_url), migrate.upgrade(empty_url))
    await migrate.upgrade(empty_url)
    assert await migrate.is_current(empty_url)


async def test_models_and_migrated_schema_agree(hotline_database: str) -> None:
    assert await migrate.difference(hotline_database) == []


@pytest.mark.parametrize("path", VERSIONS, ids=lambda path: path.stem)
def test_every_migration_has_a_dated_name_and_a_lock_timeout(path: Path) -> None:
    assert path.stem[:10].replace("_", "").isdigit()
    assert "SET LOCAL lock_timeout" in path.read_text()


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_log SET what = 'x'", "DELETE FROM audit_log", "TRUNCATE audit_log"]
)
async def test_the_audit_log_refuses_change_and_removal(engine: AsyncEngine, statement: str) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("INSERT INTO audit_log (id, at, what) VALUES ('a1', now(), 'sign_in')"))
    with pytest.raises(DBAPIError, match="append only"):
        async with engine.begin() as connection:
            await connection.execute(text(statement))
