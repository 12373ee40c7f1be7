"""The REST API as the carrier documents it: credentials, errors, trouble, and what the description says."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from telephony.emulator import rest_calls, rest_conferences, rest_messages, rest_numbers, rest_participants
from tests.support.carrier_spec import form_fields, official_spec
from tests.support.official_client import ACCOUNT, CALLER, KEY, OURS, SECRET, TOKEN, Carrier, client, emulated, refused

pytestmark = pytest.mark.anyio

BASE = f"/2010-04-01/Accounts/{ACCOUNT}"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def carrier() -> AsyncIterator[Carrier]:
    async with emulated() as running:
        yield running


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


# ---------------------------------------------------------------- lag and trouble


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
