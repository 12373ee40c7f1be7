"""What the board does for the people who answer: missed offers, time for wrap-up, hard calls in a row."""

from __future__ import annotations

import pytest

from routing.policy import HARD_IN_A_ROW, MISSES
from tests.routing.world import World

pytestmark = pytest.mark.anyio


async def misses(world: World, spec: str) -> None:
    """An offer is seen and stands to its end; then the console is touched. The caller goes on turning."""
    await world.board.ack((await world.offer_to(spec)).id, spec)
    await world.turn("c1")
    await world.alive(13, spec)
    await world.beat(spec, touched=True)


async def hard_call(world: World, call: str, spec: str, *, judged: bool = False) -> None:
    """Of the gravest class, or judged to be of high risk while wrapping up."""
    await world.waits(call)
    if not judged:
        await world.turn(call, danger=True)
    await world.talks(call, spec)
    await world.hangs_up(call)
    if judged:
        await world.board.clinical(call, spec, kind="risk", id=f"r{call}", facts={"judged": "high"}, cipher="")
    await world.board.wrapped(spec)


async def test_P2_whoever_misses_several_offers_in_a_row_is_on_a_break_and_a_lead_knows(world: World) -> None:
    await world.person("s1")
    await world.waits("c1")
    for _ in range(MISSES - 1):
        await misses(world, "s1")
    assert (await world.board.specialist("s1")).presence == "available"
    assert await world.events_of("alarm") == []
    await misses(world, "s1")
    assert (await world.board.specialist("s1")).presence == "break"
    assert [(d["kind"], d["spec"]) for d in await world.events_of("alarm")] == [("missed_offers", "s1")]
    assert await world.has_offer("s1") == ""
    assert await world.state("c1") == "waiting"


async def test_P2_misses_count_in_a_row_only(world: World) -> None:
    await world.person("s1")
    await world.waits("c1")
    for _ in range(MISSES - 1):
        await misses(world, "s1")
    await world.board.decline((await world.offer_to("s1")).id, "s1", "not_now")
    for _ in range(4):
        await world.alive(16, "s1")
        await world.turn("c1")
    for _ in range(MISSES - 1):
        await misses(world, "s1")
    assert (await world.board.specialist("s1")).presence == "available"


async def test_wrap_up_lasts_longer_for_whoever_says_so(world: World) -> None:
    await world.person("s1")
    await world.waits("c1")
    assert (await world.board.extend_wrap("s1")).reason == "wrong_state"
    await world.talks("c1", "s1")
    await world.hangs_up("c1")
    ends = (await world.board.specialist("s1")).wrap_ms
    assert ends == world.ms + 120_000
    await world.alive(100, "s1")
    assert (await world.board.extend_wrap("s1")).ok
    assert (await world.board.specialist("s1")).wrap_ms == world.ms + 120_000
    await world.alive(119, "s1")
    assert await world.duty("s1") == "wrapping"
    await world.alive(2, "s1")
    assert await world.duty("s1") == "idle"
    assert (await world.board.specialist("s1")).wrap_ms == 0


@pytest.mark.parametrize("judged", [False, True], ids=["gravest class", "judged high in wrap-up"])
async def test_P2_after_hard_calls_in_a_row_the_next_is_for_somebody_else_who_is_free(
    world: World, judged: bool
) -> None:
    await world.person("s1")
    for number in range(HARD_IN_A_ROW):
        await hard_call(world, f"c{number}", "s1", judged=judged)
    for other in ("s2", "s3", "s4"):
        await world.alive(1, "s1")
        await world.person(other)
    await world.rings("c8")
    await world.turn("c8", danger=True)
    offered = [spec for spec in ("s1", "s2", "s3", "s4") if await world.has_offer(spec) == "c8"]
    assert offered == ["s2", "s3", "s4"], "s1 has been idle for longest"


async def test_P2_nobody_waits_because_the_only_one_who_is_free_had_hard_calls(world: World) -> None:
    await world.person("s1")
    for number in range(HARD_IN_A_ROW + 1):
        await hard_call(world, f"c{number}", "s1")
    assert [await world.state(f"c{number}") for number in range(HARD_IN_A_ROW + 1)] == ["closed"] * (HARD_IN_A_ROW + 1)


@pytest.mark.parametrize("by", ["recovery", "break"])
async def test_P2_a_pause_ends_the_row_of_hard_calls(world: World, by: str) -> None:
    await world.person("s1")
    for number in range(HARD_IN_A_ROW):
        await hard_call(world, f"c{number}", "s1")
    if by == "recovery":
        assert (await world.board.recover("s1", True)).ok
        assert (await world.board.recover("s1", False)).ok
    else:
        await world.board.set_presence(world.people["s1"], "break")
        await world.board.set_presence(world.people["s1"], "available")
    for other in ("s2", "s3", "s4"):
        await world.alive(1, "s1")
        await world.person(other)
    await world.rings("c8")
    await world.turn("c8", danger=True)
    assert await world.has_offer("s1") == "c8"
