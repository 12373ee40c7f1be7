"""Rooms as the carrier documents them: who fixes the callbacks, which events are told, what the flags do."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from telephony.emulator import Network, Refusal
from tests.support.carrier_world import BACKUP, LINE, World, carrier_world, conference

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with carrier_world() as running:
        yield running


async def test_two_who_dial_the_same_name_hear_each_other(world: World) -> None:
    owner = await world.in_room("s1", conference(label="owner"))
    _, caller = await world.calls(conference(label="caller"))
    room = await caller.wait_in_room()
    assert room.name == "room"
    assert (caller.can_hear(), owner.can_hear()) == ({owner.sid}, {caller.sid})
    await world.clock.sleep(5)
    await caller.hangs_up()
    assert [span.seconds for span in world.net.ledger.together(caller.sid, owner.sid)] == [pytest.approx(5)]
    assert owner.can_hear() == set()


async def test_every_event_carries_the_documented_parameters_in_sequence(world: World) -> None:
    owner = await world.in_room("s1", conference(label="owner"))
    phone, caller = await world.calls(conference(label="caller", startConferenceOnEnter="false"))
    room = await caller.wait_in_room()
    await world.net.update_participant(room.sid, "caller", muted=True)
    await world.net.update_participant(room.sid, caller.sid, muted=False, hold=True)
    await world.net.update_participant(room.sid, "caller", hold=False)
    await phone.hangs_up()
    await owner.hangs_up()
    await world.until(lambda: "conference-end" in world.events("/room"))
    assert world.events("/room") == [
        "participant-join",
        "participant-join",
        "conference-start",
        "participant-mute",
        "participant-unmute",
        "participant-hold",
        "participant-unhold",
        "participant-leave",
        "participant-leave",
        "conference-end",
    ]
    told = world.to("/room")
    assert [a.form["SequenceNumber"] for a in told] == [str(n) for n in range(1, 11)]
    for asked in told:
        assert asked.form["ConferenceSid"] == room.sid
        assert asked.form["FriendlyName"] == "room"
        assert asked.form["AccountSid"] == world.net.account_sid
        assert asked.form["Timestamp"].endswith("+0000")
    join = told[1].form
    assert join["CallSid"] == caller.sid
    assert join["ParticipantLabel"] == "caller"
    flags = ("Muted", "Hold", "Coaching", "StartConferenceOnEnter", "EndConferenceOnExit")
    assert [join[k] for k in flags] == ["false"] * 5
    assert (told[3].form["Muted"], told[5].form["Hold"]) == ("true", "true")
    leave = told[7].form
    assert (leave["ParticipantCallStatus"], leave["ReasonParticipantLeft"]) == ("completed", "participant_hung_up")
    end = told[9].form
    assert end["ReasonConferenceEnded"] == "last-participant-left"
    assert (end["CallSidEndingConference"], end["ParticipantLabelEndingConference"]) == (owner.sid, "owner")


async def test_the_first_participant_fixes_url_and_events(world: World) -> None:
    await world.in_room("s1", conference(label="owner", events="join"))
    later = conference(label="caller").replace("/room", "/other")
    phone, caller = await world.calls(later)
    await caller.wait_in_room()
    await phone.hangs_up()
    await world.clock.sleep(1)
    assert world.events("/room") == ["participant-join"] * 2
    assert world.to("/other") == []


async def test_a_label_is_unique_and_a_second_one_goes_on_with_the_next_verb(world: World) -> None:
    await world.in_room("s1", conference(label="same"))
    document = conference(label="same", dial='action="/after"', tail="<Say>not in</Say>")
    phone, caller = await world.calls(document)
    await phone.hears("not in")
    await caller.wait_ended()
    assert world.warnings() == [16025]
    assert world.to("/after") == []


async def test_nobody_hears_anybody_before_the_start(world: World) -> None:
    one = await world.in_room("s1", conference(label="a", startConferenceOnEnter="false"))
    _, two = await world.calls(conference(label="b", startConferenceOnEnter="false"))
    room = await two.wait_in_room()
    assert (room.status, one.can_hear()) == ("init", set())
    three = await world.in_room("s2", conference(label="c"))
    assert room.status == "in-progress"
    assert one.can_hear() == {two.sid, three.sid}
    await world.until(lambda: "conference-start" in world.events("/room"))


async def test_muted_held_and_coaching_legs(world: World) -> None:
    owner = await world.in_room("s1", conference(label="owner"))
    _, caller = await world.calls(conference(label="caller"))
    room = await caller.wait_in_room()
    lead = await world.in_room("s2", conference(label="lead", muted="true", startConferenceOnEnter="false"))
    assert caller.can_hear() == {owner.sid}
    assert lead.can_hear() == {owner.sid, caller.sid}
    await world.net.update_participant(room.sid, "lead", muted=False, coaching=True, call_sid_to_coach=owner.sid)
    assert (caller.can_hear(), owner.can_hear()) == ({owner.sid}, {caller.sid, lead.sid})
    await world.net.update_participant(room.sid, "lead", coaching=False)
    assert caller.can_hear() == {owner.sid, lead.sid}
    await world.net.update_participant(room.sid, "caller", hold=True)
    assert (caller.can_hear(), owner.can_hear()) == (set(), {lead.sid})
    with pytest.raises(Refusal) as refused:
        await world.net.update_participant(room.sid, "lead", coaching=True, call_sid_to_coach=caller.sid)
    assert refused.value.code == 16027


async def test_coaching_somebody_who_is_not_there_goes_to_the_action(world: World) -> None:
    await world.in_room("s1", conference(label="owner"))
    _, leg = await world.calls(conference(label="lead", dial='action="/after"', coach="CA" + "0" * 32))
    await leg.wait_ended()
    assert world.warnings() == [13240]
    assert len(world.to("/after")) == 1


async def test_end_conference_on_exit_puts_the_others_out_and_they_go_on(world: World) -> None:
    world.docs["/after"] = "<Say>after the room</Say>"
    owner = await world.in_room("s1", conference(label="owner", endConferenceOnExit="true"))
    phone, caller = await world.calls(conference(label="caller", dial='action="/after"'))
    room = await caller.wait_in_room()
    await owner.hangs_up()
    await phone.hears("after the room")
    await world.until(lambda: "conference-end" in world.events("/room"))
    leave = [a.form for a in world.to("/room") if a.event == "participant-leave"]
    assert [f["ReasonParticipantLeft"] for f in leave] == ["participant_hung_up", "moderator_ended_conference"]
    assert room.reason_ended == "participant-with-end-conference-on-exit-left"


async def test_end_conference_on_exit_is_ignored_while_on_hold(world: World) -> None:
    leg = await world.in_room("s1", conference(label="owner"))
    room = await leg.wait_in_room()
    await world.net.update_participant(room.sid, "owner", hold=True)
    await world.net.update_participant(room.sid, "owner", end_conference_on_exit=True)
    assert not room.participants[0].end_conference_on_exit


async def test_the_dials_action_says_answered_and_whether_it_bridged(world: World) -> None:
    phone, caller = await world.calls(conference(label="caller", dial='action="/after" timeLimit="30"'))
    await world.until(lambda: world.to("/after"))
    form = world.to("/after")[0].form
    assert (form["DialCallStatus"], form["DialBridged"], form["CallStatus"]) == ("answered", "false", "in-progress")
    assert "DialCallSid" not in form
    assert world.to("/after")[0].at == pytest.approx((caller.answered_at or 0) + 30)
    await phone.hangs_up()


async def test_a_rest_update_pulls_the_leg_out_without_its_action(world: World) -> None:
    world.docs["/moved"] = "<Say>somewhere else</Say><Pause length='60'/>"
    await world.in_room("s1", conference(label="owner"))
    phone, caller = await world.calls(conference(label="caller", dial='action="/after"'))
    room = await caller.wait_in_room()
    await world.net.update_call(caller.sid, url=world.url("/moved"))
    assert caller.room is None
    await phone.hears("somewhere else")
    assert world.to("/after") == []
    await world.until(lambda: "participant-leave" in world.events("/room"))
    form = world.to("/room")[-1].form
    assert form["ReasonParticipantLeft"] == "participant_updated_via_api"
    assert form["ParticipantCallStatus"] == "in-progress"
    assert [p.label for p in room.participants] == ["owner"]


async def test_completing_a_room_by_rest(world: World) -> None:
    world.docs["/after"] = "<Say>the room is over</Say>"
    phone, caller = await world.calls(conference(label="caller", dial='action="/after"'))
    room = await caller.wait_in_room()
    await world.net.end_room(room.sid)
    await phone.hears("the room is over")
    assert room.status == "completed"
    await world.until(lambda: "conference-end" in world.events("/room"))
    assert world.to("/room")[-1].form["ReasonConferenceEnded"] == "conference-ended-via-api"
    with pytest.raises(Refusal):
        await world.net.end_room(room.sid)
    _, again = await world.calls(conference(label="caller"))
    assert (await again.wait_in_room()).sid != room.sid


# ---------------------------------------------------------------- participants created by REST


async def test_a_created_participant_rings_joins_and_ends_with_its_removal(world: World) -> None:
    _, caller = await world.calls(conference(label="caller"))
    room = await caller.wait_in_room()
    agency = world.net.phone(BACKUP)
    agency.will_answer(after=6)
    who = await world.net.create_participant(
        room.sid,
        to=BACKUP,
        from_=LINE,
        label="agency",
        wait_url="",
        status_callback=world.url("/leg"),
        status_callback_event=["initiated", "ringing", "answered", "completed"],
    )
    assert (who.status, who.leg.direction, who.leg.status) == ("queued", "outbound-api", "queued")
    await who.leg.wait_in_room()
    assert caller.can_hear() == {who.leg.sid}
    await world.net.remove_participant(room.sid, "agency")
    await who.leg.wait_ended()
    await world.until(lambda: "completed" in world.events("/leg"))
    assert world.events("/leg") == ["initiated", "ringing", "in-progress", "completed"]
    assert [a.form["SequenceNumber"] for a in world.to("/leg")] == ["0", "1", "2", "3"]
    assert (world.ended(who.leg)["by"], caller.live) == ("api", True)


async def test_by_name_it_makes_a_room_whose_callbacks_are_the_requests(world: World) -> None:
    agency = world.net.phone(BACKUP)
    agency.will_answer(after=1)
    who = await world.net.create_participant(
        "fresh",
        to=BACKUP,
        from_=LINE,
        conference_status_callback=world.url("/room"),
        conference_status_callback_event=["join", "leave"],
    )
    await who.leg.wait_in_room()
    await agency.hangs_up()
    await world.until(lambda: len(world.to("/room")) == 2)
    assert world.events("/room") == ["participant-join", "participant-leave"]


@pytest.mark.parametrize(("behaviour", "status", "code"), [("busy", "busy", "486"), ("deaf", "no-answer", "487")])
async def test_a_participant_who_never_came(world: World, behaviour: str, status: str, code: str) -> None:
    _, caller = await world.calls(conference(label="caller"))
    room = await caller.wait_in_room()
    agency = world.net.phone(BACKUP)
    agency.will_be_busy() if behaviour == "busy" else agency.will_not_answer()
    who = await world.net.create_participant(
        room.sid, to=BACKUP, from_=LINE, timeout=10, status_callback=world.url("/leg")
    )
    await who.leg.wait_ended()
    await world.until(lambda: world.to("/leg"))
    assert (world.events("/leg"), world.to("/leg")[0].form["SipResponseCode"]) == ([status], code)
    if behaviour == "deaf":
        assert (who.leg.ended_at or 0) - (who.leg.started_at or 0) == pytest.approx(10 + 5, abs=0.3)
    await world.until(lambda: "participant-leave" in world.events("/room"))
    assert world.to("/room")[-1].form["ReasonParticipantLeft"] == "participant_add_failed"
    assert (who.status, caller.live, room.pending) == ("failed", True, [])


async def test_created_legs_leave_the_queue_one_a_second(world: World) -> None:
    net: Network = world.net
    legs = [(await net.create_participant("r", to=f"+1202555016{n}", from_=LINE)).leg for n in range(3)]
    assert {leg.status for leg in legs} == {"queued"}
    for leg in legs:
        await leg.wait_ended()
    starts = [leg.started_at or 0 for leg in legs]
    assert [round(at - starts[0], 3) for at in starts] == [0, 1, 2]
    assert [leg.queue_time_ms for leg in legs] == [0, 1000, 2000]


async def test_a_leg_cancelled_while_queued_tells_nobody(world: World) -> None:
    for number in (BACKUP, "+12025550178"):
        world.net.phone(number).will_answer()
    await world.net.create_call(to=BACKUP, from_=LINE, url=world.url("/x"))
    leg = await world.net.create_call(
        to="+12025550178", from_=LINE, url=world.url("/x"), status_callback=world.url("/leg")
    )
    await world.net.update_call(leg.sid, status="canceled")
    await world.clock.sleep(20)
    assert (leg.status, world.to("/leg")) == ("canceled", [])


# ---------------------------------------------------------------- what a room plays


async def test_announcements_are_heard_by_those_inside_and_told(world: World) -> None:
    world.docs["/say"] = "<Say>Stay with me</Say>"
    phone, caller = await world.calls(conference(label="caller"))
    room = await caller.wait_in_room()
    owner = await world.in_room("s1", conference(label="owner"))
    await world.net.update_room(room.sid, announce_url=world.url("/say"))
    await phone.hears("stay with me")
    assert world.heard(owner) == ["Stay with me"]
    await world.until(lambda: "announcement-end" in world.events("/room"))
    await world.net.update_participant(room.sid, "owner", announce_url=world.url("/say"))
    await world.until(lambda: world.events("/room").count("announcement-end") == 2)
    assert (len(owner.heard), len(caller.heard)) == (2, 1)
    asked = world.to("/say")
    assert (asked[0].form["ConferenceSid"], asked[1].form["CallSid"]) == (room.sid, owner.sid)
    await world.net.update_room(room.sid, announce_url=world.url("/nothing-there"))
    await world.until(lambda: "announcement-fail" in world.events("/room"))


async def test_a_hold_url_is_heard_by_the_held_one_and_does_not_loop_by_itself(world: World) -> None:
    world.docs["/hold"] = "<Say>You are on hold</Say><Pause length='7'/><Redirect>/hold</Redirect>"
    _, caller = await world.calls(conference(label="caller"))
    owner = await world.in_room("s1", conference(label="owner"))
    room = await caller.wait_in_room()
    await world.net.update_participant(room.sid, "caller", hold=True, hold_url=world.url("/hold"), hold_method="POST")
    await world.clock.sleep(20)
    times = [h.at for h in caller.heard]
    assert len(times) == 3
    assert times[1] - times[0] == pytest.approx(len("You are on hold") / 14 + 7)
    assert owner.heard == []
    await world.net.update_participant(room.sid, "caller", hold=False)
    await world.clock.sleep(20)
    assert len(caller.heard) == 3
    assert caller.can_hear() == {owner.sid}


async def test_wait_url_plays_before_the_start_and_an_empty_one_is_silence(world: World) -> None:
    world.docs["/wait"] = "<Say>You are waiting</Say><Gather/>"
    waits = {"startConferenceOnEnter": "false"}
    phone, caller = await world.calls(conference(label="caller", waitUrl="/wait", **waits))
    await phone.hears("you are waiting")
    assert world.warnings() == [12200]
    quiet = await world.in_room("s1", conference("other", label="q", **waits))
    await world.clock.sleep(30)
    assert (len(caller.heard), quiet.heard) == (1, [])
    assert world.net.ledger.silences(quiet.sid)[0].seconds == pytest.approx(30)


async def test_a_failing_wait_url_prevents_the_join(world: World) -> None:
    attributes = {"waitUrl": "/missing", "startConferenceOnEnter": "false"}
    phone, caller = await world.calls(conference(label="caller", tail="<Say>next verb</Say>", **attributes))
    await phone.hears("next verb")
    assert [e.kind for e in world.net.ledger.of("room.", caller.sid)] == []
    assert world.net.rooms == {}


async def test_a_full_room_lets_nobody_in(world: World) -> None:
    for n in range(2):
        await world.in_room(f"s{n}", conference(label=f"l{n}", maxParticipants="2"))
    phone, _ = await world.calls(conference(label="caller", tail="<Say>next verb</Say>"))
    await phone.hears("next verb")
    assert world.warnings() == [16020]


async def test_completing_a_room_stops_the_ringing_of_who_was_to_come(world: World) -> None:
    world.net.phone(BACKUP).will_not_answer()
    _, caller = await world.calls(conference(label="caller"))
    room = await caller.wait_in_room()
    who = await world.net.create_participant(room.sid, to=BACKUP, from_=LINE, label="agency")
    seen = [who.status]
    for _ in range(20):
        await world.clock.sleep(0.1)
        if who.status != seen[-1]:
            seen.append(who.status)
    await world.net.end_room(room.sid)
    assert (seen[0], seen[-1], who.status, who.leg.status) == ("queued", "ringing", "failed", "canceled")
    await world.until(lambda: "conference-end" in world.events("/room"))
    assert world.events("/room")[-3:] == ["participant-leave", "participant-leave", "conference-end"]
