"""P1 is checked on the event log alone: a right board breaks it never, a wrong one is caught."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from routing.order import Order
from tests.routing.world import World

pytestmark = pytest.mark.anyio

CLASSES = ("attempt", "danger", "urgent", "standard", "warm")


async def busy_hour(world: World, seed: int) -> None:
    """Callers of all classes come and go, four people answer and decline; some steps of the plan open."""
    rng, waiting, talking = random.Random(seed), list[str](), dict[str, str]()
    people = [f"s{n}" for n in range(4)]
    for n, spec in enumerate(people):
        await world.person(spec, languages=("en", "es") if n % 2 else ("en",), tier=2 if n == 3 else 1)
    for n in range(40):
        call = f"c{n}"
        await world.waits(call, language=rng.choice(("en", "en", "es")))
        waiting.append(call)
        if rng.random() < 0.5:
            await world.board.set_class(call, rng.choice(CLASSES), who="lead", why="escalated")
        for _ in range(rng.choice((1, 2, 4))):
            await world.later(2)
            for spec in people:
                await _one(world, spec, rng, waiting, talking)
        for other in waiting:
            await world.turn(other)


async def _one(world: World, spec: str, rng: random.Random, waiting: list[str], talking: dict[str, str]) -> None:
    if spec in talking and rng.random() < 0.2:
        await world.hangs_up(talking.pop(spec))
        await world.board.wrapped(spec)
    if spec in talking:
        await world.beat(spec, call=talking[spec], rtp_age_ms=0)
        return
    await world.beat(spec, touched=True)
    if not (call := await world.has_offer(spec)):
        return
    offer = await world.offer_to(spec)
    await world.board.ack(offer.id, spec)
    if rng.random() < 0.3:
        await world.board.decline(offer.id, spec, "break")
        return
    await world.talks(call, spec)
    waiting.remove(call)
    talking[spec] = call


@pytest.mark.parametrize("seed", [1, 2])
async def test_P1_no_match_of_a_busy_hour_passes_over_anybody(valkey_url: str, seed: int) -> None:
    order, world = Order(), World(valkey_url)
    try:
        await world.open()
        await busy_hour(world, seed)
        assert list(order.broken(await world.news())) == []
        assert order.matches >= 30
    finally:
        await world.close()


def _latest_first(source: str) -> str:
    return source.replace("redis.call('ZRANGE', key, first, last,", "redis.call('ZREVRANGE', key, first, last,")


def _classes_ignored(source: str) -> str:
    return source.replace("B.num(c.a) - B.config().head[B.weight(c)]", "B.num(c.a)")


@pytest.mark.parametrize("edit", [_latest_first, _classes_ignored])
async def test_T2_a_board_that_takes_another_than_the_first_is_caught(
    valkey_url: str, edit: Callable[[str], str]
) -> None:
    world = World(valkey_url, edit=edit)
    try:
        await world.open()
        await busy_hour(world, 1)
        assert list(Order().broken(await world.news())) != []
    finally:
        await world.close()
