"""A light load client: prepared bytes over keep-alive connections, latencies in ms."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

#: Seconds that one answer may take before the run has failed.
ANSWER_S = 15.0


@dataclass(frozen=True)
class Run:
    """What one burst gave."""

    seconds: float
    latencies_ms: Sequence[float]

    @property
    def rps(self) -> float:
        return len(self.latencies_ms) / self.seconds

    def percentile(self, share: float) -> float:
        ordered = sorted(self.latencies_ms)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class Connection:
    """One keep-alive connection: one request at a time."""

    def __init__(self, host: str, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._address = host, port
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, host: str, port: int) -> Connection:
        return cls(host, port, *await asyncio.open_connection(host, port))

    async def ask(self, request: bytes) -> float:
        """Milliseconds to the whole answer; `RuntimeError` for anything but a 200."""
        begin = time.perf_counter()
        await self.answer(request)
        return (time.perf_counter() - begin) * 1000

    async def answer(self, request: bytes) -> bytes:
        """The answer's body; `RuntimeError` for anything but a 200, or a 204 without one."""
        async with asyncio.timeout(ANSWER_S):
            head = await self._head(request) or await self._head(request)
            if head.startswith(b"HTTP/1.1 204"):
                return b""
            body = await self._reader.readexactly(_length(head))
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(head.split(b"\r\n", 1)[0].decode())
        return body

    async def _head(self, request: bytes) -> bytes:
        """Empty, and connected anew, if the server had closed the idle connection as the request went out."""
        self._writer.write(request)
        try:
            return await self._reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError) as gone:
            if getattr(gone, "partial", b""):
                raise
            self._writer.close()
            self._reader, self._writer = await asyncio.open_connection(*self._address)
            return b""

    def close(self) -> None:
        self._writer.close()


def _length(head: bytes) -> int:
    at = head.lower().index(b"content-length:") + len(b"content-length:")
    return int(head[at : head.index(b"\r\n", at)])


async def burst(address: tuple[str, int], requests: Iterator[bytes], connections: int, seconds: float) -> Run:
    """As fast as that many connections go, for so long."""
    latencies: list[float] = []
    end = time.perf_counter() + seconds

    async def one(connection: Connection) -> None:
        while time.perf_counter() < end:
            latencies.append(await connection.ask(next(requests)))

    return await _timed(address, connections, one, latencies)


async def paced(
    address: tuple[str, int], requests: Iterator[bytes], rate: float, seconds: float, connections: int = 32
) -> Run:
    """At a fixed rate; a request that must wait for a connection has waited since it was due."""
    latencies: list[float] = []
    begin = time.perf_counter()
    due = iter(begin + i / rate for i in range(int(rate * seconds)))

    async def one(connection: Connection) -> None:
        for at in due:
            await asyncio.sleep(max(0.0, at - time.perf_counter()))
            await connection.ask(next(requests))
            latencies.append((time.perf_counter() - at) * 1000)

    return await _timed(address, connections, one, latencies)


async def _timed(
    address: tuple[str, int],
    connections: int,
    work: Callable[[Connection], Awaitable[None]],
    latencies: list[float],
) -> Run:
    opened = [await Connection.open(*address) for _ in range(connections)]
    begin = time.perf_counter()
    try:
        await asyncio.gather(*(work(connection) for connection in opened))
        return Run(time.perf_counter() - begin, latencies)
    finally:
        for connection in opened:
            connection.close()


@contextmanager
def scratch_folder() -> Generator[Path]:
    """A folder for embedded stores, which under root belong to another user."""
    with tempfile.TemporaryDirectory(prefix="hotline-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
