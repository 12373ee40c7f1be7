"""A board behind Sentinel: found, awaited on its replica, and believed only as far as it is complete (S1, S2)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest

from routing.board import BoardAway, EpochChanged
from tests.routing.servers import (
    HANG_S,
    SERVICE,
    Node,
    free_ports,
    replicated,
    sentinel_lines,
    started,
    until,
)
from tests.routing.world import World

pytestmark = pytest.mark.anyio

T = TypeVar("T")


@dataclass
class Watched:
    """A primary, its replica and three sentinels that know of each other."""

    primary: Node
    replica: Node
    sentinels: list[Node]

    @property
    def url(self) -> str:
        hosts = ",".join(f"127.0.0.1:{node.port}" for node in self.sentinels)
        return f"redis+sentinel://{hosts}/{SERVICE}"

    async def agreed(self) -> bool:
        """Each sentinel knows the replica and the other two."""
        seen = [(await node.ask("SENTINEL MASTERS"))[SERVICE] for node in self.sentinels]
        return all((known["num-slaves"], known["num-other-sentinels"]) == (1, 2) for known in seen)

    async def cut_off(self) -> None:
        """From now on the replica gets nothing: it is put out and not let in again."""
        await self.primary.ask("ACL SETUSER", "default", "-psync")
        await self.primary.ask("CLIENT KILL", "TYPE", "replica")
        await until(self._alone, "the replica is cut off")

    async def _alone(self) -> bool:
        return (await self.primary.ask("ROLE"))[2] == []


@asynccontextmanager
async def watched(folder: Path) -> AsyncGenerator[Watched]:
    first, second, *ports = free_ports(5)
    primary, replica = Node(folder, first), Node(folder, second, [f"replicaof 127.0.0.1 {first}"])
    sentinels = [Node(folder, port, sentinel_lines(first), sentinel=True) for port in ports]
    made = Watched(primary, replica, sentinels)
    async with started(primary, replica, *sentinels):
        await replicated(primary, replica)
        await until(made.agreed, "the sentinels agree")
        yield made


async def answered(move: Callable[[], Awaitable[T]]) -> T:
    """The board's next answer after an absence, whatever it is."""
    async with asyncio.timeout(HANG_S):
        while True:
            try:
                return await move()
            except BoardAway:
                await asyncio.sleep(0.05)


async def test_S2_a_replica_has_an_accept_before_it_is_answered(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = free_ports(2)
    primary, replica = Node(tmp_path, first), Node(tmp_path, second, [f"replicaof 127.0.0.1 {first}"])
    async with started(primary, replica):
        await replicated(primary, replica)
        world = World(f"redis://127.0.0.1:{first}")
        await world.open()
        await world.person("s1")
        await world.waits("c1")
        await world.accepts("s1")
        has = str(await replica.ask("XRANGE", f"{{hl:{world.hotline}}}:events", "-", "+"))
        assert "offer.accepted" in has
        assert caplog.text == ""
        replica.pause()
        await world.person("s2")
        await world.waits("c2")
        await world.accepts("s2")
        assert "no replica had the move accept" in caplog.text, "a replica that hangs is waited for, not for long"
        await world.close()


async def test_S2_a_promoted_replica_that_lacks_moves_is_another_epoch(tmp_path: Path) -> None:
    """Also S1: a sentinel that hangs costs its own short timeout, and nothing is left to be done by hand."""
    async with watched(tmp_path) as stores:
        stores.sentinels[0].pause()  # the first that is asked
        world = World(stores.url)
        await world.open()
        await world.waits("c1")
        await stores.cut_off()
        await world.waits("c2")
        before = world.board.epoch
        await stores.primary.kill()
        with pytest.raises(EpochChanged):
            await answered(lambda: world.turn("c1"))
        after = await world.board.open(world.config, known=[before])
        assert int(after.partition("-")[0]) > int(before.partition("-")[0])
        assert await world.board.call("c2") is None, "the replica never had it"
        assert (await world.turn("c2")).arrived_ms == world.phones["c2"].arrived_ms, "its next turn brings its place"
        await world.close()
