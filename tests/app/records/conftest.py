"""The record's own fixtures, on the shared servers of `tests/conftest.py`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from app.embedded import Stores
from app.recorder import Recorder
from app.records.engine import connect
from telephony.clock import RealClock


@pytest.fixture
async def empty_url(hotline_stores: Stores) -> AsyncIterator[str]:
    """A database without any table."""
    name = "record_empty"
    admin = create_async_engine(hotline_stores.database_url, isolation_level="AUTOCOMMIT")
    async with admin.connect() as connection:
        await connection.execute(text(f"CREATE DATABASE {name}"))
        yield make_url(hotline_stores.database_url).set(database=name).render_as_string(hide_password=False)
        await connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    await admin.dispose()


@pytest.fixture
async def engine(hotline_database: str) -> AsyncIterator[AsyncEngine]:
    made = connect(hotline_database)
    yield made
    await made.dispose()


@pytest.fixture
def spill_dir(tmp_path: Path) -> Path:
    return tmp_path / "spill"


@pytest.fixture
def recorder_of(engine: AsyncEngine, spill_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Recorder]:
    monkeypatch.setattr("app.recorder.RETRY_MAX_S", 0.1)
    monkeypatch.setattr("app.recorder.RENEW_S", 0.05)

    def make(source: Any, holder: str = "w1", **more: Any) -> Recorder:
        return Recorder(source, engine, RealClock(), hotline="main", holder=holder, spill_dir=spill_dir, **more)

    return make


@pytest.fixture
def rows(engine: AsyncEngine) -> Callable[..., Awaitable[list[Any]]]:
    async def ask(query: str, **values: Any) -> list[Any]:
        async with engine.connect() as connection:
            return list((await connection.execute(text(query), values)).mappings())

    return ask
