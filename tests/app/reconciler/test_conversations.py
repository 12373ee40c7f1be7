"""The reconciler takes no conversation apart: not on a list that lags, not for a board that is older (R2, R3)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from app.documents import BELIEVED_GONE
from tests.app.reconciler.boards import emptied, kept, put_back
from tests.support.hotline import Hotline

pytestmark = pytest.mark.anyio


@contextlib.asynccontextmanager
async def nudged(h: Hotline) -> AsyncIterator[None]:
    """Passes come much more often than they would."""

    async def nudge() -> None:
        while True:
            h.ctx.reconcile_due()
            await h.clock.sleep(0.5)

    task = asyncio.create_task(nudge())
    try:
        yield
    finally:
        task.cancel()


async def test_19_a_list_that_lags_takes_no_conversation_apart(h: Hotline) -> None:
    maria = await h.specialist()
    await h.passes(10)
    h.net.faults.rest.list_lag_s = 5.0
    async with nudged(h):
        caller = await h.caller()
        assert await h.until_talking(caller) is maria
        began = h.clock.now()
        await h.passes(25)
    assert h.talking(caller, maria)
    assert not [e for e in await h.events("leg.left") if e.at_ms >= began * 1000]
    assert await h.state_of(caller) == "talking"


async def test_H2_a_leg_that_the_carrier_does_not_know_for_a_moment_is_not_gone(
    h: Hotline, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller = await h.caller()
    await h.until_state(caller, "waiting")

    async def nothing(*_: object) -> None:
        return None

    async def none() -> list[object]:
        return []

    monkeypatch.setattr(h.ctx.carrier, "leg", nothing)
    monkeypatch.setattr(h.ctx.carrier, "live_legs", none)
    async with nudged(h):
        await h.passes(5)
    monkeypatch.undo()
    await h.passes(12)
    assert await h.state_of(caller) == "waiting"


async def test_4_an_older_board_catches_up_with_a_conversation(h: Hotline) -> None:
    caller = await h.caller()
    await h.until_state(caller, "waiting")
    before = await kept(h)
    maria = await h.specialist()
    assert await h.until_talking(caller) is maria
    await h.passes(15)
    await put_back(h, before)
    view = await h.until_state(caller, "talking", within=25)
    assert view.owner == maria.spec
    await h.passes(20)
    assert h.talking(caller, maria)
    assert not [e for e in h.ledger("room.left") if e.sid == caller.leg.sid], "the caller never left the room"


async def test_4_an_emptied_board_catches_up_although_nobody_beats(h: Hotline) -> None:
    maria = await h.specialist()
    caller = await h.caller()
    assert await h.until_talking(caller) is maria
    await h.passes(15)
    await maria.goes_away()  # the console alone: the leg goes on
    await emptied(h)
    assert (await h.until_state(caller, "talking", within=25)).owner == maria.spec
    assert not [e for e in h.ledger("room.left") if e.sid == caller.leg.sid]


async def test_21_a_live_caller_in_a_closed_calls_room_is_moved_to_a_human(h: Hotline) -> None:
    maria = await h.specialist()
    caller = await h.caller()
    assert await h.until_talking(caller) is maria
    backup = h.backup_phone()
    backup.will_answer(after=1.0, then=h.presses_one(backup))
    call = (await h.call_of(caller)).id
    await h.ctx.board.caller_gone(call, caller.leg.sid, status="completed", side="caller", at_ms=None)
    view = await h.call_of(caller)
    assert (view.state, view.cause in BELIEVED_GONE) == ("closed", True)
    await h.passes(30)
    assert h.talking(caller, maria), "nobody is moved out of company"
    await maria.hangs_up()
    await h.eventually(lambda: caller.leg.room is None, within=60, what="out of the room")
    await h.eventually(
        lambda: backup.leg is not None and caller.leg.can_hear() == {backup.leg.sid}, within=60, what="a human"
    )


@pytest.mark.parametrize("by", ["beat", "room"])
async def test_P4_an_emptied_board_knows_again_that_a_caller_is_held(h: Hotline, by: str) -> None:
    maria = await h.specialist()
    caller = await h.caller()
    assert await h.until_talking(caller) is maria
    await maria.asks("POST", f"/api/calls/{maria.call}/hold", on=True)
    await h.eventually(lambda: not caller.leg.can_hear(), within=5, what="the hold")
    await h.passes(5)
    if by == "room":
        await maria.goes_away()
    await emptied(h)

    async def held() -> int:
        view = await h.call_of(caller)
        return view.held_ms if view else 0

    await h.eventually(held, within=25, what="the board knows the hold")
    if by == "room":
        return
    await maria.asks("POST", f"/api/calls/{maria.call}/hold", on=False)
    await h.eventually(lambda: h.talking(caller, maria), within=5, what="they hear each other again")
    assert await held() == 0
