"""Redis stopped, and emptied, under a running hotline: real time (T4)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.embedded import Stores
from tests.support.hotline import Hotline, running_hotline

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(240)]

#: Seconds that the store is gone.
AWAY_S = 20.0


@pytest.fixture
async def real(
    hotline_stores: Stores, hotline_database: str, hotline_name: str, hotline_folder: Path
) -> AsyncIterator[Hotline]:
    async with running_hotline(
        hotline_stores, hotline_database, hotline_name, hotline_folder, virtual=False
    ) as hotline:
        yield hotline


async def test_S1_redis_is_away_20_s_and_nobody_notices_but_the_queue(real: Hotline) -> None:
    """A conversation goes on, a new caller is greeted, and 5 s after its return the order is what it was (R3)."""
    maria = await real.specialist()
    talking = await real.caller()
    assert await real.until_talking(talking) is maria
    first = await real.caller()
    await real.until_state(first, "waiting")
    second = await real.caller()
    before = (await real.until_state(second, "waiting")).arrived_ms
    await real.stores.valkey.kill()
    late = await real.caller()
    await late.hears("crisis line", within=2)
    await real.passes(AWAY_S)
    assert real.talking(talking, maria)
    assert all(phone.leg.live for phone in (talking, first, second, late))
    await real.stores.valkey.start()
    await real.passes(5)
    view = await real.until_state(second, "waiting", "doubtful", within=1)
    assert view.arrived_ms == before
    nina, otto = await real.specialist(), await real.specialist()
    assert {await real.until_talking(first, within=30), await real.until_talking(second, within=30)} == {nina, otto}
    await real.until_state(late, "waiting", within=25)


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


async def test_R3_an_emptied_redis_is_refilled_in_order_and_the_conversation_is_known_again(real: Hotline) -> None:
    maria = await real.specialist()
    talking = await real.caller()
    assert await real.until_talking(talking) is maria
    waiting = [await real.caller() for _ in range(2)]
    order = [(await real.until_state(phone, "waiting")).arrived_ms for phone in waiting]
    await real.passes(3)
    await real.stores.valkey.empty()
    for phone, arrived in zip(waiting, order, strict=True):
        view = await real.until_state(phone, "waiting", "offered", "doubtful", within=25)
        assert view.arrived_ms == arrived
    view = await real.until_state(talking, "talking", "reconnecting", within=25)
    assert view.owner == maria.spec
    assert real.talking(talking, maria)
    nina = await real.specialist()
    assert await real.until_talking(waiting[0], within=40) is nina
