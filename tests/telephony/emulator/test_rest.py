"""The REST API as the carrier documents it, driven by its own client: credentials, errors, lists, stored resources."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import httpx
import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from telephony.emulator import rest_calls, rest_conferences, rest_messages, rest_numbers, rest_participants
from telephony.emulator.legs import Leg
from tests.support.carrier_spec import form_fields, official_spec
from tests.support.official_client import ACCOUNT, CALLER, KEY, OURS, SECRET, TOKEN, Carrier, client, emulated

pytestmark = pytest.mark.anyio

BASE = f"/2010-04-01/Accounts/{ACCOUNT}"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def carrier() -> AsyncIterator[Carrier]:
    async with emulated() as running:
        yield running


def refused(work: Any, code: int, status: int) -> Any:
    """Wrap work for a client: it must be refused with this code and HTTP status."""

    def run(client: Client) -> None:
        with pytest.raises(TwilioRestException) as refusal:
            work(client)
        assert (refusal.value.code, refusal.value.status) == (code, status)

    return run


def past_call(carrier: Carrier, at: float, status: str = "completed", to: str = OURS, from_: str = CALLER) -> Leg:
    """A call that began at `at` and, unless it is live, was answered after 2 s and ended after 12."""
    leg = Leg(carrier.net, direction="inbound", from_=from_, to=to)
    leg.created_at = leg.started_at = at
    leg.answered_at = at + 2
    leg.status = status
    leg.ended_at = None if status == "in-progress" else at + 12
    leg.updated_at = leg.ended_at or leg.answered_at
    return leg


# ---------------------------------------------------------------- credentials


@pytest.mark.parametrize(("user", "password"), [(ACCOUNT, TOKEN), (KEY, SECRET)])
async def test_the_account_and_an_api_key_are_let_in(carrier: Carrier, user: str, password: str) -> None:
    made = client(carrier.url, user, password)
    assert await carrier.run(lambda _: made.calls.list()) == []


@pytest.mark.parametrize(("user", "password"), [(ACCOUNT, SECRET), (KEY, TOKEN), ("ACnobody", TOKEN), (ACCOUNT, "")])
async def test_wrong_credentials_are_20003(carrier: Carrier, user: str, password: str) -> None:
    async with httpx.AsyncClient(base_url=carrier.url, trust_env=False) as http:
        answer = await http.get(f"{BASE}/Calls.json", auth=(user, password))
    assert answer.status_code == 401
    assert answer.json() == {
        "code": 20003,
        "message": "Authenticate",
        "more_info": "https://www.twilio.com/docs/errors/20003",
        "status": 401,
    }
    assert answer.headers["www-authenticate"].startswith("Basic")


@pytest.mark.parametrize(
    "header", ["", "Basic", "Basic !!!", "Bearer x", "Basic " + base64.b64encode(b"\xff:\xff").decode()]
)
async def test_a_malformed_authorization_is_20003(carrier: Carrier, header: str) -> None:
    async with httpx.AsyncClient(base_url=carrier.url, trust_env=False) as http:
        answer = await http.get(f"{BASE}/Calls.json", headers={"Authorization": header} if header else {})
    assert (answer.status_code, answer.json()["code"]) == (401, 20003)


async def test_another_account_is_refused(carrier: Carrier) -> None:
    other = "AC" + "9" * 32
    await carrier.run(refused(lambda c: c.api.v2010.accounts(other).calls("CA" + "0" * 32).fetch(), 20003, 401))


# ---------------------------------------------------------------- errors


@pytest.mark.parametrize("resource", ["calls", "conferences", "incoming_phone_numbers", "applications", "messages"])
async def test_what_does_not_exist_is_20404(carrier: Carrier, resource: str) -> None:
    prefix = {"calls": "CA", "conferences": "CF", "incoming_phone_numbers": "PN", "applications": "AP"}
    sid = prefix.get(resource, "SM") + "0" * 32
    await carrier.run(refused(lambda c: getattr(c, resource)(sid).fetch(), 20404, 404))


async def test_errors_say_which_resource_and_where_to_read_more(carrier: Carrier) -> None:
    sid = "CA" + "0" * 32
    async with httpx.AsyncClient(base_url=carrier.url, auth=(ACCOUNT, TOKEN), trust_env=False) as http:
        answer = await http.get(f"{BASE}/Calls/{sid}.json")
        nowhere = await http.get("/2010-04-01/Nothing.json")
        wrong = await http.put(f"{BASE}/Calls/{sid}.json")
    assert answer.json() == {
        "code": 20404,
        "message": f"The requested resource {BASE}/Calls/{sid}.json was not found",
        "more_info": "https://www.twilio.com/docs/errors/20404",
        "status": 404,
    }
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, 20404)
    assert (wrong.status_code, wrong.json()["code"]) == (405, 20004)
    carrier.wire.exchanges[:] = carrier.wire.exchanges[:1]  # the description knows neither of the other two


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"to": "", "from_": OURS, "url": "http://x.test/"}, 21201),
        ({"to": CALLER, "from_": "", "url": "http://x.test/"}, 21213),
        ({"to": "911", "from_": OURS, "url": "http://x.test/"}, 21211),
        ({"to": CALLER, "from_": "anonymous", "url": "http://x.test/"}, 21212),
        ({"to": CALLER, "from_": "+12025550199", "url": "http://x.test/"}, 21210),
        ({"to": CALLER, "from_": OURS}, 21205),
        ({"to": CALLER, "from_": OURS, "url": "not an address"}, 21205),
        ({"to": CALLER, "from_": OURS, "url": "/relative"}, 21205),
        ({"to": CALLER, "from_": OURS, "application_sid": "AP" + "0" * 32}, 21218),
        ({"to": CALLER, "from_": OURS, "url": "http://x.test/", "method": "PUT"}, 21209),
        ({"to": CALLER, "from_": OURS, "url": "http://x.test/", "timeout": 601}, 21208),
        ({"to": CALLER, "from_": OURS, "url": "http://x.test/", "status_callback": "nowhere"}, 21609),
        ({"to": CALLER, "from_": OURS, "url": "http://x.test/", "status_callback_event": ["answerd"]}, 21626),
        ({"to": CALLER, "from_": OURS, "twiml": "<Response/>" + " " * 4000}, 20001),
    ],
)
async def test_a_call_that_cannot_be_made_is_refused_with_its_own_code(
    carrier: Carrier, given: dict[str, Any], code: int
) -> None:
    await carrier.run(refused(lambda c: c.calls.create(**given), code, 400))
    assert carrier.net.legs == {}


@pytest.mark.parametrize("query", ["Status=talking", "PageSize=0", "StartTime=yesterday", "PageToken=PAnobody"])
async def test_a_filter_that_means_nothing_is_20001(carrier: Carrier, query: str) -> None:
    async with httpx.AsyncClient(base_url=carrier.url, auth=(ACCOUNT, TOKEN), trust_env=False) as http:
        answer = await http.get(f"{BASE}/Calls.json?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, 20001)


# ---------------------------------------------------------------- calls that were


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


# ---------------------------------------------------------------- lag and trouble


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


async def test_too_many_requests_are_20429_and_were_never_processed(carrier: Carrier) -> None:
    carrier.net.faults.rest.next("too_many")
    await carrier.run(refused(lambda c: c.applications.create(friendly_name="x"), 20429, 429))
    assert carrier.net.applications == {}
    assert await carrier.run(lambda c: c.applications.create(friendly_name="x"))


async def test_a_lost_answer_is_a_5xx_after_the_deed(carrier: Carrier) -> None:
    carrier.net.faults.rest.next("lost_answer")
    await carrier.run(refused(lambda c: c.applications.create(friendly_name="x"), 20500, 500))
    assert [app.friendly_name for app in carrier.net.applications.values()] == ["x"]


async def test_every_request_is_in_the_ledger_with_the_fields_nobody_knows(carrier: Carrier) -> None:
    async with httpx.AsyncClient(base_url=carrier.url, auth=(ACCOUNT, TOKEN), trust_env=False) as http:
        form = {"FriendlyName": "x", "VoiceURL": "http://x.test/", "Voiceurl": ""}
        answer = await http.post(f"{BASE}/Applications.json", data=form)
    carrier.wire.exchanges.clear()  # misspelt on purpose
    assert (answer.status_code, answer.json()["voice_url"]) == (201, None)
    entry = carrier.net.ledger.entries[-1]
    assert entry.kind == "rest"
    assert entry.data == {"method": "POST", "resource": "Applications", "status": 201, "unknown": "VoiceURL,Voiceurl"}


# ---------------------------------------------------------------- numbers, applications, messages


async def test_a_number_is_bought_configured_found_and_given_back(carrier: Carrier) -> None:
    app = await carrier.run(lambda c: c.applications.create(friendly_name="softphones"))
    number = await carrier.run(
        lambda c: c.incoming_phone_numbers.create(
            phone_number="+12025550177",
            voice_url="https://hotline.test/twilio/voice#rc=2",
            voice_method="GET",
            voice_fallback_url="https://elsewhere.test/fallback.xml",
            status_callback="https://hotline.test/twilio/status",
            friendly_name="the line",
            voice_caller_id_lookup=True,
        )
    )
    assert (number.phone_number, number.friendly_name) == ("+12025550177", "the line")
    assert (number.voice_url, number.voice_method) == ("https://hotline.test/twilio/voice#rc=2", "GET")
    held = carrier.net.number("+12025550177")
    assert held is not None
    assert held.voice_fallback_url == "https://elsewhere.test/fallback.xml"
    await carrier.run(lambda c: c.incoming_phone_numbers(number.sid).update(voice_application_sid=app.sid))
    fetched = await carrier.run(lambda c: c.incoming_phone_numbers(number.sid).fetch())
    assert (fetched.voice_application_sid, fetched.voice_url) == (app.sid, number.voice_url)
    by_number = await carrier.run(lambda c: c.incoming_phone_numbers.list(phone_number="+12025550177"))
    by_name = await carrier.run(lambda c: c.incoming_phone_numbers.list(friendly_name="the line"))
    assert [each.sid for each in by_number] == [each.sid for each in by_name] == [number.sid]
    assert len(await carrier.wait(carrier.asynchronous.incoming_phone_numbers.list_async())) == 2
    assert await carrier.run(lambda c: c.incoming_phone_numbers(number.sid).delete())
    await carrier.run(refused(lambda c: c.incoming_phone_numbers(number.sid).fetch(), 20404, 404))


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"phone_number": OURS}, 21422),
        ({"phone_number": "911"}, 21421),
        ({"phone_number": "+12025550177", "voice_url": "nowhere"}, 21402),
        ({"phone_number": "+12025550177", "voice_method": "PUT"}, 21403),
        ({"phone_number": "+12025550177", "voice_fallback_url": "https://x.test/"}, 21405),
        ({"phone_number": "+12025550177", "voice_application_sid": "AP" + "0" * 32}, 21420),
    ],
)
async def test_a_number_set_up_wrongly_is_refused_and_not_bought(
    carrier: Carrier, given: dict[str, Any], code: int
) -> None:
    await carrier.run(refused(lambda c: c.incoming_phone_numbers.create(**given), code, 400))
    assert len(carrier.net.numbers) == 1


async def test_a_fallback_needs_a_primary_url_also_in_an_update(carrier: Carrier) -> None:
    (number,) = carrier.net.numbers.values()
    await carrier.run(
        refused(lambda c: c.incoming_phone_numbers(number.sid).update(voice_fallback_url="https://x.test/"), 21405, 400)
    )
    number.voice_url = "https://x.test/voice"
    await carrier.run(lambda c: c.incoming_phone_numbers(number.sid).update(voice_fallback_url="https://x.test/"))
    assert number.voice_fallback_url == "https://x.test/"


async def test_an_application_is_made_changed_found_and_dropped(carrier: Carrier) -> None:
    made = await carrier.wait(
        carrier.asynchronous.applications.create_async(
            friendly_name="softphones", voice_url="https://hotline.test/twilio/leg", sms_method="GET"
        )
    )
    assert (made.friendly_name, made.voice_method, made.sms_method) == ("softphones", "POST", "GET")
    changed = await carrier.run(lambda c: c.applications(made.sid).update(voice_method="GET", friendly_name="legs"))
    assert (changed.voice_method, changed.voice_url) == ("GET", "https://hotline.test/twilio/leg")
    assert [app.sid for app in await carrier.run(lambda c: c.applications.list(friendly_name="legs"))] == [made.sid]
    assert await carrier.run(lambda c: c.applications.list(friendly_name="softphones")) == []
    assert await carrier.run(lambda c: c.applications(made.sid).delete())
    await carrier.run(refused(lambda c: c.applications(made.sid).update(friendly_name="x"), 20404, 404))


async def test_a_message_is_taken_found_blanked_and_forgotten(carrier: Carrier) -> None:
    sent = await carrier.run(lambda c: c.messages.create(to=CALLER, from_=OURS, body="words"))
    assert (sent.status, sent.body, sent.num_segments, sent.direction) == ("queued", "words", "1", "outbound-api")
    assert [each.sid for each in await carrier.run(lambda c: c.messages.list(to=CALLER))] == [sent.sid]
    assert await carrier.run(lambda c: c.messages.list(from_=CALLER)) == []
    assert (await carrier.run(lambda c: c.messages(sent.sid).update(body=""))).body == ""
    assert (await carrier.run(lambda c: c.messages(sent.sid).update(status="canceled"))).status == "canceled"
    await carrier.run(refused(lambda c: c.messages(sent.sid).update(status="canceled"), 30409, 400))
    assert await carrier.run(lambda c: c.messages(sent.sid).delete())
    await carrier.run(refused(lambda c: c.messages(sent.sid).fetch(), 20404, 404))


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"to": "", "from_": OURS, "body": "x"}, 21604),
        ({"to": "nobody", "from_": OURS, "body": "x"}, 21211),
        ({"to": CALLER, "body": "x"}, 21603),
        ({"to": CALLER, "from_": CALLER, "body": "x"}, 21606),
        ({"to": CALLER, "from_": OURS}, 21602),
        ({"to": CALLER, "from_": OURS, "body": "x" * 1601}, 21617),
    ],
)
async def test_a_message_that_cannot_be_sent_is_refused(carrier: Carrier, given: dict[str, Any], code: int) -> None:
    await carrier.run(refused(lambda c: c.messages.create(**given), code, 400))


# ---------------------------------------------------------------- the description


KNOWN = {
    "CreateCall": rest_calls.CREATE_FIELDS,
    "UpdateCall": rest_calls.UPDATE_FIELDS,
    "UpdateConference": rest_conferences.UPDATE_FIELDS,
    "CreateParticipant": rest_participants.CREATE_FIELDS,
    "UpdateParticipant": rest_participants.UPDATE_FIELDS,
    "CreateIncomingPhoneNumber": rest_numbers.NUMBER_CREATE_FIELDS,
    "UpdateIncomingPhoneNumber": rest_numbers.NUMBER_UPDATE_FIELDS,
    "CreateApplication": rest_numbers.APPLICATION_FIELDS,
    "UpdateApplication": rest_numbers.APPLICATION_FIELDS,
    "CreateMessage": rest_messages.CREATE_FIELDS,
    "UpdateMessage": rest_messages.UPDATE_FIELDS,
}


@pytest.mark.skipif(official_spec() is None, reason="the official description is not at hand")
def test_the_known_form_fields_are_exactly_the_described_ones() -> None:
    spec = official_spec()
    assert spec is not None
    described = {}
    for method, path in spec.operations():
        operation = spec.document["paths"][path][method]
        if fields := form_fields(operation):
            described[operation["operationId"]] = fields
    assert {name: set(fields) for name, fields in KNOWN.items()} == described


@pytest.mark.skipif(official_spec() is None, reason="the official description is not at hand")
async def test_every_described_path_and_method_is_served(carrier: Carrier) -> None:
    spec = official_spec()
    assert spec is not None
    room = "CF" + "0" * 32
    filled = {"{AccountSid}": ACCOUNT, "{ConferenceSid}": room, "{CallSid}": "CA" + "0" * 32}
    sids = {"Calls": "CA", "Conferences": "CF", "IncomingPhoneNumbers": "PN", "Applications": "AP", "Messages": "SM"}
    async with httpx.AsyncClient(base_url=carrier.url, auth=(ACCOUNT, TOKEN), trust_env=False) as http:
        for method, path in spec.operations():
            address = path
            for name, value in filled.items():
                address = address.replace(name, value)
            address = address.replace("{Sid}", sids.get(path.split("/")[4], "") + "0" * 32)
            code = (await http.request(method, address)).json().get("code")
            assert code not in (20004,), (method, path)
            if "Sid}.json" in path:
                assert code == 20404, (method, path)
    carrier.wire.exchanges[:] = [each for each in carrier.wire.exchanges if each.status >= 400]
