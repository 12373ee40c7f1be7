"""Redis stopped, paused and emptied (S1, S2, R3, H1, P4)."""

from __future__ import annotations

import asyncio

import pytest

from telephony.emulator import Phone
from tests.chaos.consoles import Console
from tests.chaos.figures import note
from tests.chaos.house import House

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(240), pytest.mark.xdist_group("chaos-stores")]

#: Seconds that Redis is stopped, and paused.
STOPPED_S, PAUSED_S = 20.0, 8.0
#: R3's bounds in seconds: a store back with its data; the queue of an emptied one, and offers after it.
BACK_S, QUEUE_S, OFFERS_S = 5.0, 25.0, 5.0


async def conversations(h: House, count: int) -> list[tuple[Phone, Console]]:
    """So many callers, each with somebody."""
    for _ in range(count):
        await h.person()
    callers = [await h.caller() for _ in range(count)]
    return [(phone, await h.with_whom(phone)) for phone in callers]


def nobody_noticed(h: House, pairs: list[tuple[Phone, Console]]) -> None:
    """Conversations were not cut, nobody was logged off, offered relief for no reason, or heard an error."""
    assert all(h.cut(phone, console) == 0 for phone, console in pairs)
    assert sum(person.logged_off for person in h.people) == 0
    assert not h.errors_heard()
    assert not [shown for shown in h.log.shown if shown.kind != "call"]
    for phone, _ in pairs:
        assert not [words for words in h.words_to(phone, 0) if "lost your specialist" in words]


async def test_S1_R3_redis_is_stopped_for_20_s(h: House) -> None:
    """Talking goes on, who waits hears words, the danger key rings the backup line, new callers are greeted."""
    pairs = await conversations(h, 2)
    waiting = [await h.caller() for _ in range(3)]
    await h.settled()
    h.backup_answers()
    await h.stores.valkey.stop()
    began = h.clock.now()
    late = await h.caller(greeted_s=2)
    pressed = h.clock.now()
    await waiting[1].presses("1")
    h.declares_danger(waiting[1])
    await waiting[1].hears("ringing a person", within=5)
    await h.until(lambda: waiting[1].leg and waiting[1].leg.can_hear(), 15, "the backup's human")
    backup_s = h.clock.now() - pressed
    await h.away(STOPPED_S, BACK_S, began)
    heard = [h.words_to(phone, began) for phone in (waiting[0], waiting[2], late)]
    await h.stores.valkey.start()
    right = await h.right_after(h.clock.now(), BACK_S)
    note("redis_stopped", right_s=right, danger_to_backup_s=backup_s)
    assert right <= BACK_S
    assert all(heard), "everybody who waits has heard words meanwhile"
    nina = await h.person()
    await h.talks(waiting[0], nina)
    nobody_noticed(h, pairs)
    await h.nothing_is_lost()


async def test_S1_P5_redis_is_paused_and_what_it_was_sent_meanwhile_is_too_late(h: House) -> None:
    """Connections hang instead of breaking: webhooks answer within their second, a late accept is refused."""
    pairs = await conversations(h, 1)
    nina = await h.person()
    nina.plan = "ignore"
    waiting = await h.caller()
    offer = await h.until(lambda: nina.offers, 15, "an offer")
    h.stores.valkey.pause()
    began = h.clock.now()
    answer = await nina.tries("POST", f"/api/offers/{offer[0]['offer']}/accept", tab="tab")
    assert answer.status_code == 503
    assert "again" in answer.json()["error"]["message"]
    await h.caller(greeted_s=3)
    await h.away(PAUSED_S, BACK_S, began)
    h.stores.valkey.resume()
    right = await h.right_after(h.clock.now(), BACK_S)
    note("redis_paused", right_s=right)
    assert right <= BACK_S
    calls = await h.calls()
    assert calls is not None
    assert next(c for c in calls if waiting.leg and c["sid"] == waiting.leg.sid)["owner"] == ""
    nobody_noticed(h, pairs)
    await h.nothing_is_lost()


async def test_R3_H1_P4_redis_is_emptied(h: House) -> None:
    """The queue is back in its order, owners are known, offers go out in order, one a person."""
    pairs = await conversations(h, 2)
    waiting = [await h.caller(), await h.caller(), await h.caller(danger=True), await h.caller()]
    nina, otto = [await h.person(presence="break") for _ in range(2)]
    await h.settled()
    began = h.clock.now()
    await h.stores.valkey.empty()
    h.excused_until(began, QUEUE_S)
    back = h.clock.now()
    queue = await h.right_after(back, QUEUE_S)
    assert queue <= QUEUE_S
    asked = h.clock.now()
    await nina.is_now("available")
    await h.until(lambda: nina.offers, QUEUE_S, "an offer")
    offered = h.clock.now() - asked
    note("redis_emptied", queue_s=queue, offer_s=offered)
    assert offered <= OFFERS_S
    await h.talks(waiting[2], nina)
    await otto.is_now("available")
    await h.talks(waiting[0], otto)
    nobody_noticed(h, pairs)
    result = await h.nothing_is_lost()
    assert result["double_assigned"] == 0


async def test_S2_emptied_while_people_are_free(h: House) -> None:
    """Somebody idle is offered a caller soon after the board has learnt of both, and never two at once."""
    waiting = [await h.caller() for _ in range(3)]
    nina, otto = [await h.person(presence="break") for _ in range(2)]
    await h.settled()
    await h.stores.valkey.empty()
    back = h.clock.now()
    await asyncio.gather(nina.is_now("available"), otto.is_now("available"))
    await h.until(lambda: any(h.talking(p, s) for p in waiting for s in (nina, otto)), QUEUE_S + OFFERS_S + 10, "talk")
    first_s = h.clock.now() - back
    note("redis_emptied_with_people_free", first_conversation_s=first_s)
    await h.until(lambda: all(any(h.talking(p, s) for p in waiting) for s in (nina, otto)), QUEUE_S, "two talks")
    await h.nothing_is_lost()
