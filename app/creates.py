"""Legs that we create, of all workers together: one at a time and one a second, emergencies first (R4).

The carrier starts one leg a second and queues the rest, so whoever is sent first is rung first. The turn is a lease on
the board, for economy only: an emergency that has waited long enough goes all the same, and without the board nobody
waits for anybody in another process.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from app.context import Context
from routing.board import BoardAway

#: Lease of the create that is under way; lease that shows that an emergency waits, held by all of them together.
TURN, URGENT = "create", "create-urgent"
URGENT_HOLDER, CALM_HOLDER = "emergencies", "others"
#: Milliseconds that a turn lasts while the carrier has not answered: a create's own limit and a little.
HELD_MS = 6_000
#: Milliseconds from one create to the next: what the carrier starts a second.
APART_MS = 1_000
#: Milliseconds for which an emergency that waits is known to wait.
WAITING_MS = 500
#: Seconds between two tries.
LOOK_S = 0.1
#: Seconds, of the clock, after which an emergency goes without a turn.
PATIENCE_S = 2.0


@asynccontextmanager
async def turn(ctx: Context, *, emergency: bool) -> AsyncGenerator[None]:
    """Wait for one's turn to create a leg; must not be entered inside `clock.busy()`."""
    holder = ctx.worker + ctx.new_id()
    began = ctx.clock.now()
    while not await _mine(ctx, holder, emergency=emergency):
        if emergency and ctx.clock.now() - began >= PATIENCE_S:
            break
        await ctx.clock.sleep(LOOK_S)
    sent = ctx.clock.now()
    try:
        yield
    finally:
        left = APART_MS - int((ctx.clock.now() - sent) * 1000)
        await _take(ctx, TURN, holder, max(1, left))


async def _mine(ctx: Context, holder: str, *, emergency: bool) -> bool:
    if emergency:
        await _take(ctx, URGENT, URGENT_HOLDER, WAITING_MS)
    elif not await _take(ctx, URGENT, CALM_HOLDER, 1):
        return False
    return await _take(ctx, TURN, holder, HELD_MS)


async def _take(ctx: Context, name: str, holder: str, ms: int) -> bool:
    with ctx.clock.busy():
        try:
            return bool(await ctx.moved(lambda: ctx.board.lease(name, holder, ms)))
        except BoardAway:
            return True
