"""Conferences and participants with the carrier's own client."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from twilio.base.exceptions import TwilioRestException

from telephony.emulator.legs import Leg
from tests.support.document_host import DocumentHost, document_host
from tests.support.official_client import CALLER, OURS, Carrier, emulated

pytestmark = pytest.mark.anyio

HELPER = "+12025550150"
NOBODY = "+12025550151"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def carrier() -> AsyncIterator[Carrier]:
    async with emulated() as running:
        running.net.phone(HELPER).will_answer(after=2.0)
        yield running


@pytest.fixture
async def host() -> AsyncIterator[DocumentHost]:
    async with document_host() as running:
        yield running


async def refusal(carrier: Carrier, work: Any) -> tuple[int, int]:
    """Code and status with which the carrier refuses."""
    with pytest.raises(TwilioRestException) as refused:
        await carrier.run(work)
    return refused.value.code, refused.value.status


async def caller_in(carrier: Carrier, host: DocumentHost, room: str = "room-1", label: str = "caller_1") -> Leg:
    """A caller who has dialled our number and is in a room."""
    (number,) = carrier.net.numbers.values()
    number.voice_url = host.put(
        "voice",
        f"<Dial action='{host.url}/after'><Conference participantLabel='{label}' endConferenceOnExit='false' "
        f"beep='false' waitUrl='' statusCallback='{host.url}/room' "
        f"statusCallbackEvent='start end join leave mute hold'>{room}</Conference></Dial>",
    )
    host.put("after", "<Say>Afterwards</Say><Pause length='60'/>")
    leg = await carrier.net.phone(CALLER).dials(OURS)
    await leg.wait_in_room()
    return leg


async def added(carrier: Carrier, room: str, to: str = HELPER, **fields: Any) -> Any:
    return await carrier.run(
        lambda c: c.conferences(room).participants.create(**{"to": to, "from_": OURS, "beep": "false", **fields})
    )


async def test_a_conference_is_found_by_name_and_its_participant_by_label(carrier: Carrier, host: DocumentHost) -> None:
    leg = await caller_in(carrier, host)
    (room,) = await carrier.run(lambda c: c.conferences.list(friendly_name="room-1", status="in-progress"))
    assert leg.room is not None
    assert (room.sid, room.status, room.reason_conference_ended) == (leg.room.sid, "in-progress", None)
    assert await carrier.run(lambda c: c.conferences.list(friendly_name="room-2")) == []
    today = room.date_created.date()
    assert len(await carrier.run(lambda c: c.conferences.list(date_created=today))) == 1
    assert await carrier.run(lambda c: c.conferences.list(date_created_before=today.replace(year=2001))) == []
    (who,) = await carrier.run(lambda c: c.conferences(room.sid).participants.list())
    assert (who.call_sid, who.label, who.status) == (leg.sid, "caller_1", "connected")
    assert (who.muted, who.hold, who.end_conference_on_exit, who.start_conference_on_enter) == (
        False,
        False,
        False,
        True,
    )
    by_label = await carrier.run(lambda c: c.conferences(room.sid).participants("caller_1").fetch())
    assert by_label.call_sid == leg.sid


async def test_a_participant_is_dialled_into_a_live_room_by_its_sid(carrier: Carrier, host: DocumentHost) -> None:
    leg = await caller_in(carrier, host)
    assert leg.room is not None
    who = await added(
        carrier,
        leg.room.sid,
        label="agency_1",
        status_callback=f"{host.url}/status",
        status_callback_event=["initiated", "ringing", "answered", "completed"],
        early_media=True,
        timeout=25,
    )
    assert (who.status, who.label, who.conference_sid) == ("queued", "agency_1", leg.room.sid)
    other = carrier.net.legs[who.call_sid]
    await other.wait_in_room()
    assert other.can_hear() == {leg.sid}
    listed = await carrier.run(lambda c: c.conferences(leg.room.sid).participants.list())
    assert {each.label: each.status for each in listed} == {"caller_1": "connected", "agency_1": "connected"}
    await carrier.until(lambda: len(host.forms("status")) == 3)
    assert [form["CallStatus"] for form in host.forms("status")] == ["initiated", "ringing", "in-progress"]

    def joined() -> list[str]:
        forms = host.forms("room")
        return [form["ParticipantLabel"] for form in forms if form["StatusCallbackEvent"] == "participant-join"]

    await carrier.until(lambda: len(joined()) == 2)
    assert joined() == ["caller_1", "agency_1"]


async def test_by_name_a_participant_makes_the_room_and_joins_an_active_one(carrier: Carrier) -> None:
    first = await added(carrier, "room-by-name", label="one")
    (room,) = await carrier.run(lambda c: c.conferences.list(friendly_name="room-by-name"))
    assert room.sid == first.conference_sid
    carrier.net.phone(NOBODY).will_answer(after=1.0)
    second = await added(carrier, "room-by-name", to=NOBODY, label="two")
    assert second.conference_sid == first.conference_sid
    await carrier.net.legs[second.call_sid].wait_in_room()
    assert len(await carrier.run(lambda c: c.conferences(room.sid).participants.list())) == 2


async def test_by_sid_a_participant_needs_a_room_that_lives(carrier: Carrier, host: DocumentHost) -> None:
    missing = "CF" + "0" * 32

    def add(room: str) -> Any:
        return lambda c: c.conferences(room).participants.create(to=HELPER, from_=OURS)

    assert await refusal(carrier, add(missing)) == (20404, 404)
    leg = await caller_in(carrier, host)
    assert leg.room is not None
    sid = leg.room.sid
    ended = await carrier.run(lambda c: c.conferences(sid).update(status="completed"))
    assert (ended.status, ended.reason_conference_ended) == ("completed", "conference-ended-via-api")
    assert await refusal(carrier, add(sid)) == (16022, 400)
    assert len(carrier.net.legs) == 1


async def test_labels_are_unique_and_have_a_shape(carrier: Carrier, host: DocumentHost) -> None:
    leg = await caller_in(carrier, host)
    assert leg.room is not None
    room = leg.room.sid

    def add(**fields: Any) -> Any:
        return lambda c: c.conferences(room).participants.create(to=HELPER, from_=OURS, **fields)

    assert await refusal(carrier, add(label="caller_1")) == (16026, 400)
    assert await refusal(carrier, add(label="a/b")) == (16024, 400)
    assert await refusal(carrier, add(label="x" * 129)) == (16024, 400)
    assert await refusal(carrier, add(label="CA" + "0" * 32)) == (16024, 400)
    assert await refusal(carrier, add(timeout=4)) == (21208, 400)
    assert await refusal(carrier, add(beep="loud")) == (20001, 400)
    assert len(carrier.net.legs) == 1


async def test_who_is_to_be_coached_must_be_there_and_not_on_hold(carrier: Carrier, host: DocumentHost) -> None:
    leg = await caller_in(carrier, host)
    assert leg.room is not None
    room, helper = leg.room.sid, await added(carrier, leg.room.sid, label="helper")
    await carrier.net.legs[helper.call_sid].wait_in_room()

    def coach(sid: str) -> Any:
        return lambda c: c.conferences(room).participants("helper").update(coaching=True, call_sid_to_coach=sid)

    assert await refusal(carrier, coach("CA" + "0" * 32)) == (16028, 400)
    await carrier.run(lambda c: c.conferences(room).participants("caller_1").update(hold=True))
    assert await refusal(carrier, coach(leg.sid)) == (16027, 400)
    await carrier.run(lambda c: c.conferences(room).participants("caller_1").update(hold=False))
    coaching = await carrier.run(coach(leg.sid))
    assert (coaching.coaching, coaching.call_sid_to_coach) == (True, leg.sid)


async def test_mute_and_hold_are_seen_in_the_answer_the_filters_and_the_room(
    carrier: Carrier, host: DocumentHost
) -> None:
    leg = await caller_in(carrier, host)
    assert leg.room is not None
    room, helper = leg.room.sid, await added(carrier, leg.room.sid, label="helper")
    other = carrier.net.legs[helper.call_sid]
    await other.wait_in_room()
    muted = await carrier.run(lambda c: c.conferences(room).participants("helper").update(muted=True))
    assert (muted.muted, muted.hold) == (True, False)
    assert leg.can_hear() == set()
    held = await carrier.wait(
        carrier.asynchronous.conferences(room)
        .participants(leg.sid)
        .update_async(hold=True, hold_url=host.put("hold", "<Say>Please hold</Say>"), hold_method="POST")
    )
    assert held.hold is True
    await carrier.heard(CALLER, "please hold")
    assert [who.label for who in await carrier.run(lambda c: c.conferences(room).participants.list(hold=True))] == [
        "caller_1"
    ]
    assert [who.label for who in await carrier.run(lambda c: c.conferences(room).participants.list(muted=True))] == [
        "helper"
    ]
    events = {form["StatusCallbackEvent"] for form in host.forms("room")}
    assert {"participant-mute", "participant-hold"} <= events


async def test_an_announcement_is_heard_by_everybody(carrier: Carrier, host: DocumentHost) -> None:
    leg = await caller_in(carrier, host)
    assert leg.room is not None
    room, helper = leg.room.sid, await added(carrier, leg.room.sid, label="helper")
    await carrier.net.legs[helper.call_sid].wait_in_room()
    url = host.put("words", "<Say>To all of you</Say>")
    await carrier.run(lambda c: c.conferences(room).update(announce_url=url, announce_method="POST"))
    await carrier.heard(CALLER, "to all of you")
    await carrier.heard(HELPER, "to all of you")


async def test_who_is_removed_is_gone_and_a_dialled_leg_ends(carrier: Carrier, host: DocumentHost) -> None:
    leg = await caller_in(carrier, host)
    assert leg.room is not None
    room, helper = leg.room.sid, await added(carrier, leg.room.sid, label="helper")
    other = carrier.net.legs[helper.call_sid]
    await other.wait_in_room()
    assert await carrier.run(lambda c: c.conferences(room).participants("helper").delete())
    await other.wait_ended()
    assert await refusal(carrier, lambda c: c.conferences(room).participants("helper").fetch()) == (20404, 404)
    assert await refusal(carrier, lambda c: c.conferences(room).participants("helper").update(muted=True)) == (
        20404,
        404,
    )
    assert leg.live


async def test_completing_a_conference_sends_twiml_legs_on(carrier: Carrier, host: DocumentHost) -> None:
    leg = await caller_in(carrier, host)
    assert leg.room is not None
    room, helper = leg.room.sid, await added(carrier, leg.room.sid, label="helper")
    other = carrier.net.legs[helper.call_sid]
    await other.wait_in_room()
    await carrier.run(lambda c: c.conferences(room).update(status="completed"))
    await other.wait_ended()
    await carrier.heard(CALLER, "afterwards")
    again = await carrier.run(lambda c: c.conferences(room).update(status="completed"))
    assert again.status == "completed"
    assert await carrier.run(lambda c: c.conferences(room).participants.list()) == []
    assert await refusal(carrier, lambda c: c.conferences(room).update(status="init")) == (20001, 400)


async def test_a_softphone_that_is_not_there_is_dialled_and_fails(carrier: Carrier, host: DocumentHost) -> None:
    leg = await caller_in(carrier, host)
    assert leg.room is not None
    who = await added(carrier, leg.room.sid, to="client:s0123?offer=o1", label="specialist")
    other = carrier.net.legs[who.call_sid]
    await other.wait_ended()
    call = await carrier.run(lambda c: c.calls(who.call_sid).fetch())
    assert call.status in ("failed", "no-answer")
    assert call.to.startswith("client:s0123")
    assert leg.live


async def test_a_lagging_list_does_not_yet_show_a_young_conference(carrier: Carrier, host: DocumentHost) -> None:
    carrier.net.faults.rest.list_lag_s = 4.0
    await caller_in(carrier, host)
    assert await carrier.run(lambda c: c.conferences.list(friendly_name="room-1", status="in-progress")) == []
    await carrier.net.clock.sleep(4.5)
    (room,) = await carrier.run(lambda c: c.conferences.list(friendly_name="room-1", status="in-progress"))
    await carrier.run(lambda c: c.conferences(room.sid).update(status="completed"))
    assert [each.status for each in await carrier.run(lambda c: c.conferences.list())] == ["in-progress"]
    assert (await carrier.run(lambda c: c.conferences(room.sid).fetch())).status == "completed"


async def test_a_lagging_list_still_shows_who_has_left_and_not_yet_who_has_come(
    carrier: Carrier, host: DocumentHost
) -> None:
    leg = await caller_in(carrier, host)
    assert leg.room is not None
    room = leg.room.sid
    first = await added(carrier, room, label="first")
    await carrier.net.legs[first.call_sid].wait_in_room()
    await carrier.net.clock.sleep(10)
    carrier.net.faults.rest.list_lag_s = 4.0
    await carrier.run(lambda c: c.conferences(room).participants("first").delete())
    carrier.net.phone(HELPER).will_answer(after=0.5)
    second = await added(carrier, room, label="second")
    await carrier.net.legs[second.call_sid].wait_in_room()

    async def listed() -> dict[str, str]:
        return {who.label: who.status for who in await carrier.run(lambda c: c.conferences(room).participants.list())}

    assert await listed() == {"caller_1": "connected", "first": "connected"}
    await carrier.net.clock.sleep(5)
    assert await listed() == {"caller_1": "connected", "second": "connected"}


async def test_participants_are_listed_page_by_page_each_once(carrier: Carrier, host: DocumentHost) -> None:
    leg = await caller_in(carrier, host)
    assert leg.room is not None
    for number in range(160, 165):
        carrier.net.phone(f"+12025550{number}").will_answer(after=0.5)
        who = await added(carrier, leg.room.sid, to=f"+12025550{number}", label=f"p{number}")
        await carrier.net.legs[who.call_sid].wait_in_room()
    room = leg.room.sid
    listed = await carrier.run(lambda c: c.conferences(room).participants.list(page_size=2))
    assert [who.label for who in listed] == ["p164", "p163", "p162", "p161", "p160", "caller_1"]
