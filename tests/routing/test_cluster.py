"""A board in a cluster: one slot, one node, every move; and the node's replica after it (S1, S2)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test
from redis.crc import key_slot

from routing.board import Board, BoardAway, EpochChanged
from routing.board.scripts import LUA
from routing.board.store import Store
from tests.routing.machine import BoardMachine
from tests.routing.servers import Node, cluster_lines, follow, free_ports, join, replicated, slots_of, started
from tests.routing.stories import STORIES
from tests.routing.test_machine import QUICK
from tests.routing.test_sentinel import answered
from tests.routing.world import World

CORE = {"arrive", "turn", "accept", "seat", "leg_joined", "leg_left", "handoff_open", "clinical", "tick", "caller_gone"}
"""Moves that touch every kind of key; the stories run most others too."""

KEYED = re.compile(r"redis\.call\('(?!TIME)\w+', *([^,)]*)")


class Cluster:
    """Three primaries with a third of the slots each."""

    def __init__(self, folder: Path) -> None:
        ports = free_ports(8)
        self.buses = ports[4:]
        self.nodes = [Node(folder, port, cluster_lines(bus)) for port, bus in zip(ports, self.buses, strict=False)]
        self.primaries, self.spare = self.nodes[:3], self.nodes[3]
        self.url = "redis+cluster://" + ",".join(f"127.0.0.1:{node.port}" for node in self.primaries)

    def owner(self, hotline: str) -> Node:
        slot = key_slot(f"{{hl:{hotline}}}:".encode())
        return next(node for n, node in enumerate(self.primaries) if slot <= slots_of(n, 3)[1])


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    made = asyncio.new_event_loop()
    yield made
    made.close()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory, loop: asyncio.AbstractEventLoop) -> Iterator[Cluster]:
    made = Cluster(tmp_path_factory.mktemp("cluster"))
    running = started(*made.nodes)
    loop.run_until_complete(running.__aenter__())
    loop.run_until_complete(join(made.primaries, made.buses))
    yield made
    loop.run_until_complete(running.__aexit__(None, None, None))


def test_P5_every_key_that_a_script_names_has_the_hotlines_tag() -> None:
    """Also in moves that no story has yet: a key is named from the tag, where it is used or just before."""
    for path in LUA.rglob("*.lua"):
        source = path.read_text(encoding="utf-8")
        named = [used for used in KEYED.findall(source) if used != "key"]
        named += re.findall(r"local key = (.*)", source)
        assert [used for used in named if not used.startswith("P .. ")] == [], path.name


def test_P5_every_move_stays_in_its_hotlines_slot(
    cluster: Cluster, loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every story of the state machine, each hotline on the node that owns it: no move touches another slot's keys."""
    ran: set[str] = set()
    sound = Store.run

    async def noted(store: Store, name: str, *args: object, **how: object) -> object:
        ran.add(name)
        return await sound(store, name, *args, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(Store, "run", noted)
    for story in STORIES:
        machine = type("Machine", (BoardMachine,), {"url": cluster.url, "loop": loop, "stories": (story,)})
        run_state_machine_as_test(machine, settings=settings(QUICK, max_examples=1, stateful_step_count=2))
    assert ran >= CORE
    held = [loop.run_until_complete(node.ask("DBSIZE")) for node in cluster.primaries]
    assert all(held), "many hotlines spread over the nodes"


def test_reading_leases_and_a_lost_node(cluster: Cluster, loop: asyncio.AbstractEventLoop) -> None:
    async def story() -> None:
        world = World(cluster.url)
        owner = cluster.owner(world.hotline)
        await follow(cluster.spare, cluster.buses[3], owner, cluster.primaries)
        await world.open()
        await reads_and_leases(world)
        await replicated(owner, cluster.spare)
        await owner.kill()
        with pytest.raises(BoardAway):
            await world.turn("c1")
        await until_served(world)
        assert await world.state("c1") == "waiting"
        await world.person("s1")
        assert await world.has_offer("s1") == "c1"
        await world.close()

    loop.run_until_complete(story())


async def reads_and_leases(world: World) -> None:
    """What is no move (blocking reads, trimming, the server's memory), and the reconciler's moves."""
    board: Board = world.board
    waiting = asyncio.create_task(board.events(await board.last_cursor(), block_ms=5000))
    await world.waits("c1")
    assert [event.kind for event in await waiting][:1] == ["call.arrived"]
    assert await board.lease("recorder", "a", 3000) > 0
    assert await board.claim_effects() == []
    assert await board.trim_events("0-1") == 0
    assert await board.memory_share() == 0
    told = {"class": "standard", "room": "c9-1"}
    await board.restore("c9", "CA9", told=told, room_sid="CF9", labels=["owner_s9_1"])
    await board.elsewhere("c1")
    await board.verified("c1")
    assert await board.room_ended("c9", "CF9", world.ms) is not None


async def until_served(world: World) -> None:
    """The replica is promoted, and has everything or is told apart."""
    try:
        await answered(lambda: world.turn("c1"))
    except EpochChanged:
        await world.board.open(world.config, known=[world.board.epoch])
        await world.turn("c1")
