"""Where the demo plays: the emulated carrier, and a hotline beside it, in this process or as `hotline serve`.

`one_process` runs everything in one event loop (the virtual clock needs that, T4); `own_processes` starts the real
parent with its workers, as an operator would.
"""

from __future__ import annotations

import asyncio
import os
import random
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from app.context import Context
from app.embedded import Stores
from app.links import Links
from app.main import compose, create_app, open_engine
from app.serve import environment
from app.settings import Settings
from telephony.clock import Clock, RealClock, VirtualClock
from telephony.emulator import Assumptions, Faults, Network
from telephony.emulator.rest_server import LoopServer

#: The hotline's number and the one that agencies see (reserved for fiction).
NUMBER, AGENCY_SEES = "+12025550100", "+12025550109"
BACKUP = ("+12025550190", "+12025550191")
AGENCY = "+12025550170"
APP = "AP" + "a" * 32
#: Signs and encrypts in a demo; nobody's data.
DEMO_KEY = "the demo's key, which protects nobody: 0123456789abcdef"
#: Seconds until a started hotline must answer.
START_S = 60.0


@dataclass
class World:
    """A hotline that runs, and its carrier."""

    settings: Settings
    clock: Clock
    net: Network
    stores: Stores
    engine: AsyncEngine
    """The judge's own way to the record."""
    ctx: Context | None = None
    """The hotline's parts, where it runs in this process."""
    process: asyncio.subprocess.Process | None = None
    """The parent, where it runs by itself."""


def settings_for(
    net: Network, api_url: str, public_url: str, stores: Stores, folder: Path, **more: Any
) -> Settings:
    """Settings of a hotline whose carrier is the emulator."""
    about: dict[str, Any] = {
        "name": "main",
        "database_url": stores.database_url,
        "redis_url": stores.redis_url,
        "data_dir": folder,
        "secret_key": SecretStr(DEMO_KEY),
        "twilio_app_sid": APP,
        "emergency_caller_id": AGENCY_SEES,
        "outbound_caller_id": NUMBER,
        "backup_numbers": list(BACKUP),
        "log_level": "error",
    }
    return Settings(
        public_url=public_url,
        twilio_account_sid=net.account_sid,
        twilio_auth_token=SecretStr(net.auth_token),
        twilio_api_key=net.api_key,
        twilio_api_secret=SecretStr(net.api_secret),
        twilio_api_url=api_url,
        **(about | more),
    )


def own_numbers(net: Network, links: Links) -> None:
    """What `hotline provision` sets at the carrier."""
    for number in (NUMBER, AGENCY_SEES):
        net.add_number(number, voice_url=links.voice(), voice_fallback_url=links.home(), status_callback=links.status())
    net.add_application(APP, voice_url=links.leg(), voice_fallback_url=links.home(), status_callback=links.status(app=1))


class Front:
    """An ASGI application that may be composed after its address is known."""

    app: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)


@asynccontextmanager
async def running(clock: Clock) -> AsyncIterator[None]:
    """Time passes while the block runs."""
    if not isinstance(clock, VirtualClock):
        yield
        return
    time = asyncio.create_task(clock.run())
    try:
        yield
    finally:
        time.cancel()
        await asyncio.gather(time, return_exceptions=True)


@asynccontextmanager
async def one_process(
    stores: Stores,
    folder: Path,
    *,
    seed: int,
    virtual: bool = True,
    assumptions: Assumptions | None = None,
    faults: Faults | None = None,
    sabotage: Callable[[Context], Context] | None = None,
    **settings: Any,
) -> AsyncIterator[World]:
    """The hotline and the carrier in this loop. `sabotage` may break one part before it starts (T2)."""
    clock: Clock = VirtualClock() if virtual else RealClock()
    net = Network(clock=clock, rng=random.Random(seed), assumptions=assumptions or Assumptions(), faults=faults)
    front = Front()
    server = LoopServer(front)
    public_url = await server.start()
    made = settings_for(net, await net.start("127.0.0.1", 0), public_url, stores, folder, **settings)
    ctx = compose(made, clock=clock)
    ctx = sabotage(ctx) if sabotage else ctx
    if virtual:
        await ctx.board.allow_test_clock()
    own_numbers(net, Links(public_url))
    front.app = create_app(context=ctx)
    engine = open_engine(made)
    try:
        async with front.app.router.lifespan_context(front.app), running(clock):
            yield World(made, clock, net, stores, engine, ctx=ctx)
            await net.stop()
    finally:
        await engine.dispose()
        await server.stop()


@asynccontextmanager
async def own_processes(
    stores: Stores, folder: Path, *, seed: int, faults: Faults | None = None, assumptions: Assumptions | None = None,
    port: int = 0, **settings: Any
) -> AsyncIterator[World]:
    """The hotline as `hotline serve` with its workers, the carrier in this loop, real time."""
    clock = RealClock()
    net = Network(clock=clock, rng=random.Random(seed), assumptions=assumptions or Assumptions(), faults=faults)
    port = port or free_port()
    public_url = f"http://127.0.0.1:{port}"
    api_url = await net.start("127.0.0.1", 0)
    made = settings_for(net, api_url, public_url, stores, folder, host="127.0.0.1", port=port, **settings)
    own_numbers(net, Links(public_url))
    engine = open_engine(made)
    process = await start_serve(made)
    try:
        await answers(public_url)
        yield World(made, clock, net, stores, engine, process=process)
    finally:
        await stop_serve(process)
        await net.stop()
        await engine.dispose()


async def start_serve(settings: Settings) -> asyncio.subprocess.Process:
    """`hotline serve` with exactly these settings, as a child of this process."""
    given = {**os.environ, **environment(settings)}
    return await asyncio.create_subprocess_exec(sys.executable, "-m", "app.cli", "serve", env=given)


async def stop_serve(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
        await process.wait()


async def answers(public_url: str) -> None:
    """Return when the hotline answers; `TimeoutError` after a minute."""
    async with httpx.AsyncClient(timeout=2) as http, asyncio.timeout(START_S):
        while True:
            try:
                if (await http.get(f"{public_url}/readyz")).status_code == 200:
                    return
            except httpx.HTTPError:
                pass
            await asyncio.sleep(0.1)


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
