"""Rooms of which the board knows nothing, or not who is in them: it was emptied, or is older than they are (P4, R3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app import strays
from app.context import Context
from app.legs import call_of, ms, role_of
from app.links import Links, way_out
from app.reconciler.memory import Memory
from app.reconciler.picture import OURS, Picture, healed, inside
from app.reconciler.rooms import supply_join
from routing.board import CallView
from routing.states import Call, Role
from telephony.carrier import LegInfo, ParticipantInfo, RoomInfo

#: Whose company a caller is not taken out of.
COMPANY = OURS | {Role.agency}


async def room_without_call(ctx: Context, room: RoomInfo, picture: Picture, memory: Memory) -> None:
    """An emptied board is refilled; what is left of an old call is ended."""
    people = await inside(ctx, room, memory)
    caller = next((p for p in people if role_of(p.label) == Role.caller), None)
    if caller and await strays.still_there(ctx, caller.sid):
        view = await ctx.moved(lambda: ctx.board.call(call_of(room.name)))
        if view and view.state == Call.closed:
            await _out_of_closed(ctx, view, room, people, memory)
        else:
            await _restore(ctx, room, caller, people, picture.legs.get(caller.sid), memory)
    elif not any(role_of(p.label) in (Role.agency, Role.caller) for p in people):
        await _end_ghosts(ctx, room, people, memory)


async def together_unknown(ctx: Context, view: CallView, picture: Picture, memory: Memory) -> bool:
    """A caller who waits by the board sits with one of ours or an agency, whose leg it has never seen: it is older than
    their conversation, and catches up before anybody fetches the caller out of it."""
    room = next((r for r in picture.rooms if call_of(r.name) == view.id), None)
    if room is None or view.state not in strays.ALONE or view.sid not in picture.legs:
        return False
    people = await inside(ctx, room, memory)
    caller = next((p for p in people if p.sid == view.sid), None)
    known = await ctx.moved(lambda: ctx.board.legs(view.id))
    unseen = [p.sid for p in people if role_of(p.label) in COMPANY and p.sid not in known]
    if caller is None or not unseen:
        return False
    if not (await strays.still_there(ctx, view.sid) and await strays.still_there(ctx, unseen[0])):
        return False
    await _restore(ctx, room, caller, people, picture.legs.get(view.sid), memory)
    return True


async def _restore(
    ctx: Context,
    room: RoomInfo,
    caller: ParticipantInfo,
    people: Sequence[ParticipantInfo],
    leg: LegInfo | None,
    memory: Memory,
) -> None:
    call, labels = call_of(room.name), [p.label for p in people if p.label]
    told = {**await _told(ctx, call, leg), "room": room.name}
    told["held_label"] = caller.label if caller.hold else None
    await ctx.moved(lambda: ctx.board.restore(call, caller.sid, told=told, room_sid=room.sid, labels=labels))
    for person in people:
        await supply_join(ctx, call, person, room, memory)
    healed("restored", call)


async def _told(ctx: Context, call: str, leg: LegInfo | None) -> dict[str, Any]:
    """What is known of a call without the board: the record first, else the carrier's own stamp of its ring and the
    line that was dialled."""
    told: dict[str, Any] = {}
    if leg:
        told = strays.by_leg(ctx, leg)
        told |= {"arrived_ms": ms(leg.started_at)} if leg.started_at else {}
    return told | await strays.on_record(ctx, call)


async def _out_of_closed(
    ctx: Context, view: CallView, room: RoomInfo, people: Sequence[ParticipantInfo], memory: Memory
) -> None:
    """A live caller alone in the room of a closed call asks for what is true now: goodbye, or a human after all."""
    if any(role_of(p.label) in COMPANY for p in people) or not memory.aged("closed", room.sid, ctx.clock.now()):
        return
    await ctx.carrier.move(view.sid, Links(ctx.settings.public_url).home(), way_out(ctx.settings))
    healed("called_back", view.id)


async def _end_ghosts(ctx: Context, room: RoomInfo, people: Sequence[ParticipantInfo], memory: Memory) -> None:
    """Nobody is here whom anybody could be talking to: our own people's legs and the room are ended (R2)."""
    if not memory.aged("ghost room", room.sid, ctx.clock.now()):
        return
    for person in people:
        if role_of(person.label) in OURS:
            await ctx.carrier.complete(person.sid)
            healed("ghost_leg", call_of(room.name))
    if not people:
        await ctx.carrier.end_room(room.sid)
        healed("ghost_room", call_of(room.name))
