"""The REST client against a far side that hangs, drips, breaks, refuses and is busy."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest

from telephony.carrier import CarrierAway, CarrierRefused, LegInfo, RoomInfo
from telephony.clock import RealClock, VirtualClock
from telephony.numbers import NotDiallable
from telephony.twilio import TwilioCarrier

pytestmark = pytest.mark.anyio

ACCOUNT = "AC" + "0" * 32
LEG, OTHER = "CA" + "0a" * 16, "CA" + "0b" * 16
ROOM = "CF" + "0c" * 16
ROOT = f"/2010-04-01/Accounts/{ACCOUNT}"
TIMEOUT_S = 0.3
"""Seconds; short, for the tests of what hangs."""
HANG_S = 15.0
"""Seconds after which a timeout was not the short one; no measure of speed."""
PATIENT_S = 20.0
"""Seconds for every other test: a busy machine is no far side that hangs."""


@dataclass
class Request:
    method: str
    path: str
    query: dict[str, list[str]]
    form: dict[str, list[str]]
    headers: dict[str, str]


Answer = bytes | None
"""Raw bytes to send before the connection is closed; None hangs."""


def _answer(status: int, body: object) -> bytes:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = f"HTTP/1.1 {status} x\r\ncontent-type: application/json\r\ncontent-length: {len(content)}\r\n"
    return head.encode() + b"connection: close\r\n\r\n" + content


def _refusal(code: int, status: int = 400) -> bytes:
    return _answer(status, {"code": code, "message": "no, +12025550123", "more_info": "", "status": status})


OK = _answer(200, {"sid": LEG, "status": "in-progress"})
CREATED = _answer(201, {"call_sid": LEG, "status": "queued"})
BUSY = _refusal(20429, 429)


@dataclass
class FarSide:
    """Gives the scripted answers in order, the last one for ever."""

    url: str = ""
    script: list[Answer] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    before: Callable[[Request], Awaitable[None]] | None = None

    def answers(self, *script: Answer) -> None:
        self.script[:] = script

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = {n.lower(): v for n, _, v in (line.partition(": ") for line in head[1:] if line)}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            method, target, _ = head[0].split(" ")
            parts = urlsplit(target)
            form = parse_qs(body.decode(), keep_blank_values=True)
            self.requests.append(Request(method, parts.path, parse_qs(parts.query), form, headers))
            if self.before:
                await self.before(self.requests[-1])
            answer = self.script.pop(0) if len(self.script) > 1 else self.script[0]
            if answer is None:
                await asyncio.Event().wait()
            else:
                writer.write(answer)
                await writer.drain()
        finally:
            writer.close()


@asynccontextmanager
async def _far_side() -> AsyncGenerator[FarSide]:
    far = FarSide()
    server = await asyncio.start_server(far.serve, "127.0.0.1", 0)
    far.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield far
    finally:
        server.close()


@pytest.fixture
async def far() -> AsyncGenerator[FarSide]:
    async with _far_side() as side:
        yield side


@pytest.fixture
async def carrier(far: FarSide) -> AsyncGenerator[TwilioCarrier]:
    client = _carrier(far.url)
    yield client
    await client.aclose()


@pytest.fixture
async def impatient(far: FarSide) -> AsyncGenerator[TwilioCarrier]:
    client = _carrier(far.url, timeout_s=TIMEOUT_S)
    yield client
    await client.aclose()


def _carrier(url: str, timeout_s: float = PATIENT_S, **more: object) -> TwilioCarrier:
    return TwilioCarrier(
        account_sid=ACCOUNT,
        api_key="SK" + "0" * 32,
        api_secret="secret-of-at-least-thirty-two-bytes",
        app_sid="AP" + "0" * 32,
        api_url=url,
        timeout_s=timeout_s,
        **more,  # type: ignore[arg-type]
    )


def _dial(carrier: TwilioCarrier, label: str = "agency_h1_a", *, emergency: bool = True, to: str = "+12025550140"):
    return carrier.dial_into_room(
        "c0-1", to=to, from_="+12025550199", label=label, callback="https://h/status", timeout=30, emergency=emergency
    )


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
    carrier = _carrier(far.url, room_callback="https://h/room")
    assert await _dial(carrier, to="(202) 555-0140") == LEG
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
    far.answers(_answer(200, {"call_sid": LEG}), _answer(200, {"sid": ROOM}), OK, _answer(204, b""))
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


def _page(name: str, entries: list[dict[str, object]], following: str | None = None) -> bytes:
    return _answer(200, {name: entries, "next_page_uri": following, "page": 0, "page_size": 1000})


async def test_R1_lists_are_read_to_their_end(far: FarSide, carrier: TwilioCarrier) -> None:
    async def script(request: Request) -> None:
        if request.query.get("Page") == ["1"]:
            far.answers(_page("calls", [{"sid": OTHER, "status": "in-progress", "direction": "outbound-api"}]))
        elif request.query["Status"] == ["in-progress"]:
            leg = {"sid": LEG, "status": "in-progress", "direction": "inbound", "duration": None}
            leg["start_time"] = "Sat, 02 May 2026 10:00:00 +0000"
            far.answers(_page("calls", [leg], f"{ROOT}/Calls.json?Page=1&PageSize=1000"))
        else:
            far.answers(_page("calls", []))

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
    far.answers(_page("conferences", [{"sid": ROOM, "friendly_name": "c0-1", "status": "in-progress"}]))
    assert await carrier.find_room("c0-1") == RoomInfo(ROOM, "c0-1", "in-progress")
    assert far.requests[0].query["FriendlyName"] == ["c0-1"]
    assert far.requests[0].query["Status"] == ["in-progress"]
    far.answers(_page("conferences", []))
    assert await carrier.find_room("c0-1") is None
    assert await carrier.live_rooms() == []


async def test_participants_of_a_room(far: FarSide, carrier: TwilioCarrier) -> None:
    far.answers(
        _page("participants", [{"call_sid": LEG, "label": None, "muted": True, "hold": False, "status": "connected"}])
    )
    (person,) = await carrier.participants(ROOM)
    assert (person.sid, person.label, person.muted, person.hold, person.status) == (LEG, None, True, False, "connected")
    far.answers(_refusal(20404, 404))
    assert await carrier.participants(ROOM) == []


async def test_an_unknown_leg_is_none(far: FarSide, carrier: TwilioCarrier) -> None:
    far.answers(_refusal(20404, 404))
    assert await carrier.leg(LEG) is None


# ---------------------------------------------------------------- what is refused before it is sent


@pytest.mark.parametrize("number", ["911", "+1 911", "9-1-1", "112", "+44999", "933", "anonymous", ""])
async def test_C7_an_emergency_number_is_never_sent(far: FarSide, carrier: TwilioCarrier, number: str) -> None:
    far.answers(CREATED)
    with pytest.raises(NotDiallable):
        await _dial(carrier, to=number)
    assert far.requests == []


@pytest.mark.parametrize("part", ["", "../Calls", "a/b", "a?b", "a#b", "a b", "ü", "x" * 129])
async def test_no_name_can_change_the_path(far: FarSide, carrier: TwilioCarrier, part: str) -> None:
    far.answers(OK)
    for asked in (
        lambda: carrier.complete(part),
        lambda: carrier.find_room(part),
        lambda: carrier.update_participant(ROOM, part, muted=True),
        lambda: carrier.remove_participant(part, LEG),
        lambda: _dial(carrier, part),
    ):
        with pytest.raises(ValueError):
            await asked()
    assert far.requests == []


# ---------------------------------------------------------------- what goes wrong


async def _raises_away(work: Awaitable[object]) -> None:
    """By its own timeout: the far side would hang for ever."""
    async with asyncio.timeout(HANG_S):
        with pytest.raises(CarrierAway):
            await work


async def test_a_far_side_that_hangs_costs_one_timeout(far: FarSide, impatient: TwilioCarrier) -> None:
    far.answers(None)
    await _raises_away(impatient.move(LEG, "https://h/a", "https://h/b"))
    await _raises_away(impatient.live_rooms())
    await _raises_away(_dial(impatient))
    assert len(far.requests) == 3, "what timed out may have happened: it is not sent again"


async def test_a_far_side_that_drips_costs_one_timeout() -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 x\r\ncontent-length: 1000000\r\n\r\n")
        while not writer.is_closing():
            writer.write(b" ")
            await asyncio.sleep(TIMEOUT_S / 10)

    server = await asyncio.start_server(drip, "127.0.0.1", 0)
    carrier = _carrier(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", timeout_s=TIMEOUT_S)
    await _raises_away(carrier.leg(LEG))
    await carrier.aclose()
    server.close()


async def test_a_refused_connection_is_away() -> None:
    async with _far_side() as gone:
        url = gone.url
    carrier = _carrier(url)
    await _raises_away(carrier.complete(LEG))
    await _raises_away(_dial(carrier))
    await carrier.aclose()


async def test_an_update_is_repeated_once_after_a_cut_connection(far: FarSide, carrier: TwilioCarrier) -> None:
    far.answers(b"", OK)
    await carrier.move(LEG, "https://h/a", "https://h/b")
    assert len(far.requests) == 2
    far.answers(b"")
    with pytest.raises(CarrierAway):
        await carrier.move(LEG, "https://h/a", "https://h/b")
    assert len(far.requests) == 4


async def test_R4_a_create_is_never_repeated_blindly(far: FarSide, carrier: TwilioCarrier) -> None:
    far.answers(b"", CREATED)
    with pytest.raises(CarrierAway):
        await _dial(carrier)
    assert len(far.requests) == 1


@pytest.mark.parametrize(
    "answer", [_answer(500, b"oops"), _answer(503, {}), _answer(200, b"<html>"), _answer(302, b"")]
)
async def test_an_answer_that_is_none_is_away(far: FarSide, carrier: TwilioCarrier, answer: bytes) -> None:
    far.answers(answer)
    with pytest.raises(CarrierAway):
        await carrier.move(LEG, "https://h/a", "https://h/b")
    assert len(far.requests) == 1


async def test_busy_is_always_repeated_since_it_was_never_processed(far: FarSide, carrier: TwilioCarrier) -> None:
    far.answers(BUSY, BUSY, CREATED)
    assert await _dial(carrier) == LEG
    far.answers(BUSY)
    far.requests.clear()
    with pytest.raises(CarrierAway):
        await carrier.complete(LEG)
    assert len(far.requests) == 4


async def test_R1_a_busy_list_is_repeated_too(far: FarSide, carrier: TwilioCarrier) -> None:
    """The package raises another exception for lists than for everything else."""
    far.answers(BUSY, _page("conferences", []))
    assert await carrier.live_rooms() == []
    far.answers(_refusal(20003, 401))
    with pytest.raises(CarrierRefused) as refusal:
        await carrier.live_rooms()
    assert (refusal.value.code, refusal.value.status) == (20003, 401)
    far.answers(_answer(500, b"oops"))
    with pytest.raises(CarrierAway):
        await carrier.live_rooms()


async def test_a_refusal_has_its_code_and_nothing_of_the_message(far: FarSide, carrier: TwilioCarrier) -> None:
    far.answers(_refusal(21220))
    with pytest.raises(CarrierRefused) as refusal:
        await carrier.move(LEG, "https://h/a", "https://h/b")
    assert (refusal.value.code, refusal.value.status) == (21220, 400)
    assert "555" not in str(refusal.value)
    assert refusal.value.__cause__ is None, "a log of the cause would hold the carrier's message"


async def test_R2_completing_what_is_over_is_no_error(far: FarSide, carrier: TwilioCarrier) -> None:
    far.answers(_refusal(21220))
    await carrier.complete(LEG)
    far.answers(_refusal(20404, 404))
    await carrier.remove_participant(ROOM, LEG)
    await carrier.end_room(ROOM)
    far.answers(_refusal(20003, 401))
    with pytest.raises(CarrierRefused):
        await carrier.complete(LEG)


# ---------------------------------------------------------------- how many at once


async def test_R4_creates_go_one_at_a_time_and_emergencies_first(far: FarSide, carrier: TwilioCarrier) -> None:
    far.answers(CREATED)
    gate, inside, most = asyncio.Event(), 0, 0

    async def hold(_: Request) -> None:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        await gate.wait()
        inside -= 1

    far.before = hold
    creates = [asyncio.create_task(_dial(carrier, f"owner_s{n}_a", emergency=False)) for n in range(3)]
    await _until(lambda: len(far.requests) == 1)
    creates += [asyncio.create_task(_dial(carrier, f"agency_h{n}_a", emergency=True)) for n in range(2)]
    cancelled = asyncio.create_task(_dial(carrier, "agency_h9_a", emergency=True))
    await asyncio.sleep(0)
    cancelled.cancel()
    gate.set()
    await asyncio.gather(*creates)
    assert [r.form["Label"][0] for r in far.requests] == [
        "owner_s0_a",
        "agency_h0_a",
        "agency_h1_a",
        "owner_s1_a",
        "owner_s2_a",
    ]
    assert most == 1


async def test_R1_live_moves_never_wait_for_lists(far: FarSide) -> None:
    carrier = TwilioCarrier(account_sid=ACCOUNT, auth_token="t", api_url=far.url, timeout_s=5)
    far.answers(None)
    lists = [asyncio.create_task(carrier.live_rooms()) for _ in range(20)]
    await _until(lambda: len(far.requests) >= 3)
    await asyncio.sleep(0.05)
    assert len(far.requests) == 3, "the lists' own pool is small"
    far.answers(OK)
    await asyncio.wait_for(carrier.move(LEG, "https://h/a", "https://h/b"), 1)
    for task in lists:
        task.cancel()
    await asyncio.gather(*lists, return_exceptions=True)
    await carrier.aclose()


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110  a far side's list, not ours to signal
            await asyncio.sleep(0.005)


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
    carrier = _carrier(far.url)
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
    carrier = _carrier(far.url, clock=clock)
    await carrier.complete(LEG)
    assert depths == [1]
    assert clock._in_flight == 0
    await carrier.aclose()


async def test_nothing_personal_is_logged(
    far: FarSide, carrier: TwilioCarrier, caplog: pytest.LogCaptureFixture
) -> None:
    far.answers(CREATED)
    with caplog.at_level("DEBUG"):
        await _dial(carrier)
    assert "555" not in caplog.text


async def test_L6_a_softphones_token_only_dials_out() -> None:
    carrier = _carrier("http://127.0.0.1:9", clock=RealClock())
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
