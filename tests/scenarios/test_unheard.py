"""What meets no board, or one that has forgotten the call, is told again (promise 3, S1, H6)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from sqlalchemy import select

from app import flow
from app.records import models as m
from telephony.carrier import RoomEvent
from tests.support.hotline import Hotline

pytestmark = pytest.mark.anyio

Away = Callable[[Hotline], AbstractAsyncContextManager[None]]


async def leg_on_record(h: Hotline, sid: str, stamp: str) -> Any:
    """The leg's row, once it has this stamp as the carrier's own."""

    async def written() -> Any:
        async with h.ctx.sessions() as session:
            row = await session.scalar(select(m.Leg).where(m.Leg.sid == sid))
        known = row is not None and getattr(row, f"{stamp}_at") is not None
        return row if known and getattr(row, f"{stamp}_earliest_at") is None else None

    return await h.eventually(written, within=30, what=f"{stamp} on record")


async def test_S1_a_leave_that_met_no_board_is_on_record_with_its_own_stamp(h: Hotline, board_away: Away) -> None:
    maria = await h.specialist()
    caller = await h.caller()
    assert await h.until_talking(caller) is maria
    await h.passes(5)
    async with board_away(h):
        await caller.hangs_up()
        left = h.clock.now()
        await h.passes(8)
    for leg in (caller.leg, maria.leg):
        row = await leg_on_record(h, leg.sid, "left")
        assert row.joins == 1
    assert abs((await leg_on_record(h, caller.leg.sid, "left")).left_at.timestamp() - left) <= 1


async def test_P4_a_leave_that_met_a_board_without_the_call_waits_for_it(h: Hotline) -> None:
    """The call comes back on the board some seconds after the callback."""
    caller = await h.caller()
    view = await h.until_state(caller, "waiting")
    at = h.clock.now()
    unknown = f"c{view.id[1:][::-1]}"
    event = RoomEvent(f"{unknown}-1", "CF1", "participant-leave", 1, at, "CA1", f"caller_{unknown}_1")
    await flow.room_changed(h.ctx, event)
    await h.passes(5)
    where: dict[str, Any] = dict(line="main", language="en", cls="standard", arrived_ms=h.ctx.now_ms(), counter=9)
    await h.ctx.board.turn(unknown, "CA1", turn=0, **where)

    async def told() -> list[Any]:
        return await h.events("leg.left", unknown)

    (left,) = await h.eventually(told, within=5, what="the leave")
    assert left.data["at_ms"] == int(at * 1000)


async def test_P4_a_callback_of_a_call_that_nobody_knows_is_not_kept_for_ever(h: Hotline) -> None:
    event = RoomEvent("c0123-1", "CF1", "participant-leave", 1, h.clock.now(), "CA1", "caller_c0123_1")
    await flow.room_changed(h.ctx, event)
    assert len(h.ctx.state["untold"]) == 1
    await h.eventually(lambda: not h.ctx.state["untold"], within=35, what="forgotten")


async def test_H6_a_danger_key_is_known_before_the_next_turn(h: Hotline, board_away: Away) -> None:
    """The backup telephone rings for long: meanwhile the caller asks for nothing."""
    h.backup_phone().will_not_answer()
    caller = await h.caller()
    await h.until_state(caller, "waiting")
    async with board_away(h):
        await caller.presses("1")
        await caller.hears("ringing a person", within=5)
        await h.passes(8)
    await h.passes(3)
    view = await h.call_of(caller)
    assert view is not None
    assert view.cls == "danger"
    assert [event.data["who"] for event in await h.events("call.class", view.id)] == ["caller"]
