"""Legs that the record knows and an emptied board has forgotten (promise 3, R3).

Whoever was in a room, or on the way there, when the board lost its data may be gone before anything has told the new
board of them. The record has their beginning: after every change of epoch, and at the start of a process, each such leg
is watched until the board knows it again or the carrier says when it ended. Told so late, an end changes nothing but
the record: live calls are left alone (R2).
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app import callbacks, logs
from app.context import Context
from app.legs import ms, role_of
from app.missed import place_and_close
from app.reconciler.picture import OURS, healed
from app.records import queries
from app.records.queries import OpenLeg
from routing.board import BoardAway
from routing.states import Role
from telephony.carrier import FINAL_STATUSES, CarrierError

log = logs.get(__name__)

#: Seconds until the first look, in which other processes tell what they have kept, and between two looks: what is found
#: is on record well within R3's 60 s. Whatever is open after so many looks is asked for less and less often: it lives,
#: or the carrier does not know it.
LOOK_S, LOOKS = 5.0, 12
#: Lease of the one process that looks, ms: longer than a look, so that two do not ask the carrier the same.
LEASE_MS = 15_000
#: Legs that are asked for at once, beside everything that moves callers, and legs of one look.
AT_ONCE, LOOK_MAX = 4, 1000
#: Seconds that the record may take to answer.
RECORD_S = 5.0
#: Milliseconds after its request for a document in which a leg of ours is in its room for certain.
INSIDE_MS = 2_000
#: Role in the labels of the backup line's telephones, which are in no room.
BACKUP = "backup"
#: The longest that a leg can last at the carrier (L11), and a little.
LONGEST = timedelta(hours=25)


async def run(ctx: Context) -> None:
    watch = Watch()
    while True:
        await ctx.clock.sleep(LOOK_S)
        with ctx.clock.busy():
            try:
                await watch.look(ctx)
            except (BoardAway, CarrierError) as error:
                log.info("not looked for legs", error=type(error).__name__)


@dataclass
class Watch:
    """One process' view of an epoch: since when it looks, when it looks again, whether nothing is left to look for.
    Seconds of the clock."""

    epoch: str = ""
    since: float = 0.0
    due: float = 0.0
    done: bool = False

    async def look(self, ctx: Context) -> None:
        """One look at every leg that is open on record; the last one of an epoch finds none that the board forgot."""
        now = ctx.clock.now()
        if self.epoch != ctx.board.epoch:
            self.epoch, self.since, self.due, self.done = ctx.board.epoch, now, now + LOOK_S, False
        if self.done or now < self.due:
            return
        if not await ctx.moved(lambda: ctx.board.lease("forgotten", ctx.worker, LEASE_MS)):
            return
        self.due = now + max(0.0, (now - self.since) / LOOKS - LOOK_S)
        found = await _on_record(ctx, self.epoch)
        back = found is not None and await callbacks.put_back(ctx)
        self.done = back and found is not None and not await _left(ctx, found)


async def _on_record(ctx: Context, epoch: str) -> list[OpenLeg] | None:
    """What is open there; None while the record is away or may still learn something of an earlier epoch."""
    since = datetime.fromtimestamp(ctx.clock.now(), UTC) - LONGEST
    try:
        async with asyncio.timeout(RECORD_S):
            if epoch not in await queries.epochs(ctx.sessions, ctx.settings.name):
                return None
            return list(await queries.open_legs(ctx.sessions, since, LOOK_MAX))
    except Exception as error:  # noqa: BLE001  a record that is away is asked again
        log.info("record not asked", error=type(error).__name__)
        return None


async def _left(ctx: Context, found: Collection[OpenLeg]) -> bool:
    """Settle what can be settled; whether anything is left, or could not be asked for."""
    if not found:
        return False
    live, slots = {leg.sid for leg in await ctx.carrier.live_legs()}, asyncio.Semaphore(AT_ONCE)

    async def settled(leg: OpenLeg) -> bool:
        async with slots:
            try:
                return await _is_watched(ctx, leg) or (leg.sid not in live and await _told(ctx, leg))
            except (BoardAway, CarrierError) as error:
                log.info("leg not asked for", call=leg.call, error=type(error).__name__)
                return False

    return not all(await asyncio.gather(*(settled(leg) for leg in found))) or len(found) == LOOK_MAX


async def _is_watched(ctx: Context, leg: OpenLeg) -> bool:
    """The board has this leg, and will tell of it; of a caller who is in no room the call is enough."""
    if leg.sid in await ctx.moved(lambda: ctx.board.legs(leg.call)):
        return True
    if role_of(leg.label) != Role.caller or (leg.joined_ms is not None and not leg.left):
        return False
    return await ctx.moved(lambda: ctx.board.call(leg.call)) is not None


async def _told(ctx: Context, leg: OpenLeg) -> bool:
    """Whether the carrier has said when the leg ended and the board has told it, so that it comes on record."""
    known = await ctx.carrier.leg(leg.sid)
    if known is None or known.status not in FINAL_STATUSES:
        return False
    if await ctx.moved(lambda: ctx.board.call(leg.call)) is None:
        if role_of(leg.label) == Role.caller:
            await place_and_close(ctx, known)
        elif not leg.call_over:
            return False  # its caller comes back on the board first, or is placed there and closed
    at_ms = ms(known.ended_at)
    earliest_ms = (
        None if at_ms else leg.joined_ms or leg.asked_ms or ctx.now_ms()
    )  # one that was never answered has no end
    at_ms = at_ms or ctx.now_ms()
    came_ms, unheard = _came(leg, known.status, at_ms)
    await ctx.moved(
        lambda: ctx.board.leg_over(
            leg.call,
            leg.sid,
            leg.label,
            room_sid=leg.room_sid,
            came_ms=came_ms,
            unheard=unheard,
            status=known.status,
            at_ms=at_ms,
            earliest_ms=earliest_ms,
        )
    )
    healed("forgotten", leg.call)
    return True


def _came(leg: OpenLeg, status: str, end_ms: int) -> tuple[int | None, bool]:
    """Since when the leg was in a room that nobody has seen it leave, ms, and whether its coming is unheard too: one of
    ours that was answered with the room and lasted has been in it."""
    if leg.left or role_of(leg.label) == BACKUP:
        return None, False
    if leg.joined_ms is not None or leg.asked_ms is None:
        return leg.joined_ms, False
    inside = role_of(leg.label) in OURS and status == "completed" and end_ms - leg.asked_ms >= INSIDE_MS
    return (leg.asked_ms, True) if inside else (None, False)
