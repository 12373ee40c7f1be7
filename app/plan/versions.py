"""Every version of a line's plan, in Postgres: added by compare-and-set, never changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Select, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.lines import Edit
from app.records.models_lines import LineVersion

Sessions = async_sessionmaker[AsyncSession]

#: Versions in one answer at most.
PAGE_MAX = 100


@dataclass(frozen=True)
class Draft:
    """An edit that is valid as a whole."""

    line: str
    based_on: int
    """The version that the person had before them."""
    known: int
    """The version that is in force: a record restored from a backup may have forgotten it."""
    who: str
    why_cipher: str
    data: Mapping[str, Any]


async def save(sessions: Sessions, hotline: str, draft: Draft, now: float) -> LineVersion | None:
    """Add the next version; None when somebody was faster. The same edit by the same person again is the same one."""
    async with sessions.begin() as store:
        await store.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"line_versions {hotline}"))))
        newest = await store.scalar(_of_line(hotline, draft.line).limit(1))
        if newest and _repeated(newest, draft):
            return newest
        if draft.based_on != max(newest.version if newest else 0, draft.known):
            return None
        row = await _row(store, hotline, draft, now)
        store.add(row)
    return row


def _repeated(newest: LineVersion, draft: Draft) -> bool:
    return (newest.version, newest.who, newest.data) == (draft.based_on + 1, draft.who, dict(draft.data))


async def _row(store: AsyncSession, hotline: str, draft: Draft, now: float) -> LineVersion:
    last = await store.scalar(select(func.max(LineVersion.revision)).where(LineVersion.hotline == hotline)) or 0
    return LineVersion(
        hotline=hotline,
        line=draft.line,
        version=draft.based_on + 1,
        revision=max(last + 1, round(now * 1000)),
        who=draft.who,
        why_cipher=draft.why_cipher,
        at=datetime.fromtimestamp(now, UTC),
        data=dict(draft.data),
    )


async def newest(sessions: Sessions, hotline: str, *, after: int) -> tuple[dict[str, Edit], int] | None:
    """The newest edit of each line, and the revision that they make; None where there is none later than `after`."""
    top = select(func.max(LineVersion.revision)).where(LineVersion.hotline == hotline)
    last = select(LineVersion.line, func.max(LineVersion.version)).where(LineVersion.hotline == hotline)
    names = tuple_(LineVersion.line, LineVersion.version).in_(last.group_by(LineVersion.line))
    latest = select(LineVersion).where(LineVersion.hotline == hotline, names)
    async with sessions() as store:
        if (await store.scalar(top) or 0) <= after:
            return None
        rows = (await store.scalars(latest)).all()
    return {row.line: Edit(row.version, row.data) for row in rows}, max(row.revision for row in rows)


async def history(sessions: Sessions, hotline: str, line: str, limit: int = PAGE_MAX) -> Sequence[LineVersion]:
    """Versions of a line, newest first."""
    async with sessions() as store:
        return (await store.scalars(_of_line(hotline, line).limit(min(limit, PAGE_MAX)))).all()


def _of_line(hotline: str, line: str) -> Select[Any]:
    mine = (LineVersion.hotline == hotline) & (LineVersion.line == line)
    return select(LineVersion).where(mine).order_by(LineVersion.version.desc())
