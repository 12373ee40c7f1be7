"""The connection to Redis: every move within 0.8 s or `BoardAway` (S1), the epoch checked by each (S2)."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar, cast

from redis.asyncio import Redis
from redis.exceptions import NoScriptError, RedisError

from routing.board.address import client
from routing.board.guard import AT_ONCE, Breaker, exchange
from routing.board.scripts import Script, load
from routing.board.views import BoardAway, EpochChanged, stream_order

log = logging.getLogger(__name__)

MOVE_S = 0.8
"""A whole board call, in seconds: a webhook must still be answered within its second (S1). A socket waits half of it,
so that one reconnect fits."""

POOL = AT_ONCE
"""Connections of one process for moves; readers have their own."""

LATE_MS = 800
"""A move is refused this many ms after it was sent, by the worker's estimate of board time (P5)."""

DURABLE = frozenset({"open", "accept", "clinical", "handoff_open", "handoff_fact", "take_over", "hand_over"})
"""Moves that a replica, where there is one, should have before they are answered (S2)."""

WAIT_MS = 200
"""How long such a move waits for a replica, in ms: a quarter of a move. It is done on the primary whatever comes."""

ENCODE = json.JSONEncoder(separators=(",", ":")).encode

T = TypeVar("T")


def _command(redis: Redis, *command: Any) -> Awaitable[Any]:
    return cast(Awaitable[Any], cast(Any, redis).execute_command(*command))


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
        self._redis = client(url, self.tag, connections=POOL, socket_s=budget_s / 2)
        self._readers = client(url, self.tag, connections=POOL, socket_s=None)
        self._breaker = Breaker(at_once=POOL)
        self._ahead_ms: float | None = None
        self._replicas = 0

    def new_id(self) -> str:
        return self._new_id()

    # -- moves

    async def run(self, name: str, args: Mapping[str, Any], *, source: str = "", checked: bool = True) -> Any:
        """Run the move `name`; `source` tells who reached us. Absent values (None) are left out."""
        if checked and not self.epoch:
            raise EpochChanged("the board was not opened")
        script, until = load(name, self._edit), self._deadline()
        text = ENCODE({key: value for key, value in args.items() if value is not None})
        reply = await self._send(script, text, source, until)
        if reply.get("err") == "LATE":  # our estimate was off (the server's clock was set): learnt, and once more
            reply = await self._send(script, text, source, until)
        error = reply.get("err")
        if error == "EPOCH":
            raise EpochChanged("the board's data is of another epoch")
        if error is not None:
            raise BoardAway("the board refused a late move")
        self.saw(reply["x"])
        return reply.get("v")

    def saw(self, event_id: str) -> None:
        """Data that end before this stream id are older than what was seen: no move is made on them (S2)."""
        self.last_event_id = max(self.last_event_id, event_id, key=stream_order)

    async def _send(self, script: Script, text: str, source: str, until: float) -> dict[str, Any]:
        now_ms = self._now_ms() if self._now_ms else 0
        argv = [self.epoch, self._not_after(), now_ms, text, self._new_id(), source, self.last_event_id]
        evaluate = self._durably if script.name in DURABLE else self._evaluate

        sent = time.monotonic()

        async def go() -> Any:
            nonlocal sent
            sent = time.monotonic()  # after any wait for a connection, which is no time of the board's
            try:
                return await evaluate(script.name, "EVALSHA", script.sha, argv)
            except NoScriptError:
                return await evaluate(script.name, "EVAL", script.source, argv)

        raw = await exchange(go, self._breaker, until, script.name)
        reply = cast(dict[str, Any], json.loads(raw))
        self._learn(float(reply["t"]), sent)
        return reply

    async def _evaluate(self, _name: str, verb: str, script: str, argv: list[Any]) -> Any:
        return await _command(self._redis, verb, script, 1, f"{self.tag}meta", *argv)

    async def _durably(self, name: str, verb: str, script: str, argv: list[Any]) -> Any:
        """The move, a bounded wait for a replica if there was one lately, and a look whether there is one for the next;
        on one connection, since WAIT speaks of its own connection's writes."""
        awaited = min(1, self._replicas)
        pipe = cast(Any, self._redis.pipeline(transaction=False))
        pipe.execute_command(verb, script, 1, f"{self.tag}meta", *argv)
        pipe.execute_command("WAIT", awaited, WAIT_MS)
        pipe.execute_command("INFO", "replication")
        raw, acknowledged, info = await pipe.execute(raise_on_error=False)
        if isinstance(raw, Exception):
            raise raw
        if isinstance(info, dict):
            self._replicas = _online(cast(dict[str, Any], info))
        if awaited and acknowledged != awaited:
            log.warning("no replica had the move %s after %d ms", name, WAIT_MS)
        return raw

    def _deadline(self) -> float:
        return asyncio.get_running_loop().time() + self._budget_s

    async def guarded(self, go: Callable[[], Awaitable[T]], what: str = "") -> T:
        """One exchange with Redis inside the budget, behind the breaker."""
        return await exchange(go, self._breaker, self._deadline(), what)

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
        await self.plain("SET", f"{self.tag}test", "1")

    async def plain(self, *command: Any) -> Any:
        """One command outside the moves (reading the stream, trimming it)."""
        return await self.guarded(lambda: _command(self._redis, *command), str(command[0]))

    async def waiting(self, timeout_s: float, *command: Any) -> Any:
        """A blocking command on a connection of its own, never one that a webhook needs."""
        try:
            async with asyncio.timeout(timeout_s):
                return await _command(self._readers, *command)
        except (RedisError, OSError, TimeoutError) as error:
            raise BoardAway("the board is away") from error

    async def aclose(self) -> None:
        for redis in (self._redis, self._readers):
            await redis.aclose()


def _online(info: Mapping[str, Any]) -> int:
    """Replicas that follow, by INFO: one that is still copying acknowledges nothing."""
    return sum(isinstance(v, dict) and cast(Any, v).get("state") == "online" for v in info.values())
