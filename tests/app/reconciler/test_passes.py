"""22, and the lease: one thing that goes wrong spoils nothing else, and the next pass is made in time (R3)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from app import reconciler
from app.context import Nudge
from app.records import models, queries
from routing.board import BoardAway, EpochChanged
from telephony.carrier import CarrierAway, CarrierRefused
from tests.support.hotline import Hotline

pytestmark = pytest.mark.anyio

#: Seconds after a start in which whatever ended unseen is looked for by others too.
AFTER_START_S = 45


@pytest.mark.parametrize("error", [CarrierRefused(20001, 400), ValueError("a stamp that is none"), KeyError("label")])
async def test_22_what_goes_wrong_with_one_call_spoils_no_other(
    h: Hotline, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    await h.passes(AFTER_START_S)
    first, second = await h.caller(), await h.caller()
    for phone in (first, second):
        await h.until_state(phone, "waiting")
    fetch, refused = h.ctx.carrier.leg, first.leg.sid

    async def leg(sid: str) -> Any:
        if sid == refused:
            raise error
        return await fetch(sid)

    monkeypatch.setattr(h.ctx.carrier, "leg", leg)
    for phone in (first, second):
        h.net.faults.drop_next("completed")
        await phone.hangs_up()
    await h.until_state(second, "closed", within=60)
    assert await h.state_of(first) != "closed"
    monkeypatch.undo()
    await h.until_state(first, "closed", within=60)


@pytest.mark.parametrize(
    "error", [CarrierAway(), BoardAway(), EpochChanged(), CarrierRefused(20003, 401), RuntimeError("anything else")]
)
async def test_22_the_loop_survives_whatever_a_pass_meets(
    h: Hotline, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    caller = await h.caller()
    await h.until_state(caller, "waiting")
    tried = asyncio.Event()

    async def live_legs() -> Any:
        tried.set()
        raise error

    monkeypatch.setattr(h.ctx.carrier, "live_legs", live_legs)
    await h.eventually(tried.is_set, within=15)
    monkeypatch.undo()
    h.net.faults.drop_next("completed")
    await caller.hangs_up()
    await h.until_state(caller, "closed", within=20)


async def test_R3_a_dead_workers_lease_delays_the_next_pass_by_seconds_only(h: Hotline) -> None:
    await h.passes(3)
    looked: list[float] = []
    other = replace(h.ctx, worker="another", reconcile_due=Nudge(), carrier=Watched(h, looked))
    second = asyncio.create_task(reconciler.run(other))
    await h.passes(25)
    assert looked == [], "one at a time"
    (first,) = [task for task in asyncio.all_tasks() if task.get_name() == "reconciler"]
    first.cancel()
    died = h.clock.now()
    await h.eventually(lambda: looked, within=30)
    second.cancel()
    assert looked[0] - died <= 7


class Watched:
    """The carrier, and when its lists were asked for."""

    def __init__(self, h: Hotline, looked: list[float]) -> None:
        self._h, self._looked = h, looked

    async def live_legs(self) -> Any:
        self._looked.append(self._h.clock.now())
        return await self._h.ctx.carrier.live_legs()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._h.ctx.carrier, name)


async def test_S2_only_this_hotlines_epochs_are_asked_for_and_known_before_the_first_one_opens(h: Hotline) -> None:
    async with h.ctx.sessions() as session:
        session.add(models.RecorderCursor(hotline="another", epoch="9999999999999-ffff"))
        await session.commit()
    await h.passes(15)
    assert await queries.epochs(h.ctx.sessions, "another") == ["9999999999999-ffff"]
    assert await queries.epochs(h.ctx.sessions, h.ctx.settings.name) == [h.ctx.board.epoch]
    assert h.ctx.state["epochs"] == {h.ctx.board.epoch}
