"""The audit trail: who did or read what, and when; no narrative, no number, no name.

An entry is on disk before the act it speaks of goes on: in Postgres, or while that is away in a local synced file,
which is delivered as soon as it is back (S7). Its id is made here, so that delivering twice writes once.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NoReturn

import asyncpg
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from app import logs
from app.context import Context
from app.records.journal import Journal
from app.records.pages import insert_new

log = logs.get(__name__)

#: Seconds that a person waits for Postgres before the entry goes to the file.
PATIENCE_S = 1.0
#: Seconds, real ones, between two looks at the file.
DELIVER_EVERY_S = 2.0
#: Entries in one statement.
BATCH = 500
AWAY = (SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)


def journal(ctx: Context) -> Journal:
    """Shared by all processes of a data folder."""
    return Journal(ctx.settings.data_dir / "spill" / f"audit-{ctx.settings.name}.jsonl")


async def write(
    ctx: Context,
    *,
    who: str | None,
    what: str,
    object_kind: str | None = None,
    object_id: str | None = None,
    facts: Mapping[str, Any] | None = None,
) -> str:
    """Keep one entry, and return its id; raises only if neither Postgres nor the disk takes it."""
    entry = {
        "id": "a" + secrets.token_hex(12),
        "at": datetime.fromtimestamp(ctx.clock.now(), UTC).isoformat(),
        "who": who,
        "what": what,
        "object_kind": object_kind,
        "object_id": object_id,
        "facts": dict(facts or {}),
    }
    try:
        async with asyncio.timeout(PATIENCE_S):
            await _insert(ctx.engine, [entry])
    except AWAY as error:
        log.warning("audit kept in file", what=what, error=type(error).__name__)
        await asyncio.to_thread(journal(ctx).append, [entry])
    return entry["id"]


async def deliver(ctx: Context) -> int:
    """Write what waits in the file; how many entries it was."""
    waiting = journal(ctx)
    entries = await asyncio.to_thread(waiting.read) if waiting else []
    for start in range(0, len(entries), BATCH):
        batch = entries[start : start + BATCH]
        await _insert(ctx.engine, batch)
        await asyncio.to_thread(waiting.forget, batch)
    return len(entries)


async def keep_delivering(ctx: Context) -> NoReturn:
    """In every process: the file may have been left by one that is no more."""
    while True:
        try:
            with ctx.clock.busy():
                await deliver(ctx)
        except AWAY as error:
            log.warning("audit waits in file", error=type(error).__name__)
        await asyncio.sleep(DELIVER_EVERY_S)  # real time: it waits for a store


async def _insert(engine: AsyncEngine, entries: Sequence[Mapping[str, Any]]) -> None:
    async with engine.begin() as connection:
        await insert_new(connection, "audit_log", [dict(entry) for entry in entries])
