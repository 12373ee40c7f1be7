"""The connection to Redis: every move within 0.8 s or `BoardAway` (S1), the epoch checked by each (S2)."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar, cast

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError

from routing.board.scripts import Script, load
from routing.board.views import BoardAway, EpochChanged

MOVE_S = 0.8
"""A whole board call, in seconds: a webhook must still be answered within its second (S1)."""

CONNECT_S = 0.4
"""The connect timeout in seconds; a socket's is half of a move too, so that one reconnect fits."""

HALF_OPEN_S = 0.5
"""While Redis is away one call in this many seconds tries; all others fail at once."""

POOL = 64
"""Connections of one process for moves. A webhook waits for one at most `CONNECT_S`; readers have their own."""

LATE_MS = 800
"""A move is refused this many ms after it was sent, by the worker's estimate of board time (P5)."""

T = TypeVar("T")


def client(url: str, *, connections: int, socket_s: float | None) -> Redis:
    """A client without retries (redis-py's default of ten costs 9 s and more on a stopped server)."""
    pool = cast(Any, BlockingConnectionPool).from_url(
        url,
        max_connections=connections,
        timeout=CONNECT_S,
        socket_timeout=socket_s,
        socket_connect_timeout=CONNECT_S,
        retry=Retry(NoBackoff(), 0),
        retry_on_error=[],
        health_check_interval=0,
        decode_responses=True,
        protocol=2,
    )
    return Redis(connection_pool=pool)


def _command(redis: Redis, *command: Any) -> Awaitable[Any]:
    return cast(Awaitable[Any], cast(Any, redis).execute_command(*command))


class Breaker:
    """Open after a failure: then one call in `HALF_OPEN_S` goes through, until one succeeds."""

    def __init__(self) -> None:
        self._next_try: float | None = None

    def enter(self) -> None:
        """Raise `BoardAway` when it is not this call's turn to try."""
        if self._next_try is None:
            return
        now = time.monotonic()
        if now < self._next_try:
            raise BoardAway("the board is away")
        self._next_try = now + HALF_OPEN_S

    def failed(self) -> None:
        self._next_try = time.monotonic() + HALF_OPEN_S

    def succeeded(self) -> None:
        self._next_try = None


class Store:
    """Runs scripts on one hotline's keys."""

    def __init__(
        self,
        url: str,
        hotline: str,
        *,
        new_id: Callable[[], str],
        now_ms: Callable[[], int] | None,
        edit: Callable[[str], str] | None = None,
        budget_s: float = MOVE_S,
    ) -> None:
        self._budget_s = budget_s
        self.tag = f"{{hl:{hotline}}}:"
        self.epoch = ""
        self.last_event_id = "0-0"
        self._new_id = new_id
        self._now_ms = now_ms
        self._edit = edit
        self._redis = client(url, connections=POOL, socket_s=budget_s / 2)
        self._readers = client(url, connections=POOL, socket_s=None)
        self._breaker = Breaker()
        self._ahead_ms: float | None = None

    def new_id(self) -> str:
        return self._new_id()

    # -- moves

    async def run(self, name: str, args: Mapping[str, Any], *, source: str = "", checked: bool = True) -> Any:
        """Run the move `name`; `source` tells who reached us. Absent values (None) are left out."""
        if checked and not self.epoch:
            raise EpochChanged("the board was not opened")
        script = load(name, self._edit)
        text = json.dumps({key: value for key, value in args.items() if value is not None}, separators=(",", ":"))
        reply = await self._send(script, text, source)
        if reply.get("err") == "LATE":  # our estimate was off (the server's clock was set): learnt, and once more
            reply = await self._send(script, text, source)
        error = reply.get("err")
        if error == "EPOCH":
            raise EpochChanged("the board's data is of another epoch")
        if error is not None:
            raise BoardAway("the board refused a late move")
        self.last_event_id = _later(self.last_event_id, reply["x"])
        return reply.get("v")

    async def _send(self, script: Script, text: str, source: str) -> dict[str, Any]:
        argv = [self.epoch, self._not_after(), self._now_ms() if self._now_ms else 0, text, self._new_id(), source, self.last_event_id]

        async def go() -> Any:
            try:
                return await self._redis.evalsha(script.sha, 1, f"{self.tag}meta", *argv)
            except NoScriptError:
                return await self._redis.eval(script.source, 1, f"{self.tag}meta", *argv)

        sent = time.monotonic()
        raw = await self.guarded(go)
        reply = cast(dict[str, Any], json.loads(raw))
        self._learn(float(reply["t"]), sent)
        return reply

    async def guarded(self, go: Callable[[], Awaitable[T]]) -> T:
        """One exchange with Redis inside the budget, behind the breaker."""
        self._breaker.enter()
        try:
            async with asyncio.timeout(self._budget_s):
                result = await go()
        except (RedisError, OSError, TimeoutError) as error:
            self._breaker.failed()
            raise BoardAway("the board is away") from error
        except asyncio.CancelledError:
            raise
        self._breaker.succeeded()
        return result

    # -- time

    def _not_after(self) -> int:
        if self._now_ms:
            return self._now_ms() + LATE_MS
        if self._ahead_ms is None:
            return 0
        return round(time.monotonic() * 1000 + self._ahead_ms) + LATE_MS

    def _learn(self, board_ms: float, sent: float) -> None:
        """Board time minus ours, as it was at most: measured against the moment of sending."""
        self._ahead_ms = board_ms - sent * 1000

    # -- plain commands

    async def allow_test_clock(self) -> None:
        await self.guarded(lambda: cast(Awaitable[Any], self._redis.set(f"{self.tag}test", "1")))

    async def plain(self, *command: Any) -> Any:
        """One command outside the moves (reading the stream, trimming it)."""
        return await self.guarded(lambda: _command(self._redis, *command))

    async def waiting(self, timeout_s: float, *command: Any) -> Any:
        """A blocking command on a connection of its own, never one that a webhook needs."""
        try:
            async with asyncio.timeout(timeout_s):
                return await _command(self._readers, *command)
        except (RedisError, OSError, TimeoutError) as error:
            raise BoardAway("the board is away") from error

    async def aclose(self) -> None:
        await self._redis.aclose()
        await self._redis.connection_pool.disconnect()
        await self._readers.aclose()
        await self._readers.connection_pool.disconnect()


def _later(a: str, b: str) -> str:
    """The later of two stream ids."""

    def key(cursor: str) -> tuple[int, int]:
        ms, _, n = cursor.partition("-")
        return int(ms), int(n or 0)

    return max(a, b, key=key)
