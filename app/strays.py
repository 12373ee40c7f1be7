"""Callers at the carrier of whom the board knows nothing: it was away or emptied, or nothing of ours ran (H1, P4, R3).

They need not wait for their next hold turn to have their place back: the carrier says who rings and since when, the
record says the rest. Whoever is put through to a telephone that the board has not rung, as by the fallback document, is
not offered meanwhile: nobody is fetched out of a conversation.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Protocol

from app import logs
from app.context import Context
from app.flow import call_id, caller_of, class_of
from app.records import queries
from routing.board import CallView
from routing.states import Call
from telephony.carrier import FINAL_STATUSES, LegInfo

log = logs.get(__name__)

#: Seconds that the record may take: a pass goes on without it.
RECORD_S = 1.0
#: Seconds after which who has answered a telephone has spoken with the caller: asking for the key takes less (H5).
SCREENED_S = 20.0
#: States of a caller whom nobody of ours has.
ALONE = frozenset({Call.greeting, Call.waiting, Call.offered, Call.doubtful})


class Since(Protocol):
    """When something was seen first."""

    def since(self, kind: str, sid: str, now: float) -> float: ...


def is_caller(leg: LegInfo) -> bool:
    """A telephone that rang us; softphones come in as well."""
    return leg.direction == "inbound" and not leg.from_.startswith("client:")


def answered_by(legs: Mapping[str, LegInfo], sid: str) -> LegInfo | None:
    """The telephone that this leg's own Dial has rung, once somebody there has picked up."""
    return next((leg for leg in legs.values() if leg.parent_sid == sid and leg.status == "in-progress"), None)


def unknown(legs: Mapping[str, LegInfo], known: set[str]) -> list[LegInfo]:
    """Callers of whom the board knows nothing. `known`: CallSids."""
    return [leg for leg in legs.values() if is_caller(leg) and leg.sid not in known and leg.status == "in-progress"]


async def take_in(ctx: Context, leg: LegInfo, legs: Mapping[str, LegInfo]) -> str:
    """Give a caller whom the board does not know their place; the call's id, empty where nothing was to be done."""
    call = call_id(ctx.settings, leg.sid)
    if await ctx.moved(lambda: ctx.board.call(call)) or not await still_there(ctx, leg.sid):
        return ""
    await place(ctx, leg, _ring_ms(ctx, leg))
    if answered_by(legs, leg.sid) is None:
        await ctx.moved(lambda: ctx.board.verified(call))
    return call


async def place(ctx: Context, leg: LegInfo, rang_ms: int) -> CallView:
    """Put a caller on the board by their first ring; the record knows better where it knows the call at all."""
    call = call_id(ctx.settings, leg.sid)
    said = {**by_leg(ctx, leg), "arrived_ms": rang_ms, **await on_record(ctx, call)}
    return await ctx.moved(
        lambda: ctx.board.turn(
            call,
            leg.sid,
            line=said["line"],
            language=said["language"],
            cls=said["class"],
            arrived_ms=said["arrived_ms"],
            counter=said.get("counter", 0),
            turn=0,
            closed=ctx.lines.line(said["line"]).closed_at(said["arrived_ms"]),
            caller=caller_of(ctx, leg.from_),
        )
    )


def by_leg(ctx: Context, leg: LegInfo) -> dict[str, Any]:
    """What the number that was dialled says of a call."""
    line = ctx.lines.dialled(leg.to)
    return {"line": line.id, "language": line.languages[0], "class": class_of(ctx, leg.to)}


def _ring_ms(ctx: Context, leg: LegInfo) -> int:
    """The carrier tells whole seconds, rounded down: behind everybody in that second whom the board does know."""
    return int(leg.started_at * 1000) + 999 if leg.started_at else ctx.now_ms()


async def on_record(ctx: Context, call: str) -> dict[str, Any]:
    """What the record knows of a call; nothing where it is away."""
    try:
        async with asyncio.timeout(RECORD_S):
            return dict(await queries.call_facts(ctx.sessions, call) or {})
    except Exception as error:  # noqa: BLE001  a record that is away must not keep a call from being restored
        log.warning("record not asked", call=call, error=type(error).__name__)
        return {}


async def with_somebody(ctx: Context, view: CallView, legs: Mapping[str, LegInfo], memory: Since) -> bool:
    """Whether this caller, who is alone by the board, is put through to a telephone. Not offered from now on; and once
    it must have been a human who answered, the board and the record know of them."""
    other = answered_by(legs, view.sid) if view.state in ALONE else None
    if other is None or not await still_there(ctx, other.sid):
        return False
    await ctx.moved(lambda: ctx.board.elsewhere(view.id))
    if ctx.clock.now() - memory.since("telephone", other.sid, ctx.clock.now()) >= SCREENED_S:
        await ctx.moved(
            lambda: ctx.board.leg_status(view.id, other.sid, backup_label(ctx, other), status=other.status, at_ms=None)
        )
        await ctx.moved(lambda: ctx.board.backup_answered(view.id, other.sid))
    return True


def backup_label(ctx: Context, leg: LegInfo) -> str:
    """The label of a telephone that we have not rung ourselves."""
    numbers = ctx.settings.backup_numbers
    return f"backup_{numbers.index(leg.to) if leg.to in numbers else 0}_0"


async def still_there(ctx: Context, sid: str) -> bool:
    """One fetch agrees that the leg lives (R2)."""
    leg = await ctx.carrier.leg(sid)
    return leg is not None and leg.status not in FINAL_STATUSES
