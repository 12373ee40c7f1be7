"""Webhooks on the wire: parameters, signature, overrides and retries, callbacks, injected faults."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from twilio.request_validator import RequestValidator

from telephony.emulator import Faults, Rates
from telephony.emulator.overrides import BadOverride, split
from telephony.emulator.phones import WITHHELD
from telephony.emulator.sign import signature
from tests.support.carrier_world import CALLER, LINE, Asked, World, carrier_world, conference

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with carrier_world() as running:
        yield running


# ---------------------------------------------------------------- parameters


async def test_an_incoming_call_carries_the_documented_parameters(world: World) -> None:
    _, leg = await world.calls("<Hangup/>")
    await leg.wait_ended()
    form = world.to("/voice")[0].form
    always = {
        "CallSid": leg.sid,
        "AccountSid": world.net.account_sid,
        "From": CALLER,
        "To": LINE,
        "Caller": CALLER,
        "Called": LINE,
        "CallStatus": "ringing",
        "ApiVersion": "2010-04-01",
        "Direction": "inbound",
    }
    assert {k: form[k] for k in always} == always
    assert form["FromZip"] == ""
    assert form["StirVerstat"].startswith(("TN-Validation", "No-TN"))
    assert form["EdgeLocation"]  # a key that appears without notice
    assert "ParentCallSid" not in form


async def test_withheld_callers_come_in_every_spelling(world: World) -> None:
    world.docs["/voice"] = "<Hangup/>"
    world.line()
    for spelling in (*WITHHELD, True):
        leg = await world.net.phone(CALLER).dials(LINE, withheld=spelling)
        await leg.wait_ended()
    seen = [a.form["From"] for a in world.to("/voice")]
    assert seen[:-1] == list(WITHHELD)
    assert seen[-1] in WITHHELD
    assert all("StirVerstat" not in a.form for a in world.asked)


async def test_the_numbers_status_callback_fires_only_at_the_end(world: World) -> None:
    phone, leg = await world.calls("<Pause length='1'/><Say>hello</Say><Pause length='100'/>", status_callback="/end")
    await phone.hears("hello")
    await world.clock.sleep(75)
    assert world.to("/end") == []
    await phone.hangs_up()
    await world.until(lambda: world.to("/end"))
    form = world.to("/end")[0].form
    assert (form["CallStatus"], form["CallSid"], form["SequenceNumber"]) == ("completed", leg.sid, "0")
    assert (form["CallDuration"], form["Duration"]) == (str(leg.duration), "2")
    assert form["Timestamp"].startswith("Fri, 15 Jan 2027")


async def test_an_application_overrides_the_numbers_own_urls(world: World) -> None:
    world.docs["/app"] = "<Hangup/>"
    application = world.net.add_application(voice_url=world.url("/app"), status_callback=world.url("/end"))
    world.line(status_callback="/not-this")
    next(iter(world.net.numbers.values())).voice_application_sid = application.sid
    leg = await world.net.phone(CALLER).dials(LINE)
    await leg.wait_ended()
    await world.until(lambda: world.to("/end"))
    assert [a.path for a in world.asked] == ["/app", "/end"]


async def test_cookies_are_kept_for_a_call(world: World) -> None:
    with_cookie = web.Response(
        text="<Response><Redirect>/next</Redirect></Response>",
        content_type="text/xml",
        headers={"Set-Cookie": "turn=1; Path=/"},
    )
    _, leg = await world.calls(with_cookie)
    await leg.wait_ended()
    assert world.to("/next")[0].headers["Cookie"] == "turn=1"


# ---------------------------------------------------------------- signature


def test_the_signature_is_the_one_the_official_validator_expects() -> None:
    rng = random.Random(5)
    validator = RequestValidator("token")
    for _ in range(200):
        names = ["From", "FromZip", "añb", "a", "A", "Digits", "", "z_"]
        form = {n: rng.choice(["", "+1202", "ü €", "a b&c=d", "x" * 50]) for n in rng.sample(names, 5)}
        url = f"https://host.example/p?q={rng.random()}&x=%20a"
        assert validator.validate(url, form, signature("token", url + "#rc=2", form))


async def test_every_request_is_signed_without_its_fragment(world: World) -> None:
    world.docs["/get"] = "<Hangup/>"
    _, leg = await world.calls(
        '<Redirect method="GET">/get?b=%20x&amp;a=1#rc=3</Redirect>', voice_url="/voice?call=7#ct=1000&rp=ct,rt,5xx"
    )
    await leg.wait_ended()
    assert [(a.path, a.signed) for a in world.asked] == [("/voice", True), ("/get", True)]
    assert world.to("/voice")[0].query == {"call": "7"}
    assert {"b": " x", "a": "1"}.items() <= world.to("/get")[0].query.items()


# ---------------------------------------------------------------- overrides and retries


def test_overrides_are_read_with_their_defaults_and_bounds() -> None:
    url, overrides = split("http://h/p?x=1#ct=1000&rt=2500&rc=2&tt=7500&rp=ct,rt,5xx&e=ashburn&sni=y")
    assert url == "http://h/p?x=1"
    assert (overrides.connect_ms, overrides.read_ms, overrides.retries, overrides.total_ms) == (1000, 2500, 2, 7500)
    assert [overrides.retry_after(why) for why in ("ct", "rt", "5xx", "4xx")] == [True, True, True, False]
    default = split("http://h/p")[1]
    assert (default.connect_ms, default.read_ms, default.total_ms, default.retries) == (5000, 15000, 15000, 1)
    assert [default.retry_after(why) for why in ("ct", "rt", "5xx", "4xx")] == [True, False, False, False]
    for bad in ("rp=6xx", "ct=50", "rt=15001", "rc=6", "tt=x"):
        with pytest.raises(BadOverride):
            split(f"http://h/p#{bad}")


async def test_a_bad_override_is_11243_and_a_relative_voice_url_11100(world: World) -> None:
    for url, code in (("/voice#rp=never", "11243"), ("ftp://example.org/x", "11100")):
        phone, leg = await world.calls("<Hangup/>", voice_url=url)
        await phone.hears("error")
        await leg.wait_ended()
        assert world.ended(leg)["cause"] == f"error {code}"


@pytest.mark.parametrize(("fragment", "times"), [("", 1), ("#rp=5xx", 2), ("#rc=3&rp=5xx", 4), ("#rc=3&rp=all", 4)])
async def test_a_5xx_is_retried_only_where_the_url_says_so(world: World, fragment: str, times: int) -> None:
    phone, leg = await world.calls(web.Response(status=502), voice_url=f"/voice{fragment}")
    await phone.hears("error")
    await leg.wait_ended()
    assert len(world.to("/voice")) == times
    assert len({a.headers["I-Twilio-Idempotency-Token"] for a in world.asked}) == 1


async def test_a_retry_that_succeeds_is_run_and_a_new_request_has_a_new_token(world: World) -> None:
    replies = [web.Response(status=500), "<Redirect>/next</Redirect>"]
    _, leg = await world.calls(replies, voice_url="/voice#rp=5xx")
    await leg.wait_ended()
    tokens = [a.headers["I-Twilio-Idempotency-Token"] for a in world.asked]
    assert [a.path for a in world.asked] == ["/voice", "/voice", "/next"]
    assert tokens[0] == tokens[1] != tokens[2]


async def test_read_timeouts_are_real_time_and_domain_time_stands_still(world: World) -> None:
    async def slow(_: Asked) -> str:
        await asyncio.sleep(0.6)
        return "<Hangup/>"

    world.docs["/plan-b"] = "<Say>Plan B</Say>"
    phone, leg = await world.calls(slow, voice_url="/voice#rt=100&rc=1&rp=rt&tt=5000", voice_fallback_url="/plan-b")
    await phone.hears("plan b")
    assert len(world.to("/voice")) == 2
    assert world.said(leg, "Plan B") == leg.created_at


async def test_a_request_in_flight_is_not_hung_up_when_its_leg_ends(world: World) -> None:
    finished = asyncio.Event()
    arrived = asyncio.Event()

    async def slow(_: Asked) -> str:
        arrived.set()
        await asyncio.sleep(0.05)
        finished.set()
        return "<Say>too late</Say>"

    phone, leg = await world.calls(slow)
    await arrived.wait()
    await phone.hangs_up()
    await asyncio.wait_for(finished.wait(), 2)
    await world.clock.sleep(1)
    assert (leg.status, leg.heard) == ("no-answer", [])


async def test_the_total_time_bounds_the_retries(world: World) -> None:
    async def slow(_: Asked) -> str:
        await asyncio.sleep(0.6)
        return "<Hangup/>"

    phone, leg = await world.calls(slow, voice_url="/voice#rt=200&rc=5&rp=rt&tt=300")
    await phone.hears("error")
    assert len(world.to("/voice")) == 2
    await leg.wait_ended()


async def test_http_redirects_are_followed_and_a_callback_loses_its_parameters(world: World) -> None:
    world.docs["/from"] = web.Response(status=302, headers={"Location": "/to"})
    world.docs["/to"] = "<Say>found</Say>"
    _, leg = await world.calls(None, voice_url="/from", status_callback="/from")
    await leg.wait_ended()
    await world.until(lambda: len(world.to("/to")) == 2)
    document, callback = world.to("/to")
    assert (document.method, document.query["CallSid"]) == ("GET", leg.sid)
    assert (callback.method, callback.query) == ("GET", {})
    world.docs["/from"] = web.Response(status=302, headers={"Location": "/from"})
    _, leg = await world.calls(None, voice_url="/from")
    await leg.wait_ended()
    assert world.ended(leg)["cause"] == "error 11215"


# ---------------------------------------------------------------- callbacks and faults


async def test_a_callback_answered_with_an_error_is_only_noted(world: World) -> None:
    world.docs["/end"] = web.Response(status=500)
    _, leg = await world.calls("<Say>hi</Say>", status_callback="/end")
    await leg.wait_ended()
    await world.until(lambda: world.to("/end"))
    await world.clock.sleep(1)
    assert 15003 in [e.data["code"] for e in world.net.ledger.of("webhook.failed")]
    assert len(world.to("/end")) == 1


async def test_exactly_one_callback_is_lost_doubled_or_late(world: World) -> None:
    faults = world.net.faults
    faults.drop_next("participant-join")
    faults.duplicate_next("participant-leave")
    faults.delay_next("completed", 30)
    phone, leg = await world.calls(conference(label="c"), status_callback="/end")
    await leg.wait_in_room()
    await phone.hangs_up()
    ended = world.clock.now()
    await world.until(lambda: world.to("/end"))
    assert world.events("/room") == ["participant-leave", "participant-leave", "conference-end"]
    assert [a.form["SequenceNumber"] for a in world.to("/room")] == ["2", "2", "3"]
    twins = [a.headers["I-Twilio-Idempotency-Token"] for a in world.to("/room")[:2]]
    assert twins[0] == twins[1]
    assert world.to("/end")[0].at == pytest.approx(ended + 30)
    kinds = [e.kind for e in world.net.ledger.of("webhook.") if e.kind.endswith(("ed",))]
    assert {"webhook.dropped", "webhook.duplicated", "webhook.delayed"} <= set(kinds)
    assert faults.count == {"conference.drop": 1, "conference.duplicate": 1, "status.delay": 1}


async def test_rates_are_drawn_from_the_seed_and_documents_are_never_lost() -> None:
    async def run(seed: int) -> tuple[list[str], dict[str, int]]:
        everything = Rates(drop=0.3, duplicate=0.3, delay=0.3, reorder=0.3)
        faults = Faults(rates={"conference": everything, "status": everything, "document": everything})
        async with carrier_world(faults=faults, seed=seed) as world:
            for _ in range(12):
                phone, leg = await world.calls(conference(label="c"), status_callback="/end")
                await leg.wait_in_room()
                await phone.hangs_up()
            await world.clock.sleep(60)
            assert len(world.to("/voice")) > 12
            return sorted(a.event for a in world.to("/room")), dict(faults.count)

    first, again, other = await run(3), await run(3), await run(4)
    assert first == again != other
    assert {"conference.drop", "conference.reorder", "status.delay", "document.duplicate"} <= set(first[1])
    assert not {"document.drop", "document.delay", "document.reorder"} & set(first[1])


async def test_a_reordered_callback_is_overtaken_by_the_next_one() -> None:
    async with carrier_world(faults=Faults(rates={"conference": Rates()})) as world:
        world.net.faults.rates["conference"].reorder = 1.0
        phone, leg = await world.calls(conference(label="c"))
        await leg.wait_in_room()
        world.net.faults.rates["conference"].reorder = 0.0
        await phone.hangs_up()
        await world.until(lambda: len(world.to("/room")) == 3)
        assert world.events("/room")[0] == "participant-leave"
        assert [a.form["SequenceNumber"] for a in world.to("/room")] in (["2", "1", "3"], ["2", "3", "1"])
