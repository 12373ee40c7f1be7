"""A hotline in processes of its own a test; afterwards both stores are up again, whatever was done to them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.embedded import Stores
from tests.chaos.house import House, house


@pytest.fixture
async def h(
    hotline_stores: Stores, hotline_database: str, hotline_name: str, hotline_folder: Path
) -> AsyncIterator[House]:
    try:
        async with house(hotline_stores, hotline_database, hotline_name, hotline_folder) as made:
            yield made
    finally:
        for server in hotline_stores.wanted:
            server.resume()
            await server.start()
