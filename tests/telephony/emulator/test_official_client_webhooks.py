"""The whole path with the carrier's own tools: its client makes requests, its validator judges what comes back."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from twilio.jwt.access_token import AccessToken
from twilio.jwt.access_token.grants import VoiceGrant

from telephony.emulator.assumptions import Assumptions
from tests.support.document_host import DocumentHost, document_host
from tests.support.official_client import CALLER, OURS, TOKEN, Carrier, emulated

pytestmark = pytest.mark.anyio

HELPER = "+12025550150"
EVENTS = ["initiated", "ringing", "answered", "completed"]
STATUSES = ["initiated", "ringing", "in-progress", "completed"]
ROOM = "room-4f1c"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def host() -> AsyncIterator[DocumentHost]:
    async with document_host() as running:
        yield running


def changed(world: Assumptions) -> str:
    """The name of a world: what it has that the default has not."""
    usual = Assumptions()
    odd = {name: getattr(world, name) for name in vars(world) if getattr(world, name) != getattr(usual, name)}
    return ",".join(f"{name}={value}" for name, value in odd.items()) or "usual"


def write_documents(host: DocumentHost) -> None:
    """What the customer's host says."""
    host.put(
        "greeting",
        f"<Gather numDigits='1' finishOnKey='' timeout='20' action='{host.url}/chosen?step=2&amp;of=3'>"
        "<Say>Press one</Say></Gather><Say>Nothing pressed</Say>",
    )
    host.put("chosen", "<Say>One it is</Say><Pause length='600'/>")
    host.put(
        "room",
        f"<Dial action='{host.url}/after' timeLimit='86400'><Conference participantLabel='caller_1' beep='false' "
        f"waitUrl='' endConferenceOnExit='false' statusCallback='{host.url}/events' "
        f"statusCallbackEvent='start end join leave hold mute modify announcement'>{ROOM}</Conference></Dial>",
    )
    host.put("after", "<Say>Goodbye</Say><Hangup/>")
    host.put("words", "<Say>An announcement</Say>")


@pytest.mark.parametrize("world", Assumptions.rows(), ids=changed)
async def test_a_call_made_moved_put_in_a_room_and_ended_is_told_and_listed_alike(
    host: DocumentHost, world: Assumptions
) -> None:
    async with emulated(assumptions=world) as carrier:
        write_documents(host)
        carrier.net.phone(CALLER).will_answer(after=2.0)
        carrier.net.phone(HELPER).will_answer(after=2.0)
        sid = await _call_and_choose(carrier, host)
        room, helper = await _bring_together(carrier, host, sid)
        await _talk(carrier, host, room, sid, helper)
        await _end(carrier, room, sid, helper)
        await carrier.until(lambda: len(host.forms("status")) == 4 and len(host.forms("helper")) == 4)
        await carrier.until(lambda: host.forms("events")[-1]["StatusCallbackEvent"] == "conference-end")
        _check_callbacks(host, room, sid, helper)
        _check_signatures(carrier, host)


async def _call_and_choose(carrier: Carrier, host: DocumentHost) -> str:
    call = await carrier.run(
        lambda c: c.calls.create(
            to=CALLER,
            from_=OURS,
            url=f"{host.url}/greeting?effect=f01&blank=#rc=2&rp=ct,rt",
            status_callback=f"{host.url}/status?call=c1",
            status_callback_event=EVENTS,
        )
    )
    await carrier.heard(CALLER, "press one")
    await carrier.net.phone(CALLER).presses("1")
    await carrier.heard(CALLER, "one it is")
    (chosen,) = host.forms("chosen")
    assert (chosen["Digits"], chosen["CallSid"], chosen["CallStatus"]) == ("1", call.sid, "in-progress")
    return call.sid


async def _bring_together(carrier: Carrier, host: DocumentHost, sid: str) -> tuple[str, str]:
    moved = await carrier.wait(carrier.asynchronous.calls(sid).update_async(url=f"{host.url}/room", method="POST"))
    assert moved.status == "in-progress"
    await carrier.net.legs[sid].wait_in_room()
    (room,) = await carrier.wait(carrier.asynchronous.conferences.list_async(friendly_name=ROOM, status="in-progress"))
    helper = await carrier.wait(
        carrier.asynchronous.conferences(room.sid).participants.create_async(
            to=HELPER,
            from_=OURS,
            label="helper_1",
            beep="false",
            wait_url="",
            status_callback=f"{host.url}/helper",
            status_callback_event=EVENTS,
        )
    )
    leg = carrier.net.legs[helper.call_sid]
    await leg.wait_in_room()
    assert carrier.net.ledger.hearing() == {(sid, leg.sid), (leg.sid, sid)}
    return room.sid, leg.sid


async def _talk(carrier: Carrier, host: DocumentHost, room: str, sid: str, helper: str) -> None:
    people = carrier.asynchronous.conferences(room).participants
    await carrier.wait(people("caller_1").update_async(hold=True))
    assert carrier.net.ledger.hearing() == set()
    await carrier.wait(people("caller_1").update_async(hold=False))
    await carrier.wait(people(helper).update_async(muted=True))
    assert carrier.net.ledger.hearing() == {(helper, sid)}
    await carrier.wait(people("helper_1").update_async(muted=False))
    await carrier.wait(
        carrier.asynchronous.conferences(room).update_async(announce_url=f"{host.url}/words", announce_method="POST")
    )
    await carrier.heard(HELPER, "an announcement")
    listed = await carrier.wait(people.list_async())
    assert {who.label: (who.call_sid, who.muted, who.hold, who.status) for who in listed} == {
        "caller_1": (sid, False, False, "connected"),
        "helper_1": (helper, False, False, "connected"),
    }


async def _end(carrier: Carrier, room: str, sid: str, helper: str) -> None:
    ended = await carrier.run(lambda c: c.calls(sid).update(status="completed"))
    assert ended.status == "completed"
    assert carrier.net.legs[helper].live  # nobody has endConferenceOnExit
    people = await carrier.run(lambda c: c.conferences(room).participants.list())
    assert [who.label for who in people] == ["helper_1"]
    await carrier.run(lambda c: c.conferences(room).update(status="completed"))
    await carrier.net.legs[helper].wait_ended()
    assert await carrier.run(lambda c: c.conferences.list(status="in-progress")) == []
    calls = await carrier.run(lambda c: c.calls.list())
    assert {call.sid: call.status for call in calls} == {sid: "completed", helper: "completed"}
    for call in calls:
        leg = carrier.net.legs[call.sid]
        assert int(call.duration) == leg.duration
        assert call.end_time.timestamp() == int(leg.ended_at or 0)


def _check_callbacks(host: DocumentHost, room: str, sid: str, helper: str) -> None:
    for name, call in (("status", sid), ("helper", helper)):
        told = host.forms(name)
        assert [form["CallStatus"] for form in told] == STATUSES
        assert [form["SequenceNumber"] for form in told] == ["0", "1", "2", "3"]
        assert {form["CallSid"] for form in told} == {call}
    events = host.forms("events")
    assert {form["ConferenceSid"] for form in events} == {room}
    numbers = [int(form["SequenceNumber"]) for form in events]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    order = [(form["StatusCallbackEvent"], form.get("ParticipantLabel", "")) for form in events]
    for earlier, later in (
        (("participant-join", "caller_1"), ("participant-join", "helper_1")),
        (("participant-hold", "caller_1"), ("participant-unhold", "caller_1")),
        (("participant-mute", "helper_1"), ("participant-unmute", "helper_1")),
        (("participant-leave", "caller_1"), ("participant-leave", "helper_1")),
    ):
        assert order.index(earlier) < order.index(later)
    assert order[-1][0] == "conference-end"
    assert events[-1]["ReasonConferenceEnded"] == "conference-ended-via-api"


def _check_signatures(carrier: Carrier, host: DocumentHost) -> None:
    assert all(visit.signed_with(TOKEN) for visit in host.visits)
    assert not any(visit.signed_with("another token") for visit in host.visits)
    tokens = [visit.headers["i-twilio-idempotency-token"] for visit in host.visits]
    assert len(tokens) == len(set(tokens))
    assert not any("#" in visit.url for visit in host.visits)
    asked = [entry for entry in carrier.net.ledger.of("webhook.sent")]
    assert len(asked) == len(host.visits)


async def test_a_number_bought_by_rest_is_answered_from_its_url_and_its_end_is_told(host: DocumentHost) -> None:
    async with emulated() as carrier:
        write_documents(host)
        wanted: dict[str, Any] = {
            "phone_number": "+12025550177",
            "voice_url": f"{host.url}/greeting?line=main#ct=1000&rt=2500",
            "status_callback": f"{host.url}/status",
        }
        number = await carrier.run(lambda c: c.incoming_phone_numbers.create(**wanted))
        phone = carrier.net.phone(CALLER)
        leg = await phone.dials("+12025550177")
        await phone.hears("press one")
        (asked,) = host.forms("greeting")
        assert (asked["CallStatus"], asked["Direction"], asked["From"]) == ("ringing", "inbound", CALLER)
        call = await carrier.run(lambda c: c.calls(leg.sid).fetch())
        assert (call.phone_number_sid, call.direction, call.status) == (number.sid, "inbound", "in-progress")
        await phone.hangs_up()
        await carrier.until(lambda: bool(host.forms("status")))
        (told,) = host.forms("status")
        assert (told["CallStatus"], told["CallSid"]) == ("completed", leg.sid)
        _check_signatures(carrier, host)


async def test_a_softphone_runs_the_application_that_rest_has_made(host: DocumentHost) -> None:
    async with emulated() as carrier:
        write_documents(host)
        app = await carrier.run(lambda c: c.applications.create(voice_url=f"{host.url}/room"))
        net = carrier.net
        grant = VoiceGrant(outgoing_application_sid=app.sid, incoming_allow=False)
        ttl = int(net.clock.now() - time.time()) + 3600  # the token counts in real time, the network in its own
        token = AccessToken(net.account_sid, net.api_key, net.api_secret, identity="s0123", ttl=ttl, grants=[grant])
        leg = await net.softphone("s0123").connect(token.to_jwt(), {"offer": "o1", "token": "t1"})
        room = await leg.wait_in_room()
        (asked,) = host.forms("room")
        assert (asked["From"], asked["offer"], asked["token"]) == ("client:s0123", "o1", "t1")
        listed = await carrier.run(lambda c: c.conferences(room.sid).participants.list())
        assert [who.call_sid for who in listed] == [leg.sid]
