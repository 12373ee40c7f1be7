"""S2 on a server's own file: data that lack what was seen, or all of it, are another epoch."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from app.embedded.valkey import Valkey
from routing.board import Board, EpochChanged
from tests.routing.world import World

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def durable(tmp_path: Path) -> AsyncGenerator[tuple[Valkey, World]]:
    """A server that writes every change to its file, and a board on it where c1 waits."""
    server = Valkey(tmp_path / "valkey")
    await server.start()
    world = World(server.url)
    try:
        await world.open()
        await world.waits("c1")
        yield server, world
    finally:
        await world.close()
        await server.kill()


def log_of(server: Valkey) -> Path:
    """Where the server appends what changes."""
    (found,) = server.folder.glob("appendonlydir/*.incr.aof")
    return found


def millis(epoch: str) -> int:
    return int(epoch.partition("-")[0])


async def test_S2_a_file_that_has_lost_its_tail_is_another_epoch(tmp_path: Path) -> None:
    async with durable(tmp_path) as (server, world):
        kept = log_of(server).stat().st_size
        await world.waits("c2")
        await server.kill()
        os.truncate(log_of(server), kept)
        await server.start()
        before = world.board.epoch
        for _ in range(2):
            with pytest.raises(EpochChanged):
                await world.turn("c1")
        assert millis(await world.board.open(world.config, known=[before])) > millis(before)
        assert await world.state("c1") == "doubtful", "kept, but not offered before it is heard of"
        assert await world.board.call("c2") is None
        assert (await world.turn("c2")).arrived_ms == world.phones["c2"].arrived_ms


async def test_S2_a_restart_with_everything_is_the_same_epoch(tmp_path: Path) -> None:
    async with durable(tmp_path) as (server, world):
        await server.kill()
        await server.start()
        assert (await world.turn("c1")).turn == 2


async def test_S2_an_emptied_store_is_another_epoch_later_than_any_known(tmp_path: Path) -> None:
    async with durable(tmp_path) as (server, world):
        before = world.board.epoch
        await server.empty()
        await world.board.allow_test_clock()
        with pytest.raises(EpochChanged):
            await world.turn("c1")
        assert millis(await world.board.open(world.config, known=[before])) > millis(before)
        view = await world.turn("c1")
        assert (view.state, view.arrived_ms) == ("doubtful", world.phones["c1"].arrived_ms)


async def test_S2_a_new_process_learns_from_the_record_that_its_store_is_older(tmp_path: Path) -> None:
    """Everything of ours was down at once: no worker has seen the newer data, but the record has."""
    async with durable(tmp_path) as (server, world):
        kept, before = log_of(server).stat().st_size, world.board.epoch
        await world.waits("c2")
        recorded = world.board.last_event_id
        await server.kill()
        os.truncate(log_of(server), kept)
        await server.start()
        fresh = Board(server.url, hotline=world.hotline, new_id=lambda: "ab" * 8, now_ms=lambda: world.ms, budget_s=20)
        assert await fresh.open(world.config) == before, "it cannot know yet"
        fresh.saw(recorded)
        with pytest.raises(EpochChanged):
            await fresh.tick()
        assert millis(await fresh.open(world.config)) > millis(before)
        await fresh.tick()
        assert fresh.last_event_id > recorded
        await fresh.aclose()
