"""The REST client: what it asks for, and what it never sends."""

from __future__ import annotations

import jwt
import pytest

from telephony.carrier import LegInfo, RoomInfo
from telephony.clock import RealClock, VirtualClock
from telephony.numbers import NotDiallable
from telephony.twilio import TwilioCarrier
from tests.support.far_side import (
    CREATED,
    LEG,
    OK,
    OTHER,
    ROOM,
    ROOT,
    FarSide,
    Request,
    answer_of,
    client,
    dial,
    page_of,
    refused,
)

pytestmark = pytest.mark.anyio

# ---------------------------------------------------------------- what is asked


async def test_L2_a_move_sends_a_url_and_a_fallback(far: FarSide, carrier: TwilioCarrier) -> None:
    far.answers(OK)
    await carrier.move(LEG, "https://h/hold?turn=1#rc=2", "https://h/return")
    (request,) = far.requests
    assert (request.method, request.path) == ("POST", f"{ROOT}/Calls/{LEG}.json")
    assert request.form == {
        "Url": ["https://h/hold?turn=1#rc=2"],
        "Method": ["POST"],
        "FallbackUrl": ["https://h/return"],
        "FallbackMethod": ["POST"],
    }
    assert request.headers["authorization"].startswith("Basic ")


async def test_L1_C2_a_leg_into_a_room(far: FarSide) -> None:
    far.answers(CREATED)
    carrier = client(far.url, room_callback="https://h/room")
    assert await dial(carrier, to="(202) 555-0140") == LEG
    (request,) = far.requests
    assert request.path == f"{ROOT}/Conferences/c0-1/Participants.json"
    assert request.form == {
        "To": ["+12025550140"],
        "From": ["+12025550199"],
        "Label": ["agency_h1_a"],
        "Timeout": ["30"],
        "StatusCallback": ["https://h/status"],
        "StatusCallbackMethod": ["POST"],
        "StatusCallbackEvent": ["initiated", "ringing", "answered", "completed"],
        "Beep": ["false"],
        "EarlyMedia": ["true"],
        "StartConferenceOnEnter": ["true"],
        "EndConferenceOnExit": ["false"],
        "WaitUrl": [""],
        "ConferenceStatusCallback": ["https://h/room"],
        "ConferenceStatusCallbackMethod": ["POST"],
        "ConferenceStatusCallbackEvent": ["start", "end", "join", "leave", "hold", "mute", "modify", "announcement"],
    }
    await carrier.aclose()


async def test_participants_and_rooms_are_changed(far: FarSide, carrier: TwilioCarrier) -> None:
    far.answers(answer_of(200, {"call_sid": LEG}), answer_of(200, {"sid": ROOM}), OK, answer_of(204, b""))
    await carrier.update_participant(ROOM, "caller_c0_1", hold=True, hold_url="https://h/say")
    await carrier.announce(ROOM, "https://h/say?what=lost")
    await carrier.end_room(ROOM)
    await carrier.remove_participant(ROOM, LEG)
    hold, announce, end, remove = far.requests
    assert hold.path == f"{ROOT}/Conferences/{ROOM}/Participants/caller_c0_1.json"
    assert hold.form == {"Hold": ["true"], "HoldUrl": ["https://h/say"], "HoldMethod": ["POST"]}
    assert announce.form == {"AnnounceUrl": ["https://h/say?what=lost"], "AnnounceMethod": ["POST"]}
    assert (end.path, end.form) == (f"{ROOT}/Conferences/{ROOM}.json", {"Status": ["completed"]})
    assert (remove.method, remove.path) == ("DELETE", f"{ROOT}/Conferences/{ROOM}/Participants/{LEG}.json")


async def test_R1_lists_are_read_to_their_end(far: FarSide, carrier: TwilioCarrier) -> None:
    async def script(request: Request) -> None:
        if request.query.get("Page") == ["1"]:
            far.answers(page_of("calls", [{"sid": OTHER, "status": "in-progress", "direction": "outbound-api"}]))
        elif request.query["Status"] == ["in-progress"]:
            leg = {"sid": LEG, "status": "in-progress", "direction": "inbound", "duration": None}
            leg["start_time"] = "Sat, 02 May 2026 10:00:00 +0000"
            far.answers(page_of("calls", [leg], f"{ROOT}/Calls.json?Page=1&PageSize=1000"))
        else:
            far.answers(page_of("calls", []))

    far.before, far.script = script, [None]
    legs = await carrier.live_legs()
    assert legs == [
        LegInfo(LEG, "in-progress", "inbound", started_at=1_777_716_000.0),
        LegInfo(OTHER, "in-progress", "outbound-api"),
    ]
    first = [r.query for r in far.requests if "Status" in r.query]
    assert sorted(q["Status"][0] for q in first) == ["in-progress", "queued", "ringing"]
    assert {q["PageSize"][0] for q in first} == {"1000"}


async def test_L7_a_room_is_found_by_its_name(far: FarSide, carrier: TwilioCarrier) -> None:
    far.answers(page_of("conferences", [{"sid": ROOM, "friendly_name": "c0-1", "status": "in-progress"}]))
    assert await carrier.find_room("c0-1") == RoomInfo(ROOM, "c0-1", "in-progress")
    assert far.requests[0].query["FriendlyName"] == ["c0-1"]
    assert far.requests[0].query["Status"] == ["in-progress"]
    far.answers(page_of("conferences", []))
    assert await carrier.find_room("c0-1") is None
    assert await carrier.live_rooms() == []


async def test_participants_of_a_room(far: FarSide, carrier: TwilioCarrier) -> None:
    far.answers(
        page_of("participants", [{"call_sid": LEG, "label": None, "muted": True, "hold": False, "status": "connected"}])
    )
    (person,) = await carrier.participants(ROOM)
    assert (person.sid, person.label, person.muted, person.hold, person.status) == (LEG, None, True, False, "connected")
    far.answers(refused(20404, 404))
    assert await carrier.participants(ROOM) == []


async def test_an_unknown_leg_is_none(far: FarSide, carrier: TwilioCarrier) -> None:
    far.answers(refused(20404, 404))
    assert await carrier.leg(LEG) is None


# ---------------------------------------------------------------- what is refused before it is sent


@pytest.mark.parametrize("number", ["911", "+1 911", "9-1-1", "112", "+44999", "933", "anonymous", ""])
async def test_C7_an_emergency_number_is_never_sent(far: FarSide, carrier: TwilioCarrier, number: str) -> None:
    far.answers(CREATED)
    with pytest.raises(NotDiallable):
        await dial(carrier, to=number)
    assert far.requests == []


@pytest.mark.parametrize("part", ["", "../Calls", "a/b", "a?b", "a#b", "a b", "ü", "x" * 129])
async def test_no_name_can_change_the_path(far: FarSide, carrier: TwilioCarrier, part: str) -> None:
    far.answers(OK)
    for asked in (
        lambda: carrier.complete(part),
        lambda: carrier.find_room(part),
        lambda: carrier.update_participant(ROOM, part, muted=True),
        lambda: carrier.remove_participant(part, LEG),
        lambda: dial(carrier, part),
    ):
        with pytest.raises(ValueError):
            await asked()
    assert far.requests == []


# ---------------------------------------------------------------- surroundings


async def test_the_environment_changes_nothing(far: FarSide, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "TWILIO_EDGE": "dublin",
        "TWILIO_REGION": "ie1",
        "TWILIO_ACCOUNT_SID": "ACother",
        "HTTP_PROXY": "http://127.0.0.1:9",
        "http_proxy": "http://127.0.0.1:9",
        "ALL_PROXY": "http://127.0.0.1:9",
    }.items():
        monkeypatch.setenv(name, value)
    far.answers(OK)
    carrier = client(far.url)
    await carrier.complete(LEG)
    assert far.requests[0].path == f"{ROOT}/Calls/{LEG}.json"
    await carrier.aclose()


async def test_T4_a_request_is_work_in_flight(far: FarSide) -> None:
    clock = VirtualClock()
    depths: list[int] = []

    async def look(_: Request) -> None:
        depths.append(clock._in_flight)

    far.before = look
    far.answers(OK)
    carrier = client(far.url, clock=clock)
    await carrier.complete(LEG)
    assert depths == [1]
    assert clock._in_flight == 0
    await carrier.aclose()


async def test_nothing_personal_is_logged(
    far: FarSide, carrier: TwilioCarrier, caplog: pytest.LogCaptureFixture
) -> None:
    far.answers(CREATED)
    with caplog.at_level("DEBUG"):
        await dial(carrier)
    assert "555" not in caplog.text


async def test_L6_a_softphones_token_only_dials_out() -> None:
    carrier = client("http://127.0.0.1:9", clock=RealClock())
    token = carrier.softphone_token("s0123456789ab", 600)
    claims = jwt.decode(token, "secret-of-at-least-thirty-two-bytes", algorithms=["HS256"])
    assert claims["grants"] == {
        "identity": "s0123456789ab",
        "voice": {"outgoing": {"application_sid": "AP" + "0" * 32}},
    }
    assert claims["exp"] - claims["nbf"] == 600
    assert jwt.get_unverified_header(token)["cty"] == "twilio-fpa;v=1"
    with pytest.raises(ValueError):
        carrier.softphone_token("Jane Doe", 600)
