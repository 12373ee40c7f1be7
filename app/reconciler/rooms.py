"""Rooms that the board knows, compared: comings, goings and ends that were never told (R1, R2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.context import Context
from app.legs import ms
from app.reconciler.memory import NO_SPAN, ROUNDING_MS, Memory, span
from app.reconciler.picture import Picture, end_of, healed, inside, is_over
from routing.board import CallView
from routing.states import Role
from telephony.carrier import ParticipantInfo, RoomInfo

Legs = Mapping[str, Mapping[str, Any]]

#: Every so many passes each room's participants are listed although nothing differs: what a lost callback alone would
#: have told is found within R3's 60 s.
ROTATION = 5


async def compare_room(ctx: Context, view: CallView, picture: Picture, memory: Memory) -> None:
    """Joins and leaves that never came, from the participants of a room that differs, and of each now and then."""
    room = next((r for r in picture.rooms if r.name == view.room), None)
    legs = await ctx.moved(lambda: ctx.board.legs(view.id))
    known = {sid: leg for sid, leg in legs.items() if sid.startswith("CA")}  # others are presumed, not seen
    for sid, leg in known.items():
        if leg.get("role") != Role.caller and sid not in picture.legs:
            await _supply_leg_end(ctx, view, sid, leg, memory)
    if room is None:
        await _without_room(ctx, view, known, memory)
    elif _differs(view, known, picture) or memory.was_odd("room", room.sid) or _its_turn(room, memory):
        others = {other.sid for other in picture.rooms} - {room.sid}
        here = {sid: leg for sid, leg in known.items() if leg.get("room_sid") not in others}
        await _compare_people(ctx, view, room, here, await inside(ctx, room, memory), memory)


def _its_turn(room: RoomInfo, memory: Memory) -> bool:
    return (hash(room.sid) + memory.number) % ROTATION == 0


def _differs(view: CallView, known: Legs, picture: Picture) -> bool:
    """The board does not see two people in a room that the carrier keeps open, or somebody it sees has no leg."""
    joined = [sid for sid, leg in known.items() if leg.get("joined")]
    return len(joined) < 2 or not view.caller_in_room or any(sid not in picture.legs for sid in joined)


async def _compare_people(
    ctx: Context,
    view: CallView,
    room: RoomInfo,
    known: Legs,
    people: Sequence[ParticipantInfo],
    memory: Memory,
) -> None:
    """The board's legs in a room against those whom the carrier shows in it."""
    now, present = ctx.clock.now(), {person.sid for person in people}
    for sid in known.keys() - present:
        memory.is_in(sid, room.sid, now, inside=False)
    for person in people:
        if not known.get(person.sid, {}).get("joined"):
            memory.since("room", room.sid, now)
            if memory.aged("not joined", person.sid, now):
                await supply_join(ctx, view.id, person, room, memory)
                healed("joined", view.id)
    for sid, leg in known.items():
        if leg.get("joined") and sid not in present:
            memory.since("room", room.sid, now)
            if memory.aged("not left", sid, now):
                left_by = int(memory.since("not left", sid, now) * 1000)
                await _supply_leave(ctx, view, sid, leg, left_by, memory)
                healed("left", view.id)


async def supply_join(ctx: Context, call: str, person: ParticipantInfo, room: RoomInfo, memory: Memory) -> None:
    """Somebody is in a room: since the carrier made the participant, and not before a pass that did not see them."""
    label, now_ms = person.label, ctx.now_ms()
    if not label:
        return
    within = span(now_ms, ms(person.created_at), memory.outside(person.sid, room.sid))
    await ctx.moved(lambda: ctx.board.leg_joined(call, person.sid, label, room.sid, now_ms, room=room.name, **within))


async def _supply_leave(
    ctx: Context, view: CallView, sid: str, leg: Mapping[str, Any], left_by: int, memory: Memory
) -> None:
    """Somebody is in a room no more: since a pass that saw them at the earliest, or since they came."""
    label, room_sid = str(leg.get("label", "")), str(leg.get("room_sid") or view.room_sid)
    within = span(left_by, leg.get("at"), memory.inside(sid, room_sid))
    await ctx.moved(lambda: ctx.board.leg_left(view.id, sid, label, left_by, room_sid=room_sid, **within))


async def _supply_leg_end(ctx: Context, view: CallView, sid: str, known: Mapping[str, Any], memory: Memory) -> None:
    """A leg that is not the caller's is in no list: its end is the carrier's stamp, its leave was before."""
    leg = await ctx.carrier.leg(sid)
    if not is_over(leg):
        return
    label, now_ms = str(known.get("label", "")), ctx.now_ms()
    status, at = end_of(leg)
    within = NO_SPAN if at else span(now_ms, known.get("at"), memory.alive(sid))
    if known.get("joined"):
        await _supply_leave(ctx, view, sid, known, at + ROUNDING_MS if at else now_ms, memory)
    await ctx.moved(lambda: ctx.board.leg_status(view.id, sid, label, status=status, at_ms=at, **within))
    healed("leg_ended", view.id)


async def _without_room(ctx: Context, view: CallView, known: Legs, memory: Memory) -> None:
    """The list has no such room any more. It lags, so the room itself is asked before anybody is told to have left."""
    now, there = ctx.clock.now(), {sid: leg for sid, leg in known.items() if leg.get("joined")}
    if not there or not memory.aged("room gone", view.room, now):
        return
    if view.room_sid and any(p.status == "connected" for p in await ctx.carrier.participants(view.room_sid)):
        return
    gone_by = int(memory.since("room gone", view.room, now) * 1000)
    for sid, leg in there.items():
        await _supply_leave(ctx, view, sid, leg, gone_by, memory)
    await ctx.moved(lambda: ctx.board.room_ended(view.id, view.room_sid, gone_by, **span(ctx.now_ms(), gone_by)))
    healed("room_ended", view.id)
