"""The live stream: an offer reaches the person offered and nobody else, and a reload shows what is true."""

from __future__ import annotations

import asyncio
import time

import pytest

from app.api.client import QUEUE_MAX, Client
from app.people.roles import Role

pytestmark = pytest.mark.anyio


async def test_C5_an_offer_goes_to_one_person_and_shows_class_language_wait_and_returning(hotline) -> None:
    one, two = await hotline.person(), await hotline.person()
    async with one.live() as first, two.live() as second:
        await one.beat()
        await first.of("me", duty="idle")
        call = await hotline.caller()
        offer = await first.of("offer")
        await two.beat()
        await second.of("me", presence="available")
        assert "offer" not in second.kinds()
        assert (offer["cls"], offer["language"], offer["returning"]) == ("standard", "en", False)
        assert call.id not in str(offer)
        assert "+1202" not in str(first.messages)


async def test_the_first_ping_comes_at_once(hotline) -> None:
    person = await hotline.person()
    async with person.live() as stream:
        await stream.of("ping")
        assert stream.messages[0] == {"type": "ping"}
        await stream.of("me", spec=person.spec)


async def test_a_reload_shows_the_open_offer_again(hotline) -> None:
    person = await hotline.person()
    await person.beat()
    await hotline.caller()
    async with person.live() as stream:
        offer = await stream.of("offer")
        await stream.of("me", duty="offered")
    async with person.live() as again:
        assert (await again.of("offer"))["offer"] == offer["offer"]


async def test_a_caller_who_hangs_up_takes_the_offer_off_the_screen(hotline) -> None:
    person = await hotline.person()
    async with person.live() as stream:
        await person.beat()
        call = await hotline.caller()
        offer = await stream.of("offer")
        await hotline.ctx.board.caller_gone(call.id, call.sid, status="completed", side="caller", at_ms=None)
        over = await stream.of("offer_over", offer=offer["offer"])
        assert over["state"] == "rescinded"


async def test_own_call_is_told_to_its_person_with_what_beats_carry_back(hotline) -> None:
    person, other = await hotline.person(), await hotline.person()
    async with person.live() as stream, other.live() as others:
        await person.beat()
        call = await hotline.caller()
        offer = await stream.of("offer")
        await person.post(f"offers/{offer['offer']}/accept", {"tab": "t1"})
        told = (await stream.of("call", id=call.id))["told"]
        assert told["owner"] is True
        for owner in (True, person.spec):
            await person.beat(call=call.id, told=told | {"owner": owner})
        await other.beat()
        await others.of("me", presence="available")
        assert "call" not in others.kinds()


async def test_leads_get_alarms_and_the_board_and_specialists_neither(hotline) -> None:
    lead, person = await hotline.person(Role.lead, lines=[]), await hotline.person()
    async with lead.live() as stream, person.live() as others:
        await stream.of("board")
        call = await hotline.caller()
        await stream.until(lambda m: m["type"] == "board" and m["calls"] and m["calls"][0]["id"] == call.id)
        await hotline.ctx.board.turn(
            call.id, call.sid, line="main", language="en", cls="standard", arrived_ms=call.arrived_ms,
            counter=call.counter, turn=2, danger=True,
        )  # fmt: skip
        await stream.of("alarm", call=call.id)
        await others.of("me")
        assert not {"alarm", "board"} & set(others.kinds())


async def test_leads_get_at_most_two_boards_a_second_however_much_happens(hotline) -> None:
    lead, person = await hotline.person(Role.lead), await hotline.person()
    async with lead.live() as stream:
        await stream.of("board")
        first, began = len(stream.messages), time.monotonic()
        events = 0
        while time.monotonic() - began < 2:
            await person.http.put("/api/presence", json={"presence": ("available", "break")[events % 2]})
            events += 1
        spent = time.monotonic() - began
        boards = stream.kinds()[first:].count("board")
    assert events > 2 * boards
    assert 2 <= boards <= 2 * spent + 1


async def test_who_is_logged_off_loses_the_stream(hotline, monkeypatch) -> None:
    monkeypatch.setattr("app.api.hub.PING_EVERY_S", 0.05)
    person = await hotline.person()
    async with person.http.stream("GET", "/api/live") as response:
        await hotline.desk.revocations.end_person(person.spec)
        async with asyncio.timeout(8):
            async for _ in response.aiter_lines():
                pass  # ends by itself


async def test_a_slow_client_is_dropped_and_nobody_else(hotline) -> None:
    slow, quick = await hotline.person(signed_in=False), await hotline.person()
    client = Client(slow.spec, lead=False, alive=lambda: True)
    hotline.desk.hub.join(client)
    for _ in range(QUEUE_MAX):
        client.put(b"data: {}\n\n")
    assert client.dropped
    async with quick.live() as stream:
        await stream.of("ping")
    hotline.desk.hub.part(client)


async def test_after_redis_was_away_everybody_is_told_what_is_true(hotline, stores) -> None:
    person = await hotline.person()
    async with person.live() as stream:
        await person.beat()
        await stream.of("me", presence="available")
        await stores.valkey.stop()
        answer = await person.post("beat", {"presence": "available"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "board_away")
        assert (await person.get("session")).status_code == 200
        await stores.valkey.start()
        before = len(stream.messages)
        await stream.until(lambda m: m["type"] == "me" and m in stream.messages[before:], within=10)


async def test_T4_the_probe_says_when_everything_has_left(hotline) -> None:
    person = await hotline.person()
    hub, board = hotline.desk.hub, hotline.ctx.board
    async with person.live() as stream:
        await person.beat()
        await hotline.caller()
        assert not hub.caught_up("9999999999999-0")
        await stream.of("offer")
        async with asyncio.timeout(8):
            while not hub.caught_up(board.last_event_id):  # noqa: ASYNC110  polled, as the virtual clock does
                await asyncio.sleep(0)
