"""One hotline a test, in one process, on the virtual clock."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.embedded import Stores
from tests.support.hotline import Hotline, running_hotline


@pytest.fixture
async def h(
    hotline_stores: Stores, hotline_database: str, hotline_name: str, hotline_folder: Path
) -> AsyncIterator[Hotline]:
    async with running_hotline(hotline_stores, hotline_database, hotline_name, hotline_folder) as hotline:
        yield hotline
