"""Calls made, moved and ended with the carrier's own client; what is asked of us meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from twilio.base.exceptions import TwilioRestException

from telephony.emulator.assumptions import Assumptions
from tests.support.document_host import DocumentHost, document_host
from tests.support.official_client import CALLER, OURS, Carrier, emulated

pytestmark = pytest.mark.anyio

EVENTS = ["initiated", "ringing", "answered", "completed"]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(params=[False, True], ids=["answers-first", "asks-first"])
async def carrier(request: pytest.FixtureRequest) -> AsyncIterator[Carrier]:
    async with emulated(assumptions=Assumptions(created_leg_asks_first=request.param)) as running:
        running.net.phone(CALLER).will_answer(after=2.0)
        yield running


@pytest.fixture
async def host() -> AsyncIterator[DocumentHost]:
    async with document_host() as running:
        yield running


async def created(carrier: Carrier, **fields: Any) -> Any:
    return await carrier.run(lambda c: c.calls.create(**{"to": CALLER, "from_": OURS, **fields}))


async def refusal(carrier: Carrier, work: Any) -> tuple[int, int]:
    """Code and status with which the carrier refuses."""
    with pytest.raises(TwilioRestException) as refused:
        await carrier.run(work)
    return refused.value.code, refused.value.status


async def test_a_call_is_queued_rings_is_answered_and_ends(carrier: Carrier, host: DocumentHost) -> None:
    call = await created(carrier, url=host.put("hello", "<Say>Hello</Say><Pause length='10'/>"))
    assert (call.status, call.direction, call.to, call._from) == ("queued", "outbound-api", CALLER, OURS)
    assert (call.start_time, call.end_time, call.duration) == (None, None, None)
    leg = carrier.net.legs[call.sid]
    seen = []
    for status in ("ringing", "in-progress", "completed"):
        await carrier.until(lambda status=status: leg.status == status)
        seen.append((await carrier.run(lambda c: c.calls(call.sid).fetch())).status)
    assert seen == ["ringing", "in-progress", "completed"]
    (asked,) = host.forms("hello")
    assert (asked["CallSid"], asked["CallStatus"], asked["Direction"]) == (call.sid, "in-progress", "outbound-api")
    over = await carrier.run(lambda c: c.calls(call.sid).fetch())
    assert int(over.duration) == round((over.end_time - over.start_time).total_seconds()) - 2


async def test_a_call_runs_the_twiml_of_the_request(carrier: Carrier) -> None:
    call = await created(carrier, twiml="<Response><Say>Inline</Say><Pause/></Response>")
    await carrier.heard(CALLER, "inline")
    assert (await carrier.run(lambda c: c.calls(call.sid).fetch())).status == "in-progress"


async def test_a_call_runs_an_applications_document(carrier: Carrier, host: DocumentHost) -> None:
    url = host.put("app", "<Say>Application</Say><Pause/>")
    app = await carrier.run(lambda c: c.applications.create(voice_url=url))
    await created(carrier, application_sid=app.sid)
    await carrier.heard(CALLER, "application")


@pytest.mark.parametrize("events", [EVENTS, " ".join(EVENTS)], ids=["repeated", "one-field"])
async def test_each_wanted_event_is_told_in_its_order(carrier: Carrier, host: DocumentHost, events: Any) -> None:
    call = await created(
        carrier,
        twiml="<Response><Hangup/></Response>",
        status_callback=f"{host.url}/status",
        status_callback_event=events,
    )
    if isinstance(events, list):
        fields = carrier.wire.exchanges[-1].fields
        assert [value for name, value in fields if name == "StatusCallbackEvent"] == EVENTS
    await carrier.until(lambda: len(host.forms("status")) == 4)
    told = host.forms("status")
    assert [form["CallStatus"] for form in told] == ["initiated", "ringing", "in-progress", "completed"]
    assert [form["SequenceNumber"] for form in told] == ["0", "1", "2", "3"]
    assert {form["CallSid"] for form in told} == {call.sid}


async def test_without_a_choice_only_the_end_is_told(carrier: Carrier, host: DocumentHost) -> None:
    await created(carrier, twiml="<Response><Hangup/></Response>", status_callback=f"{host.url}/status")
    await carrier.until(lambda: bool(host.forms("status")))
    await carrier.net.clock.sleep(30)
    assert [form["CallStatus"] for form in host.forms("status")] == ["completed"]


async def test_a_live_call_moves_to_another_document(carrier: Carrier, host: DocumentHost) -> None:
    call = await created(carrier, url=host.put("first", "<Say>First</Say><Pause length='600'/>"))
    await carrier.heard(CALLER, "first")
    second = host.put("second", "<Say>Second</Say><Pause length='600'/>")
    moved = await carrier.run(lambda c: c.calls(call.sid).update(url=second, method="POST"))
    assert moved.status == "in-progress"
    await carrier.heard(CALLER, "second")
    await carrier.wait(carrier.asynchronous.calls(call.sid).update_async(twiml="<Response><Say>Third</Say></Response>"))
    await carrier.heard(CALLER, "third")


async def test_ending_a_live_call_and_cancelling_a_ringing_one(carrier: Carrier) -> None:
    live = await created(carrier, twiml="<Response><Say>Words</Say><Pause length='600'/></Response>")
    await carrier.heard(CALLER, "words")
    assert (await carrier.run(lambda c: c.calls(live.sid).update(status="completed"))).status == "completed"
    other = "+12025550124"
    carrier.net.phone(other).will_not_answer()
    ringing = await created(carrier, to=other, twiml="<Response/>")
    await carrier.until(lambda: carrier.net.legs[ringing.sid].status == "ringing")
    assert (await carrier.run(lambda c: c.calls(ringing.sid).update(status="canceled"))).status == "canceled"


async def test_a_call_that_is_not_in_progress_cannot_be_moved_21220(carrier: Carrier, host: DocumentHost) -> None:
    url = host.put("more", "<Say>More</Say>")
    carrier.net.phone(CALLER).will_not_answer()
    call = await created(carrier, twiml="<Response><Hangup/></Response>")
    leg = carrier.net.legs[call.sid]
    await carrier.until(lambda: leg.status == "ringing")
    assert await refusal(carrier, lambda c: c.calls(call.sid).update(url=url)) == (21220, 400)
    await carrier.run(lambda c: c.calls(call.sid).update(status="canceled"))
    assert await refusal(carrier, lambda c: c.calls(call.sid).update(url=url)) == (21220, 400)
    assert await refusal(carrier, lambda c: c.calls(call.sid).update(status="completed")) == (21220, 400)
    assert host.forms("more") == []


async def test_a_wrong_update_changes_nothing(carrier: Carrier) -> None:
    call = await created(carrier, twiml="<Response><Say>Words</Say><Pause length='60'/></Response>")
    await carrier.heard(CALLER, "words")
    sid = call.sid
    assert await refusal(carrier, lambda c: c.calls(sid).update(status="busy")) == (20001, 400)
    assert await refusal(carrier, lambda c: c.calls(sid).update(url="nowhere")) == (21205, 400)
    assert await refusal(carrier, lambda c: c.calls(sid).update(fallback_url="http://x.test/")) == (21405, 400)
    assert await refusal(carrier, lambda c: c.calls("CA" + "0" * 32).update(status="completed")) == (20404, 404)
    assert carrier.net.legs[sid].live


async def test_one_call_a_second_leaves_the_queue_and_says_how_long_it_waits(carrier: Carrier) -> None:
    calls = [await created(carrier, to=f"+1202555013{number}", twiml="<Response/>", timeout=5) for number in range(3)]
    waits = [int(call.queue_time) for call in calls]
    assert waits[0] < 100
    assert waits[1] - waits[0] == pytest.approx(1000, abs=50)
    assert waits[2] - waits[1] == pytest.approx(1000, abs=50)


async def test_busy_unanswered_and_unknown_numbers_end_as_such(carrier: Carrier) -> None:
    carrier.net.phone("+12025550141").will_be_busy()
    carrier.net.phone("+12025550142").will_not_answer()
    for number in ("+12025550141", "+12025550142", "+12025550143"):
        await created(carrier, to=number, twiml="<Response/>", timeout=5)
    await carrier.until(lambda: not any(leg.live for leg in carrier.net.legs.values()))
    for status, number in (("busy", "+12025550141"), ("no-answer", "+12025550142"), ("failed", "+12025550143")):
        (call,) = await carrier.run(lambda c, status=status: c.calls.list(status=status))
        assert call.to == number
