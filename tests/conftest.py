"""Real servers for every test that asks: a Valkey and a PostgreSQL a worker, a fresh hotline and database a test."""

from __future__ import annotations

import itertools
import os
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import make_url

from app.embedded import Stores
from app.records import migrate

NUMBERS = itertools.count()
TEMPLATE = "template_hotline"


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
async def hotline_stores() -> AsyncIterator[Stores]:
    """Both stores, without syncs to disk, and a migrated database to copy.

    Not in pytest's own folder: each start of pytest closes that to other users, and PostgreSQL is one under root.
    """
    with tempfile.TemporaryDirectory(prefix="hotline-tests-", ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o711)
        stores = Stores(Path(folder) / "stores", durable=False)
        await stores.start()
        try:
            await admin(stores, f"CREATE DATABASE {TEMPLATE}")
            await migrate.upgrade(url_of(stores, TEMPLATE))
            yield stores
        finally:
            await stores.stop()


@pytest.fixture
async def hotline_database(hotline_stores: Stores) -> AsyncIterator[str]:
    """The URL of a fresh, migrated database."""
    name = f"hotline_{next(NUMBERS)}"
    await admin(hotline_stores, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    yield url_of(hotline_stores, name)
    await admin(hotline_stores, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture
def hotline_name() -> str:
    """A hotline of its own on the shared Valkey."""
    return f"t{next(NUMBERS)}"


@pytest.fixture
def hotline_folder(tmp_path: Path) -> Path:
    return tmp_path / "hotline"


def url_of(stores: Stores, name: str) -> str:
    return make_url(stores.database_url).set(database=name).render_as_string(hide_password=False)


async def admin(stores: Stores, statement: str) -> None:
    host = make_url(stores.database_url).query["host"]
    connection = await asyncpg.connect(host=host, user="postgres", database="postgres", timeout=10)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
