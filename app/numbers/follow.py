"""The board hears which numbers are never limited, and after it was emptied what was connected in these two days.

Until an epoch has heard it, the board limits nobody: who might be exempt is not kept back (C6).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NoReturn

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on

from app import logs
from app.context import Context
from app.people.stores import RECORD_AWAY
from app.records.models import Call, NumberMark
from app.secrets import NUMBER, BadToken
from routing.board import BoardAway

log = logs.get(__name__)

#: Seconds between two looks: what another process has recorded is said here at the latest after so long.
EVERY_S = 5.0
#: Seconds that the record may take.
RECORD_S = 5.0
#: What may still be of the present day, in whatever zone.
DAYS = timedelta(hours=50)


async def run(ctx: Context) -> NoReturn:
    while True:
        with ctx.clock.busy():
            await refresh(ctx)
        await ctx.clock.sleep(EVERY_S)


async def refresh(ctx: Context) -> None:
    """Tell the board what has changed, and all of it to a new epoch. With a store away nothing changes."""
    try:
        async with asyncio.timeout(RECORD_S):
            version = await _version(ctx)
            known = ctx.board.epoch, version
            if ctx.state.get("numbers_told") == known:
                return
            marks, met = await _marked(ctx), await _met(ctx)
        await ctx.moved(lambda: ctx.board.numbers(marks, met))
    except (*RECORD_AWAY, BoardAway) as error:
        log.warning("the board has not heard which numbers are never limited", error=type(error).__name__)
        return
    ctx.state["numbers_told"] = ctx.board.epoch, version


async def _version(ctx: Context) -> int:
    """Greater with every word on a number: rows are only added."""
    mine = select(func.count()).select_from(NumberMark).where(NumberMark.hotline == ctx.settings.name)
    async with ctx.sessions() as store:
        return await store.scalar(mine) or 0


async def _marked(ctx: Context) -> Sequence[str]:
    """Every hash of the numbers whose newest word is a mark."""
    newest = (
        select(NumberMark)
        .where(NumberMark.hotline == ctx.settings.name)
        .ext(distinct_on(NumberMark.number_hash))
        .order_by(NumberMark.number_hash, NumberMark.recorded_at.desc())
    )
    async with ctx.sessions() as store:
        rows = (await store.scalars(newest)).all()
    found: set[str] = set()
    for row in rows:
        if row.mark != "none":
            found |= {row.number_hash, *_hashes(ctx, row.number_cipher)}
    return sorted(found)


def _hashes(ctx: Context, cipher: str) -> tuple[str, ...]:
    try:
        return ctx.secrets.number_hashes(ctx.secrets.decrypt(cipher, NUMBER))
    except BadToken:
        return ()  # under a key that is no more: its hash of then is all there is


async def _met(ctx: Context) -> Sequence[tuple[str, str, str, int]]:
    """Connected calls of late on the lines that limit them."""
    limited = [line.id for line in ctx.lines.by_id.values() if line.routing.limit]
    if not limited:
        return []
    since = datetime.fromtimestamp(ctx.clock.now(), UTC) - DAYS
    query = select(Call.line, Call.number_hash, Call.id, Call.answered_at).where(
        Call.line.in_(limited), Call.answered_at >= since, Call.number_hash.is_not(None), Call.withheld.is_(False)
    )
    async with ctx.sessions() as store:
        rows = (await store.execute(query)).all()
    return [(line or "", hash_ or "", id_, round(at.timestamp() * 1000)) for line, hash_, id_, at in rows if at]
