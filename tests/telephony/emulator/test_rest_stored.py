"""Numbers, applications and messages: made, changed, found and dropped with the carrier's own client."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.support.official_client import CALLER, OURS, Carrier, emulated, refused

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def carrier() -> AsyncIterator[Carrier]:
    async with emulated() as running:
        yield running


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
