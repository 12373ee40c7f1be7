"""Telephones that were rung back and are over, of which no callback has told (R1)."""

from __future__ import annotations

from app.context import Context
from app.reconciler.memory import NO_SPAN, Memory, span
from app.reconciler.picture import Picture, end_of, healed, is_over
from routing.board import CallView
from routing.states import Role


async def compare_rings(ctx: Context, view: CallView, picture: Picture, memory: Memory) -> None:
    """Of a callback that nobody has answered with the key, each telephone that is in no list any more."""
    legs = await ctx.moved(lambda: ctx.board.legs(view.id))
    for sid, known in legs.items():
        if known.get("role") != Role.caller or sid in (view.sid, *picture.legs) or not sid.startswith("CA"):
            continue
        leg = await ctx.carrier.leg(sid)
        if is_over(leg):
            status, at = end_of(leg)
            within = NO_SPAN if at else span(ctx.now_ms(), view.arrived_ms, memory.alive(sid))
            label = str(known.get("label", ""))
            await ctx.moved(
                lambda s=sid, label=label, status=status, at=at, within=within: ctx.board.leg_status(
                    view.id, s, label, status=status, at_ms=at, **within
                )
            )
            healed("rung", view.id)
