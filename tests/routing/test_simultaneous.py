"""C6: second and further calls of one number wait behind the first; never a block, never where nobody can be sure."""

from __future__ import annotations

import pytest

from routing.board import Caller
from tests.routing.world import World

pytestmark = pytest.mark.anyio

ONE = Caller("hash-one", "cipher", withheld=False)


async def two(world: World, **how: Caller) -> None:
    """Both ring with one number while nobody is idle."""
    for call in ("c1", "c2"):
        await world.waits(call, caller=how.get("caller", ONE))


async def test_C6_the_second_waits_until_the_first_is_over(world: World) -> None:
    await world.board.numbers([], [])
    for spec in ("s1", "s2"):
        await world.person(spec)
    await two(world)
    assert (await world.board.call("c2")).behind
    first = "s1" if await world.has_offer("s1") else "s2"
    other = "s2" if first == "s1" else "s1"
    assert await world.has_offer(other) == ""
    await world.waits("c3")
    assert await world.has_offer(other) == "c3", "others are not kept back by it"
    await world.hangs_up("c1", at_ms=world.ms)
    await world.tick()
    assert not (await world.board.call("c2")).behind
    assert await world.has_offer(first) == "c2"


async def test_C6_it_waits_while_the_first_talks_and_comes_to_a_human_line_at_its_plans_end(
    world: World,
) -> None:
    await world.board.numbers([], [])
    await world.person("s1")
    await world.person("s2")
    await two(world)
    first = "s1" if await world.has_offer("s1") else "s2"
    other = "s2" if first == "s1" else "s1"
    await world.talks("c1", first)
    for _ in range(9):
        await world.alive(20, first, call="c1")
        await world.turn("c2")
    view = await world.board.call("c2")
    assert view.state in ("backup_ringing", "offered"), "never a block"
    await world.beat(other)
    await world.tick()
    assert not (await world.board.call("c2")).behind
    assert await world.has_offer(other) == "c2"


@pytest.mark.parametrize("how", ["danger", "class"])
async def test_C6_one_key_or_a_person_leads_to_crisis(world: World, how: str) -> None:
    await world.board.numbers([], [])
    await world.person("s1")
    await world.person("s2")
    await two(world)
    assert (await world.board.call("c2")).behind
    if how == "danger":
        await world.turn("c2", danger=True)
    else:
        await world.board.set_class("c2", "urgent", who="l1", why="said so")
    assert not (await world.board.call("c2")).behind
    assert {await world.has_offer(s) for s in ("s1", "s2")} == {"c1", "c2"}


@pytest.mark.parametrize(
    ("caller", "marks"), [(Caller(), []), (Caller("hash-one", "x", withheld=True), []), (ONE, ["hash-one"])]
)
async def test_C6_withheld_and_marked_numbers_are_exempt(world: World, caller: Caller, marks: list[str]) -> None:
    await world.board.numbers(marks, [])
    await two(world, caller=caller)
    assert not (await world.board.call("c2")).behind


async def test_C6_nobody_is_kept_back_before_this_epoch_knows_the_marks(world: World) -> None:
    await two(world)
    assert not (await world.board.call("c2")).behind
    await world.board.numbers([], [])
    await world.tick()
    assert (await world.board.call("c2")).behind
    await world.board.numbers(["hash-one"], [])
    await world.tick()
    assert not (await world.board.call("c2")).behind, "a mark counts at once"


async def test_C6_a_first_call_of_which_nobody_is_sure_keeps_nobody_back(world: World) -> None:
    await world.board.numbers([], [])
    await two(world)
    for _ in range(4):
        await world.later(15)
        await world.turn("c2")
    await world.tick()
    assert await world.state("c1") == "doubtful"
    assert not (await world.board.call("c2")).behind
