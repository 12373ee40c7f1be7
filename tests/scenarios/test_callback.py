"""Callers who would rather be rung back (C4), told as telephone calls."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import redis.asyncio

from app.records.models import Call
from telephony.emulator import Phone
from tests.support.hotline import Hotline
from tests.support.specialist import Specialist

pytestmark = pytest.mark.anyio

OFFER, SAFE, TAKEN = "would rather not wait", "safe for us to ring", "from a neutral number"


def spoken(h: Hotline, phone: Phone) -> list[str]:
    """What this telephone's present leg has heard said."""
    assert phone.leg
    heard = [e for e in h.ledger("heard") if e.sid == phone.leg.sid and e.data["what"] == "say"]
    return [e.data["text"] for e in heard]


def through(phone: Phone) -> Callable[[Any], Awaitable[None]]:
    """What the person does who asked to be rung back."""

    async def listen(_leg: Any) -> None:
        await phone.hears("press 1", within=20)
        await phone.presses("1")

    return listen


async def takes(h: Hotline) -> Phone:
    """Rings, waits for the offer, says that it is safe, and hears goodbye."""
    caller = await h.caller()
    await caller.hears(OFFER, within=150)
    await caller.presses("3")
    await caller.hears(SAFE, within=5)
    await caller.presses("3")
    await caller.hears(TAKEN, within=5)
    await h.eventually(lambda: not caller.leg.live, within=60, what="the goodbye")
    return caller


async def sits_by(h: Hotline, maria: Specialist) -> str:
    """Somebody has accepted the callback and is in its room, alone; returns the call."""
    await h.eventually(lambda: maria.call and maria.leg and maria.leg.room, within=60, what="somebody in the room")

    async def state() -> bool:
        view = await h.ctx.moved(lambda: h.ctx.board.call(maria.call))
        return view is not None and view.state == "calling_back"

    await h.eventually(state, within=20, what="the state")
    return maria.call


async def test_C4_a_caller_takes_it_and_is_rung_back_in_turn_by_a_person(h: Hotline) -> None:
    caller = await takes(h)
    maria = await h.specialist()
    call = await sits_by(h, maria)
    first = caller.leg
    await h.passes(20)
    assert caller.leg is first, "no machine rings anybody"
    caller.will_answer(2.0)
    await maria.asks("POST", f"/api/calls/{call}/ring")
    await h.eventually(lambda: caller.leg is not first and caller.leg.live, within=20, what="the ring")
    await caller.hears("press 1", within=20)
    said = " ".join(spoken(h, caller))
    assert "press 1" in said
    assert "crisis" not in said.lower(), "whoever answers learns nothing"
    await caller.presses("1")
    assert await h.until_talking(caller, within=15) is maria


async def test_C4_danger_and_withheld_callers_never_hear_of_it(h: Hotline) -> None:
    hidden, pressed = await h.caller(withheld=True), await h.caller()
    await h.passes(5)
    await pressed.presses("1")
    plain = await h.caller()
    await plain.hears(OFFER, within=150)
    for caller in (hidden, pressed):
        await h.passes(30)
        assert not [text for text in spoken(h, caller) if OFFER in text]
    await hidden.presses("3")
    await h.passes(3)
    assert not [text for text in spoken(h, hidden) if SAFE in text]


async def test_C4_said_now_and_then_and_only_a_yes_takes_it(h: Hotline) -> None:
    caller = await h.caller()
    await caller.hears(OFFER, within=150)
    await h.passes(80)
    said = spoken(h, caller)
    assert 1 <= sum(OFFER in text for text in said) <= 3
    await caller.presses("3")
    await caller.hears(SAFE, within=5)
    await h.passes(30)
    assert await h.state_of(caller) in ("waiting", "backup_ringing"), "who does not know stays"


async def test_C4_who_says_that_it_is_not_safe_is_never_asked_again(h: Hotline) -> None:
    caller = await h.caller()
    await caller.hears(OFFER, within=150)
    await caller.presses("3")
    await caller.hears(SAFE, within=5)
    await caller.presses("4")
    await caller.hears("will not ring that number", within=5)
    view = await h.call_of(caller)
    assert (view.state, view.safe, view.may_callback) == ("waiting", "no", False)


async def test_C4_the_danger_key_in_the_goodbye_brings_them_to_the_front(h: Hotline) -> None:
    caller = await h.caller()
    await caller.hears(OFFER, within=150)
    for _ in range(2):
        await caller.presses("3")
        await h.passes(3)
    await caller.hears(TAKEN, within=5)
    await caller.presses("1")
    await caller.hears("to the front", within=5)
    view = await h.until_state(caller, "waiting", "offered", "backup_ringing", within=10)
    assert view.cls == "danger"
    assert caller.leg.live


async def test_C4_nobody_answers_twice_and_it_is_closed_with_a_reason(h: Hotline) -> None:
    caller = await takes(h)
    maria = await h.specialist()
    call = await sits_by(h, maria)
    caller.will_be_busy()
    for why in ("busy", "busy"):
        await h.eventually(lambda: maria.asks("POST", f"/api/calls/{call}/ring"), within=5, what="the ring")

        async def missed(why: str = why) -> bool:
            view = await h.ctx.moved(lambda: h.ctx.board.call(call))
            return view.callback.why == why and not view.callback.ringing

        await h.eventually(missed, within=30, what="no answer")
        await h.passes(61)
    await maria.asks("POST", f"/api/calls/{call}/end", reason="not_reached")
    [ended] = await h.events("call.ended", call)
    assert (ended.data["outcome"], ended.data["side"]) == ("callback", "specialist")
    await h.eventually(lambda: not maria.leg.live, within=20, what="the empty room's end")


async def test_C4_a_voicemail_hears_nothing_of_us_and_presses_no_key(h: Hotline) -> None:
    caller = await takes(h)
    maria = await h.specialist()
    call = await sits_by(h, maria)
    caller.will_answer(1.0)
    await maria.asks("POST", f"/api/calls/{call}/ring")
    first = caller.leg
    await h.eventually(lambda: caller.leg is not first and caller.leg.live, within=20, what="the ring")
    machine = caller.leg
    await h.eventually(lambda: not machine.live, within=60, what="the end of the words")
    assert machine.room is None

    async def told() -> bool:
        view = await h.ctx.moved(lambda: h.ctx.board.call(call))
        return view.callback.why == "completed"

    await h.eventually(told, within=10, what="the word of it")


async def test_C8_who_rings_in_again_has_the_old_place(h: Hotline) -> None:
    caller = await takes(h)
    before = await h.call_of(caller)
    other = await h.caller()
    await h.passes(5)
    await caller.dials("+12025550100")
    after = await h.until_state(caller, "waiting", "offered", within=30)
    assert (after.arrived_ms, after.id != before.id) == (before.arrived_ms, True)
    maria = await h.specialist()
    assert await h.until_talking(caller, within=30) is maria
    assert await h.state_of(other) in ("waiting", "offered")
    [ended] = await h.events("call.ended", before.id)
    assert ended.data["outcome"] == "callback"
    async with h.ctx.sessions() as store:
        rows = [await store.get(Call, id_) for id_ in (before.id, after.id)]
    assert rows[0].contact_id == rows[1].contact_id, "one contact in two calls"


async def test_S2_an_emptied_redis_loses_no_callback(h: Hotline) -> None:
    caller = await takes(h)
    before = await h.call_of(caller)
    later = await h.caller()
    await h.passes(5)  # it is on record
    client = redis.asyncio.from_url(h.stores.redis_url)
    keys = await client.keys(f"{{hl:{h.ctx.settings.name}}}:*")
    await client.delete(*(key for key in keys if not key.endswith(b":test")))
    await client.aclose()

    async def back() -> bool:
        view = await h.ctx.moved(lambda: h.ctx.board.call(before.id))
        return view is not None and view.state == "callback" and view.arrived_ms == before.arrived_ms

    await h.eventually(back, within=30, what="the callback")
    await h.until_state(later, "waiting", within=30)
    maria = await h.specialist()
    assert await sits_by(h, maria) == before.id, "at its old place, ahead of who rang later"
    caller.will_answer(1.0, then=through(caller))
    await maria.asks("POST", f"/api/calls/{before.id}/ring")
    assert await h.until_talking(caller, within=40) is maria
