"""An agency is rung once, at once, and never behind moves (L3, R4)."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from itertools import pairwise
from typing import Any, cast

import pytest

from app import creates, outbox
from app.context import Context
from app.secrets import NUMBER
from routing.board import Effect
from routing.policy import TIMES_S
from telephony.carrier import CarrierAway, ParticipantInfo, RoomInfo

pytestmark = pytest.mark.anyio

AGENCY = "+12025550181"
LABEL = "agency_h0000000001_n1"


def effect(kind: str, n: int = 0, **data: Any) -> Effect:
    return Effect(id=f"f{kind}{n}", kind=kind, call="c1", data=data, expires_ms=0, attempt=1)


async def test_R4_an_emergency_does_not_queue_behind_moves_that_hang(ctx: Context, monkeypatch) -> None:
    under_way, most = [], 0

    async def hangs(_ctx: Context, what: Effect) -> None:
        nonlocal most
        under_way.append(what)
        most = max(most, len(under_way))
        await asyncio.sleep(3600)

    monkeypatch.setattr(outbox, "carry_out", hangs)
    box = outbox.Outbox(ctx)
    for n in range(60):
        box.start(effect("move_caller", n))
        box.start(effect("move_caller", n))
    box.start(effect("dial_agency"))
    async with asyncio.timeout(5):
        while not any(one.kind == "dial_agency" for one in under_way):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert most <= outbox.AT_ONCE + 1
    assert len(box._working) == 61  # pyright: ignore[reportPrivateUsage]  one task each, however often claimed
    for task in box._working:  # pyright: ignore[reportPrivateUsage]
        task.cancel()


async def test_R4_all_workers_together_create_one_leg_a_second_emergencies_first(ctx: Context) -> None:
    order: list[tuple[str, float]] = []
    inside = 0

    async def creating(worker: str, *, emergency: bool) -> None:
        nonlocal inside
        async with creates.turn(replace(ctx, worker=worker), emergency=emergency):
            inside += 1
            assert inside == 1
            order.append(("emergency" if emergency else "other", time.monotonic()))
            await asyncio.sleep(0.05)
            inside -= 1

    first = asyncio.create_task(creating("w1", emergency=False))
    while not order:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    others = [asyncio.create_task(creating(f"w{n}", emergency=n == 3)) for n in (2, 3)]
    await asyncio.gather(first, *others)
    assert [kind for kind, _ in order] == ["other", "emergency", "other"]
    apart = [b - a for (_, a), (_, b) in pairwise(order)]
    assert min(apart) >= 0.9, apart


async def test_R4_an_emergency_goes_although_a_dead_worker_holds_the_turn(ctx: Context, monkeypatch) -> None:
    monkeypatch.setattr(creates, "PATIENCE_S", 0.3)
    await ctx.board.lease(creates.TURN, "dead", 60_000)
    async with asyncio.timeout(5), creates.turn(ctx, emergency=True):
        pass


async def test_S1_without_the_board_nobody_waits(ctx: Context, stores) -> None:
    await stores.valkey.stop()
    try:
        async with asyncio.timeout(5), creates.turn(ctx, emergency=False):
            pass
    finally:
        await stores.valkey.start()


class Slow:
    """A carrier whose create is carried out although its answer never comes."""

    def __init__(self) -> None:
        self.rung: list[str] = []

    async def dial_into_room(self, _room: str, *, label: str, **_: Any) -> str:
        self.rung.append(label)
        await asyncio.sleep(3600)
        return ""

    async def find_room(self, name: str) -> RoomInfo:
        return RoomInfo("CF" + "1" * 32, name, "in-progress")

    async def participants(self, _room: str) -> list[ParticipantInfo]:
        return [ParticipantInfo("CA" + "5" * 32, label, False, False, "ringing") for label in self.rung]


@pytest.mark.parametrize("room_sid", ["", "CF" + "1" * 32])
async def test_L3_what_may_have_been_done_is_looked_for_before_a_second_try(
    ctx: Context, monkeypatch, room_sid: str
) -> None:
    monkeypatch.setattr(outbox, "DIAL_S", 0.3)
    carrier = Slow()
    there = replace(ctx, carrier=cast(Any, carrier))
    data = {"room": "c1-aa", "room_sid": room_sid, "label": LABEL, "to_cipher": ctx.secrets.encrypt(AGENCY, NUMBER)}
    dial = effect("dial_agency", **data)
    with pytest.raises(CarrierAway, match="not known"):
        await outbox.dial_agency(there, dial)
    again = await outbox.dial_agency(there, replace(dial, attempt=2))
    assert again == {"sid": "CA" + "5" * 32}
    assert carrier.rung == [LABEL]


def test_R4_a_try_ends_before_another_executor_may_begin_one() -> None:
    assert TIMES_S["claim_dial"] > outbox.DIAL_S
