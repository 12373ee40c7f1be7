"""What carrier and board say at one moment, and the small words in which a pass speaks of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app import logs, metrics
from app.context import Context
from app.legs import ms
from app.reconciler.memory import Memory
from routing.board import CallView
from routing.states import Role
from telephony.carrier import FINAL_STATUSES, LegInfo, ParticipantInfo, RoomInfo

log = logs.get(__name__)

#: Roles whose legs are our own people's: these alone may be completed on a list's evidence (R2).
OURS = frozenset({Role.owner, Role.relief, Role.lead, Role.coach, Role.consult, Role.interpreter})


@dataclass(frozen=True)
class Picture:
    """What carrier and board say at one moment."""

    legs: Mapping[str, LegInfo]
    rooms: Sequence[RoomInfo]
    calls: Mapping[str, CallView]


async def look(ctx: Context, memory: Memory) -> Picture:
    now = ctx.clock.now()
    calls = await ctx.moved(ctx.board.live_calls)
    legs, rooms = await asyncio.gather(ctx.carrier.live_legs(), ctx.carrier.live_rooms())
    for leg in legs:
        memory.is_alive(leg.sid, now)
    return Picture({leg.sid: leg for leg in legs}, rooms, {view.id: view for view in calls})


async def inside(ctx: Context, room: RoomInfo, memory: Memory) -> Sequence[ParticipantInfo]:
    """Who is in a room now; those still being rung into it are not."""
    now = ctx.clock.now()
    found = [person for person in await ctx.carrier.participants(room.sid) if person.status == "connected"]
    for person in found:
        memory.is_in(person.sid, room.sid, now, inside=True)
    return found


def is_over(leg: LegInfo | None) -> bool:
    """A leg that one fetch has shown to have ended; one that the carrier does not know has ended long ago."""
    return leg is None or leg.status in FINAL_STATUSES


def end_of(leg: LegInfo | None) -> tuple[str, int | None]:
    """Status and moment, ms, of a leg that is over."""
    return (leg.status, ms(leg.ended_at)) if leg else ("completed", None)


def healed(kind: str, call: str) -> None:
    metrics.HEALED.labels(kind).inc()
    log.info("healed", kind=kind, call=call)
