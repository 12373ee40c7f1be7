"""One embedded PostgreSQL for the tests of the record, a fresh migrated database for each test that asks for one."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.embedded import Stores
from app.records import migrate
from app.records.engine import connect

NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
async def stores(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stores]:
    folder = tmp_path_factory.mktemp("record")
    for parent in (folder, *folder.parents[:3]):
        parent.chmod(parent.stat().st_mode | 0o011)  # under root PostgreSQL is another user
    running = Stores(folder, durable=False, valkey=False)
    await running.start()
    yield running
    await running.stop()


@pytest.fixture(scope="session")
async def template(stores: Stores) -> str:
    """A migrated database to copy: 20 ms instead of a migration for each test."""
    await _admin(stores, "CREATE DATABASE template_record")
    await migrate.upgrade(_url(stores, "template_record"))
    return "template_record"


@pytest.fixture
async def empty_url(stores: Stores) -> str:
    name = f"empty_{next(NUMBERS)}"
    await _admin(stores, f"CREATE DATABASE {name}")
    return _url(stores, name)


@pytest.fixture
async def database_url(stores: Stores, template: str) -> str:
    name = f"record_{next(NUMBERS)}"
    await _admin(stores, f"CREATE DATABASE {name} TEMPLATE {template}")
    return _url(stores, name)


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    made = connect(database_url)
    async with made.connect() as connection:
        await connection.execute(text("SELECT 1"))
    yield made
    await made.dispose()


def _url(stores: Stores, name: str) -> str:
    return make_url(stores.database_url).set(database=name).render_as_string(hide_password=False)


async def _admin(stores: Stores, statement: str) -> None:
    host = make_url(stores.database_url).query["host"]
    connection = await asyncpg.connect(host=host, user="postgres", database="postgres", timeout=5)
    await connection.execute(statement)
    await connection.close()


@pytest.fixture
def spill_dir(tmp_path: Path) -> Path:
    return tmp_path / "spill"
