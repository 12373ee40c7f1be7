"""Every process follows the newest edit: its own lines, the signed snapshot on disk (S5), and the board."""

from __future__ import annotations

import asyncio
from typing import NoReturn

from app import lines as lines_data
from app import logs
from app.context import Context
from app.people.stores import RECORD_AWAY
from app.plan import versions
from routing.board import BoardAway

log = logs.get(__name__)

#: Seconds between two looks at the record: what another process has saved is said here at the latest after so long. The
#: board, and with it every waiting caller's plan, has it from the process that saved it, at once.
EVERY_S = 5.0


async def run(ctx: Context) -> NoReturn:
    while True:
        with ctx.clock.busy():
            await refresh(ctx)
        await ctx.clock.sleep(EVERY_S)


async def refresh(ctx: Context) -> None:
    """Take over what was edited since; with a store away, what is known stays, and the next look makes up for it."""
    try:
        found = await versions.newest(ctx.sessions, ctx.settings.name, after=ctx.lines.revision)
    except RECORD_AWAY as error:
        log.warning("lines stay as they were", error=type(error).__name__)
        found = None
    if found:
        ctx.lines.become(lines_data.usable(ctx.lines.raw, *found))
        await asyncio.to_thread(lines_data.keep, ctx.settings, ctx.secrets, ctx.lines)
    await tell_board(ctx)


async def tell_board(ctx: Context) -> None:
    """The board has what this process has, once per edit; it takes no older one than it knows."""
    told: int = ctx.state.setdefault("lines_told", 0)
    if told == ctx.lines.revision:
        return
    revision, config = ctx.lines.revision, ctx.lines.board_config(len(ctx.settings.backup_numbers))
    try:
        await ctx.moved(lambda: ctx.board.configure(config))
    except BoardAway as error:
        log.warning("the board has not heard of an edit yet", error=type(error).__name__)
        return
    ctx.state["lines_told"] = revision
    ctx.effects_due()
