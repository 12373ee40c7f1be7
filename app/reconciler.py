"""Carrier, board and record compared and healed (R1 to R3): about every ten seconds, and at once after an epoch change.

Lists lag, so what a list says is acted on alone only for our own people's legs and empty rooms (R2), and only when two
passes in a row have seen it. A caller's leg is called over only after one `fetch` of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app import logs, metrics, strays
from app.context import Context
from app.links import Links, way_out
from app.outbox import caller_is_gone, nudged_or
from app.records import queries
from routing.board import BoardAway, CallView
from routing.states import Call, Role
from telephony.carrier import FINAL_STATUSES, CarrierError, LegInfo, ParticipantInfo, RoomInfo

log = logs.get(__name__)

#: Seconds between two passes; a lost callback is healed within six of them (R3: 60 s).
EVERY_S = 10.0
#: Seconds until the next try where the board or the carrier was away: right again within 5 s of its return (R3).
AWAY_S = 0.5
#: Lease of the one process that compares, ms; longer than a pass with a slow carrier.
LEASE_MS = 15_000
#: Milliseconds that a call must have been in its state before a missing leg is asked for: lists lag.
SETTLED_MS = 3_000
#: Every so many passes each room's participants are listed although nothing differs (R1).
ROTATION = 10
#: Milliseconds after the ring in which the greeting has been heard and the first turn has come.
GREETED_MS = 15_000
#: Milliseconds without a turn after which a live caller is fetched back into the hold loop.
STUCK_MS = 50_000
#: Roles whose legs are our own people's: these alone may be completed on a list's evidence (R2).
OURS = frozenset({Role.owner, Role.relief, Role.lead, Role.coach, Role.consult, Role.interpreter})


@dataclass
class Memory:
    """What the last pass found odd: only what is found twice is acted on."""

    number: int = 0
    first: dict[tuple[str, str], float] = field(default_factory=dict[tuple[str, str], float])
    odd: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    now: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])

    def twice(self, kind: str, sid: str) -> bool:
        self.now.add((kind, sid))
        return (kind, sid) in self.odd

    def since(self, kind: str, sid: str, now: float) -> float:
        """When this was seen first, seconds of the clock, if every pass since has seen it too."""
        self.now.add((kind, sid))
        return self.first.setdefault((kind, sid), now)

    def turn_over(self) -> None:
        self.first = {key: at for key, at in self.first.items() if key in self.now}
        self.odd, self.now, self.number = self.now, set(), self.number + 1


@dataclass(frozen=True)
class Picture:
    """What carrier and board say at one moment."""

    legs: Mapping[str, LegInfo]
    rooms: Sequence[RoomInfo]
    calls: Mapping[str, CallView]


async def run(ctx: Context) -> None:
    memory, pause = Memory(), EVERY_S
    while True:
        await nudged_or(ctx, ctx.reconcile_due, pause)
        pause = EVERY_S
        with ctx.clock.busy():
            await learn_epochs(ctx)
            try:
                if await ctx.moved(lambda: ctx.board.lease("reconciler", ctx.worker, LEASE_MS)):
                    await one_pass(ctx, memory)
            except (BoardAway, CarrierError) as error:
                log.warning("no pass", error=type(error).__name__)
                pause = AWAY_S


async def one_pass(ctx: Context, memory: Memory) -> None:
    """Look, restore what the board has lost, supply what never came, end what should not be; then trust the board."""
    picture = await look(ctx)
    for room in picture.rooms:
        if _call_of(room) not in picture.calls:
            await restore(ctx, room, picture, memory)
    for call in await strays.take_in(ctx, picture.legs, {view.sid for view in picture.calls.values()}):
        _healed("taken_in", call)
    for view in picture.calls.values():
        await compare(ctx, view, picture, memory)
    await loose_ends(ctx, picture)
    memory.turn_over()
    await ctx.moved(ctx.board.end_verify)


async def look(ctx: Context) -> Picture:
    calls = await ctx.moved(ctx.board.live_calls)
    legs, rooms = await asyncio.gather(ctx.carrier.live_legs(), ctx.carrier.live_rooms())
    return Picture({leg.sid: leg for leg in legs}, rooms, {view.id: view for view in calls})


def _call_of(room: RoomInfo) -> str:
    return room.name.partition("-")[0]


def _role(label: str | None) -> str:
    return (label or "").partition("_")[0]


# ------------------------------------------------------------------------------------------ rooms without a call


async def restore(ctx: Context, room: RoomInfo, picture: Picture, memory: Memory) -> None:
    """A room of which the board knows nothing: an emptied board is refilled, what is left of an old call is ended."""
    inside = await ctx.carrier.participants(room.sid)
    caller = next((p for p in inside if _role(p.label) == Role.caller), None)
    if caller and await strays.still_there(ctx, caller.sid):
        labels = [p.label for p in inside if p.label]
        told = await _told(ctx, _call_of(room), picture.legs.get(caller.sid))
        await ctx.moved(
            lambda: ctx.board.restore(
                _call_of(room), caller.sid, told={**told, "room": room.name}, room_sid=room.sid, labels=labels
            )
        )
        for person in inside:
            await _joined(ctx, _call_of(room), person, room.sid)
        _healed("restored", _call_of(room))
    elif not any(_role(p.label) in (Role.agency, Role.caller) for p in inside):
        await end_ghosts(ctx, room, inside, memory)


async def end_ghosts(ctx: Context, room: RoomInfo, inside: Sequence[ParticipantInfo], memory: Memory) -> None:
    """Nobody is here whom anybody could be talking to: our own people's legs and the room are ended (R2)."""
    if not memory.twice("ghost room", room.sid):
        return
    for person in inside:
        if _role(person.label) in OURS:
            await ctx.carrier.complete(person.sid)
            _healed("ghost_leg", _call_of(room))
    if not inside:
        await ctx.carrier.end_room(room.sid)
        _healed("ghost_room", _call_of(room))


async def _told(ctx: Context, call: str, leg: LegInfo | None) -> dict[str, Any]:
    """What is known of a call without the board: the record first, else the carrier's own stamp of its ring."""
    told: dict[str, Any] = {}
    if leg and leg.started_at:
        told["arrived_ms"] = int(leg.started_at * 1000)
    return told | await strays.on_record(ctx, call)


async def learn_epochs(ctx: Context) -> None:
    """Epochs that the record knows: a new one must be later than all of them (S2)."""
    try:
        async with asyncio.timeout(strays.RECORD_S):
            ctx.state.setdefault("epochs", set()).update(await queries.epochs(ctx.sessions))
    except Exception as error:  # noqa: BLE001  without the record, those that this process has seen must do
        log.info("record not asked", error=type(error).__name__)


# ------------------------------------------------------------------------------------------ calls on the board


async def compare(ctx: Context, view: CallView, picture: Picture, memory: Memory) -> None:
    """One call: its caller's leg, the others' legs, its room."""
    if view.now_ms - view.since_ms < SETTLED_MS and view.state != Call.doubtful:
        return
    if view.sid and view.state != Call.agency_only and view.sid not in picture.legs:
        if await _supply_end(ctx, view):
            return
    elif not await strays.with_somebody(ctx, view, picture.legs, memory) and _unsure(view):
        await _doubtful(ctx, view)
    if view.room:
        await _compare_room(ctx, view, picture, memory)


async def _supply_end(ctx: Context, view: CallView) -> bool:
    """The caller's leg is in no list: if one fetch agrees that it has ended, the callback never came."""
    leg = await ctx.carrier.leg(view.sid)
    if leg is not None and leg.status not in FINAL_STATUSES:
        return False
    status, at = (leg.status, _ms(leg.ended_at)) if leg else ("completed", None)
    await ctx.moved(lambda: ctx.board.caller_gone(view.id, view.sid, status=status, side="caller", at_ms=at))
    _healed("caller_gone", view.id)
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
    _healed("verified", view.id)
    if view.now_ms - view.since_ms > STUCK_MS:
        await ctx.carrier.move(view.sid, Links(ctx.settings.public_url).home(), way_out(ctx.settings))
        _healed("called_back", view.id)


async def _compare_room(ctx: Context, view: CallView, picture: Picture, memory: Memory) -> None:
    """Joins and leaves that never came, from the participants of a room that differs, and of each now and then."""
    room = next((r for r in picture.rooms if r.name == view.room), None)
    legs = await ctx.moved(lambda: ctx.board.legs(view.id))
    known = {sid: leg for sid, leg in legs.items() if sid.startswith("CA")}  # others are presumed, not seen
    for sid, leg in known.items():
        if leg.get("role") != Role.caller and sid not in picture.legs:
            await _supply_leg_end(ctx, view, sid, leg)
    if room is None:
        if any(leg.get("joined") for leg in known.values()) and memory.twice("room gone", view.room):
            await _all_left(ctx, view, known)
        return
    if not _differs(view, known, picture) and (hash(room.sid) + memory.number) % ROTATION:
        return
    inside = await ctx.carrier.participants(room.sid)
    await _compare_people(ctx, view, room, known, inside, memory)


def _differs(view: CallView, known: Mapping[str, Mapping[str, Any]], picture: Picture) -> bool:
    """The board does not see two people in a room that the carrier keeps open, or somebody it sees has no leg."""
    joined = [sid for sid, leg in known.items() if leg.get("joined")]
    return len(joined) < 2 or not view.caller_in_room or any(sid not in picture.legs for sid in joined)


async def _compare_people(
    ctx: Context,
    view: CallView,
    room: RoomInfo,
    known: Mapping[str, Mapping[str, Any]],
    inside: Sequence[ParticipantInfo],
    memory: Memory,
) -> None:
    present = {person.sid: person for person in inside}
    for sid, person in present.items():
        if not known.get(sid, {}).get("joined") and memory.twice("not joined", sid):
            await _joined(ctx, view.id, person, room.sid)
            _healed("joined", view.id)
    for sid, leg in known.items():
        if leg.get("joined") and sid not in present and memory.twice("not left", sid):
            label = str(leg.get("label", ""))
            await ctx.moved(lambda s=sid, t=label: ctx.board.leg_left(view.id, s, t, None))
            _healed("left", view.id)


async def _joined(ctx: Context, call: str, person: ParticipantInfo, room_sid: str) -> None:
    if person.label and person.status == "connected":
        label = person.label
        await ctx.moved(lambda: ctx.board.leg_joined(call, person.sid, label, room_sid, None))


async def _supply_leg_end(ctx: Context, view: CallView, sid: str, known: Mapping[str, Any]) -> None:
    leg = await ctx.carrier.leg(sid)
    if leg is not None and leg.status not in FINAL_STATUSES:
        return
    label, at = str(known.get("label", "")), _ms(leg.ended_at) if leg else None
    status = leg.status if leg else "completed"
    if known.get("joined"):
        await ctx.moved(lambda: ctx.board.leg_left(view.id, sid, label, at))
    await ctx.moved(lambda: ctx.board.leg_status(view.id, sid, label, status=status, at_ms=at))
    _healed("leg_ended", view.id)


async def loose_ends(ctx: Context, picture: Picture) -> None:
    """Legs of closed calls of whose end nobody has told: the carrier says when it was."""
    for loose in await ctx.moved(ctx.board.loose_legs):
        call, sid, label = loose["call"], loose["sid"], loose["label"]
        if sid in picture.legs:
            continue
        if loose["role"] == Role.caller:
            await caller_is_gone(ctx, call, sid)
        else:
            leg = await ctx.carrier.leg(sid)
            if leg is not None and leg.status not in FINAL_STATUSES:
                continue
            status, at = (leg.status, _ms(leg.ended_at)) if leg else ("completed", None)
            await ctx.moved(
                lambda c=call, s=sid, t=label, w=status, a=at: ctx.board.leg_status(c, s, t, status=w, at_ms=a)
            )
        _healed("loose_end", call)


async def _all_left(ctx: Context, view: CallView, known: Mapping[str, Mapping[str, Any]]) -> None:
    for sid, leg in known.items():
        if leg.get("joined"):
            label = str(leg.get("label", ""))
            await ctx.moved(lambda s=sid, t=label: ctx.board.leg_left(view.id, s, t, None))
    await ctx.moved(lambda: ctx.board.room_ended(view.id, view.room_sid, None))
    _healed("room_ended", view.id)


# ------------------------------------------------------------------------------------------ small things


def _ms(at: float | None) -> int | None:
    return None if at is None else int(at * 1000)


def _healed(kind: str, call: str) -> None:
    metrics.HEALED.labels(kind).inc()
    log.info("healed", kind=kind, call=call)
