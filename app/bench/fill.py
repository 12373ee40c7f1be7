"""Many callers or people put on a board at once: the board's own scripts, some hundred to a round trip."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable
from itertools import islice
from typing import Any

from redis.asyncio import Redis

from routing.board.scripts import Script, load

#: Scripts in one round trip.
AT_ONCE = 250
#: Seconds between two words on how far it is.
TELL_S = 5.0

Move = tuple[str, dict[str, Any]]
"""A script's name and its arguments."""


class Filling:
    """Sends moves in bulk to one hotline's board, whose epoch must not change meanwhile."""

    def __init__(self, redis: Redis, hotline: str, epoch: str) -> None:
        self._redis, self._key, self._epoch = redis, f"{{hl:{hotline}}}:meta", epoch
        self._scripts: dict[str, Script] = {}
        self._sent = 0

    async def send(self, moves: Iterable[Move], what: str, total: int) -> None:
        """All of them, in order; says on stderr how far it is."""
        rest, done, told = iter(moves), 0, time.monotonic()
        while some := list(islice(rest, AT_ONCE)):
            await self._round_trip(some)
            done += len(some)
            if time.monotonic() - told > TELL_S or done >= total:
                told = time.monotonic()
                print(f"{what}: {done} of {total}", file=sys.stderr, flush=True)

    async def _round_trip(self, moves: list[Move]) -> None:
        for name in {name for name, _ in moves} - self._scripts.keys():
            self._scripts[name] = load(name)
            await self._redis.script_load(self._scripts[name].source)
        pipe = self._redis.pipeline(transaction=False)
        for name, args in moves:
            self._sent += 1
            # No deadline and no cursor: nobody waits for one of these, and nobody else writes.
            argv = [self._epoch, 0, 0, json.dumps(args, separators=(",", ":")), f"{self._sent:012x}", "", "0-0"]
            pipe.evalsha(self._scripts[name].sha, 1, self._key, *argv)
        for reply in await pipe.execute():
            if error := json.loads(reply).get("err"):
                raise RuntimeError(f"the board refused a move: {error}")
