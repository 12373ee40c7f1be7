"""S4 in the demo: a simulated console keeps what is saved and not yet recorded, and sends it again."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from app.demo.console import Console

pytestmark = pytest.mark.anyio


class Desk(Console):
    """A console whose requests go nowhere; `record` is what the hotline says of it."""

    def __init__(self) -> None:
        self.steps: asyncio.Queue[None] = asyncio.Queue()
        clock = SimpleNamespace(sleep=lambda _: self.steps.get(), now=lambda: 0.0)
        super().__init__(SimpleNamespace(clock=clock, log=None), "http://127.0.0.1", "s1", "s1", "")  # type: ignore[arg-type]
        self.record, self.sent = False, list[str]()

    async def ask(self, method: str, path: str, **body: Any) -> dict[str, Any]:  # noqa: ARG002
        self.sent.append(body["id"])
        return {"id": body["id"], "recorded": self.record}


async def looks(desk: Desk, times: int) -> None:
    """The console's seconds pass so many times; nothing else runs meanwhile."""
    for _ in range(times):
        desk.steps.put_nowait(None)
        for _ in range(3):
            await asyncio.sleep(0)


async def test_S4_a_fact_is_sent_again_until_it_is_recorded() -> None:
    desk = Desk()
    desk.begin(desk._send_again())
    await asyncio.sleep(0)
    await desk.save("/api/calls/c1/risk", id="x1")
    assert desk.sent == ["x1"]
    await looks(desk, 3)
    assert desk.sent == ["x1", "x1", "x1"], "not at once: the live stream may say so"
    desk.record = True
    await looks(desk, 3)
    assert desk.sent == ["x1"] * 4
    await desk.close()


async def test_S4_what_the_live_stream_calls_recorded_is_not_sent_again() -> None:
    desk = Desk()
    desk.begin(desk._send_again())
    await asyncio.sleep(0)
    await desk.save("/api/calls/c1/risk", id="x1")
    desk._hear({"type": "recorded", "ids": ["x1"]})
    await looks(desk, 3)
    assert desk.sent == ["x1"]
    await desk.close()
