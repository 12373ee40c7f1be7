"""Sessions that were ended before their time: kept in both stores, looked up in this process only (S5).

A request never asks a store. What this process knows is the union of what it has ever read from either, so an emptied
Redis logs nobody off and lets nobody back in, and with one store away the other still carries the word.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from redis.asyncio import Redis
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.people.sessions import LONGEST_S, Session
from app.people.stores import RECORD_AWAY, REDIS_AWAY
from app.records.models import Revocation

log = logging.getLogger(__name__)

_AWAY = RECORD_AWAY + REDIS_AWAY


class Revocations:
    """`session:<id>` ends one session, `person:<id>` all that a person began before that moment."""

    def __init__(
        self, redis: Redis, sessions: async_sessionmaker[AsyncSession], prefix: str, now: Callable[[], float]
    ) -> None:
        self._redis, self._sessions, self._key, self._now = redis, sessions, f"{prefix}:revoked", now
        self._known: dict[str, float] = {}

    def covers(self, session: Session) -> bool:
        at = self._known.get(f"person:{session.spec}", 0.0)
        return f"session:{session.id}" in self._known or session.began <= at

    async def end_session(self, session: Session) -> None:
        await self._end(f"session:{session.id}")

    async def end_person(self, spec: str) -> None:
        await self._end(f"person:{spec}")

    async def _end(self, subject: str) -> None:
        at = round(self._now(), 3)
        self._known[subject] = at
        for write in (self._to_redis, self._to_postgres):
            try:
                await write(subject, at)
            except _AWAY as error:
                log.warning("revocation not stored everywhere: %s", type(error).__name__)

    async def refresh(self) -> None:
        """Learn what other processes ended; whichever store is away adds nothing."""
        for read in (self._from_redis, self._from_postgres):
            try:
                for subject, at in await read():
                    self._known[subject] = max(at, self._known.get(subject, 0))
            except _AWAY:
                continue
        oldest = self._now() - LONGEST_S
        self._known = {subject: at for subject, at in self._known.items() if at >= oldest}

    async def _to_redis(self, subject: str, at: float) -> None:
        await self._redis.zadd(self._key, {subject: at})
        await self._redis.zremrangebyscore(self._key, 0, at - LONGEST_S)

    async def _from_redis(self) -> list[tuple[str, float]]:
        rows: list[tuple[bytes, float]] = await self._redis.zrange(self._key, 0, -1, withscores=True)  # pyright: ignore
        return [(subject.decode(), at) for subject, at in rows]

    async def _to_postgres(self, subject: str, at: float) -> None:
        when = datetime.fromtimestamp(at, UTC)
        row = insert(Revocation).values(
            session_id=subject, revoked_at=when, expires_at=when + timedelta(seconds=LONGEST_S)
        )
        newer = {"revoked_at": row.excluded.revoked_at, "expires_at": row.excluded.expires_at}
        async with self._sessions.begin() as store:
            await store.execute(row.on_conflict_do_update(index_elements=["session_id"], set_=newer))

    async def _from_postgres(self) -> list[tuple[str, float]]:
        live = select(Revocation).where(Revocation.expires_at > datetime.fromtimestamp(self._now(), UTC))
        async with self._sessions() as store:
            return [(row.session_id, row.revoked_at.timestamp()) for row in await store.scalars(live)]
