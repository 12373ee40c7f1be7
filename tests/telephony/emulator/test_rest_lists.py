"""Calls that were: shown, listed, filtered, forgotten, and seen by readers that lag behind."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import pytest

from telephony.emulator.legs import Leg
from tests.support.official_client import CALLER, OURS, Carrier, emulated, refused

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def carrier() -> AsyncIterator[Carrier]:
    async with emulated() as running:
        yield running


def past_call(carrier: Carrier, at: float, status: str = "completed", to: str = OURS, from_: str = CALLER) -> Leg:
    """A call that began at `at` and, unless it is live, was answered after 2 s and ended after 12."""
    leg = Leg(carrier.net, direction="inbound", from_=from_, to=to)
    leg.created_at = leg.started_at = at
    leg.answered_at = at + 2
    leg.status = status
    leg.ended_at = None if status == "in-progress" else at + 12
    leg.updated_at = leg.ended_at or leg.answered_at
    return leg


async def test_a_call_is_shown_with_its_times_and_numbers_as_strings(carrier: Carrier) -> None:
    leg = past_call(carrier, carrier.net.clock.now() - 100)
    call = await carrier.run(lambda c: c.calls(leg.sid).fetch())
    assert (call.status, call.direction, call.duration) == ("completed", "inbound", "10")
    assert (call.to, call._from, call.from_formatted) == (OURS, CALLER, "(202) 555-0123")
    assert call.start_time.timestamp() == int(leg.started_at or 0)
    assert call.end_time.timestamp() == int(leg.ended_at or 0)
    body = json.loads(carrier.wire.exchanges[-1].answer)
    assert body["start_time"] == format_datetime(call.start_time)
    assert body["queue_time"] == "0"


async def test_hundreds_of_calls_are_listed_page_by_page_newest_first_each_once(carrier: Carrier) -> None:
    start = carrier.net.clock.now() - 10_000
    legs = [past_call(carrier, start + number) for number in range(325)]
    calls = await carrier.run(lambda c: c.calls.list(page_size=47))
    assert [call.sid for call in calls] == [leg.sid for leg in reversed(legs)]
    awaited = await carrier.wait(carrier.asynchronous.calls.list_async(page_size=100))
    assert [call.sid for call in awaited] == [call.sid for call in calls]
    limited = await carrier.run(lambda c: c.calls.list(limit=60, page_size=50))
    assert [call.sid for call in limited] == [call.sid for call in calls[:60]]


async def test_calls_that_come_while_the_pages_are_read_disturb_nothing(carrier: Carrier) -> None:
    start = carrier.net.clock.now() - 10_000
    legs = [past_call(carrier, start + number) for number in range(9)]
    seen = []
    page = await carrier.run(lambda c: c.calls.page(page_size=4))
    while page:
        seen += [call.sid for call in page]
        past_call(carrier, carrier.net.clock.now())
        page = await carrier.run(lambda _, at=page: at.next_page())
    assert seen == [leg.sid for leg in reversed(legs)]


async def test_calls_are_found_by_each_documented_filter(carrier: Carrier) -> None:
    noon = 1_800_000_000.0 - 86_400 * 3
    old = past_call(carrier, noon, to="+12025550101")
    mid = past_call(carrier, noon + 86_400, from_="+12025550124")
    live = past_call(carrier, noon + 2 * 86_400, status="in-progress")
    mid.parent_sid = old.sid
    day = datetime.fromtimestamp(mid.created_at, UTC)

    async def found(**filters: Any) -> set[str]:
        return {call.sid for call in await carrier.run(lambda c: c.calls.list(**filters))}

    assert await found(to="+12025550101") == {old.sid}
    assert await found(from_="+12025550124") == {mid.sid}
    assert await found(parent_call_sid=old.sid) == {mid.sid}
    assert await found(status="in-progress") == {live.sid}
    assert await found(status="completed") == {old.sid, mid.sid}
    assert await found(start_time=day.date()) == {mid.sid}
    assert await found(start_time_before=day) == {old.sid, mid.sid}
    assert await found(start_time_after=day) == {mid.sid, live.sid}
    assert await found(end_time_after=day) == {mid.sid}
    assert await found(end_time_before=day) == {old.sid}


async def test_a_call_that_is_over_can_be_forgotten_and_one_that_lives_cannot(carrier: Carrier) -> None:
    over = past_call(carrier, carrier.net.clock.now() - 100)
    live = past_call(carrier, carrier.net.clock.now() - 50, status="in-progress")
    assert await carrier.run(lambda c: c.calls(over.sid).delete())
    await carrier.run(refused(lambda c: c.calls(over.sid).fetch(), 20404, 404))
    await carrier.run(refused(lambda c: c.calls(live.sid).delete(), 20009, 409))
    assert [call.sid for call in await carrier.run(lambda c: c.calls.list())] == [live.sid]


async def test_a_lagging_list_shows_the_state_of_a_while_ago(carrier: Carrier) -> None:
    now = carrier.net.clock.now()
    ended = past_call(carrier, now - 14)  # ended 2 s ago
    fresh = past_call(carrier, now - 3, status="in-progress")
    carrier.net.faults.rest.list_lag_s = 5.0
    assert [(call.sid, call.status) for call in await carrier.run(lambda c: c.calls.list())] == [
        (ended.sid, "in-progress")
    ]
    assert (await carrier.run(lambda c: c.calls(fresh.sid).fetch())).status == "in-progress"
    carrier.net.faults.rest.fetch_lag_s = 2.0
    shown = await carrier.run(lambda c: c.calls(fresh.sid).fetch())
    assert shown.status == "ringing"
    lagging = await carrier.run(lambda c: c.calls(ended.sid).fetch())
    assert (lagging.status, lagging.end_time, lagging.duration) in [
        ("completed", lagging.end_time, "10"),
        ("in-progress", None, None),
    ]
