"""Time passes on the board: due timers are carried out. Every process ticks; the scripts compare and set (P5)."""

from __future__ import annotations

from app import logs
from app.context import Context
from routing.board import BoardAway

log = logs.get(__name__)

#: Seconds between two looks: the least and the most. A timer set meanwhile by another move is at most this late.
SHORTEST_S, LONGEST_S = 0.02, 0.25
#: Seconds until the next try while the board is away.
AWAY_S = 0.5


async def run(ctx: Context) -> None:
    while True:
        await ctx.clock.sleep(await tick(ctx))


async def tick(ctx: Context) -> float:
    """Carry out what is due; seconds until the next look."""
    with ctx.clock.busy():
        try:
            until_next = await ctx.moved(ctx.board.tick)
        except BoardAway:
            return AWAY_S
        ctx.effects_due()
    return min(LONGEST_S, max(SHORTEST_S, until_next / 1000))
