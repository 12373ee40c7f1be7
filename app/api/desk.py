"""What the API holds beside the application's context: sessions, roster and live stream of this process."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from redis.asyncio import Redis

from app.api.hub import Hub
from app.context import Context
from app.people.passwords import Passwords
from app.people.revocations import Revocations
from app.people.roster import Roster
from app.people.sessions import Session
from app.people.throttle import Throttle
from routing.board.address import client

#: Seconds between two looks at who was logged off elsewhere.
REVOCATIONS_EVERY_S = 5.0
#: Seconds between two loads of people and shifts.
ROSTER_EVERY_S = 10.0
#: Seconds that a side question to Redis may take; sign-in works without it.
REDIS_TIMEOUT_S = 0.4


class Desk:
    """One per process; `run` keeps it fresh until it is cancelled."""

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx
        prefix = f"{{hl:{ctx.settings.name}}}"
        self.redis = side_redis(ctx.settings.redis_url, prefix)
        self.passwords = Passwords()
        self.roster = Roster(ctx.sessions, ctx.lines, ctx.clock.now)
        self.revocations = Revocations(self.redis, ctx.sessions, prefix, ctx.clock.now)
        self.throttle = Throttle(self.redis, prefix, ctx.clock.now)
        self.hub = Hub(ctx)

    async def run(self) -> None:
        """Background work, each piece inside `clock.busy()`; ends only by cancellation."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._every(ROSTER_EVERY_S, self.roster.load))
            tasks.create_task(self._every(REVOCATIONS_EVERY_S, self.revocations.refresh))
            tasks.create_task(self.hub.run())

    def admits(self, session: Session) -> bool:
        """The session has not been revoked and its person still has that role. Asks no store."""
        return not (self.revocations.covers(session) or self.roster.dismissed(session))

    async def _every(self, seconds: float, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            with self.ctx.clock.busy():
                await work()
            await self.ctx.clock.sleep(seconds)

    async def aclose(self) -> None:
        with contextlib.suppress(Exception):
            await self.redis.aclose()


def side_redis(url: str, tag: str) -> Redis:
    """A small connection pool of its own that never retries: a webhook's pool must not wait for sign-ins."""
    return client(url, tag, connections=8, socket_s=REDIS_TIMEOUT_S, decode=False)
