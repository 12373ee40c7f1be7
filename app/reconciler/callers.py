"""The caller's own leg, compared: an end that was never told, a turn that does not come (H2, R2)."""

from __future__ import annotations

from app import strays
from app.context import Context
from app.links import Links, way_out
from app.missed import put_through
from app.reconciler.callbacks import compare_rings
from app.reconciler.memory import NO_SPAN, Memory, span
from app.reconciler.picture import Picture, end_of, healed, is_over
from routing.board import CallView
from routing.states import Call

#: Milliseconds after the ring in which the greeting has been heard and the first turn has come.
GREETED_MS = 15_000
#: Milliseconds without a turn after which a live caller is fetched back into the hold loop.
STUCK_MS = 50_000


async def compare_caller(ctx: Context, view: CallView, picture: Picture, memory: Memory) -> bool:
    """Whether the call goes on."""
    if view.callback and view.callback.away:  # has no leg of their own: a telephone is rung, or none
        await compare_rings(ctx, view, picture, memory)
        return True
    if view.sid and view.state != Call.agency_only and view.sid not in picture.legs:
        return not await _supply_end(ctx, view, memory)
    if not await strays.with_somebody(ctx, view, picture.legs, memory) and _unsure(view):
        await _doubtful(ctx, view)
    return True


async def _supply_end(ctx: Context, view: CallView, memory: Memory) -> bool:
    """The caller's leg is in no list: if one fetch agrees that it has ended, the callback never came."""
    leg = await ctx.carrier.leg(view.sid)
    if not is_over(leg) or (leg is None and not memory.aged("unknown", view.sid, ctx.clock.now())):
        return False
    status, at = end_of(leg)
    await put_through(ctx, view)
    within = NO_SPAN if at else span(ctx.now_ms(), view.arrived_ms, memory.alive(view.sid))
    await ctx.moved(lambda: ctx.board.caller_gone(view.id, view.sid, status=status, side="caller", at_ms=at, **within))
    healed("caller_gone", view.id)
    return True


def _unsure(view: CallView) -> bool:
    """No turn has come for long, or not even the first: it came while the board was away."""
    late = view.state == Call.greeting and view.now_ms - view.since_ms > GREETED_MS
    return late or view.state == Call.doubtful


async def _doubtful(ctx: Context, view: CallView) -> None:
    """No turn has come: if one fetch finds the leg alive the caller keeps the place and is called back."""
    if not await strays.still_there(ctx, view.sid):
        return
    await ctx.moved(lambda: ctx.board.verified(view.id))
    healed("verified", view.id)
    if view.now_ms - view.since_ms > STUCK_MS:
        home = Links(ctx.settings.public_url).home()
        await ctx.carrier.move(view.sid, home, way_out(ctx.settings))
        healed("called_back", view.id)
