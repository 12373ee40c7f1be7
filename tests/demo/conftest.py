"""A run of the demo on the shared stores, in a database and under a hotline name of its own."""

from __future__ import annotations

import gc
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.demo.run import Options, virtual_run
from app.embedded import Stores

Runs = Callable[[Options], Awaitable[dict[str, Any]]]


@pytest.fixture(autouse=True)
def _collects_seldom() -> Iterator[None]:
    """A run makes and drops millions of objects beside a large heap that stays: looking through it costs a tenth."""
    usual = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    yield
    gc.set_threshold(*usual)
    gc.unfreeze()


@pytest.fixture
def runs(hotline_stores: Stores, hotline_database: str, hotline_name: str, hotline_folder: Path) -> Runs:
    async def run(options: Options) -> dict[str, Any]:
        stores = {"database_url": hotline_database, "redis_url": hotline_stores.redis_url, "name": hotline_name}
        return await virtual_run(hotline_folder, options, **stores)

    return run
