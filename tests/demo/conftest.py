"""A run of the demo on the shared stores, in a database and under a hotline name of its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from app.demo.run import Options, virtual_run
from app.embedded import Stores

Runs = Callable[[Options], Awaitable[dict[str, Any]]]


@pytest.fixture
def runs(hotline_stores: Stores, hotline_database: str, hotline_name: str, hotline_folder: Path) -> Runs:
    async def run(options: Options) -> dict[str, Any]:
        stores = {"database_url": hotline_database, "redis_url": hotline_stores.redis_url, "name": hotline_name}
        return await virtual_run(hotline_folder, options, **stores)

    return run
