"""Redis stopped under a running hotline, real time (T4). Longer absences and an emptied store: tests/chaos."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.embedded import Stores
from tests.support.hotline import Hotline, running_hotline

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(240)]


@pytest.fixture
async def real(
    hotline_stores: Stores, hotline_database: str, hotline_name: str, hotline_folder: Path
) -> AsyncIterator[Hotline]:
    async with running_hotline(
        hotline_stores, hotline_database, hotline_name, hotline_folder, virtual=False
    ) as hotline:
        yield hotline


async def test_S1_a_specialist_leaves_while_redis_is_away_and_the_caller_is_not_left_in_silence(real: Hotline) -> None:
    maria = await real.specialist()
    caller = await real.caller()
    assert await real.until_talking(caller) is maria
    await real.stores.valkey.kill()
    try:
        await maria.goes_away()
        await maria.hangs_up()
        await caller.hears("technical problem", within=8)
        await caller.presses("1")
        await caller.hears("ringing a person", within=5)
    finally:
        await real.stores.valkey.start()
