"""Section P: every change of class keeps who, when and why; who comes back after a drop is at least urgent."""

from __future__ import annotations

from dataclasses import replace

import pytest

from routing.board import Board, Caller
from routing.policy import Line, compile_config
from tests.routing.world import World

pytestmark = pytest.mark.anyio

KNOWN = Caller("hash", "cipher", False, "A")


async def talks(world: World, call: str, caller: Caller = KNOWN) -> tuple[str, str]:
    """Returns the specialist's leg and its label."""
    await world.person("s1")
    await world.waits(call, caller=caller)
    sid, seat = await world.talks(call, "s1")
    return sid, seat.label


async def changes(world: World) -> list[tuple[str, ...]]:
    """Every change of class since the last look: call, from, to, who and why."""
    found = [event for event in await world.news() if event.kind == "call.class"]
    return [(e.call, *(e.data[name] for name in ("from", "to", "who", "why"))) for e in found]


async def test_P_whose_conversation_broke_off_is_urgent_when_they_ring_again(world: World) -> None:
    await talks(world, "c1")
    await world.hangs_up("c1")
    await world.later(300)
    view = await world.rings("c2", caller=KNOWN)
    assert (view.cls, view.returning) == ("urgent", True)
    assert await changes(world) == [("c2", "standard", "urgent", "system", "returned")]
    await world.rings("c3", caller=Caller("another", "cipher", False, "A"))
    await world.turn("c3")
    await world.turn("c2")
    await world.board.wrapped("s1")
    await world.beat("s1")
    assert await world.has_offer("s1") == "c2"


async def test_P_only_for_some_minutes(world: World) -> None:
    await talks(world, "c1")
    await world.hangs_up("c1")
    world.ms += 599_000
    assert (await world.rings("c2", caller=KNOWN)).cls == "urgent"
    world.ms += 2_000
    assert (await world.rings("c3", caller=KNOWN)).cls == "standard"


async def test_P_who_lost_their_specialist_through_us_and_then_hung_up_is_urgent_too(world: World) -> None:
    sid, label = await talks(world, "c1")
    await world.board.leg_left("c1", sid, label, world.ms, room_sid=world.room("c1"))
    await world.later(40)
    assert await world.state("c1") == "waiting"
    await world.hangs_up("c1")
    assert (await world.rings("c2", caller=KNOWN)).cls == "urgent"


@pytest.mark.parametrize("caller", [Caller(), replace(KNOWN, withheld=True)])
async def test_C6_withheld_callers_are_never_taken_for_one_another(world: World, caller: Caller) -> None:
    await talks(world, "c1", caller)
    await world.hangs_up("c1")
    assert (await world.rings("c2", caller=caller)).cls == "standard"


async def test_P_an_end_that_a_person_gave_and_a_hang_up_in_the_queue_are_no_drop(world: World) -> None:
    await talks(world, "c1")
    assert (await world.board.end_call("c1", "s1", "helped")).ok
    await world.hangs_up("c1")
    assert (await world.rings("c2", caller=KNOWN)).cls == "standard"
    await world.hangs_up("c2")
    assert (await world.rings("c3", caller=KNOWN)).cls == "standard"


async def test_P_a_return_never_lowers(world: World) -> None:
    await talks(world, "c1")
    await world.hangs_up("c1")
    assert (await world.rings("c2", caller=KNOWN, ring_back=True)).cls == "agency"


async def test_P_a_line_begins_its_callers_in_its_own_class(valkey_url: str) -> None:
    """A partner's referrals come on a number of their own."""
    lines = (Line("main"), Line("referrals", cls="urgent"), Line("warm", cls="warm"))
    made = World(valkey_url)
    board: Board = made.board
    try:
        await board.allow_test_clock()
        await board.open(compile_config(lines))
        classes = [
            (await board.arrive(f"c{n}", f"CA{n}", line.name, "en", Caller())).cls for n, line in enumerate(lines)
        ]
        assert classes == ["standard", "urgent", "warm"]
        assert (await board.arrive("c9", "CA9", "unknown", "en", Caller())).cls == "standard"
    finally:
        await made.close()


async def test_P_lowering_needs_a_person_and_a_reason_and_raising_keeps_them(world: World) -> None:
    await world.waits("c1")
    for who, why in (("", "x"), ("s1", ""), ("", "")):
        raised = await world.board.set_class("c1", "urgent", who="lead", why="escalated")
        assert raised.ok
        refused = await world.board.set_class("c1", "warm", who=who, why=why)
        assert (refused.ok, refused.reason) == (False, "needs_reason")
    assert (await world.board.set_class("c1", "standard", who="lead", why="eased")).ok
    assert await changes(world) == [
        ("c1", "standard", "urgent", "lead", "escalated"),
        ("c1", "urgent", "standard", "lead", "eased"),
    ]
