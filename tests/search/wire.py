"""Moves on a real server, many in one packet: `Board` writes and reads them, nothing of theirs is kept in memory.

A move of `Board` runs up to the moment where it would ask the store, and goes on when the answer has come. So a whole
event (a board put back, its moves, the board read) is one exchange, and no event loop stands between.
"""

from __future__ import annotations

import itertools
import json
import socket
from collections.abc import Callable, Coroutine, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import hiredis

from routing.board import Board
from routing.board.scripts import load, names

TAG = "{hl:search}:"
LATE_MS = 800
"""A move's `not_after`, in ms behind its time (P5)."""
FIRST_ID = 1000
"""Ids minted in an event; those of a canonical board are smaller."""

PUT = """
local P = KEYS[1]
for _, key in ipairs(redis.call('KEYS', P .. '*')) do
  if key ~= P .. 'config' and key ~= P .. 'test' then redis.call('DEL', key) end
end
for key, held in pairs(cjson.decode(ARGV[1])) do redis.call(held[1], P .. key, unpack(held, 2)) end
return 1
"""
"""Makes the board what it is told: key -> [command, arguments]."""

GET = """
local P, out = KEYS[1], {}
for _, key in ipairs(redis.call('KEYS', P .. '*')) do
  local kind, name = redis.call('TYPE', key).ok, string.sub(key, #P + 1)
  if name == 'config' or name == 'test' then kind = 'none' end
  if kind == 'hash' then out[name] = redis.call('HGETALL', key)
  elseif kind == 'zset' then out[name] = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
  elseif kind == 'stream' then out[name] = redis.call('XRANGE', key, '-', '+') end
end
return cjson.encode(out)
"""
"""Tells the board's hashes, sorted sets and events."""


@dataclass
class Ask:
    """What a move would send."""

    name: str
    args: Mapping[str, Any]
    source: str

    def __await__(self) -> Generator[Ask, Any, Any]:
        return (yield self)


@dataclass
class Move:
    """One move on its way. `quiet`: it must leave no event. `refused`: it must say no. `against`: the error it must
    meet, with the arguments of the script that are spoilt for it."""

    work: Coroutine[Any, Any, Any]
    ask: Ask
    id: str
    quiet: bool = False
    refused: bool = False
    against: str = ""
    spoilt: dict[int, Any] = field(default_factory=dict)
    result: Any = None

    def answered(self, value: Any) -> None:
        try:
            self.work.send(value)
        except StopIteration as stop:
            self.result = stop.value


class Direct:
    """In place of the board's store: hands every move over to the search."""

    def __init__(self) -> None:
        self.tag, self.epoch, self.last_event_id = TAG, "", "0-0"
        self.ids: Iterator[int] = itertools.count(FIRST_ID)

    def new_id(self) -> str:
        return f"x{next(self.ids):07d}yyyyyyyy"

    async def run(self, name: str, args: Mapping[str, Any], *, source: str = "", checked: bool = True) -> Any:  # noqa: ARG002
        return await Ask(name, args, source)


class Wire:
    """The server, and a `Board` that talks through it."""

    def __init__(self, path: str, edit: Callable[[str], str] | None = None) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(path)
        self._reader = hiredis.Reader(encoding="utf-8")
        self.store = Direct()
        self.board = Board(f"unix://{path}", hotline="search", new_id=self.store.new_id, now_ms=lambda: 0)
        self.board._store = self.store  # type: ignore[assignment]
        self.board._run = self.store.run
        self.put, self.get = (self.ask("SCRIPT", "LOAD", source) for source in (PUT, GET))
        self._shas = {name: self.ask("SCRIPT", "LOAD", load(name, edit).source) for name in names()}
        self.ask("FLUSHALL")
        self.ask("SET", f"{TAG}test", "1")

    def close(self) -> None:
        self._socket.close()

    def ask(self, *command: Any) -> Any:
        self.send([command])
        return self.receive()

    def send(self, commands: list[tuple[Any, ...]]) -> None:
        self._socket.sendall(b"".join(hiredis.pack_command(command) for command in commands))

    def receive(self) -> Any:
        while True:
            reply = self._reader.gets()
            if reply is not False:
                break
            data = self._socket.recv(1 << 18)
            if not data:
                raise ConnectionError("the server has gone")
            self._reader.feed(data)
        if isinstance(reply, Exception):
            raise reply
        return reply

    def move(self, work: Coroutine[Any, Any, Any], **how: Any) -> Move:
        """The move up to its question."""
        return Move(work, work.send(None), self.store.new_id(), **how)

    def command(self, move: Move, now: int) -> tuple[Any, ...]:
        args = {key: value for key, value in move.ask.args.items() if value is not None}
        text = json.dumps(args, separators=(",", ":"))
        argv = [self.store.epoch, now + LATE_MS, now, text, move.id, move.ask.source, "0-0"]
        for place, value in move.spoilt.items():
            argv[place] = value
        return ("EVALSHA", self._shas[move.ask.name], 1, f"{TAG}meta", *argv)
