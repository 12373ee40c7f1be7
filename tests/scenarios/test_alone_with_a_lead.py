"""Redis is away and the owner's leg has gone: who counts as company then (S1, L10)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest

from telephony.emulator import Leg
from tests.support.hotline import Hotline
from tests.support.specialist import Specialist

pytestmark = pytest.mark.anyio

Away = Callable[[Hotline], AbstractAsyncContextManager[None]]


async def lead_beside(h: Hotline, call: str, mode: str) -> tuple[Specialist, Leg]:
    """The on-call lead's leg is in this call's room, in this mode."""
    lead = await h.specialist(role="lead", ready=False)
    said = await lead.asks("POST", f"/api/calls/{call}/{mode}", tab="tab")
    token = (await lead.asks("POST", "/api/softphone-token"))["token"]
    leg = await lead._soft.connect(token, said["app_params"])
    await leg.wait_in_room()
    return lead, leg


@pytest.mark.parametrize("mode", ["listen", "whisper"])
async def test_S1_L10_a_caller_whom_a_lead_only_overhears_is_fetched_back(
    h: Hotline, board_away: Away, mode: str
) -> None:
    maria = await h.specialist()
    caller = await h.caller()
    assert await h.until_talking(caller) is maria
    _, leg = await lead_beside(h, maria.call, mode)
    assert leg.sid not in caller.leg.can_hear()
    async with board_away(h):
        await maria.hangs_up()
        await caller.hears("technical problem", within=15)


async def test_S1_a_caller_who_speaks_with_a_lead_is_left_with_them(h: Hotline, board_away: Away) -> None:
    maria = await h.specialist()
    caller = await h.caller()
    assert await h.until_talking(caller) is maria
    _, leg = await lead_beside(h, maria.call, "barge")
    await h.eventually(lambda: leg.sid in caller.leg.can_hear(), within=5, what="the lead aloud")
    async with board_away(h):
        await maria.hangs_up()
        await h.passes(15)
        assert caller.leg.can_hear() == {leg.sid}
