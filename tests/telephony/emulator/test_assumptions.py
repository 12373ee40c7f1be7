"""T3: every point that the carrier's documents leave open, run both ways."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import web

from telephony.emulator import Assumptions
from telephony.emulator.sounds import ERROR_WORDS
from tests.support.carrier_world import BACKUP, LINE, Asked, carrier_world, conference, twiml

pytestmark = pytest.mark.anyio

HANG_S = 30.0
"""Real seconds after which something will not come; no measure of speed."""

both = pytest.mark.parametrize("value", [False, True])


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def test_T3_factors_name_every_switch_and_rows_change_each_once() -> None:
    factors = Assumptions.factors()
    assert set(factors) == {
        "lone_hears_music",
        "stale_answer_runs",
        "failed_step_uses_fallback",
        "update_inherits_fallback",
        "keys_kept",
        "crashed_leg_ends_after_s",
        "kicked_leg_goes_on",
        "callback_before_action",
        "created_leg_asks_first",
        "retry_overlaps",
    }
    assert factors["crashed_leg_ends_after_s"] == [30.0, 0.0, None]
    rows = Assumptions.rows()
    assert rows[0] == Assumptions()
    assert len(rows) == len(set(rows)) == 1 + sum(len(values) - 1 for values in factors.values())


@both
async def test_T3_a_lone_participant_hears_music_or_silence(value: bool) -> None:
    async with carrier_world(Assumptions(lone_hears_music=value)) as world:
        noun = conference(label="c").replace('waitUrl=""', "")
        _, leg = await world.calls(noun)
        await leg.wait_in_room()
        await world.clock.sleep(12)
        assert len(leg.heard) == value
        silent = [span.seconds for span in world.net.ledger.silences(leg.sid)]
        assert silent == ([] if value else [pytest.approx(12)])
        other = await world.in_room("s1", noun.replace('"c"', '"o"'))
        assert leg.can_hear() == {other.sid}
        await other.hangs_up()
        await world.clock.sleep(5)
        assert len(leg.heard) == 2 * value


@both
async def test_T3_the_answer_of_a_request_in_flight_when_an_update_comes(value: bool) -> None:
    async with carrier_world(Assumptions(stale_answer_runs=value)) as world:
        arrived, release = asyncio.Event(), asyncio.Event()

        async def slow(_: Asked) -> str:
            arrived.set()
            await release.wait()
            return "<Say>the stale answer</Say><Pause length='60'/>"

        world.docs["/moved"] = "<Say>the update</Say><Pause length='60'/>"
        phone, leg = await world.calls("<Say>hello</Say><Redirect>/slow</Redirect>")
        world.docs["/slow"] = slow
        await arrived.wait()
        await world.net.update_call(leg.sid, url=world.url("/moved"))
        while "the update" not in world.heard(leg):
            await asyncio.wait_for(leg.news(), 5)
        release.set()
        await world.clock.sleep(20)
        assert world.heard(leg) == ["hello", "the update", *(["the stale answer"] if value else [])]
        await phone.hangs_up()


@both
@pytest.mark.parametrize(
    "step",
    [
        "<Redirect>/broken</Redirect>",
        "<Gather timeout='1' actionOnEmptyResult='true' action='/broken'/>",
        "<Play>/broken</Play>",
        "<Gather timeout='1'><Play>/broken</Play></Gather>",
        "<Dial action='/broken'>+12025550199</Dial>",
    ],
)
async def test_T3_a_failed_step_goes_to_the_fallback_or_ends_the_call(value: bool, step: str) -> None:
    async with carrier_world(Assumptions(failed_step_uses_fallback=value)) as world:
        world.docs |= {"/broken": web.Response(status=500), "/plan-b": "<Say>Plan B</Say>"}
        _, leg = await world.calls(f"<Say>hello</Say>{step}", voice_fallback_url="/plan-b")
        await leg.wait_ended()
        assert world.heard(leg) == ["hello", "Plan B" if value else ERROR_WORDS]
        if value:
            asked = world.to("/plan-b")[0].form
            assert (asked["ErrorCode"], asked["ErrorUrl"]) == ("11200", world.url("/broken"))


@both
async def test_T3_an_update_without_fallback_inherits_it_or_not(value: bool) -> None:
    async with carrier_world(Assumptions(update_inherits_fallback=value)) as world:
        world.docs |= {"/broken": web.Response(status=500), "/plan-b": "<Say>Plan B</Say>"}
        phone, leg = await world.calls("<Say>hello</Say><Pause length='60'/>", voice_fallback_url="/plan-b")
        await phone.hears("hello")
        await world.net.update_call(leg.sid, url=world.url("/broken"))
        await leg.wait_ended()
        assert world.heard(leg)[-1] == ("Plan B" if value else ERROR_WORDS)


async def test_T3_an_updates_own_fallback_is_always_asked() -> None:
    for value in (False, True):
        async with carrier_world(Assumptions(update_inherits_fallback=value, failed_step_uses_fallback=value)) as world:
            world.docs |= {"/broken": web.Response(status=500), "/plan-c": "<Say>Plan C</Say>"}
            phone, leg = await world.calls("<Say>hello</Say><Pause length='60'/>")
            await phone.hears("hello")
            await world.net.update_call(leg.sid, url=world.url("/broken"), fallback_url=world.url("/plan-c"))
            await leg.wait_ended()
            assert world.heard(leg)[-1] == "Plan C"


@both
async def test_T3_keys_between_gathers_are_kept_or_lost(value: bool) -> None:
    async with carrier_world(Assumptions(keys_kept=value)) as world:
        world.docs["/key"] = "<Hangup/>"
        gather = "<Gather numDigits='1' timeout='4' action='/key'><Say>Now press</Say></Gather>"
        phone, leg = await world.calls(f"<Say>hello</Say><Pause length='5'/>{gather}")
        await phone.hears("hello")
        await world.clock.sleep(3)
        await phone.presses("1")
        await leg.wait_ended()
        assert [a.form["Digits"] for a in world.to("/key")] == (["1"] if value else [])
        assert world.heard(leg) == (["hello"] if value else ["hello", "Now press"])


@pytest.mark.parametrize("seconds", [0.0, 30.0, None])
async def test_T3_a_crashed_devices_leg_ends_after_a_time_or_never(seconds: float | None) -> None:
    async with carrier_world(Assumptions(crashed_leg_ends_after_s=seconds)) as world:
        owner = await world.in_room("s1", conference(label="owner"))
        _, caller = await world.calls(conference(label="caller"))
        room = await caller.wait_in_room()
        await world.clock.sleep(5)
        died = world.clock.now()
        owner.dies()
        assert caller.can_hear() == set()
        await world.clock.sleep(200)
        ended = None if owner.ended_at is None else round(owner.ended_at - died, 3)
        assert ended == seconds
        assert ("owner" in [p.label for p in room.participants]) == (seconds is None)
        assert [e.at for e in world.net.ledger.of("leg.died", owner.sid)] == [died]
        silence = world.net.ledger.silences(caller.sid)[-1]
        assert (silence.begin, silence.end) == (died, world.clock.now())
        await owner.hangs_up()  # nobody is there to do it
        assert owner.live == (seconds is None)


@both
@pytest.mark.parametrize("how", ["kick", "complete"])
async def test_T3_a_kicked_twiml_leg_goes_on_or_ends(value: bool, how: str) -> None:
    async with carrier_world(Assumptions(kicked_leg_goes_on=value)) as world:
        world.docs["/after"] = "<Say>after the room</Say>"
        _, leg = await world.calls(conference(label="c", dial="action='/after'"))
        room = await leg.wait_in_room()
        if how == "kick":
            await world.net.remove_participant(room.sid, "c")
        else:
            await world.net.end_room(room.sid)
        await leg.wait_ended()
        assert world.heard(leg) == (["after the room"] if value else [])
        assert world.ended(leg)["by"] == ("document" if value else "api")
        await world.until(lambda: "conference-end" in world.events("/room"))


@both
@pytest.mark.parametrize("what", ["room", "phone"])
async def test_T3_the_callback_comes_before_or_after_the_action_request(value: bool, what: str) -> None:
    async with carrier_world(Assumptions(callback_before_action=value)) as world:
        order: list[str] = []

        async def note(asked: Asked) -> web.Response:
            if asked.event in ("participant-leave", "completed") or asked.path == "/after":
                order.append(asked.path + " in")
                await asyncio.sleep(0.02)
                order.append(asked.path + " out")
            return twiml("<Say>bye</Say>") if asked.path == "/after" else web.Response(status=204)

        told = "/room" if what == "room" else "/leg"
        world.docs |= {told: note, "/after": note}
        if what == "room":
            _, leg = await world.calls(conference(label="c", dial="action='/after' timeLimit='10'"))
        else:
            world.net.phone(BACKUP).will_be_busy()
            number = "<Number statusCallback='/leg' statusCallbackEvent='completed'>"
            _, leg = await world.calls(f"<Dial action='/after'>{number}{BACKUP}</Number></Dial>")
            world.docs["/leg"] = lambda asked: note(_as_completed(asked))
        await leg.wait_ended()
        await world.until(lambda: len(order) == 4)
        sequence = [f"{told} in", f"{told} out", "/after in", "/after out"]
        assert order == (sequence if value else sequence[2:] + sequence[:2])


def _as_completed(asked: Asked) -> Asked:
    return Asked(asked.path, asked.method, asked.query, {"CallStatus": "completed"}, asked.headers, True, asked.at)


async def test_T3_callbacks_held_back_are_told_even_if_the_action_is_never_asked() -> None:
    async with carrier_world(Assumptions(callback_before_action=False)) as world:
        world.docs["/moved"] = "<Pause length='60'/>"
        phone, leg = await world.calls(conference(label="c", dial="action='/after'"))
        room = await leg.wait_in_room()
        await world.net.remove_participant(room.sid, "c")
        await phone.hangs_up()
        await world.until(lambda: "conference-end" in world.events("/room"))


@both
async def test_T3_a_created_leg_asks_before_or_after_the_create_answers(value: bool) -> None:
    async with carrier_world(Assumptions(created_leg_asks_first=value)) as world:
        world.docs["/doc"] = "<Say>hello</Say>"
        world.line()
        world.net.phone(BACKUP).will_answer(after=0)
        with world.clock.busy():  # a client waits for the create's answer
            leg = await world.net.create_call(to=BACKUP, from_=LINE, url=world.url("/doc"))
            assert len(world.to("/doc")) == value
        await leg.wait_ended()
        assert len(world.to("/doc")) == 1


async def test_T3_a_create_answers_at_once_where_the_telephone_only_rings() -> None:
    async with carrier_world(Assumptions(created_leg_asks_first=True)) as world:
        world.net.phone(BACKUP).will_answer(after=9)
        began = world.clock.now()
        with world.clock.busy():  # no time passes meanwhile: waiting for the answer would be for ever
            async with asyncio.timeout(HANG_S):
                leg = await world.net.create_call(to=BACKUP, from_=LINE, url=world.url("/doc"))
        assert world.clock.now() - began < 9
        await leg.wait_ended()


@both
async def test_T3_a_retry_comes_while_the_first_still_runs_or_after_it_was_hung_up(value: bool) -> None:
    async with carrier_world(Assumptions(retry_overlaps=value)) as world:
        running: list[int] = []
        counts: dict[str, Any] = {"now": 0, "hung_up": 0}

        async def slow_once(_: Asked) -> str:
            counts["now"] += 1
            running.append(counts["now"])
            try:
                if len(running) == 1:
                    await asyncio.sleep(0.5)
            except asyncio.CancelledError:
                counts["hung_up"] += 1
                raise
            finally:
                counts["now"] -= 1
            return "<Say>done</Say>"

        _, leg = await world.calls(slow_once, voice_url="/voice#rt=100&rp=rt")
        await leg.wait_ended()
        assert len(running) == 2
        assert world.heard(leg) == ["done"]
        tokens = {a.headers["I-Twilio-Idempotency-Token"] for a in world.asked}
        assert len(tokens) == 1
        assert (max(running), counts["hung_up"]) == ((2, 0) if value else (1, 1))
        await world.clock.sleep(1)  # nothing in flight is left behind
