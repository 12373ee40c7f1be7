"""`hotline serve` with many hotlines: a parent for each, on shared stores that this process keeps.

A hotline that ends is started again while its neighbours go on; one that fails at once waits longer each time.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import time
from collections.abc import Callable, Sequence

from app import logs
from app.embedded import Stores
from app.embedded.process import die_with_parent
from app.hotlines import BadHotlines, apart, read, stores_of, with_addresses
from app.serve import DRAIN_S, LOOK_S, WAIT_MAX_S, YOUNG_S, migrated_to, started
from app.settings import Settings

log = logs.get(__name__)

END_S = 2 * DRAIN_S
"""Seconds that a hotline gets at a planned end: its workers' drain, and as long for its own end."""


async def serve(base: Settings, *, tell: Callable[[str], None], stop: asyncio.Event | None = None) -> None:
    """Run all hotlines of the installation until SIGTERM, SIGINT or `stop`; `tell` says which are left out and why."""
    stop = stop or asyncio.Event()
    for signal_ in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signal_, stop.set)
    hotlines, wrong = read(base)
    for problem in wrong:
        tell(problem)
        log.error("hotline left out", hotline=problem.partition(".env")[0])
    if not hotlines:
        raise BadHotlines("None of the hotlines can start.")
    stores = stores_of(base, hotlines)
    if stores:
        stores.take()
    keepers = _keepers(stores, hotlines)
    try:
        await asyncio.gather(*(keep(with_addresses(settings, stores), stop) for settings in hotlines))
    finally:
        for keeper in keepers:
            keeper.cancel()
        await asyncio.gather(*keepers, return_exceptions=True)
        if stores:
            await stores.stop()


def _keepers(stores: Stores | None, hotlines: Sequence[Settings]) -> list[asyncio.Task[None]]:
    """The shared stores kept running, and each embedded database brought up to date by itself."""
    if stores is None:
        return []
    own = [with_addresses(settings, stores) for settings in hotlines if not settings.database_url]
    return [asyncio.create_task(work) for work in (_keep_stores(stores), _migrate(stores, own))]


async def _keep_stores(stores: Stores) -> None:
    while True:
        await asyncio.gather(*(started(server) for server in stores.wanted))
        await asyncio.sleep(LOOK_S)


async def _migrate(stores: Stores, hotlines: Sequence[Settings]) -> None:
    """One after the other, as the tool for it wants; one that fails is tried again after the others."""
    left = list(hotlines)
    while left:
        if stores.postgres.alive:
            left = [settings for settings in left if not await migrated_to(settings)]
        await asyncio.sleep(LOOK_S)


async def keep(settings: Settings, stop: asyncio.Event) -> None:
    """One hotline's parent: started, started again when it ends, and ended in order with the installation."""
    failures, environment = 0, apart(settings)
    while not stop.is_set():
        born = time.monotonic()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "app.cli", "serve"),
            stdin=asyncio.subprocess.DEVNULL,
            env=environment,
            start_new_session=True,  # Ctrl-C reaches this process, which ends the hotlines in order
            preexec_fn=die_with_parent(signal.SIGTERM),
        )
        if await _ended_before(stop, process):
            log.error("hotline ended", hotline=settings.name, code=process.returncode)
            failures = failures + 1 if time.monotonic() - born < YOUNG_S else 0
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), min(WAIT_MAX_S, 0.1 * 2**failures))


async def _ended_before(stop: asyncio.Event, process: asyncio.subprocess.Process) -> bool:
    """True when it ended by itself; at `stop` it is ended, by force where it does not go."""
    ended, stopped = asyncio.create_task(process.wait()), asyncio.create_task(stop.wait())
    await asyncio.wait((ended, stopped), return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if ended.done():
        return True
    process.terminate()
    try:
        await asyncio.wait_for(ended, END_S)
    except TimeoutError:
        process.kill()
        await process.wait()
    return False
