"""Epoch, time, effects and leases (L3, P5, S2)."""

from __future__ import annotations

import asyncio
import secrets

import pytest

from routing.board import Board, BoardAway, Caller, EpochChanged
from routing.policy import Line, compile_config
from tests.routing.world import START, World

pytestmark = pytest.mark.anyio

CONFIG = compile_config([Line("main")])


def real_board(url: str, hotline: str) -> Board:
    return Board(url, hotline=hotline, new_id=lambda: secrets.token_hex(8))


async def test_S2_a_second_process_adopts_and_a_later_known_epoch_begins_anew(world: World, valkey_url: str) -> None:
    other = Board(valkey_url, hotline=world.hotline, new_id=lambda: secrets.token_hex(8), now_ms=lambda: world.ms)
    assert await other.open(world.config) == world.board.epoch
    later = f"{world.ms + 60_000}-ff"
    fresh = await other.open(world.config, known=[world.board.epoch, later])
    assert int(fresh.partition("-")[0]) > world.ms + 60_000
    with pytest.raises(EpochChanged):
        await world.board.tick()
    assert await world.board.open(world.config, known=[fresh]) == fresh
    await other.aclose()


async def test_S2_without_open_or_data_every_move_says_so(valkey_url: str) -> None:
    board = real_board(valkey_url, "none")
    with pytest.raises(EpochChanged):
        await board.call("c1")
    await board.open(CONFIG)
    await board._store.plain("DEL", f"{board._store.tag}meta")
    with pytest.raises(EpochChanged):
        await board.arrive("c1", "CA1", "main", "en", Caller())
    await board.aclose()


async def test_S2_verify_mode_serves_callers_and_offers_after_10_s(world: World) -> None:
    await world.board.open(world.config, known=[f"{world.ms}-zz"])
    await world.waits("c1")
    await world.person("s1")
    await world.alive(9, "s1")
    assert await world.has_offer("s1") == ""
    await world.alive(1, "s1")
    assert await world.has_offer("s1") == "c1"


async def test_S2_after_verify_mode_only_people_and_callers_of_this_epoch_are_matched(world: World) -> None:
    await world.waits("c1")
    await world.person("s1", presence="break")
    world.presence["s1"] = "available"
    await world.board.open(world.config, known=[f"{world.ms}-zz"])
    await world.board.end_verify()
    assert await world.state("c1") == "doubtful"
    await world.turn("c1")
    assert await world.has_offer("s1") == ""
    await world.beat("s1")
    assert await world.has_offer("s1") == "c1", "and their presence is what their beat says"


async def test_S2_a_beat_that_claims_a_call_is_not_idle(world: World) -> None:
    await world.waits("c1")
    await world.waits("c2")
    await world.hangs_up("c2")
    await world.person("s1", presence="break")
    await world.beat("s1", call="c1")
    await world.board.set_presence(world.people["s1"], "available")
    assert await world.has_offer("s1") == ""
    await world.beat("s1")
    assert await world.has_offer("s1") == "c1"


async def test_P5_time_never_goes_back_and_a_large_step_is_another_epoch(world: World) -> None:
    await world.waits("c1")
    world.ms -= 700
    assert (await world.turn("c1")).now_ms == START
    world.ms = START - 2001
    with pytest.raises(EpochChanged):
        await world.turn("c1")
    await world.board.open(world.config, known=[world.board.epoch])
    await world.turn("c1")


async def test_P5_time_by_argument_only_under_the_test_flag(valkey_url: str) -> None:
    board = Board(valkey_url, hotline="flag", new_id=lambda: secrets.token_hex(8), now_ms=lambda: 5)
    await board.open(CONFIG)
    with pytest.raises(BoardAway):  # the board's time is the server's: this worker's estimate is years late
        await board.tick()
    await board.aclose()


async def test_P5_a_move_that_was_late_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.waits("c1")
    monkeypatch.setattr(world.board._store, "_not_after", lambda: world.ms - 1)
    with pytest.raises(BoardAway):
        await world.turn("c1")


async def test_a_script_that_the_server_lost_is_loaded_again(world: World) -> None:
    await world.waits("c1")
    await world.board._store.plain("SCRIPT", "FLUSH")
    assert (await world.turn("c1")).turn == 2


async def test_L3_effects_are_claimed_for_1500_ms_and_retried_until_they_expire(world: World) -> None:
    await world.waits("c1")
    await world.turn("c1", danger=True)
    await world.later(30)
    (effect,) = await world.board.claim_effects()
    assert (effect.kind, effect.data["why"], effect.attempt) == ("move_caller", "backup", 0)
    assert await world.board.claim_effects() == []
    world.ms += 1499
    assert await world.board.claim_effects() == []
    world.ms += 1
    (claimed,) = await world.board.claim_effects()
    again = await world.board.still_due(claimed)
    assert again is not None
    assert (again.id, again.attempt) == (effect.id, 1)
    await world.board.effect_done(again, ok=False, result={})
    world.ms += 500
    (third,) = await world.board.claim_effects()
    await world.board.effect_done(third, ok=True, result={"x": 1})
    await world.board.effect_done(third, ok=True, result={"x": 1})
    world.ms += 5000
    assert await world.board.claim_effects() == []
    assert len(await world.events_of("effect.done")) == 1


async def test_L3_an_effect_that_the_board_no_longer_expects_is_dropped(world: World) -> None:
    await world.waits("c1")
    await world.turn("c1", danger=True)
    await world.later(30)
    (effect,) = await world.board.claim_effects()
    assert await world.board.still_due(effect)
    await world.hangs_up("c1")
    assert not await world.board.still_due(effect)
    world.ms += 2000
    assert await world.board.claim_effects() == []


async def test_L3_a_leg_that_could_not_be_completed_is_an_alarm(world: World) -> None:
    await world.person("s1")
    await world.waits("c1")
    sid, _ = await world.sits("s1", await world.accepts("s1"))
    await world.hangs_up("c1")
    for _ in range(61):
        world.ms += 1000
        for effect in await world.board.claim_effects():
            assert effect.data["sid"] == sid
            await world.board.effect_done(effect, ok=False, result={})
    assert "effect_failed" in [d["kind"] for d in await world.events_of("alarm")]


async def test_leases_fence(world: World) -> None:
    first = await world.board.lease("recorder", "a", 3000)
    assert first > 0
    assert await world.board.lease("recorder", "b", 3000) == 0
    assert await world.board.lease("recorder", "a", 3000) == first
    world.ms += 3001
    assert await world.board.lease("recorder", "b", 3000) > first


async def test_readers_wait_on_a_connection_of_their_own(world: World) -> None:
    cursor = await world.board.last_cursor()
    assert cursor == world.board.last_event_id
    reading = asyncio.create_task(world.board.events(cursor, block_ms=5000))
    await world.rings("c1")
    assert [event.kind for event in await reading] == ["call.arrived"]
    assert await world.board.events(world.board.last_event_id, block_ms=50) == []
    assert await world.board.events("$") == []
