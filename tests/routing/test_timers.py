"""Timers stand on their own: one whose handler breaks is tried again, and takes no other one along (S6)."""

from __future__ import annotations

import pytest

from routing.board import BoardFault
from tests.routing.world import World

pytestmark = pytest.mark.anyio


def _first_try_breaks(text: str) -> str:
    """A timer `broken|x` that raises until its third try, half of what it would do already done."""
    handler = """
B.on.broken = function(id)
  redis.call('INCR', P .. 'tries')
  B.alarm('page')
  if B.num(redis.call('GET', P .. 'tries')) < 3 then error('broken') end
end
"""
    return text.replace("-- tick: ", f"{handler}\n-- tick: ")


async def test_S6_a_timer_that_breaks_is_tried_again_and_stops_no_other(valkey_url: str) -> None:
    world = World(valkey_url, edit=_first_try_breaks)
    await world.open()
    try:
        await world.person("s1")
        await world.waits("c1")
        deadline = (await world.offer_to("s1")).deadline_ms
        timers = f"{{hl:{world.hotline}}}:timers"
        await world.board._store.plain("ZADD", timers, deadline + 1, "broken|x")
        world.ms = deadline + 2
        with pytest.raises(BoardFault):
            await world.board.tick()
        assert await world.has_offer("s1") == "", "what was due before is done and stays done"
        assert len(await world.events_of("offer.unreachable")) == 1, "nobody acknowledged it (P4)"
        world.ms += 5_000
        with pytest.raises(BoardFault):
            await world.tick()
        world.ms += 5_000
        await world.tick()
        assert not await world.board._store.plain("ZSCORE", timers, "broken|x")
        told = await world.board.events("0-0", count=1000)
        assert len({event.id for event in told}) == len(told), "no number of an event is given twice (S3)"
        assert [event.data["kind"] for event in told if event.kind == "alarm"].count("page") == 3
    finally:
        await world.close()
