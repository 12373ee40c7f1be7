"""Waiting for a condition or for domain time, whichever comes first."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

from telephony.clock import Clock


async def within(clock: Clock, seconds: float | None, condition: Awaitable[Any]) -> bool:
    """Wait for the condition, at most `seconds` of domain time (None: for ever); whether it came."""
    waiting = asyncio.ensure_future(condition)
    if seconds is None:
        await waiting
        return True
    timer = asyncio.ensure_future(clock.sleep(seconds))
    try:
        await asyncio.wait({waiting, timer}, return_when=asyncio.FIRST_COMPLETED)
        if waiting.done():
            waiting.result()
            return True
        return False
    finally:
        waiting.cancel()
        timer.cancel()
