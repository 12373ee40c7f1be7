"""Redis is away and callers are helped all the same (S1, H5); when it is back nothing of it is lost (promise 3)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from sqlalchemy import select

from app.records import models
from telephony.emulator import Phone
from tests.support.hotline import AGENCY_SEES, Hotline

pytestmark = pytest.mark.anyio

Away = Callable[[Hotline], AbstractAsyncContextManager[None]]


async def record_of(h: Hotline, phone: Phone, within: float = 60.0) -> Any:
    """The caller's row, once it says how the call has ended."""

    async def written() -> Any:
        assert phone.leg
        async with h.ctx.sessions() as session:
            found = await session.scalar(select(models.Call).where(models.Call.sid == phone.leg.sid))
        return found if found and found.outcome else None

    return await h.eventually(written, within=within, what="the record")


def stamp_is(stamp: Any, truth: float) -> bool:
    """Within the second of the carrier's stamps."""
    return abs(stamp.timestamp() - truth) <= 1.0


async def test_S1_a_specialist_leaves_and_the_caller_is_not_left_in_silence(h: Hotline, board_away: Away) -> None:
    maria = await h.specialist()
    caller = await h.caller()
    assert await h.until_talking(caller) is maria
    await h.passes(5)
    async with board_away(h):
        for _ in range(3):
            h.net.faults.rest.next("unavailable")
        await maria.hangs_up()
        await caller.hears("technical problem", within=10)
        await caller.presses("1")
        await caller.hears("ringing a person", within=5)


async def test_S1_lists_that_lag_still_show_who_has_left(h: Hotline, board_away: Away) -> None:
    maria = await h.specialist()
    caller = await h.caller()
    assert await h.until_talking(caller) is maria
    await h.passes(10)
    h.net.faults.rest.list_lag_s = 4.0
    async with board_away(h):
        await maria.hangs_up()
        await caller.hears("technical problem", within=10)


async def test_H5_held_for_a_minute_then_the_backup_line_rings(h: Hotline, board_away: Away) -> None:
    backup = h.backup_phone()
    backup.will_answer(after=2.0, then=h.presses_one(backup))
    async with board_away(h):
        caller = await h.caller()
        await caller.hears("crisis line", within=2)
        began = h.clock.now()
        await h.eventually(lambda: backup.leg and backup.leg.sid in caller.leg.can_hear(), within=120, what="a human")
        assert 55 <= h.clock.now() - began <= 100


async def test_H6_a_danger_key_counts_when_redis_is_back(h: Hotline, board_away: Away) -> None:
    """Whoever pressed it is ahead, and stays so (known fault 17)."""
    for index in (0, 1):
        h.backup_phone(index).will_be_busy()
    patient, hurt = await h.caller(), await h.caller()
    for phone in (patient, hurt):
        await h.until_state(phone, "waiting")
    async with board_away(h):
        await hurt.presses("1")
        await hurt.hears("ringing a person", within=5)
    view = await h.eventually(lambda: _in_danger(h, hurt), within=60, what="the class")
    assert view.cls == "danger"
    maria = await h.specialist()
    assert await h.until_talking(hurt, within=60) is maria
    assert (await h.call_of(patient)).cls == "standard"


async def _in_danger(h: Hotline, phone: Phone) -> Any:
    view = await h.call_of(phone)
    return view if view and view.cls == "danger" else None


async def test_a_language_chosen_while_redis_is_away_is_kept(h: Hotline, board_away: Away) -> None:
    caller = await h.caller()
    await h.until_state(caller, "waiting")
    async with board_away(h):
        await caller.presses("2")
        await caller.hears("seguimos en español", within=5)

    async def spanish() -> bool:
        return (await h.call_of(caller)).language == "es"

    await h.eventually(spanish, within=60, what="Spanish on the board")


async def test_a_call_that_begins_and_ends_while_redis_is_away_is_on_record(h: Hotline, board_away: Away) -> None:
    """Known fault 18: with the carrier's own stamps."""
    async with board_away(h):
        caller = await h.caller()
        rang = h.clock.now()
        await h.passes(8)
        await caller.hangs_up()
        left = h.clock.now()
        await h.passes(12)
    row = await record_of(h, caller)
    assert (row.outcome, row.side) == ("abandoned", "caller")
    assert stamp_is(row.arrived_at, rang)
    assert stamp_is(row.caller_left_at, left)


async def test_a_call_whose_every_callback_was_lost_is_found_in_the_carrier_s_list(
    h: Hotline, board_away: Away
) -> None:
    """As after a restart: nobody of ours remembers it."""
    async with board_away(h):
        caller = await h.caller()
        await h.passes(8)
        h.net.faults.drop_next("completed")
        await caller.hangs_up()
        left = h.clock.now()
        await h.passes(12)
    row = await record_of(h, caller)
    assert row.outcome == "abandoned"
    assert stamp_is(row.caller_left_at, left)


async def test_a_talk_with_the_backup_line_while_redis_is_away_is_rolled_over(h: Hotline, board_away: Away) -> None:
    backup = h.backup_phone()
    backup.will_answer(after=2.0, then=h.presses_one(backup))
    async with board_away(h):
        caller = await h.caller()
        await caller.hears("crisis line", within=2)
        await caller.presses("1")
        await h.eventually(lambda: backup.leg and backup.leg.sid in caller.leg.can_hear(), within=40, what="a human")
        await h.passes(5)
        await caller.hangs_up()
        await h.passes(5)
    row = await record_of(h, caller)
    assert row.outcome == "rolled_over"


async def test_a_voicemail_while_redis_is_away_is_nobody(h: Hotline, board_away: Away) -> None:
    h.backup_phone().will_answer(after=1.0)
    async with board_away(h):
        caller = await h.caller()
        await caller.hears("crisis line", within=2)
        await caller.presses("1")
        await h.passes(15)
        await caller.hangs_up()
        await h.passes(5)
    row = await record_of(h, caller)
    assert row.outcome == "abandoned"


async def test_C2_an_agency_that_rings_back_hears_no_menu_and_reaches_a_human_at_once(
    h: Hotline, board_away: Away
) -> None:
    backup = h.backup_phone()
    backup.will_answer(after=2.0, then=h.presses_one(backup))
    async with board_away(h):
        agency = await h.caller(to=AGENCY_SEES)
        await h.eventually(lambda: backup.leg and backup.leg.sid in agency.leg.can_hear(), within=30, what="a human")
        assert not any("if there is danger" in heard.text for heard in agency.leg.heard)
