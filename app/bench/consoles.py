"""Signed-in people as a load: an open `/api/live` each, their beats, and what they are offered, by when it came."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.bench.load import Connection
from app.people import sessions
from app.people.roles import Role
from app.people.sessions import Session
from app.secrets import Secrets

#: Seconds between two beats of one person (section P).
BEAT_S = 5.0
#: Longest line of a stream.
LINE_MAX = 1 << 20


@dataclass(frozen=True)
class Offered:
    """An offer as one console got it."""

    spec: str
    id: str
    arrived_ms: int
    made_ms: int
    at: float
    """When its bytes came, by `time.perf_counter`."""


@dataclass
class Heard:
    """What all streams brought. Whoever waits for an offer does so by the caller's arrival, or the person."""

    offers: list[Offered] = field(default_factory=list[Offered])
    by_caller: dict[int, asyncio.Future[Offered]] = field(default_factory=dict[int, asyncio.Future[Offered]])
    by_spec: dict[str, asyncio.Future[Offered]] = field(default_factory=dict[str, asyncio.Future[Offered]])
    overs: dict[str, asyncio.Future[float]] = field(default_factory=dict[str, asyncio.Future[float]])

    def note(self, spec: str, line: bytes, at: float) -> None:
        if b'"type":"offer"' in line:
            told = json.loads(line)
            offered = Offered(spec, told["offer"], told["arrived_ms"], told["at_ms"], at)
            self.offers.append(offered)
            self.overs[offered.id] = asyncio.get_running_loop().create_future()
            for waiting in (self.by_caller.pop(offered.arrived_ms, None), self.by_spec.pop(spec, None)):
                if waiting and not waiting.done():
                    waiting.set_result(offered)
        elif b'"type":"offer_over"' in line:
            over = self.overs.get(json.loads(line)["offer"])
            if over and not over.done():
                over.set_result(at)

    def next_of(self, spec: str) -> asyncio.Future[Offered]:
        return self.by_spec.setdefault(spec, asyncio.get_running_loop().create_future())

    def of_caller(self, arrived_ms: int) -> asyncio.Future[Offered]:
        """Also of an offer that came before the answer to the caller's request did."""
        future: asyncio.Future[Offered] = asyncio.get_running_loop().create_future()
        for offered in reversed(self.offers[-50:]):
            if offered.arrived_ms == arrived_ms:
                future.set_result(offered)
                return future
        return self.by_caller.setdefault(arrived_ms, future)


class Person:
    """A signed-in person's requests, as bytes."""

    def __init__(self, secrets: Secrets, number: int, language: str, presence: str) -> None:
        now = round(time.time(), 3)
        self.spec, self.presence = f"s{number:012x}", presence
        lanes = (f"main|{language}|1|",)
        session = Session(f"{number:024x}", self.spec, Role.specialist, "senior", (language,), lanes, True, 0, now, now)
        csrf = sessions.csrf_token(secrets, session.id)
        cookies = f"{sessions.COOKIE}={sessions.seal(secrets, session)}; {sessions.CSRF_COOKIE}={csrf}"
        self._head = f"Host: bench\r\nCookie: {cookies}\r\n{sessions.CSRF_HEADER}: {csrf}\r\n"

    def stream(self) -> bytes:
        return f"GET /api/live HTTP/1.1\r\n{self._head}\r\n".encode()

    def beat(self) -> bytes:
        return self._request("POST", "/api/beat", {"presence": self.presence})

    def chooses(self, presence: str) -> bytes:
        self.presence = presence
        return self._request("PUT", "/api/presence", {"presence": presence})

    def _request(self, method: str, path: str, form: dict[str, Any]) -> bytes:
        body = json.dumps(form).encode()
        head = f"{method} {path} HTTP/1.1\r\n{self._head}Content-Type: application/json\r\n"
        return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


class Pool:
    """Keep-alive connections, each with one request at a time."""

    def __init__(self, opened: Sequence[Connection]) -> None:
        self._free: asyncio.LifoQueue[Connection] = asyncio.LifoQueue()
        for connection in opened:
            self._free.put_nowait(connection)

    async def ask(self, request: bytes) -> bytes:
        connection = await self._free.get()
        try:
            return await connection.answer(request)
        finally:
            self._free.put_nowait(connection)


@contextlib.asynccontextmanager
async def pool(address: tuple[str, int], connections: int) -> AsyncIterator[Pool]:
    opened = [await Connection.open(*address) for _ in range(connections)]
    try:
        yield Pool(opened)
    finally:
        for connection in opened:
            connection.close()


@contextlib.asynccontextmanager
async def streams(address: tuple[str, int], requests: Iterator[tuple[str, bytes]]) -> AsyncIterator[Heard]:
    """An open stream each, read until the block ends."""
    heard, tasks, writers = Heard(), list[asyncio.Task[None]](), list[asyncio.StreamWriter]()
    try:
        for spec, request in requests:
            reader, writer = await asyncio.open_connection(*address, limit=LINE_MAX)
            writers.append(writer)
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(head.split(b"\r\n", 1)[0].decode())
            tasks.append(asyncio.create_task(_read(reader, spec, heard)))
        yield heard
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for writer in writers:
            writer.close()


async def _read(reader: asyncio.StreamReader, spec: str, heard: Heard) -> None:
    while line := await reader.readline():
        if line.startswith(b"data: "):
            heard.note(spec, line[6:], time.perf_counter())


@contextlib.asynccontextmanager
async def beating(asking: Pool, people: Sequence[Person]) -> AsyncIterator[None]:
    """Everybody beats in turn while the block runs, and has once before it."""
    for person in people:
        await asking.ask(person.beat())

    async def go_on() -> None:
        while True:
            for person in people:
                await asyncio.sleep(BEAT_S / len(people))
                await asking.ask(person.beat())

    task = asyncio.create_task(go_on())
    try:
        yield
        if task.done():
            task.result()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
