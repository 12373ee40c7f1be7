"""The background work without a web server: `hotline worker`, and a pass of the reconciler."""

from __future__ import annotations

import asyncio
import signal

from app import reconciler
from app.main import LOOPS, aclose, compose, supervised
from app.settings import Settings

BETWEEN_PASSES_S = 7.0
"""The reconciler acts on what has been so for six seconds."""


async def run(settings: Settings) -> None:
    """Every loop until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for signal_ in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signal_, stop.set)
    context = compose(settings)
    loops = [asyncio.create_task(supervised(name, context, loop), name=name) for name, loop in LOOPS.items()]
    try:
        await stop.wait()
    finally:
        for loop in loops:
            loop.cancel()
        await asyncio.gather(*loops, return_exceptions=True)
        await aclose(context)


async def reconcile_once(settings: Settings) -> None:
    """Compare and heal now, whoever holds the lease: every act is a compare-and-set."""
    context = compose(settings)
    memory = reconciler.Memory()
    try:
        await context.moved(lambda: reconciler.one_pass(context, memory))
        await asyncio.sleep(BETWEEN_PASSES_S)
        await context.moved(lambda: reconciler.one_pass(context, memory))
    finally:
        await aclose(context)
