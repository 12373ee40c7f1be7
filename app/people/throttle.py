"""Slows down whoever guesses passwords: failures are counted per login and per address, in Redis and in process."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from redis.asyncio import Redis

from app.people.stores import REDIS_AWAY

#: Seconds over which failures are counted.
WINDOW_S = 300
#: Failures of one login in a window before it must wait. Sessions that are open go on.
PER_LOGIN = 8
#: Failures from one address: a whole centre may sit behind one.
PER_ADDRESS = 40
#: Counters kept in this process; the oldest are forgotten.
KEPT = 10_000


class Throttle:
    """Counts failures; the greater of what Redis and this process know holds."""

    def __init__(self, redis: Redis, prefix: str, now: Callable[[], float]) -> None:
        self._redis, self._prefix, self._now = redis, prefix, now
        self._own: OrderedDict[str, tuple[int, float]] = OrderedDict()

    async def wait_s(self, login: str, address: str) -> int:
        """Seconds to wait before the next try; 0 when one may try now."""
        for key, limit in self._limits(login, address):
            count = max(self._count(key), await self._ask(lambda key=key: self._redis.get(key)))
            if count >= limit:
                return self._left(key)
        return 0

    async def failed(self, login: str, address: str) -> None:
        for key, _ in self._limits(login, address):
            count, until = self._count(key), self._now() + WINDOW_S
            self._own[key] = (count + 1, until if not count else self._own[key][1])
            self._own.move_to_end(key)
            while len(self._own) > KEPT:
                self._own.popitem(last=False)
            if await self._ask(lambda key=key: self._redis.incr(key)) == 1:
                await self._ask(lambda key=key: self._redis.expire(key, WINDOW_S))

    async def succeeded(self, login: str) -> None:
        """The right password clears the login's count, never the address's."""
        key = self._limits(login, "")[0][0]
        self._own.pop(key, None)
        await self._ask(lambda: self._redis.delete(key))

    def _limits(self, login: str, address: str) -> tuple[tuple[str, int], tuple[str, int]]:
        return (self._key("login", login), PER_LOGIN), (self._key("address", address), PER_ADDRESS)

    def _key(self, kind: str, value: str) -> str:
        # Hashed: a login or an address in a key would be personal data in a store that need not know it.
        return f"{self._prefix}:throttle:{kind}:{hashlib.sha256(value.encode()).hexdigest()[:24]}"

    def _count(self, key: str) -> int:
        count, until = self._own.get(key, (0, 0.0))
        return count if self._now() < until else 0

    def _left(self, key: str) -> int:
        until = self._own.get(key, (0, 0.0))[1]
        return max(1, int(until - self._now())) if self._count(key) else WINDOW_S

    async def _ask(self, ask: Callable[[], Awaitable[object]]) -> int:
        try:
            return int(await ask() or 0)  # type: ignore[call-overload]
        except REDIS_AWAY:
            return 0
