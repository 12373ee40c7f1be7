"""TwiML run as the carrier documents it: verbs, nesting, Gather, Redirect, Reject, what goes to the fallback."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from telephony.emulator import twiml
from telephony.emulator.sounds import ERROR_WORDS
from telephony.emulator.webhooks import FetchFailed
from tests.support.carrier_world import World, carrier_world

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with carrier_world() as running:
        yield running


# ---------------------------------------------------------------- plain verbs


async def test_say_play_and_pause_take_their_time_and_the_end_of_the_document_ends_the_call(world: World) -> None:
    words = "a sentence of some forty-two letters, say."
    world.docs["/tune.wav"] = web.Response(body=b"no sound", content_type="audio/wav")
    _, leg = await world.calls(f'<Say>{words}</Say><Pause length="2"/><Play>/tune.wav?seconds=7.5</Play>')
    await leg.wait_ended()
    begin = leg.answered_at
    assert begin is not None
    assert world.said(leg, words) == begin
    assert world.said(leg, "tune.wav") == pytest.approx(begin + len(words) / 14 + 2)
    assert leg.ended_at == pytest.approx(begin + len(words) / 14 + 2 + 7.5)
    assert (world.ended(leg)["by"], world.ended(leg)["status"]) == ("document", "completed")
    assert leg.duration == round(len(words) / 14 + 9.5)


async def test_a_medium_of_unknown_length_lasts_eighteen_seconds_and_a_short_word_one(world: World) -> None:
    world.docs["/tune.mp3"] = web.Response(body=b"no sound", content_type="audio/mpeg")
    _, leg = await world.calls('<Play>/tune.mp3</Play><Say loop="3">Hm</Say>')
    await leg.wait_ended()
    assert leg.ended_at == pytest.approx((leg.answered_at or 0) + 18 + 3)


async def test_a_lengths_registry_knows_media_of_other_hosts(world: World) -> None:
    world.net.media.seconds["/music/1.mp3"] = 33.0
    _, leg = await world.calls("<Play>https://media.example.org/music/1.mp3</Play>")
    await leg.wait_ended()
    assert leg.ended_at == pytest.approx((leg.answered_at or 0) + 33)
    assert [a.path for a in world.asked] == ["/voice"]
    assert [e.data["kind"] for e in world.net.ledger.of("webhook.sent")] == ["voice"]


async def test_the_first_request_says_ringing_and_later_ones_in_progress(world: World) -> None:
    world.docs["/next"] = "<Hangup/>"
    _, leg = await world.calls("<Say>Hello</Say><Redirect>/next?turn=1</Redirect>")
    await leg.wait_ended()
    assert [(a.path, a.form["CallStatus"]) for a in world.asked] == [("/voice", "ringing"), ("/next", "in-progress")]
    assert world.to("/next")[0].query == {"turn": "1"}


async def test_redirect_ends_the_document_and_an_empty_one_asks_the_current_url(world: World) -> None:
    world.docs["/next"] = ["<Say>once</Say><Redirect/><Say>never</Say>", "<Say>twice</Say>"]
    _, leg = await world.calls('<Redirect method="GET">/next</Redirect><Say>never</Say>')
    await leg.wait_ended()
    assert world.heard(leg) == ["once", "twice"]
    assert [a.method for a in world.to("/next")] == ["GET", "POST"]
    assert world.to("/next")[0].query["CallSid"] == leg.sid


@pytest.mark.parametrize(("reason", "status"), [("busy", "busy"), ("rejected", "no-answer")])
async def test_reject_as_first_verb_never_answers(world: World, reason: str, status: str) -> None:
    _, leg = await world.calls(f'<Reject reason="{reason}"/>')
    await leg.wait_ended()
    assert (leg.status, leg.answered_at) == (status, None)


async def test_a_leading_pause_delays_the_answer(world: World) -> None:
    _, leg = await world.calls('<Pause length="4"/><Say>Hello</Say>')
    await leg.wait_ended()
    assert leg.answered_at == pytest.approx(leg.created_at + 4)


async def test_an_endless_loop_of_redirects_does_not_stop_the_clock(world: World) -> None:
    phone, leg = await world.calls("<Redirect/>")
    await world.clock.sleep(1)
    assert leg.live
    await phone.hangs_up()


# ---------------------------------------------------------------- Gather


async def test_gather_speaks_then_waits_then_falls_through(world: World) -> None:
    _, leg = await world.calls('<Gather timeout="3"><Say>Press a key</Say></Gather><Say>Nobody pressed</Say>')
    await leg.wait_ended()
    assert world.said(leg, "Nobody") == pytest.approx(world.said(leg, "Press") + 1 + 3)
    assert len(world.asked) == 1


async def test_a_key_cuts_the_words_off_and_goes_to_the_action(world: World) -> None:
    world.docs["/key"] = "<Say>Thank you</Say>"
    long = "This sentence is long enough to be interrupted by an impatient person. " * 4
    phone, leg = await world.calls(f'<Gather numDigits="1" action="/key?turn=2"><Say>{long}</Say></Gather>')
    await phone.hears("long enough")
    await world.clock.sleep(2)
    await phone.presses("7")
    await phone.hears("thank you", within=0.5)
    asked = world.to("/key")[0]
    assert (asked.form["Digits"], asked.query, asked.method) == ("7", {"turn": "2"}, "POST")
    assert leg.live


async def test_the_default_finish_key_ends_the_input_and_is_not_part_of_it(world: World) -> None:
    phone, _ = await world.calls('<Gather action="/key"/>')
    await world.clock.sleep(0.1)
    for key in "12#":
        await phone.presses(key)
    await world.until(lambda: world.to("/key"))
    assert world.to("/key")[0].form["Digits"] == "12"


async def test_only_the_finish_key_is_no_input(world: World) -> None:
    phone, leg = await world.calls('<Gather action="/key"/><Say>Nothing</Say>')
    await world.clock.sleep(0.1)
    await phone.presses("#")
    await phone.hears("nothing")
    assert world.to("/key") == []
    await leg.wait_ended()


async def test_an_empty_finish_key_makes_every_key_a_digit(world: World) -> None:
    phone, _ = await world.calls('<Gather action="/key" finishOnKey="" numDigits="1"/>')
    await world.clock.sleep(0.1)
    await phone.presses("#")
    await world.until(lambda: world.to("/key"))
    assert world.to("/key")[0].form["Digits"] == "#"


async def test_action_on_empty_result_sends_blank_digits(world: World) -> None:
    _, _ = await world.calls('<Gather action="/key" actionOnEmptyResult="true" timeout="2"/><Say>never</Say>')
    await world.until(lambda: world.to("/key"))
    assert world.to("/key")[0].form["Digits"] == ""


async def test_digits_are_collected_until_the_pause_between_them_is_too_long(world: World) -> None:
    phone, leg = await world.calls('<Gather action="/key" timeout="2"/>')
    for key in "45":
        await world.clock.sleep(1.5)
        await phone.presses(key)
    await world.until(lambda: world.to("/key"))
    assert world.to("/key")[0].form["Digits"] == "45"
    assert world.to("/key")[0].at == pytest.approx((leg.answered_at or 0) + 5)


async def test_without_an_action_gather_asks_its_own_document(world: World) -> None:
    phone, _ = await world.calls(["<Gather numDigits='1'/>", "<Hangup/>"])
    await world.clock.sleep(0.1)
    await phone.presses("1")
    await world.until(lambda: len(world.to("/voice")) == 2)
    assert world.to("/voice")[1].form["Digits"] == "1"


# ---------------------------------------------------------------- what is not valid


@pytest.mark.parametrize(
    ("document", "heard"),
    [
        ("<Shout>no</Shout><Say>yes</Say>", ["yes"]),
        ("<say>no</say><Say>yes</Say>", ["yes"]),
        ('<Say loudness="11">yes</Say>', ["yes"]),
        ("<Gather timeout='1'><Say>yes</Say><Hangup/></Gather><Say>and on</Say>", ["yes", "and on"]),
        ("<Say>yes<Dial>+12025550199</Dial></Say>", ["yes"]),
        ('<Reject reason="bored"/>', []),
        ("<Record/><Say>yes</Say>", ["yes"]),
        ("<Conference>x</Conference><Say>yes</Say>", ["yes"]),
    ],
)
async def test_the_invalid_part_is_warned_about_and_not_run(world: World, document: str, heard: list[str]) -> None:
    _, leg = await world.calls(document)
    await leg.wait_ended()
    assert world.heard(leg) == heard
    assert world.warnings() == [12200]


async def test_a_valid_document_gives_no_warning() -> None:
    document = twiml.parse(
        b'<?xml version="1.0"?><Response><Gather input="dtmf" numDigits="1" timeout="4" finishOnKey="" action="/a">'
        b'<Say language="es-MX" voice="x">Hola <break time="1s"/> otra</Say><Play loop="2">/m</Play><Pause length="1"/>'
        b'</Gather><Dial timeLimit="86400" action="/b"><Conference beep="false" startConferenceOnEnter="true" '
        b'endConferenceOnExit="false" participantLabel="l" waitUrl="" statusCallback="/c" '
        b'statusCallbackEvent="start end" coach="CA1" muted="true" maxParticipants="10">r</Conference></Dial>'
        b'<Dial callerId="+12025550100" timeout="20" answerOnBridge="true">'
        b'<Number url="/s" statusCallback="/n" statusCallbackEvent="answered">+12025550177'
        b"</Number></Dial><Redirect>/d</Redirect></Response>"
    )
    assert document.warnings == ()
    assert [verb.name for verb in document.verbs] == ["Gather", "Dial", "Dial", "Redirect"]
    assert document.verbs[0].children[0].text == "Hola otra"


@pytest.mark.parametrize(
    ("kind", "body", "code"),
    [
        ("text/xml", b" <Response/>", 12100),
        ("text/xml", b"<Response><Say></Response>", 12100),
        ("text/xml", b"<Answer/>", 12100),
        ("text/xml", b"", 12100),
        ("application/json", b"{}", 12300),
        ("", b"<Response/>", 11200),
        ("text/xml", b"<Response>" + b"<Pause/>" * 9000 + b"</Response>", 11750),
    ],
)
async def test_what_is_no_document_fails_with_the_carriers_code(kind: str, body: bytes, code: int) -> None:
    with pytest.raises(FetchFailed) as failure:
        twiml.read(twiml.Answer("http://a", 200, kind, body))
    assert failure.value.code == code


@pytest.mark.parametrize("kind", ["text/xml", "application/xml", "text/html; charset=utf-8", "text/plain"])
async def test_accepted_content_types(kind: str) -> None:
    document = twiml.read(twiml.Answer("http://a", 200, kind, b"<Response><Hangup/></Response>"))
    assert [verb.name for verb in document.verbs] == ["Hangup"]


async def test_plain_text_is_read_aloud_and_audio_is_played(world: World) -> None:
    _, leg = await world.calls(web.Response(text="just words"))
    await leg.wait_ended()
    assert world.heard(leg) == ["just words"]
    _, leg = await world.calls(web.Response(body=b"x", content_type="audio/mpeg"))
    await leg.wait_ended()
    assert [h.what for h in leg.heard] == ["play"]


# ---------------------------------------------------------------- fallback


@pytest.mark.parametrize(
    ("broken", "code"),
    [
        (web.Response(status=500), "11200"),
        (web.Response(status=404), "11200"),
        (web.Response(text="nonsense", content_type="text/xml"), "12100"),
        (web.Response(text="{}", content_type="application/json"), "12300"),
    ],
)
async def test_a_failed_document_goes_to_the_fallback_with_code_and_url(
    world: World, broken: web.Response, code: str
) -> None:
    world.docs["/plan-b"] = "<Say>Plan B</Say>"
    _, leg = await world.calls(broken, voice_fallback_url="/plan-b")
    await leg.wait_ended()
    asked = world.to("/plan-b")[0]
    assert (asked.form["ErrorCode"], asked.form["ErrorUrl"]) == (code, world.url("/voice"))
    assert asked.form["CallSid"] == leg.sid
    assert world.heard(leg) == ["Plan B"]


async def test_an_unreachable_host_goes_to_the_fallback(world: World) -> None:
    world.docs["/plan-b"] = "<Say>Plan B</Say>"
    _, leg = await world.calls(voice_url="http://127.0.0.1:9/voice", voice_fallback_url="/plan-b")
    await leg.wait_ended()
    assert world.to("/plan-b")[0].form["ErrorCode"] == "11205"


async def test_without_a_fallback_the_caller_hears_the_carriers_error_and_the_call_ends(world: World) -> None:
    phone, leg = await world.calls(web.Response(status=500))
    await phone.hears("error")
    await leg.wait_ended()
    assert world.heard(leg) == [ERROR_WORDS]
    assert (world.ended(leg)["by"], world.ended(leg)["cause"]) == ("network", "error 11200")
    assert [e.data["what"] for e in world.net.ledger.of("heard", leg.sid)] == ["error"]


async def test_a_failing_fallback_ends_the_call_too(world: World) -> None:
    world.docs["/plan-b"] = web.Response(status=503)
    _, leg = await world.calls(web.Response(status=500), voice_fallback_url="/plan-b")
    await leg.wait_ended()
    assert len(world.to("/plan-b")) == 1
    assert world.heard(leg) == [ERROR_WORDS]


async def test_a_phone_that_does_not_hear_says_what_it_heard(world: World) -> None:
    phone, _ = await world.calls("<Say>Something else</Say><Pause length='60'/>")
    with pytest.raises(AssertionError, match="Something else"):
        await phone.hears("welcome", within=5)


async def test_a_call_ends_after_four_hours() -> None:
    async with carrier_world() as world:
        _, leg = await world.calls("<Pause length='7200'/><Say>a</Say><Pause length='90000'/>")
        await leg.wait_ended()
        assert leg.ended_at == pytest.approx(leg.created_at + 4 * 3600)
        assert (world.ended(leg)["by"], world.ended(leg)["cause"]) == ("network", "time limit")
