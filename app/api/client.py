"""One open stream: the messages that wait for it, bounded, and how it is dropped."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

#: Messages that may wait for one client; a console that is so far behind reconnects and gets the present state.
QUEUE_MAX = 256


def encode(message: Mapping[str, Any]) -> bytes:
    """One server-sent event."""
    return b"data: " + json.dumps(message, separators=(",", ":"), default=str).encode() + b"\n\n"


PING = encode({"type": "ping"})


class Client:
    """One open stream."""

    def __init__(self, spec: str, *, lead: bool, alive: Callable[[], bool]) -> None:
        self.spec, self.lead, self.alive = spec, lead, alive
        self._waiting: deque[tuple[bytes, int]] = deque()
        self._wake = asyncio.Event()
        self.writing = False
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when the client was dropped, even while its writer is stuck in a send."""

    @property
    def dropped(self) -> bool:
        return self.over.done()

    def put(self, data: bytes, at_ms: int = 0) -> None:
        """Queue a message; `at_ms` is its event's time, where the way to the wire is measured."""
        if len(self._waiting) >= QUEUE_MAX:
            self.drop()
        if not self.dropped:
            self._waiting.append((data, at_ms))
            self._wake.set()

    def drop(self) -> None:
        if not self.over.done():
            self.over.set_result(None)
        self._waiting.clear()
        self._wake.set()

    @property
    def idle(self) -> bool:
        return self.dropped or not (self._waiting or self.writing)

    async def take(self) -> tuple[bytes, list[int]]:
        """Everything that waits, in one piece, and the times of its events; empty when the client was dropped."""
        self.writing = False
        await self._wake.wait()
        self._wake.clear()
        self.writing = True
        pieces, self._waiting = self._waiting, deque()
        return b"".join(data for data, _ in pieces), [at for _, at in pieces if at]
