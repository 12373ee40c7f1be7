"""A call without the board (S1, H5): words, hold for at most 60 s counted in the URL, then the backup line."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from app import logs
from app.context import Context
from app.documents import Voice, dial_backup, greeting, hold
from app.legs import role_of
from app.links import Links, Place, way_out
from routing.states import CallClass, Role
from telephony.carrier import CarrierError, Document, ParticipantInfo

log = logs.get(__name__)

#: Milliseconds that a caller is held before a backup telephone is rung.
HOLD_MS = 60_000
#: Every so many turns the words are repeated, from the first: also for who was led back here and knows no turn.
WORDS_EVERY = 3
#: Seconds between two looks into a room that somebody has left, and how many there are: lists lag, and may fail.
LOOK_EVERY_S, LOOK_TIMES = 1.0, 10
#: Rooms that are remembered with who left them while the board was away.
ROOMS_MAX = 1000
#: Callbacks that are kept to be told again.
UNTOLD_MAX = 5000
#: Whose presence alone is nobody's company.
MONITORS = frozenset({Role.caller, Role.lead, Role.coach, Role.interpreter})
#: Whom a telephone is rung for at once.
GRAVE = frozenset({CallClass.agency, CallClass.attempt, CallClass.danger})


def arrived(voice: Voice, here: Place, now_ms: int) -> Document:
    """A first ring that the board could not be told of: greeted as ever."""
    again = here.next(here.turn, nostore=now_ms)
    return greeting(voice, here.language, again, now_ms, closed=voice.line.closed_at(here.at))


def turn(voice: Voice, place: Place, key: str, now_ms: int) -> Document:
    """The next words of a caller of whom we know only what the URL carries; pure."""
    cls = CallClass.danger if key == "danger" and place.cls not in GRAVE else place.cls
    since = place.nostore or now_ms
    here = Place(place.call, place.line, place.language, cls, place.at, place.n, place.turn + 1, nostore=since)
    closed = voice.line.closed_at(place.at)
    index = _telephone(voice, place, urgent=cls in GRAVE or closed, held_ms=now_ms - since)
    if index is not None:
        ringing = "closed_backup" if closed else "backup"
        return dial_backup(voice, here.language, here, index, words="danger_backup" if key == "danger" else ringing)
    if place.dialled is not None:  # every telephone was tried, or somebody there has spoken with the caller
        here = here.next(here.turn, nostore=now_ms)
    return hold(voice, here.language, _words(place, key), here)


def _telephone(voice: Voice, place: Place, *, urgent: bool, held_ms: int) -> int | None:
    """Which backup telephone is next, if one is."""
    if place.dialled is not None:
        return place.dialled + 1 if place.dialled + 1 < len(voice.backup_numbers) else None
    return 0 if voice.backup_numbers and (urgent or held_ms >= HOLD_MS) else None


def _words(place: Place, key: str) -> str:
    if key:
        return key if key in ("language", "crisis") else "nostore"
    if place.dialled is not None:
        return "still_here"
    return "nostore" if place.nostore is None or place.turn % WORDS_EVERY == 1 else ""


def left_room(ctx: Context, room_sid: str, left: str) -> None:
    """A person's leg has left a room and the board cannot say what to do: whoever is alone there goes on hold (S1)."""
    gone: dict[str, set[str]] = ctx.state.setdefault("left", {})
    if len(gone) >= ROOMS_MAX and room_sid not in gone:
        gone.pop(next(iter(gone)))
    gone.setdefault(room_sid, set()).add(left)
    _begin(ctx, fetch_caller_back(ctx, room_sid, gone[room_sid]))


async def fetch_caller_back(ctx: Context, room_sid: str, left: set[str]) -> None:
    """Look until the caller is moved, is gone, or has had company at every look. Who left may still be listed."""
    for _ in range(LOOK_TIMES):
        with ctx.clock.busy():
            try:
                if await _alone_then_moved(ctx, room_sid, left):
                    return
            except CarrierError as error:
                log.warning("caller not fetched back", error=type(error).__name__)
        await ctx.clock.sleep(LOOK_EVERY_S)


async def _alone_then_moved(ctx: Context, room_sid: str, left: set[str]) -> bool:
    """Whether nothing is left to do: no caller is there, or callers were alone and have been moved."""
    there = [p for p in await ctx.carrier.participants(room_sid) if p.sid not in left]
    callers = [p.sid for p in there if role_of(p.label) == Role.caller]
    if any(_is_company(p) for p in there):
        return not callers
    home = Links(ctx.settings.public_url).home(ctx.now_ms())
    for sid in callers:
        await ctx.carrier.move(sid, home, way_out(ctx.settings))
    return True


def _is_company(person: ParticipantInfo) -> bool:
    """Somebody who is there for the caller: of leads only who speaks aloud (L10)."""
    role = role_of(person.label)
    return role not in MONITORS or (role == Role.lead and not person.muted and not person.coaching)


@dataclass
class Untold:
    """A callback that met no board, or a call that the board did not know: told again by `app.missed`."""

    caller: str
    """CallSid of the caller's leg, where known; not of what happened in a room."""
    end: bool
    """It is the end of the caller's leg."""
    move: Callable[[], Awaitable[Any]]
    unknown_since: float | None = None
    """Since when the board is there and does not know the call, seconds of the clock."""
    faults: int = 0
    """How often the move has broken in Redis."""


def untold(ctx: Context) -> dict[tuple[str, str], Untold]:
    """What this process has still to tell, by CallSid (or room) and what it is, in the order in which it came."""
    return ctx.state.setdefault("untold", {})


def keep(ctx: Context, sid: str, status: str, item: Untold) -> None:
    """Remember a callback; of too many the oldest is dropped, the carrier's list has it still."""
    kept = untold(ctx)
    if len(kept) >= UNTOLD_MAX:
        kept.pop(next(iter(kept)))
    kept[sid, status] = item


def _begin(ctx: Context, work: Coroutine[Any, Any, None]) -> None:
    """Work that nobody waits for; kept until it has ended."""
    working: set[asyncio.Task[None]] = ctx.state.setdefault("nostore", set())
    task = asyncio.create_task(work)
    working.add(task)
    task.add_done_callback(working.discard)
