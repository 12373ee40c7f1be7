"""One hotline a test, in one process, on the virtual clock; and a Redis that goes away without taking real time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from app.embedded import Stores
from routing.board import BoardAway
from tests.support.hotline import Hotline, running_hotline


@pytest.fixture
async def h(
    hotline_stores: Stores, hotline_database: str, hotline_name: str, hotline_folder: Path
) -> AsyncIterator[Hotline]:
    async with running_hotline(hotline_stores, hotline_database, hotline_name, hotline_folder) as hotline:
        yield hotline


def _away(*_: Any, **__: Any) -> Any:
    raise BoardAway("taken away by the test")


@asynccontextmanager
async def _board_away(h: Hotline) -> AsyncIterator[None]:
    store = h.ctx.board._store
    await h.passes(1)
    while not all(probe() for probe in h.clock.probes):  # noqa: ASYNC110  what is unread stops virtual time
        await asyncio.sleep(0.01)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "waiting", _away)
        patch.setattr(store._breaker, "enter", _away)
        yield


@pytest.fixture
def board_away() -> Callable[[Hotline], AbstractAsyncContextManager[None]]:
    """While the block runs no exchange with Redis succeeds; its data stay (stopped and emptied ones: tests/chaos)."""
    return _board_away
