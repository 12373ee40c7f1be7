"""Ends of legs that an emptied board never knew: told once, without touching the call (R2, P4, promise 3)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.routing.world import World

pytestmark = pytest.mark.anyio

LABEL = "owner_s9_x"


async def over(
    world: World, call: str, sid: str = "CA7", label: str = LABEL, came_ms: int | None = None, unheard: bool = False
) -> None:
    how: dict[str, Any] = dict(room_sid="CF7", status="completed", at_ms=world.ms - 2000)
    await world.board.leg_over(call, sid, label, came_ms=came_ms, unheard=unheard, **how)


async def talk(world: World) -> str:
    """A conversation; the specialist's leg."""
    await world.waits("c1")
    await world.person("s1")
    return (await world.talks("c1", "s1"))[0]


async def ends(world: World) -> list[tuple[str, Any]]:
    return [(d["sid"], d["at_ms"] - world.ms) for d in await world.events_of("leg.ended")]


async def test_P4_the_end_of_a_leg_of_a_past_call_is_told_once_and_brings_back_no_call(world: World) -> None:
    for _ in range(2):
        await over(world, "c9", came_ms=world.ms - 60_000)
    assert await ends(world) == [("CA7", -2000)]
    (left,) = await world.events_of("leg.left")
    assert (left["earliest_ms"] - world.ms, left["latest_ms"] - world.ms) == (-32_000, -1000), "near the leg's end"
    assert await world.board.call("c9") is None
    assert list(await world.board.live_calls()) == []


async def test_P4_a_past_call_whose_caller_is_there_after_all_stays(world: World) -> None:
    """What is kept of a past call goes after a while; a call never does."""
    await over(world, "c9")
    where: dict[str, Any] = dict(line="main", language="en", cls="standard", arrived_ms=world.ms, counter=1, turn=1)
    await world.board.turn("c9", "CA9", **where)
    tag = world.board._store.tag
    kept = [await world.board._store.plain("PTTL", f"{tag}{kind}:c9") for kind in ("call", "legs")]
    assert kept == [-1, -1]


async def test_R2_a_late_end_leaves_the_conversation_of_now_alone(world: World) -> None:
    await talk(world)
    before = await world.board.call("c1"), await world.board.legs("c1")
    await over(world, "c1", label="owner_s1_before", came_ms=world.ms - 5000)
    assert (await world.board.call("c1"), await world.board.legs("c1")) == before
    assert await ends(world) == [("CA7", -2000)]


async def test_R2_a_leg_that_the_board_watches_is_left_to_it(world: World) -> None:
    sid = await talk(world)
    await over(world, "c1", sid, came_ms=world.ms - 5000)
    assert await ends(world) == []
    assert sid in await world.board.legs("c1")


async def test_P4_a_leg_whose_end_is_told_late_does_not_come_in_any_more(world: World) -> None:
    await talk(world)
    await over(world, "c1")
    view = await world.board.leg_joined("c1", "CA7", LABEL, "CF7", world.ms, room="c1-old")
    assert view is not None
    assert "CA7" not in await world.board.legs("c1")


async def test_P4_a_coming_that_nobody_heard_of_lies_between_the_request_and_the_end(world: World) -> None:
    await over(world, "c9", came_ms=world.ms - 20_000, unheard=True)
    (joined,) = await world.events_of("leg.joined")
    assert (joined["earliest_ms"] - world.ms, joined["latest_ms"] - world.ms) == (-20_000, -1000)
