"""A specialist's device dies in mid-call (L8), step by step as the carrier's ledger shows it."""

from __future__ import annotations

import pytest

from tests.support.hotline import Hotline

pytestmark = pytest.mark.anyio


async def test_L8_words_then_relief_who_becomes_the_owner(h: Hotline) -> None:
    maria = await h.specialist()
    caller = await h.caller()
    assert await h.until_talking(caller) is maria
    lead = await h.specialist(role="lead", ready=False)
    nina = await h.specialist()
    await h.passes(10)
    died = h.clock.now()
    await maria.device_dies()
    await caller.hears("lost your specialist", within=10)
    assert h.clock.now() - died <= 9, "first words at most 9 s after the death"
    assert [m for m in lead.messages if m["type"] == "alarm" and m["kind"] == "lost_specialist"]
    assert await h.until_talking(caller, within=15) is nina
    assert caller.leg.live, "nothing was ended"
    owners = [(e.data["from_spec"], e.data["to_spec"], e.data["reason"]) for e in await h.events("engagement.owner")]
    assert owners[-1] == (maria.spec, nina.spec, "relief")


async def test_L8_nobody_comes_and_the_caller_keeps_the_place_as_urgent(h: Hotline) -> None:
    maria = await h.specialist()
    await h.specialist(role="lead", ready=False)  # somebody else is heard of: the silence is not ours
    caller = await h.caller()
    assert await h.until_talking(caller) is maria
    arrived = (await h.call_of(caller)).arrived_ms
    await h.passes(10)
    died = h.clock.now()
    await maria.device_dies()
    await caller.hears("lost your specialist", within=10)
    await caller.hears("lost your specialist", within=10)
    await caller.hears("bring them back", within=30)
    assert h.clock.now() - died <= 36
    view = await h.until_state(caller, "waiting", within=30)
    assert (view.cls, view.arrived_ms, view.cause) == ("urgent", arrived, "lost")
    nina = await h.specialist()
    assert await h.until_talking(caller, within=20) is nina


async def test_L6_the_same_specialist_comes_back_by_one_click(h: Hotline) -> None:
    maria = await h.specialist()
    caller = await h.caller()
    assert await h.until_talking(caller) is maria
    await h.passes(10)
    first = maria.leg
    maria.wraps_after = None
    await maria.hangs_up()
    await caller.hears("bring them back", within=10)
    await maria.rejoins()
    assert await h.until_talking(caller, within=10) is maria
    assert maria.leg is not first
    ids = {e.data["engagement"] for e in await h.events("engagement.started")}
    assert len(ids) == 1, "the same engagement, not a second connect"


async def test_L9_leave_the_caller_hears_it_and_waits_20_s(h: Hotline) -> None:
    maria = await h.specialist()
    caller = await h.caller()
    assert await h.until_talking(caller) is maria
    await h.passes(5)
    left, maria.wraps_after = h.clock.now(), None
    await maria.asks("POST", f"/api/calls/{maria.call}/leave")
    await caller.hears("has left the call", within=3)
    nina = await h.specialist()
    assert await h.until_talking(caller, within=40) is nina
    assert h.clock.now() - left >= 20


async def test_L9_a_person_ends_the_call_and_the_caller_hears_goodbye(h: Hotline) -> None:
    maria = await h.specialist()
    caller = await h.caller()
    assert await h.until_talking(caller) is maria
    await h.passes(5)
    await maria.asks("POST", f"/api/calls/{maria.call}/end", reason="conversation_over")
    await caller.hears("goodbye", within=3)
    await h.eventually(lambda: not caller.leg.live, within=15, what="the end")
    (end,) = await h.events("call.ended")
    assert (end.data["outcome"], end.data["side"]) == ("answered", "specialist")
