"""What `hotline check` says of a store's URL, in words that an operator can act on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from app.commands.check import Finding, _redis
from app.embedded.valkey import Valkey
from app.settings import Settings
from tests.routing.servers import free_ports

pytestmark = pytest.mark.anyio


@pytest.fixture
async def valkey(tmp_path: Path) -> AsyncIterator[Valkey]:
    server = Valkey(tmp_path / "valkey")
    await server.start()
    yield server
    await server.kill()


async def said_of(url: str) -> Finding:
    return await _redis(Settings(redis_url=url))


async def test_a_store_that_keeps_everything_is_good(valkey: Valkey) -> None:
    found = await said_of(valkey.url)
    assert (found.ok, found.text) == (True, "reachable, keeps everything")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://:secret@127.0.0.1", "HOTLINE_REDIS_URL: the store's URL must be redis://"),
        ("redis+sentinel://:secret@127.0.0.1", "names no service"),
        ("redis://:secret@127.0.0.1:{port}", "nobody is there"),
        ("redis+sentinel://:secret@127.0.0.1:{port}/board", "no sentinel answers"),
        ("redis+cluster://:secret@127.0.0.1:{port}", "no cluster node owns"),
    ],
)
async def test_a_url_that_leads_nowhere_is_said_so_without_its_password(url: str, words: str) -> None:
    found = await said_of(url.format(port=free_ports(1)[0]))
    assert not found.ok
    assert words in found.text
    assert "secret" not in found.text


async def test_a_wrong_password_and_a_server_of_another_kind_are_named(valkey: Valkey) -> None:
    wrong = await said_of(valkey.url.replace("redis://:", "redis://:x"))
    assert (wrong.ok, wrong.text) == (
        False,
        "not reachable: it wants another user or password than HOTLINE_REDIS_URL has",
    )
    for kind, place in (("redis+sentinel", "/board"), ("redis+cluster", "")):
        found = await said_of(valkey.url.replace("redis://", f"{kind}://").removesuffix("/0") + place)
        assert not found.ok
        assert found.text.startswith("not reachable")


async def test_S2_a_replica_is_no_board(valkey: Valkey) -> None:
    async with Redis.from_url(valkey.url) as redis:
        await redis.execute_command("REPLICAOF", "127.0.0.1", str(free_ports(1)[0]))
        assert "is a replica" in (await said_of(valkey.url)).text
