"""A queue of dials outlives the claim of one of them: still no agency is rung by two processes (L3, R4)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any, cast

import pytest

from app import creates, outbox
from app.context import Context
from app.embedded import Stores
from app.secrets import NUMBER
from telephony.carrier import ParticipantInfo, RoomInfo
from tests.routing.world import World

pytestmark = pytest.mark.anyio

AGENCY = "+12025550181"
ROOM = "CF" + "1" * 32


class Slow:
    """A carrier that says when it is told to; before that nobody sees the leg that it has been asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answers: dict[str, asyncio.Event] = {}

    async def dial_into_room(self, _room: str, *, label: str, **_: Any) -> str:
        self.asked.append(label)
        await self.answers.setdefault(label, asyncio.Event()).wait()
        return "CA" + "5" * 32

    async def find_room(self, name: str) -> RoomInfo:
        return RoomInfo(ROOM, name, "in-progress")

    async def participants(self, _room: str) -> list[ParticipantInfo]:
        there = [label for label in self.asked if self.answers[label].is_set()]
        return [ParticipantInfo("CA" + "5" * 32, label, False, False, "ringing") for label in there]

    def answer(self, n: int) -> None:
        self.answers[self.asked[n]].set()


@pytest.fixture
async def world(stores: Stores) -> AsyncIterator[World]:
    made = World(stores.redis_url)
    await made.open()
    yield made
    await made.close()


async def until(right: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not right():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def handed(world: World, ctx: Context, handoffs: int) -> None:
    """c1 talks, and agencies are to be rung."""
    await world.person("s1")
    await world.waits("c1")
    await world.talks("c1", "s1")
    for n in range(handoffs):
        fact = dict(facts={}, cipher="", to_cipher=ctx.secrets.encrypt(AGENCY, NUMBER), dial=True)
        assert (await world.board.handoff_open("c1", "s1", handoff=f"h{n}", **cast(Any, fact))).ok


async def test_L3_a_queue_that_outlives_a_claim_rings_no_agency_twice(
    ctx: Context, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "DIALS_AT_ONCE", 1)
    monkeypatch.setattr(creates, "PATIENCE_S", 0.02)
    await handed(world, ctx, 3)
    carrier = Slow()
    contexts = [replace(ctx, board=world.board, carrier=cast(Any, carrier), worker=name) for name in ("w1", "w2")]
    one, other = (outbox.Outbox(each) for each in contexts)
    await one.claim()
    await until(lambda: len(carrier.asked) == 1)
    world.ms += 4_500
    carrier.answer(0)
    await until(lambda: len(carrier.asked) == 2)
    world.ms += 4_000  # the claims of all three are over, the second is being rung
    await other.claim()
    await until(lambda: len(carrier.asked) == 3)
    carrier.answer(1)
    await until(lambda: not one.busy())
    carrier.answer(2)
    await until(lambda: not other.busy())
    assert len(set(carrier.asked)) == len(carrier.asked) == 3, carrier.asked
    assert await world.board.claim_effects() == []
    assert len([d for d in await world.events_of("effect.done") if d["kind"] == "dial_agency"]) == 3
