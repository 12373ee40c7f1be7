"""Callbacks on the board (C4): taken by a key, kept without a leg, rung by a person's own hand."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from routing.board import Answer, Caller, CallView
from routing.policy import Line, PlanStep
from tests.routing.world import World

pytestmark = pytest.mark.anyio

PLAN = (PlanStep(20, "callback"), PlanStep(60, "page"), PlanStep(180, "backup"))
KNOWN = Caller(number_hash="h1", number_cipher="x1", withheld=False)


@pytest.fixture
async def world(valkey_url: str) -> AsyncIterator[World]:
    made = World(valkey_url, lines=(Line("main", ("en", "es"), plan=PLAN),))
    await made.open()
    yield made
    await made.close()


async def offered(world: World, call: str = "c1", caller: Caller = KNOWN) -> CallView:
    """Waits until the plan's second, and makes the turn in which it may be chosen."""
    await world.waits(call, caller=caller)
    await world.later(21)
    return await world.turn(call)


async def takes(world: World, call: str = "c1", caller: Caller = KNOWN) -> None:
    assert (await offered(world, call, caller)).may_callback
    assert (await world.turn(call, callback="yes")).state == "callback"
    await world.hangs_up(call)


async def sits(world: World, spec: str = "s1", call: str = "c1") -> str:
    """Accepts the callback and comes into the room; returns their leg."""
    won = await world.accepts(spec)
    assert won.call == call
    sid, _ = await world.joins(spec, won)
    assert await world.state(call) == "calling_back"
    return sid


async def rings(world: World, spec: str = "s1", call: str = "c1") -> str:
    """By their key; returns the label."""
    assert (await world.board.ring(call, spec)).ok
    [(_, data)] = [one for one in await world.effects() if one[0] == "dial_caller"]
    assert data["to_cipher"] == "x1"
    return str(data["label"])


async def progress(world: World, label: str, status: str, sid: str = "CR1", call: str = "c1") -> None:
    await world.board.leg_status(call, sid, label, status=status, at_ms=world.ms)


async def presses(world: World, label: str, sid: str = "CR1", call: str = "c1") -> CallView:
    assert (await world.board.rung(call, sid, label, key=False)) == Answer(True)
    view = await world.board.rung(call, sid, label, key=True)
    assert isinstance(view, CallView), view
    return view


async def test_C4_a_callback_keeps_its_place_and_is_rung_by_hand(world: World) -> None:
    await takes(world)
    await world.waits("c2")
    await world.person("s1")
    assert await world.has_offer("s1") == "c1", "the first arrival counts, with or without a leg"
    made = (await world.events_of("offer.made"))[-1]
    assert made["callback"]
    await sits(world)
    assert not [kind for kind, _ in await world.effects() if kind.startswith("dial")], "nobody is rung by a machine"
    label = await rings(world)
    await progress(world, label, "ringing")
    view = await presses(world, label)
    assert view.room_open
    assert view.sid == "CR1"
    await world.board.leg_joined("c1", "CR1", label, world.room("c1"), world.ms)
    assert await world.state("c1") == "talking"
    await world.later(2)
    await world.board.leg_status("c1", "CR1", label, status="completed", at_ms=world.ms)
    [ended] = await world.events_of("call.ended")
    assert (ended["outcome"], ended["side"]) == ("answered", "caller")


async def test_C4_a_danger_key_that_comes_late_is_told_and_raises_nothing_grave(world: World) -> None:
    """Its caller has hung up meanwhile: leads must know, and nobody is where three could be offered."""
    await takes(world)
    view = await world.turn("c1", danger=True)
    assert (view.state, view.cls) == ("callback", "urgent")
    assert [alarm["kind"] for alarm in await world.events_of("alarm")][-1] == "danger"


async def test_C4_a_callback_that_nobody_takes_pages_the_leads_again_and_again(world: World) -> None:
    await takes(world)
    await world.later(200)
    kinds = [alarm["kind"] for alarm in await world.events_of("alarm")]
    assert kinds == ["page", "callback_waiting"], "as the plan says; no backup line rings for nobody"
    assert not [kind for kind, _ in await world.effects() if kind == "move_caller"]
    await world.later(901, step_ms=10_000)
    assert [alarm["kind"] for alarm in await world.events_of("alarm")].count("callback_waiting") == 2


async def test_C4_rung_in_vain_they_are_left_alone_for_a_while(world: World) -> None:
    await takes(world)
    await world.person("s1")
    await sits(world)
    label = await rings(world)
    await progress(world, label, "no-answer")
    await world.board.leave("c1", "s1")
    await world.person("s2")
    assert await world.state("c1") == "callback"
    assert not await world.has_offer("s2"), "not at once again"
    await world.later(601, step_ms=10_000)
    await world.beat("s2")
    assert await world.has_offer("s2") == "c1"


async def test_C4_whose_console_is_silent_gives_the_callback_back(world: World) -> None:
    await takes(world)
    await world.person("s1")
    await sits(world)
    await world.later(45)
    assert await world.state("c1") == "callback"


async def test_L3_the_first_leg_of_a_ring_is_the_caller_and_a_late_one_is_ended(world: World) -> None:
    await takes(world)
    await world.person("s1")
    await sits(world)
    label = await rings(world)
    await presses(world, label, "CR2")
    assert (await world.board.rung("c1", "CR1", label, key=True)) == Answer(False, "not_yours")
    await progress(world, label, "ringing", "CR1")
    assert ("complete_leg", {"sid": "CR1", "role": "ring"}) in await world.effects()


async def test_S2_an_emptied_board_learns_of_it_and_of_who_has_rung_in_meanwhile(world: World) -> None:
    told = {"line": "main", "language": "es", "class": "urgent", "counter": 3, "arrived_ms": world.ms - 60_000}
    told |= {"number_hash": "h1", "number_cipher": "x1"}
    await world.board.keep_callback("c8", "CA8", told=told)
    view = await world.board.call("c8")
    assert view is not None
    assert (view.state, view.cls, view.language, view.arrived_ms) == ("callback", "urgent", "es", told["arrived_ms"])
    assert (await world.rings("c1", caller=KNOWN)).arrived_ms == told["arrived_ms"]
    assert await world.state("c8") == "closed"
    await world.board.keep_callback("c9", "CA9", told={**told, "arrived_ms": world.ms - 90_000})
    view = await world.board.call("c1")
    assert view is not None
    assert view.arrived_ms == world.ms - 90_000
    assert await world.state("c9") == "closed", "they are on the line themselves"
