"""Offers are declined, missed, left unseen, or overtaken by the caller's hanging up."""

from __future__ import annotations

import httpx
import pytest

from tests.support.hotline import Hotline

pytestmark = pytest.mark.anyio


async def test_a_caller_hangs_up_while_an_offer_is_open(h: Hotline) -> None:
    """Rescinded at once, and the specialist is free for the next."""
    maria = await h.specialist()
    maria.plan = "ignore"
    gone = await h.caller()
    await h.eventually(lambda: maria.offers, what="an offer")
    maria.plan = "answer"
    hung_up_at = h.clock.now()
    await gone.hangs_up()
    await h.eventually(lambda: maria.over, within=2, what="the offer's end")
    assert maria.over[0]["state"] == "rescinded"
    assert h.clock.now() - hung_up_at <= 1
    nxt = await h.caller()
    assert await h.until_talking(nxt) is maria
    assert [o["call"] for o in maria.messages if o["type"] == "offer" and "call" in o] == []
    assert len({o["offer"] for o in maria.offers}) == 2


async def test_an_accept_that_comes_too_late_costs_nobody_anything(h: Hotline) -> None:
    maria = await h.specialist()
    maria.plan = "ignore"
    caller = await h.caller()
    await h.eventually(lambda: maria.offers, what="an offer")
    await caller.hangs_up()
    await h.until_state(caller, "closed", within=2)
    with pytest.raises(httpx.HTTPStatusError) as refusal:
        await maria.answers(maria.offers[0]["offer"])
    assert refusal.value.response.status_code == 409
    assert maria.leg is None


async def test_a_declined_caller_is_offered_to_the_next_person(h: Hotline) -> None:
    nina, otto = await h.specialist(), await h.specialist()
    nina.plan = otto.plan = "decline"
    caller = await h.caller()
    await h.eventually(lambda: nina.offers or otto.offers, what="an offer")
    first, other = (nina, otto) if nina.offers else (otto, nina)
    other.plan = "answer"
    assert await h.until_talking(caller) is other
    assert [m["state"] for m in first.over] == ["declined"]


async def test_an_expired_offer_goes_on_to_somebody_else(h: Hotline) -> None:
    nina = await h.specialist()
    nina.plan = "ignore"
    caller = await h.caller()
    await h.eventually(lambda: nina.offers, what="an offer")
    otto = await h.specialist()
    assert await h.until_talking(caller, within=20) is otto
    assert nina.over[0]["state"] == "expired"


async def test_a_console_that_does_not_answer_is_unreachable_after_2_s(h: Hotline) -> None:
    nina = await h.specialist()
    nina.plan = "silent"
    caller = await h.caller()
    await h.eventually(lambda: nina.offers, what="an offer")
    otto = await h.specialist()
    assert await h.until_talking(caller, within=8) is otto
    assert nina.over[0]["state"] == "unreachable"


async def test_only_one_of_three_parallel_offers_wins(h: Hotline) -> None:
    for _ in range(3):
        (await h.specialist()).reaction_s = 2.0
    caller = await h.caller()
    await caller.hears("crisis line", within=1)
    await caller.presses("1")
    who = await h.until_talking(caller)
    await h.passes(5)
    assert [p for p in h.people if p.leg and p.leg.live] == [who]
    ends = [m["state"] for p in h.people if p is not who for m in p.over]
    assert ends == ["rescinded", "rescinded"]
