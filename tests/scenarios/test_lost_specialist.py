"""A specialist's device dies in mid-call (L8), step by step as the carrier's ledger shows it."""

from __future__ import annotations

from itertools import pairwise

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


async def test_L8_step_by_step_in_the_ledger(h: Hotline) -> None:
    """Nobody comes: words, the dead leg completed, the reconnect document, 15 s, then the old place as urgent."""
    maria = await h.specialist()
    await h.specialist(role="lead", ready=False)  # somebody else is heard of: the silence is not ours
    caller = await h.caller()
    assert await h.until_talking(caller) is maria
    arrived = (await h.call_of(caller)).arrived_ms
    await h.passes(10)
    dead = maria.leg
    await maria.device_dies()
    view = await h.until_state(caller, "waiting", within=60)
    assert (view.cls, view.arrived_ms, view.cause) == ("urgent", arrived, "lost")
    await caller.hears("looking for someone else", within=20)
    died = next(e.at for e in h.ledger("leg.died") if e.sid == dead.sid)

    def heard(words: str) -> list[float]:
        said = [e for e in h.ledger("heard") if e.sid == caller.leg.sid and e.at >= died]
        return [e.at - died for e in said if words in e.data["text"]]

    silence, broken = heard("lost your specialist"), heard("is broken")
    given_up = [e.at_ms / 1000 - died for e in await h.events("call.state", view.id) if e.data["cause"] == "lost"]
    assert silence[0] <= 9, "first words at most 9 s after the death"
    assert all(7 <= later - earlier <= 9 for earlier, later in pairwise(silence)), "then every 8 s"
    (completed,) = [e for e in h.ledger("leg.ended") if e.sid == dead.sid]
    assert completed.data["by"] == "api"
    assert 28 <= completed.at - died <= 31, "30 s after the last beat, without relief or return"
    assert abs(broken[0] - (completed.at - died)) <= 2, "the reconnect document"
    assert 14 <= given_up[-1] - broken[0] <= 16, "15 s for the same specialist"
    assert not [e for e in h.ledger("leg.ended") if e.sid == caller.leg.sid], "nothing was ended"
    (raised,) = await h.events("call.class", view.id)
    assert (raised.data["to"], raised.data["why"]) == ("urgent", "dropped by us")
    nina = await h.specialist()
    assert await h.until_talking(caller, within=20) is nina


async def test_L8_who_was_lost_comes_back_beside_the_relief(h: Hotline) -> None:
    """The relief is the owner; the first person is a second helper, and nobody is taken out of the call."""
    maria = await h.specialist()
    caller = await h.caller()
    assert await h.until_talking(caller) is maria
    nina = await h.specialist()
    await h.passes(10)
    await maria.device_dies()
    assert await h.until_talking(caller, within=30) is nina
    await maria.signs_in()
    await maria.rejoins()
    await h.eventually(lambda: h.talking(caller, maria), within=10, what="the return")
    await h.passes(10)
    assert h.talking(caller, nina)
    assert h.talking(caller, maria)
    assert (await h.call_of(caller)).owner == nina.spec


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
