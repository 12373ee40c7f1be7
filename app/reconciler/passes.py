"""One pass over everything: look, restore, supply what never came, end what should not be (R1, R2)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from app import logs, strays
from app.context import Context
from app.legs import call_of
from app.outbox import caller_is_gone
from app.reconciler import restoring
from app.reconciler.callers import compare_caller
from app.reconciler.memory import NO_SPAN, Memory, span
from app.reconciler.picture import Picture, end_of, healed, is_over, look
from app.reconciler.rooms import compare_room
from routing.board import BoardAway, BoardFault, CallView
from routing.states import Call, Role
from telephony.carrier import CarrierAway, LegInfo

log = logs.get(__name__)

#: Milliseconds that a call must have been in its state before a missing leg is asked for: lists lag.
SETTLED_MS = 3_000


async def one_pass(ctx: Context, memory: Memory) -> None:
    """Look, restore what the board has lost, supply what never came, end what should not be; then trust the board."""
    picture = await look(ctx, memory)
    known = {view.sid for view in picture.calls.values()}
    for room in picture.rooms:
        if (call := call_of(room.name)) not in picture.calls:
            await _alone(memory, call, lambda r=room: restoring.room_without_call(ctx, r, picture, memory))
    for leg in strays.unknown(picture.legs, known):
        await _alone(memory, leg.sid, lambda stray=leg: _take_in(ctx, stray, picture))
    for view in picture.calls.values():
        await _alone(memory, view.id, lambda v=view: _compare(ctx, v, picture, memory))
    await _alone(memory, "", lambda: _loose_ends(ctx, picture, memory))
    agreed = not memory.failed
    memory.turn_over(ctx.clock.now())
    if agreed:
        await ctx.moved(ctx.board.end_verify)


async def _alone(memory: Memory, call: str, work: Callable[[], Awaitable[None]]) -> None:
    """One thing at a time: what is refused or cannot be read spoils nothing else. A store or a carrier that is away
    ends the pass."""
    try:
        await work()
    except Exception as error:
        if isinstance(error, BoardAway | CarrierAway) and not isinstance(error, BoardFault):
            raise
        memory.failed = True
        log.warning("not compared", call=call, error=type(error).__name__)


async def _take_in(ctx: Context, leg: LegInfo, picture: Picture) -> None:
    if call := await strays.take_in(ctx, leg, picture.legs):
        healed("taken_in", call)


async def _compare(ctx: Context, view: CallView, picture: Picture, memory: Memory) -> None:
    """One call: its caller's leg, the others' legs, its room."""
    if view.now_ms - view.since_ms < SETTLED_MS and view.state != Call.doubtful:
        return
    if await restoring.together_unknown(ctx, view, picture, memory):
        return
    if await compare_caller(ctx, view, picture, memory) and view.room:
        await compare_room(ctx, view, picture, memory)


async def _loose_ends(ctx: Context, picture: Picture, memory: Memory) -> None:
    """Legs of closed calls of whose end nobody has told: the carrier says when it was."""
    for loose in await ctx.moved(ctx.board.loose_legs):
        if loose["sid"] not in picture.legs:
            await _alone(memory, loose["call"], lambda found=loose: _loose_end(ctx, found, memory))


async def _loose_end(ctx: Context, loose: Mapping[str, str], memory: Memory) -> None:
    call, sid, label = loose["call"], loose["sid"], loose["label"]
    if loose["role"] == Role.caller:
        if await caller_is_gone(ctx, call, sid):
            healed("loose_end", call)
        return
    leg = await ctx.carrier.leg(sid)
    if not is_over(leg):
        return
    status, at = end_of(leg)
    within = NO_SPAN if at else span(ctx.now_ms(), memory.alive(sid))
    await ctx.moved(lambda: ctx.board.leg_status(call, sid, label, status=status, at_ms=at, **within))
    healed("loose_end", call)
