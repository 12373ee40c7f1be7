"""Effects at the carrier (L3): claimed, checked against the board once more, carried out, and the result recorded.

Several processes may claim; both may send: what is sent is level-triggered (a leg asks the board anyway) or carries the
effect's own label, so sending twice is harmless.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any

from app import creates, logs, metrics
from app.context import Context, Nudge
from app.legs import ms, role_of
from app.links import Links, Place, way_out
from app.partners import asking
from app.secrets import NUMBER
from routing.board import BoardAway, CallView, Effect
from routing.states import Role
from telephony.carrier import FINAL_STATUSES, CarrierAway, CarrierRefused
from telephony.numbers import NotDiallable

log = logs.get(__name__)

#: Seconds between two looks for effects that this process did not cause itself.
POLL_S = 0.25
#: The effects that create a leg, and of these the one that goes first (R4).
EMERGENCY = "dial_agency"
CREATES = frozenset({EMERGENCY, "dial_interpreter", "dial_caller"})
#: Effects in flight in one process, the carrier's own small limit of concurrent requests (R4); of creates apart, so
#: that emergencies never queue behind moves, and moves never behind creates.
AT_ONCE, DIALS_AT_ONCE = 20, 8
#: Effects that a process has claimed at most; what waits here too long is claimed by another one.
CLAIMED_AT_ONCE = 200
#: Seconds, real ones, in which an agency is rung or counts as "not known whether": within the 8 s from the board's last
#: word, so that no other executor rings at the same time.
DIAL_S = 5.0
#: Seconds that an agency's telephone rings, an interpreter's, and that of a caller who is rung back.
AGENCY_RING_S, INTERPRETER_RING_S, CALLER_RING_S = 60, 30, 45
#: What the carrier says of a leg, room or participant that is no more: nothing is left to do.
GONE = frozenset({20404, 21220})

Result = Mapping[str, Any]


async def run(ctx: Context) -> None:
    await Outbox(ctx).run()


class Outbox:
    """What this process has claimed and is carrying out."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._working: set[asyncio.Task[None]] = set()
        self._queued: set[str] = set()
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._lanes = {
            EMERGENCY: asyncio.Semaphore(DIALS_AT_ONCE),
            "dial_interpreter": asyncio.Semaphore(DIALS_AT_ONCE),
            "dial_caller": asyncio.Semaphore(DIALS_AT_ONCE),
        }

    async def run(self) -> None:
        try:
            while True:
                await self.claim()
                await nudged_or(self._ctx, self._ctx.effects_due, POLL_S)
        finally:
            for task in self._working:  # the claims run out and another executor takes them
                task.cancel()

    async def claim(self) -> None:
        """Begin whatever is due and nobody has claimed."""
        for effect in await _claim(self._ctx, CLAIMED_AT_ONCE - len(self._working)):
            self.start(effect)

    def busy(self) -> bool:
        return bool(self._working)

    def start(self, effect: Effect) -> None:
        """Carry it out as soon as there is room; one that still waits for room here is not begun twice."""
        if effect.id in self._queued:
            return
        self._queued.add(effect.id)
        task = asyncio.create_task(self._when_free(effect))
        self._working.add(task)
        task.add_done_callback(self._working.discard)

    async def _when_free(self, effect: Effect) -> None:
        async with self._lanes.get(effect.kind, self._slots):
            self._queued.discard(effect.id)
            async with _turn(self._ctx, effect):
                await carry_out(self._ctx, effect)


def _turn(ctx: Context, effect: Effect) -> AbstractAsyncContextManager[None]:
    return creates.turn(ctx, emergency=effect.kind == EMERGENCY) if effect.kind in CREATES else nullcontext()


async def nudged_or(ctx: Context, nudge: Nudge, seconds: float) -> None:
    """Until there is something new, `seconds` of the clock at most."""
    if nudge.take():
        return
    waits = [asyncio.create_task(nudge.wait()), asyncio.create_task(ctx.clock.sleep(seconds))]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
    nudge.take()


async def _claim(ctx: Context, limit: int) -> list[Effect]:
    if limit <= 0:
        return []
    with ctx.clock.busy():
        try:
            claimed = await ctx.moved(lambda: ctx.board.claim_effects(limit))
        except BoardAway:
            return []
    return sorted(claimed, key=lambda effect: effect.kind != EMERGENCY)  # emergencies first (R4)


async def carry_out(ctx: Context, effect: Effect) -> None:
    """One effect, from the last check to the record of what came of it."""
    with ctx.clock.busy():
        try:
            if this := await ctx.moved(lambda: ctx.board.still_due(effect)):
                ok, result = await _ask_carrier(ctx, this)
                await ctx.moved(lambda: ctx.board.effect_done(this, ok=ok, result=result))
        except BoardAway:
            pass  # the claim runs out and another executor takes it
        except Exception as error:  # noqa: BLE001  one effect's fault must not stop the others
            log.error("effect broke", effect=effect.id, kind=effect.kind, call=effect.call, error=type(error).__name__)
        ctx.effects_due()


async def _ask_carrier(ctx: Context, effect: Effect) -> tuple[bool, Result]:
    """Whether the carrier has done it (or there is nothing left to do), and what it said."""
    try:
        ok, result = True, await DO[effect.kind](ctx, effect)
    except CarrierRefused as error:
        # A telephone that was not rung is never "nothing left to do": its room may only be another one by now.
        ok, result = effect.kind not in CREATES and error.code in GONE, {"code": error.code}
    except CarrierAway:
        ok, result = False, {"error": "away"}
    except NotDiallable as error:
        ok, result = False, {"error": error.reason}
    metrics.EFFECTS.labels(effect.kind, "done" if ok else "failed").inc()
    log.info("effect", effect=effect.id, kind=effect.kind, call=effect.call, attempt=effect.attempt, state=ok)
    return ok, result


async def move_caller(ctx: Context, effect: Effect) -> Result:
    """The caller asks its own hold route and hears what is true then (L2)."""
    links = Links(ctx.settings.public_url)
    view = await ctx.moved(lambda: ctx.board.call(effect.call))
    if view and effect.data.get("again") and await _has_followed(ctx, view):
        return {"there": True}
    url = links.hold(Place.of(view, view.turn + 1)) if view else links.home()
    try:
        await ctx.carrier.move(effect.data["sid"], url, way_out(ctx.settings))
    except CarrierRefused as error:
        if error.code in GONE:
            await caller_is_gone(ctx, effect.call, effect.data["sid"])
        raise
    return {}


async def _has_followed(ctx: Context, view: CallView) -> bool:
    """A caller of whose coming nobody has told may be in the room: asked once more, they would be taken out of a
    conversation that has just begun (L5)."""
    room_sid = view.room_sid or await _sid_of(ctx, view.room)
    there = await ctx.carrier.participants(room_sid) if room_sid else ()
    caller = next((person for person in there if person.sid == view.sid), None)
    if caller is None or not caller.label:
        return False
    label, now_ms = caller.label, ctx.now_ms()
    since = max(int((caller.created_at or 0) * 1000), view.since_ms)
    await ctx.moved(
        lambda: ctx.board.leg_joined(
            view.id, view.sid, label, room_sid, now_ms, room=view.room, earliest_ms=since, latest_ms=now_ms
        )
    )
    return True


async def caller_is_gone(ctx: Context, call: str, sid: str) -> bool:
    """If one fetch agrees that the caller's leg has ended, the board learns what no callback has told; whether."""
    leg = await ctx.carrier.leg(sid)
    if leg is None or leg.status not in FINAL_STATUSES:  # only a terminal status closes (H2), and fetches may lag
        return False
    at_ms = ms(leg.ended_at)
    await ctx.moved(lambda: ctx.board.caller_gone(call, sid, status=leg.status, side="caller", at_ms=at_ms))
    return True


async def complete_leg(ctx: Context, effect: Effect) -> Result:
    """End a leg of our own people; a caller whose call a person has ended is told goodbye by their own document."""
    if effect.data["role"] == Role.caller:
        return await move_caller(ctx, effect)
    await ctx.carrier.complete(effect.data["sid"])
    return {}


async def end_room(ctx: Context, effect: Effect) -> Result:
    """Not while the carrier shows a caller or an agency in it, whatever the board was told or not told (L1)."""
    room_sid = await _room_sid(ctx, effect)
    inside = await ctx.carrier.participants(room_sid) if room_sid else ()
    if any(role_of(person.label) in (Role.caller, Role.agency) for person in inside):
        ctx.reconcile_due()
        return {"kept": True}
    if room_sid:
        await ctx.carrier.end_room(room_sid)
    return {}


async def announce(ctx: Context, effect: Effect) -> Result:
    view = await ctx.moved(lambda: ctx.board.call(effect.call))
    room_sid = await _room_sid(ctx, effect)
    if room_sid and view:
        url = Links(ctx.settings.public_url).say(effect.data["what"], view.line, view.language)
        await ctx.carrier.announce(room_sid, url)
    return {}


async def hold(ctx: Context, effect: Effect) -> Result:
    """The caller hears words and music instead of the room. Taken back meanwhile, it is taken back here: the two
    requests may have passed each other."""
    view = await ctx.moved(lambda: ctx.board.call(effect.call))
    room_sid = await _room_sid(ctx, effect)
    if room_sid and view:
        url = Links(ctx.settings.public_url).say(effect.data.get("what") or "hold", view.line, view.language)
        await ctx.carrier.update_participant(room_sid, effect.data["label"], hold=True, hold_url=url)
        after = await ctx.moved(lambda: ctx.board.call(effect.call))
        if after and not after.held_ms:
            return await unhold(ctx, effect)
    return {}


async def unhold(ctx: Context, effect: Effect) -> Result:
    if room_sid := await _room_sid(ctx, effect):
        await ctx.carrier.update_participant(room_sid, effect.data["label"], hold=False)
    return {}


async def supervise(ctx: Context, effect: Effect) -> Result:
    """Who hears the lead now: nobody, the one they whisper to, or all (L10)."""
    data, coach = effect.data, effect.data.get("coach_sid") or None
    if room_sid := await _room_sid(ctx, effect):
        await ctx.carrier.update_participant(
            room_sid, data["sid"], muted=data["muted"], coaching=coach is not None, coach_sid=coach
        )
    return {}


async def dial_agency(ctx: Context, effect: Effect) -> Result:
    """Ring an agency into the room, under the number that agencies ring back (C2)."""
    from_ = ctx.settings.emergency_caller_id or ctx.settings.outbound_caller_id
    return await _dial(ctx, effect, from_=from_, timeout=AGENCY_RING_S, emergency=True)


async def dial_interpreter(ctx: Context, effect: Effect) -> Result:
    """Ring an interpreter into the room, under the neutral number of all that we ring (C4)."""
    from_ = ctx.settings.outbound_caller_id or ctx.lines.line("").number
    return await _dial(ctx, effect, from_=from_, timeout=INTERPRETER_RING_S, emergency=False)


async def dial_caller(ctx: Context, effect: Effect) -> Result:
    """Ring back a caller, under the neutral number of all that we ring; who answers is asked first (C4). Sent twice,
    the first leg to ask binds the label (L3)."""
    data, links = effect.data, Links(ctx.settings.public_url)
    try:
        async with asyncio.timeout(DIAL_S):
            sid = await ctx.carrier.ring(
                to=ctx.secrets.decrypt(data["to_cipher"], NUMBER),
                from_=ctx.settings.outbound_caller_id or ctx.lines.line("").number,
                url=links.rung(effect.call, data["label"]),
                callback=links.status(call=effect.call, label=data["label"]),
                timeout=CALLER_RING_S,
            )
    except TimeoutError:
        raise CarrierAway("not known whether it rings") from None
    return {"sid": sid}


async def _dial(ctx: Context, effect: Effect, *, from_: str, timeout: int, emergency: bool) -> Result:
    """A telephone rung into the room of now; never twice without looking."""
    try:
        async with asyncio.timeout(DIAL_S):
            return await _dial_now(ctx, effect, from_, timeout, emergency=emergency)
    except TimeoutError:
        raise CarrierAway("not known whether it rings") from None


async def _dial_now(ctx: Context, effect: Effect, from_: str, timeout: int, *, emergency: bool) -> Result:
    data = effect.data
    room = await _room_now(ctx, effect)
    if effect.attempt > 1 and (sid := await _already_there(ctx, effect, room)):
        return {"sid": sid}
    sid = await ctx.carrier.dial_into_room(
        room,
        to=ctx.secrets.decrypt(data["to_cipher"], NUMBER),
        from_=from_,
        label=data["label"],
        callback=Links(ctx.settings.public_url).status(call=effect.call, label=data["label"]),
        timeout=timeout,
        emergency=emergency,
        start=emergency,
    )
    return {"sid": sid}


async def _room_now(ctx: Context, effect: Effect) -> str:
    """Where the call's people are now: after a rejoin or a relief the room of the decision is dead. From the third try
    on by name, which is good while somebody is in it (L7)."""
    view = await ctx.moved(lambda: ctx.board.call(effect.call))
    name, room_sid = (view.room, view.room_sid) if view and view.room else (effect.data["room"], "")
    return name if effect.attempt > 2 else room_sid or effect.data.get("room_sid") or name


async def _already_there(ctx: Context, effect: Effect, room: str) -> str | None:
    """An earlier request whose answer was lost may have been carried out: into the room of now, or of then."""
    for name in dict.fromkeys((room, effect.data.get("room_sid") or effect.data["room"])):
        found = name if name.startswith("CF") else await _sid_of(ctx, name)
        there = await ctx.carrier.participants(found) if found else ()
        for participant in there:
            if participant.label == effect.data["label"]:
                return participant.sid
    return None


async def _sid_of(ctx: Context, room: str) -> str:
    found = await ctx.carrier.find_room(room) if room else None
    return found.sid if found else ""


async def _room_sid(ctx: Context, effect: Effect) -> str:
    """From a callback, else from the list by name (L7)."""
    if known := effect.data.get("room_sid"):
        return known
    return await _sid_of(ctx, effect.data.get("room", ""))


DO: Mapping[str, Callable[[Context, Effect], Awaitable[Result]]] = {
    "move_caller": move_caller,
    "complete_leg": complete_leg,
    "end_room": end_room,
    "announce": announce,
    "hold": hold,
    "unhold": unhold,
    "supervise": supervise,
    "dial_agency": dial_agency,
    "dial_interpreter": dial_interpreter,
    "dial_partner": asking.ask,
    "dial_caller": dial_caller,
}
