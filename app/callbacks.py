"""Callbacks have no leg and make no turn: only the record can give them back to an emptied board (S2, P4)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from app import logs, metrics
from app.context import Context
from app.records import queries

log = logs.get(__name__)

#: Seconds that the record may take to answer.
RECORD_S = 5.0

Open = tuple[str, str, Mapping[str, Any]]


async def put_back(ctx: Context) -> bool:
    """Every callback that is open on record is on the board again; whether the record could be asked."""
    found = await _on_record(ctx)
    for one in found or ():
        if await ctx.moved(lambda call=one[0]: ctx.board.call(call)) is None:
            await _keep(ctx, one)
    return found is not None


async def is_put_back(ctx: Context, call: str) -> bool:
    """Whether this call, which the board does not know, is a callback that is open on record, and is known now."""
    one = next((one for one in await _on_record(ctx) or () if one[0] == call), None)
    if one is not None:
        await _keep(ctx, one)
    return one is not None


async def _on_record(ctx: Context) -> list[Open] | None:
    """None while the record is away."""
    try:
        async with asyncio.timeout(RECORD_S):
            return list(await queries.open_callbacks(ctx.sessions))
    except Exception as error:  # noqa: BLE001  a record that is away is asked again
        log.info("record not asked", error=type(error).__name__)
        return None


async def _keep(ctx: Context, one: Open) -> None:
    call, sid, told = one
    await ctx.moved(lambda: ctx.board.keep_callback(call, sid, told=told))
    metrics.HEALED.labels("callback").inc()
    log.info("healed", kind="callback", call=call)
