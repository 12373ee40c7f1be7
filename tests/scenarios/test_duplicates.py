"""Duplicates, delays, reordering and loss of what the carrier tells us."""

from __future__ import annotations

import asyncio

import pytest

from app.embedded import Stores
from telephony.emulator import Faults
from telephony.emulator.faults import Rates
from tests.support.hotline import Hotline, running_hotline

pytestmark = pytest.mark.anyio


async def test_a_terminal_callback_that_never_came_is_healed_within_60_s(h: Hotline) -> None:
    """R3: and the record knows that the time is not the carrier's word at the moment."""
    caller = await h.caller()
    await h.until_state(caller, "waiting")
    h.net.faults.drop_next("completed")
    await caller.hangs_up()
    hung_up = h.clock.now()
    closed = await h.until_state(caller, "closed", within=60)
    (end,) = await h.events("call.ended", closed.id)
    assert abs(end.data["ended_ms"] / 1000 - hung_up) <= 1


async def test_a_lost_join_is_supplied_by_the_console(h: Hotline) -> None:
    """L5: the console's own "media is up" is as good as the callback."""
    maria = await h.specialist()
    h.net.faults.drop_next("participant-join")
    caller = await h.caller()
    assert await h.until_talking(caller) is maria


async def test_L5_a_caller_whose_coming_was_not_told_is_not_taken_out_again(h: Hotline) -> None:
    """Both joins are lost: the room itself is looked into before the caller is moved once more."""
    maria = await h.specialist()
    for _ in range(2):
        h.net.faults.drop_next("participant-join")
    caller = await h.caller()
    assert await h.until_talking(caller) is maria
    await h.until_state(caller, "talking", within=10)
    await h.passes(15)
    assert len(h.net.ledger.together(caller.leg.sid, maria.leg.sid)) == 1, "not interrupted"
    await caller.hangs_up()
    closed = await h.until_state(caller, "closed", within=10)
    (end,) = await h.events("call.ended", closed.id)
    assert end.data["outcome"] == "answered"


async def test_a_lost_leave_of_the_caller_does_not_keep_the_specialist(h: Hotline) -> None:
    maria = await h.specialist()
    caller = await h.caller()
    assert await h.until_talking(caller) is maria
    await h.passes(5)
    for event in ("participant-leave", "completed"):
        h.net.faults.drop_next(event)
    await caller.hangs_up()
    await h.until_state(caller, "closed", within=60)
    await h.eventually(lambda: not maria.leg.live, within=10, what="the room's end")


async def test_everything_twice_late_and_in_disorder_changes_nothing(
    hotline_stores: Stores, hotline_database: str, hotline_name: str, hotline_folder
) -> None:
    """Every caller is answered once, by one person."""
    storm = Rates(duplicate=0.5, delay=0.3, reorder=0.3)
    faults = Faults(rates={"document": Rates(duplicate=0.5), "status": storm, "conference": storm})
    async with running_hotline(hotline_stores, hotline_database, hotline_name, hotline_folder, faults=faults) as h:
        for _ in range(2):
            await h.specialist()
        callers = await asyncio.gather(*(h.caller() for _ in range(4)))
        unheard = list(callers)  # in the order in which they happen to be answered
        while unheard:
            caller, person = await h.eventually(
                lambda: next(((c, p) for c in unheard for p in h.people if h.talking(c, p)), None), within=120
            )
            await h.passes(10)
            assert h.talking(caller, person)
            await caller.hangs_up()
            unheard.remove(caller)
        for caller in callers:
            await h.until_state(caller, "closed", within=60)
        await h.passes(20)
        ends = await h.events("call.ended")
        assert [e.data["outcome"] for e in ends] == ["answered"] * 4
        owned = [e.call for e in await h.events("engagement.owner") if e.data["reason"] == "accept"]
        assert sorted(owned) == sorted({e.call for e in ends})
