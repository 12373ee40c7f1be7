"""Every exchange with Redis is bounded, and a store that is away costs one try in half a second (S1)."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from redis.exceptions import (
    AskError,
    ClusterDownError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
    TryAgainError,
)

from routing.board.views import BoardAway, BoardFault

log = logging.getLogger(__name__)

HALF_OPEN_S = 0.5
"""While Redis is away one call in this many seconds tries; all others fail at once."""

AT_ONCE = 64
"""Exchanges of one process under way, a connection each; more wait their turn here, which says nothing about Redis."""

FAIR_S = 0.4
"""An exchange that had less time than this of its own, since it waited for its turn, proves nothing either: what a
socket waits, half of a move."""

UNUSABLE = (AskError, ClusterDownError, NoPermissionError, OutOfMemoryError, ReadOnlyError, TryAgainError)
"""Refusals that no other move would escape: a replica, a full store, a cluster without a majority."""

UNUSABLE_WORDS = ("NOREPLICAS", "MISCONF", "BUSY", "UNKILLABLE")
"""The same by their first word, where redis-py has no class for them."""

T = TypeVar("T")


class Breaker:
    """Open after a failure: then one call in `HALF_OPEN_S` goes through, until one succeeds."""

    def __init__(self, now: Callable[[], float] = time.monotonic, at_once: int = AT_ONCE) -> None:
        self._now = now
        self._next_try: float | None = None
        self.turns = asyncio.Semaphore(at_once)

    def look(self) -> None:
        """Raise `BoardAway` while nobody tries."""
        if self._next_try is not None and self._now() < self._next_try:
            raise BoardAway("the board is away")

    def enter(self) -> None:
        """Raise `BoardAway` when it is not this call's turn to try."""
        self.look()
        if self._next_try is not None:
            self._next_try = self._now() + HALF_OPEN_S

    def failed(self) -> None:
        self._next_try = self._now() + HALF_OPEN_S

    def succeeded(self) -> None:
        self._next_try = None


async def exchange(go: Callable[[], Awaitable[T]], breaker: Breaker, until: float, what: str) -> T:
    """Whatever `go` asks of Redis, until a moment of the loop's clock; `what` names it on the log."""
    breaker.look()
    now, began = asyncio.get_running_loop().time, float("inf")
    try:
        async with asyncio.timeout_at(until), breaker.turns:
            breaker.enter()
            began = now()
            result = await go()
    except (RedisError, OSError) as error:  # our own deadline is an OSError too
        if isinstance(error, ResponseError) and not _unusable(error):
            breaker.succeeded()  # it has answered: nobody else need suffer
            raise _fault(error, what) from error
        if type(error) is not TimeoutError or now() - began >= FAIR_S:
            breaker.failed()
        raise BoardAway("the board is away") from error
    breaker.succeeded()
    return result


def _unusable(error: ResponseError) -> bool:
    return isinstance(error, UNUSABLE) or str(error).startswith(UNUSABLE_WORDS)


def _fault(error: ResponseError, what: str) -> BoardFault:
    """Without the server's text, which may quote a move's arguments."""
    line = re.search(r"user_script:(\d+)", str(error))
    where = f"line {line[1]}" if line else type(error).__name__
    log.error("the board's move %s broke (%s)", what, where)
    return BoardFault(f"the move {what} broke ({where})")
