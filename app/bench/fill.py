"""Many callers or people put on a board at once: the board's own scripts, some hundred to a round trip."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

import hiredis
from redis.asyncio import Redis

from routing.board.scripts import load

#: Scripts in one round trip.
AT_ONCE = 250
#: Seconds between two words on how far it is.
TELL_S = 5.0
#: Bytes read at once.
CHUNK = 1 << 18

#: Copies made by one script.
COPIES = 1_000
#: A waiting caller once more, as `routing/keys.md` says where it stands: its own id, SID, arrival and place.
#: KEYS[1] meta. ARGV: tag, first number, how many, how many there are to copy from (each like the one so many before).
COPY = """
local P, first, count, like = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local last = 0 -- behind the last of them, however slowly they came
for n = 0, like - 1 do
  last = math.max(last, tonumber(redis.call('HGET', P .. 'call:' .. string.format('c%020x', n), 'a')))
end
for n = first, first + count - 1 do
  local from = string.format('c%020x', n % like)
  local id = string.format('c%020x', n)
  redis.call('COPY', P .. 'call:' .. from, P .. 'call:' .. id)
  local c = redis.call('HMGET', P .. 'call:' .. id, 'a', 'score', 'lanes')
  local counter, later = redis.call('HINCRBY', KEYS[1], 'counter', 1), last - c[1] + n
  local a, score = c[1] + later, c[2] + later
  redis.call('HSET', P .. 'call:' .. id, 'id', id, 'sid', string.format('CA%032x', n), 'counter', counter,
    'a', string.format('%.0f', a), 'score', string.format('%.0f', score))
  redis.call('ZADD', P .. 'calls', a, id)
  for lane in string.gmatch(c[3], '%S+') do
    redis.call('ZADD', P .. 'lane:' .. lane, score, string.format('%012d:', counter) .. id)
  end
end
"""

Move = tuple[str, dict[str, Any]]
"""A script's name and its arguments."""


class Filling:
    """Sends moves in bulk to one hotline's board, whose epoch must not change meanwhile.

    It speaks the protocol itself: a client's pipeline costs more than the scripts.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, hotline: str, epoch: str) -> None:
        self._reader, self._writer, self._parser = reader, writer, hiredis.Reader()
        self._key, self._epoch = f"{{hl:{hotline}}}:meta", epoch
        self._known: set[str] = set()
        self._sent = 0

    async def send(self, moves: Iterable[Move], what: str, total: int) -> None:
        """All of them, in order; says on stderr how far it is."""
        rest, done, told = iter(moves), 0, time.monotonic()
        while some := list(islice(rest, AT_ONCE)):
            for name in {name for name, _ in some} - self._known:
                await self.ask([("SCRIPT", "LOAD", load(name).source)])
                self._known.add(name)
            for reply in await self.ask([self._command(*move) for move in some]):
                if b'"err"' in reply:
                    raise RuntimeError(f"the board refused a move: {reply.decode()}")
            done += len(some)
            if time.monotonic() - told > TELL_S or done >= total:
                told = time.monotonic()
                print(f"{what}: {done} of {total}", file=sys.stderr, flush=True)

    def _command(self, name: str, args: dict[str, Any]) -> tuple[Any, ...]:
        """No deadline and no cursor: nobody waits for one of these, and nobody else writes."""
        self._sent += 1
        text = json.dumps(args, separators=(",", ":"))
        return ("EVALSHA", load(name).sha, 1, self._key, self._epoch, 0, 0, text, f"{self._sent:012x}", "", "0-0")

    async def ask(self, commands: list[tuple[Any, ...]]) -> list[bytes]:
        """The answers to all of these, sent at once."""
        self._writer.write(b"".join(map(hiredis.pack_command, commands)))
        replies: list[bytes] = []
        while len(replies) < len(commands):
            reply: Any = self._parser.gets()
            if reply is False:
                self._parser.feed(await self._reader.read(CHUNK))
            elif isinstance(reply, Exception):
                raise reply
            else:
                replies.append(reply)
        return replies


@asynccontextmanager
async def filling(redis_url: str, hotline: str, epoch: str) -> AsyncIterator[Filling]:
    """A connection of its own for filling this board."""
    address = urlsplit(redis_url)
    assert address.hostname
    reader, writer = await asyncio.open_connection(address.hostname, address.port or 6379)
    try:
        made = Filling(reader, writer, hotline, epoch)
        if address.password:
            await made.ask([("AUTH", address.password)])
        yield made
    finally:
        writer.close()


async def copies(redis: Redis, hotline: str, first: int, end: int, *, like: int) -> None:
    """Callers `first` to `end` join the line behind those who are there: copies of the first `like`, in turn.

    Their timers are not copied: nobody ticks here.
    """
    tag = f"{{hl:{hotline}}}:"
    for number in range(first, end, COPIES):
        await redis.eval(COPY, 1, f"{tag}meta", tag, number, min(COPIES, end - number), like)  # type: ignore[misc]
    if end > first:
        print(f"{end - first} more: copied", file=sys.stderr, flush=True)
