"""The stores from wheels: in a folder, over restarts and crashes, and one owner at a time."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from ctypes.util import find_library
from pathlib import Path

import asyncpg
import psutil
import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy import make_url

from app.embedded import EmbeddedError, Stores, embedded_stores, running

pytestmark = pytest.mark.anyio


async def _count(stores: Stores) -> int:
    """Add one row and say how many there are."""
    host = make_url(stores.database_url).query["host"]
    connection = await asyncpg.connect(host=host, user="postgres", database="hotline")
    try:
        await connection.execute("create table if not exists seen (at timestamptz default now())")
        await connection.execute("insert into seen default values")
        return await connection.fetchval("select count(*) from seen")
    finally:
        await connection.close()


async def _increase(stores: Stores) -> int:
    client = Redis.from_url(stores.redis_url)
    try:
        return await client.incr("seen")
    finally:
        await client.aclose()


async def test_data_live_through_stop_kill_and_another_process_life(store_folder: Path) -> None:
    async with embedded_stores(store_folder / "var") as stores:
        addresses = (stores.database_url, stores.redis_url)
        assert (await _count(stores), await _increase(stores)) == (1, 1)
        for server in (stores.postgres, stores.valkey):
            await server.kill()
            assert not server.alive
            await server.start()
        assert (await _count(stores), await _increase(stores)) == (2, 2)
        for server in (stores.postgres, stores.valkey):
            await server.stop()
            await server.start()
        assert (await _count(stores), await _increase(stores)) == (3, 3)
        assert addresses == (stores.database_url, stores.redis_url)
    async with embedded_stores(store_folder / "var") as stores:
        assert (await _count(stores), await _increase(stores)) == (4, 4)


async def test_S3_the_board_is_durable_and_evicts_nothing(store_folder: Path) -> None:
    async with embedded_stores(store_folder / "var", postgres=False) as stores:
        client = Redis.from_url(stores.redis_url, decode_responses=True)
        wanted = {"appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction"}
        assert await client.config_get(*wanted) == wanted
        await client.aclose()
        stranger = Redis.from_url(stores.redis_url.replace(":" + (make_url(stores.redis_url).password or ""), ""))
        with pytest.raises(RedisError):
            await stranger.ping()
        await stranger.aclose()


async def test_a_store_can_be_paused_and_emptied(store_folder: Path) -> None:
    async with embedded_stores(store_folder / "var", durable=False, postgres=False) as stores:
        assert await _increase(stores) == 1
        stores.valkey.pause()
        with pytest.raises((RedisError, TimeoutError)):
            await Redis.from_url(stores.redis_url, socket_timeout=0.2, retry=None).ping()
        stores.valkey.resume()
        assert await _increase(stores) == 2
        await stores.valkey.empty()
        assert await _increase(stores) == 1


async def test_one_owner_at_a_time_and_others_find_the_addresses(store_folder: Path) -> None:
    async with embedded_stores(store_folder / "var", durable=False, postgres=False) as stores:
        with pytest.raises(EmbeddedError, match="in use"):
            await Stores(store_folder / "var").start()
        assert running(store_folder / "var") == {"redis_url": stores.redis_url}
        assert (store_folder / "var" / "stores.json").stat().st_mode & 0o077 == 0
    assert running(store_folder / "var") == {}


OWNER = """
    import asyncio, sys
    from pathlib import Path
    from app.embedded import embedded_stores
    async def main():
        async with embedded_stores(Path(sys.argv[1])) as stores:
            print(stores.postgres.pid, stores.valkey.pid, flush=True)
            await asyncio.Event().wait()
    asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children that their parent has died")
async def test_stores_end_with_a_killed_owner_and_the_next_one_goes_on(store_folder: Path) -> None:
    command = [sys.executable, "-c", textwrap.dedent(OWNER), str(store_folder / "var")]
    owner = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: ASYNC220  outlives the loop's own
    assert owner.stdout
    pids = [int(pid) for pid in (await asyncio.to_thread(owner.stdout.readline)).split()]
    assert len(pids) == 2
    os.kill(owner.pid, signal.SIGKILL)
    owner.wait()
    owner.stdout.close()
    async with embedded_stores(store_folder / "var") as stores:
        assert (await _count(stores), await _increase(stores)) == (1, 1)
        for pid in pids:
            assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


async def test_an_orphan_is_ended_before_its_data_are_served_again(store_folder: Path) -> None:
    """What the kernel did not end (another system than Linux): the folder's process is found and stopped first."""
    lost = Stores(store_folder / "var", durable=False)
    await lost.postgres.start()
    await lost.valkey.start()
    async with embedded_stores(store_folder / "var", durable=False) as stores:
        assert not lost.postgres.alive
        assert not lost.valkey.alive
        assert (await _count(stores), await _increase(stores)) == (1, 1)


@pytest.mark.skipif(not find_library("jemalloc"), reason="this machine has no jemalloc")
async def test_valkey_runs_on_jemalloc_where_the_machine_has_it_and_without_where_not(
    store_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def on_jemalloc() -> bool:
        async with embedded_stores(store_folder, postgres=False) as stores:
            maps = await asyncio.to_thread(Path(f"/proc/{stores.valkey.pid}/maps").read_text)
            return "jemalloc" in maps

    assert await on_jemalloc()
    monkeypatch.setattr("app.embedded.valkey.find_library", lambda _: None)
    assert not await on_jemalloc()


async def test_a_long_path_is_no_obstacle(store_folder: Path) -> None:
    folder = store_folder / ("long" * 25)
    async with embedded_stores(folder, durable=False, valkey=False) as stores:
        assert await _count(stores) == 1
