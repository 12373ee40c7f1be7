"""A caller waits and is answered."""

from __future__ import annotations

import pytest

from tests.support.hotline import Hotline

pytestmark = pytest.mark.anyio


async def test_a_caller_is_greeted_waits_and_is_answered(h: Hotline) -> None:
    caller = await h.caller()
    await caller.hears("crisis line", within=2)
    await caller.hears("looking for someone", within=20)
    maria = await h.specialist()
    assert await h.until_talking(caller, within=30) is maria
    await h.passes(30)
    assert h.talking(caller, maria)
    await caller.hangs_up()
    await h.until_state(caller, "closed")
    await maria.leg.wait_ended()
