"""The load client: what it counts is what the server answered."""

import asyncio
import itertools

import pytest

from app.bench.load import burst, paced

pytestmark = pytest.mark.anyio
REQUEST = b"POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n"


class Server:
    """Answers every request with a short body, or refuses all from the `fails_at`-th on."""

    def __init__(self, fails_at: int = 10**9) -> None:
        self.asked, self.fails_at = 0, fails_at

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                self.asked += 1
                status = b"200 OK" if self.asked < self.fails_at else b"503 No"
                writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 5\r\n\r\nhello")
        except asyncio.IncompleteReadError:
            writer.close()


async def address_of(server: Server) -> tuple[tuple[str, int], asyncio.Server]:
    listening = await asyncio.start_server(server.talk, "127.0.0.1", 0)
    return listening.sockets[0].getsockname(), listening


async def test_a_burst_counts_every_answer() -> None:
    server = Server()
    address, listening = await address_of(server)
    run = await burst(address, itertools.repeat(REQUEST), connections=4, seconds=0.1)
    assert len(run.latencies_ms) == server.asked > 0
    assert run.percentile(0) <= run.percentile(0.5) <= run.percentile(0.99)
    listening.close()


async def test_a_paced_run_sends_as_many_as_were_due() -> None:
    server = Server()
    address, listening = await address_of(server)
    run = await paced(address, itertools.repeat(REQUEST), rate=200, seconds=0.25, connections=3)
    assert len(run.latencies_ms) == server.asked == 50
    assert run.seconds >= 0.24
    listening.close()


async def test_a_refusal_ends_the_measurement() -> None:
    address, listening = await address_of(Server(fails_at=10))
    with pytest.raises(RuntimeError, match="503"):
        await burst(address, itertools.repeat(REQUEST), connections=1, seconds=5)
    listening.close()
