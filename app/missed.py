"""Calls of which nobody could take note: they began or ended while the board, or all of ours, was away (promise 3).

Callbacks that met no board are kept by the process that got them and told again. After a restart or an absence the
carrier's list says which calls have ended meanwhile; whatever the record does not show as over is placed on the board
where it belongs and closed with the carrier's own stamps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app import callbacks, logs, metrics, strays
from app.context import Context
from app.flow import call_id
from app.legs import ms
from app.nostore import Untold, untold
from app.records import queries
from routing.board import Answer, BoardAway, BoardFault, CallView
from routing.states import Call
from telephony.carrier import FINAL_STATUSES, CarrierError, LegInfo

log = logs.get(__name__)

#: Seconds between two attempts to tell what was kept.
TELL_S = 1.0
#: Times that a move may break in Redis, a fault of ours, until it is given up: the reconciler has its own look.
FAULTS = 5
#: Seconds from the board's return in which other processes tell who answered a call, before its end is told.
OTHERS_S = 3.0
#: Seconds in which a call may come back on an emptied board (R3), and a callback of its room is kept for it.
KNOWN_S = 30.0
#: Seconds between two proofs that nothing was missed, and their lease, ms; a gap that is longer was an absence.
PROOF_S, LEASE_MS, GAP_S = 5.0, 12_000, 15.0
#: Seconds for which ended calls are looked for again after an absence: lists lag.
AGAIN_S = 30.0
#: Seconds before an absence from which ended calls are looked for, and before the first look of a process.
BEFORE_S, START_S = 60.0, 3600.0


async def run(ctx: Context) -> None:
    watch = Watch()
    while True:
        await ctx.clock.sleep(TELL_S)
        with ctx.clock.busy():
            try:
                await tell(ctx)
                await watch.look(ctx)
            except (BoardAway, CarrierError) as error:
                log.info("not told yet", error=type(error).__name__)


# ------------------------------------------------------------------------------------------ callbacks, told again


async def tell(ctx: Context) -> None:
    """What was kept, ends last: who answered a call is known before it is closed."""
    kept = untold(ctx)
    for key, item in sorted(kept.items(), key=lambda entry: entry[1].end):
        try:
            if await _told(ctx, item):
                kept.pop(key, None)
        except (BoardFault, CarrierError) as error:  # this one alone: what stands behind it is told
            log.warning("not told", error=type(error).__name__)
            item.faults += isinstance(error, BoardFault)
            if item.faults >= FAULTS:
                kept.pop(key, None)


async def _told(ctx: Context, item: Untold) -> bool:
    """Whether it needs to be told no more."""
    if item.end and (view := await ctx.moved(lambda: ctx.board.call(call_id(ctx.settings, item.caller)))):
        await put_through(ctx, view)
        await ctx.moved(item.move)
        return True
    if not _unknown(await ctx.moved(item.move)):
        return True
    item.unknown_since = item.unknown_since or ctx.clock.now()
    if not item.caller:
        return ctx.clock.now() - item.unknown_since >= KNOWN_S
    if item.end and ctx.clock.now() - item.unknown_since < OTHERS_S:
        return False
    leg = await ctx.carrier.leg(item.caller)
    if leg is None or not strays.is_caller(leg):
        return True
    if item.end:
        await place_and_close(ctx, leg)
    else:
        await _place(ctx, leg)
        await ctx.moved(item.move)
    return True


def _unknown(answer: object) -> bool:
    return answer is None or (isinstance(answer, Answer) and answer.reason == "unknown")


# ------------------------------------------------------------------------------------------ calls, found in the list


@dataclass
class Watch:
    """One process' view of when everything was last in order. Seconds of the clock."""

    proved: float | None = None
    epoch: str = ""
    since: float = 0.0
    until: float = 0.0
    last: float = 0.0

    async def look(self, ctx: Context) -> None:
        """After an absence: every call that ended in it is on record, or put there."""
        now = ctx.clock.now()
        if now - self.last < PROOF_S or not await ctx.moved(lambda: ctx.board.lease("missed", ctx.worker, LEASE_MS)):
            return
        self.last = now
        if self.proved is None or now - self.proved > GAP_S or self.epoch != ctx.board.epoch:
            self.since, self.until = (self.proved - BEFORE_S if self.proved else now - START_S), now + AGAIN_S
        if now <= self.until and not await supply(ctx, self.since):
            return
        self.proved, self.epoch = now, ctx.board.epoch


async def supply(ctx: Context, since: float) -> bool:
    """Place and close what has ended since then and is not on record as ended; whether the record could be asked."""
    ours = {line.number for line in ctx.lines.by_id.values()} | {ctx.settings.emergency_caller_id}
    legs = [leg for leg in await ctx.carrier.ended_legs(since) if strays.is_caller(leg) and leg.to in ours]
    ended = {call_id(ctx.settings, leg.sid): leg for leg in legs}
    over = await _over_on_record(ctx, ended)
    if over is None:
        return False
    for call, leg in ended.items():
        if call not in over:
            await place_and_close(ctx, leg)
    return True


async def _over_on_record(ctx: Context, calls: Mapping[str, LegInfo]) -> set[str] | None:
    """Those of these calls whose end is on record; None where the record cannot be asked."""
    try:
        return await queries.ended_calls(ctx.sessions, calls)
    except Exception as error:  # noqa: BLE001  a record that is away is asked again
        log.warning("record not asked", error=type(error).__name__)
        return None


# ------------------------------------------------------------------------------------------ onto the board


async def place_and_close(ctx: Context, leg: LegInfo) -> None:
    """A caller's leg that has ended: its call gets its row, or its end."""
    if leg.status not in FINAL_STATUSES:
        return
    call, at_ms = call_id(ctx.settings, leg.sid), ms(leg.ended_at)
    view = await ctx.moved(lambda: ctx.board.call(call))
    if view is None and await callbacks.is_put_back(ctx, call):
        return
    view = view or await _place(ctx, leg)
    if view.state == Call.closed:
        return
    await put_through(ctx, view)
    await ctx.moved(lambda: ctx.board.caller_gone(call, leg.sid, status=leg.status, side="caller", at_ms=at_ms))
    metrics.HEALED.labels("missed").inc()
    log.info("healed", kind="missed", call=call)


async def put_through(ctx: Context, view: CallView) -> None:
    """A caller who has gone and whom nobody of ours had: a telephone that was put through without our knowledge, as by
    the static document, has answered the call (H5)."""
    if view.state not in strays.ALONE:
        return
    known = await ctx.moved(lambda: ctx.board.legs(view.id))
    for leg in await ctx.carrier.children(view.sid):
        if leg.sid in known or leg.status != "completed" or not leg.duration:
            continue  # ours: who pressed the key has said so
        label, at_ms = strays.backup_label(ctx, leg), ms(leg.ended_at)
        await ctx.moved(
            lambda s=leg.sid, t=label, a=at_ms: ctx.board.leg_status(view.id, s, t, status="completed", at_ms=a)
        )
        await ctx.moved(lambda s=leg.sid: ctx.board.backup_answered(view.id, s))


async def _place(ctx: Context, leg: LegInfo) -> CallView:
    return await strays.place(ctx, leg, ms(leg.started_at) or ctx.now_ms())
