"""The recorder on the real board: a call from ring to end, and Redis emptied in between."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker

from app.embedded import Stores
from app.recorder import Recorder
from app.records import queries
from routing.board import Caller
from tests.app.records.stream import drain
from tests.routing.world import World

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(60)]

Make = Callable[..., Recorder]
Rows = Callable[..., Awaitable[list[Any]]]


@pytest.fixture
async def world(hotline_stores: Stores, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    monkeypatch.setattr("app.recorder.BLOCK_MS", 20)
    made = World(hotline_stores.redis_url)
    await made.open()
    yield made
    await made.close()


@pytest.fixture
def recorder(recorder_of: Make, world: World) -> Recorder:
    return recorder_of(world.board, reopen=lambda: world.board.open(world.config))


async def conversation(world: World, call: str, spec: str) -> None:
    await world.waits(call, caller=Caller("hash", "a.k.n", False, "TN-Validation-Passed-A"))
    await world.person(spec)
    won = await world.accepts(spec)
    await world.joins(spec, won)
    await world.caller_joins(call)
    world.ms += 5_000
    await world.board.clinical(call, spec, kind="risk", id="f1", facts={"judged": "moderate"}, cipher="a.k.t")


async def test_S3_a_call_on_the_board_is_the_call_on_record(
    world: World, recorder: Recorder, engine: AsyncEngine, rows: Rows
) -> None:
    await conversation(world, "c1", "s1")
    await world.hangs_up("c1", at_ms=world.ms)
    await drain(recorder)
    assert recorder.cursor == await world.board.last_cursor()
    async with async_sessionmaker(engine)() as session:
        whole = await queries.whole_call(session, "c1")
    assert whole is not None
    call = whole.call
    assert (call.outcome, call.side, call.state, call.owner) == ("answered", "caller", "closed", "s1")
    assert call.arrived_at <= call.waiting_at <= call.first_offer_at <= call.first_accept_at <= call.answered_at
    assert round(call.ended_at.timestamp() * 1000) == world.ms
    assert (whole.owners[0].to_spec, whole.owners[0].reason) == ("s1", "accept")
    assert {(leg.role, leg.joined_at is not None) for leg in whole.legs} == {("caller", True), ("owner", True)}
    assert [(risk.judged, risk.imminent) for risk in whole.risk] == [("moderate", None)]
    assert [offer.state for offer in whole.offers] == ["connected"]
    assert await rows("SELECT * FROM call_events WHERE problem IS NOT NULL") == []


async def test_S2_redis_emptied_in_mid_conversation_is_one_call(
    world: World, recorder: Recorder, rows: Rows, hotline_stores: Stores
) -> None:
    await conversation(world, "c1", "s1")
    await drain(recorder)
    facts = await queries.call_facts(async_sessionmaker(recorder._engine), "c1")
    assert facts is not None
    redis = Redis.from_url(hotline_stores.redis_url)
    await redis.delete(*[key async for key in redis.scan_iter(match=f"{{hl:{world.hotline}}}:*")])
    await redis.aclose()
    await world.open()
    room, labels = world.room("c1"), ["caller_c1_1", "owner_s1_x"]
    await world.board.restore("c1", world.phones["c1"].sid, told=facts, room_sid=room, labels=labels)
    world.ms += 1_000
    await world.hangs_up("c1", at_ms=world.ms)
    await drain(recorder)
    await drain(recorder)
    (call,) = await rows("SELECT * FROM calls")
    assert (call["outcome"], call["state"], call["cls"]) == ("answered", "closed", "standard")
    assert call["number_hash"] == "hash"
    assert len(await rows("SELECT DISTINCT epoch FROM call_events")) == 2
    owners = await rows("SELECT to_spec FROM ownerships ORDER BY epoch, n")
    assert owners[0]["to_spec"] == "s1"


async def test_S3_the_lease_is_the_boards(world: World, recorder: Recorder, recorder_of: Make) -> None:
    await world.waits("c1")
    standby = recorder_of(world.board, "w2")
    await recorder.step()
    await standby.step()
    assert (recorder.last_id > 0, standby.cursor) == (True, "")


async def test_S3_the_board_trims_and_knows_its_memory(world: World) -> None:
    await world.waits("c1")
    assert 0 <= await world.board.memory_share() < 1
    assert await world.board.trim_events(await world.board.last_cursor()) >= 0
