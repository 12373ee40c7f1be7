"""Where the demo plays: the emulated carrier, and a hotline beside it, in this process or as `hotline serve`.

`one_process` runs everything in one event loop (the virtual clock needs that, T4); `own_processes` starts the real
parent with its workers, as an operator would.
"""

from __future__ import annotations

import asyncio
import json
import random
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from app.context import Context
from app.demo.scripts import AGENCIES, LATER_LINE, LINE, NIGHT_LINE, WARM_LINE
from app.lines import SHIPPED
from app.links import Links
from app.main import compose, create_app
from app.main import new_id as mint
from app.records.engine import connect
from app.serve import environment
from app.settings import Settings
from routing.board import Board
from telephony.clock import Clock, RealClock, VirtualClock
from telephony.emulator import Assumptions, Faults, Network
from telephony.emulator.rest_server import LoopServer

#: The number that agencies see, the backup line's telephones (all reserved for fiction), and the softphones' app.
AGENCY_SEES = "+12025550109"
BACKUP = ("+12025550190", "+12025550191")
APP = "AP" + "a" * 32
#: Signs and encrypts in a demo; nobody's data.
DEMO_KEY = "the demo's key, which protects nobody: 0123456789abcdef"
#: Seconds (real) until a started hotline must answer.
START_S = 60.0
#: Seconds after which the unserved line rings the backup line: soon, so that a short run shows it.
NIGHT_BACKUP_S = 6


@dataclass
class World:
    """A hotline that runs, and its carrier."""

    settings: Settings
    clock: Clock
    net: Network
    engine: AsyncEngine
    """The demo's own way to the record: it adds the sample people and reads what the judge needs."""
    process: asyncio.subprocess.Process | None = None
    """The parent, where it runs by itself."""


@dataclass(frozen=True)
class Parts:
    """A composed hotline that has not started: what a sabotage may break (T2)."""

    app: FastAPI
    ctx: Context
    net: Network


Sabotage = Callable[[Parts], AbstractContextManager[None]]
"""Breaks one thing for as long as its context is open. With an attribute `edit` it changes the scripts' source too."""


#: Nobody is of its first tier; the second opens when its caller has hung up.
LATER_PLAN = [
    {"at_s": 3, "step": "callback"},
    {"at_s": 45, "step": "tier", "tier": 2},
    {"at_s": 240, "step": "backup"},
]


def lines_file(folder: Path) -> Path:
    """The lines that ship, a second line that nobody serves and that rings the backup line soon, and a third one whose
    people are offered its callers so late that these would rather be rung back (C4); and a warm line."""
    raw = json.loads(SHIPPED.read_text())
    first = raw["lines"][raw["default"]]
    plan = [{"at_s": NIGHT_BACKUP_S, "step": "backup"}]
    warm = {"kind": "warm", "crisis": raw["default"], "class": "warm", "number": WARM_LINE}
    raw["lines"] = {
        raw["default"]: {**first, "number": LINE},
        "night": {**first, "number": NIGHT_LINE, "plan": plan},
        "later": {**first, "number": LATER_LINE, "plan": LATER_PLAN},
        "warm": {**first, **warm, "keys": {**first["keys"], "0": "crisis"}},
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "demo-lines.json"
    path.write_text(json.dumps(raw, ensure_ascii=False))
    return path


def settings_for(net: Network, api_url: str, public_url: str, folder: Path, **more: Any) -> Settings:
    """Settings of a hotline whose carrier is the emulator."""
    about: dict[str, Any] = {
        "data_dir": folder,
        "lines_file": lines_file(folder),
        "secret_key": SecretStr(DEMO_KEY),
        "twilio_app_sid": APP,
        "emergency_caller_id": AGENCY_SEES,
        "outbound_caller_id": LINE,
        "backup_numbers": list(BACKUP),
        "log_level": "error",
        "demo": True,
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
    """What `hotline provision` sets at the carrier; and the telephones that exist."""
    for number in (LINE, NIGHT_LINE, LATER_LINE, WARM_LINE, AGENCY_SEES):
        net.add_number(number, voice_url=links.voice(), voice_fallback_url=links.home(), status_callback=links.status())
    net.add_application(APP, voice_url=links.leg(), status_callback=links.status(app=1))
    for number in (*BACKUP, *AGENCIES):
        net.phone(number).will_not_answer()


def with_audio(net: Network) -> bool:
    """Give the carrier real sound, where the package's extra `audio` is installed."""
    try:
        from telephony.emulator.media import open_audio
    except ImportError:
        return False
    open_audio(net)
    return True


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
    folder: Path,
    *,
    seed: int,
    virtual: bool = True,
    assumptions: Assumptions | None = None,
    faults: Faults | None = None,
    sabotage: Sabotage | None = None,
    gather_s: float = 0.0,
    **settings: Any,
) -> AsyncIterator[World]:
    """The hotline and the carrier in this loop; `settings` name the stores. `sabotage` breaks one part (T2).
    `gather_s`: seconds of the clock in which the recorder gathers entries: fewer, larger transactions."""
    clock: Clock = VirtualClock() if virtual else RealClock()
    net = Network(clock=clock, rng=random.Random(seed), assumptions=assumptions, faults=faults)
    front = Front()
    server = LoopServer(front)
    public_url = await server.start()
    made = settings_for(net, await net.start("127.0.0.1", 0), public_url, folder, **settings)
    ctx = compose(made, clock=clock, board=_board(made, clock, getattr(sabotage, "edit", None)))
    ctx.state["gather_s"] = gather_s
    if virtual:
        await ctx.board.allow_test_clock()
    own_numbers(net, Links(public_url))
    front.app = create_app(context=ctx)
    engine = connect(made.database_url)
    try:
        with sabotage(Parts(front.app, ctx, net)) if sabotage else nullcontext():
            async with front.app.router.lifespan_context(front.app), running(clock):
                try:
                    yield World(made, clock, net, engine)
                finally:
                    await net.stop()
    finally:
        await engine.dispose()
        await server.stop()


def _board(settings: Settings, clock: Clock, edit: Callable[[str], str] | None) -> Board:
    now_ms = (lambda: int(clock.now() * 1000)) if isinstance(clock, VirtualClock) else None
    return Board(settings.redis_url, hotline=settings.name, new_id=mint, now_ms=now_ms, edit=edit)


@asynccontextmanager
async def own_processes(
    folder: Path,
    *,
    seed: int,
    assumptions: Assumptions | None = None,
    faults: Faults | None = None,
    port: int = 0,
    audio: bool = False,
    **settings: Any,
) -> AsyncIterator[World]:
    """The hotline as `hotline serve` with its workers, the carrier in this loop, real time; `audio` for real people."""
    clock = RealClock()
    net = Network(clock=clock, rng=random.Random(seed), assumptions=assumptions, faults=faults)
    if audio:
        with_audio(net)
    port = port or free_port()
    public_url = f"http://127.0.0.1:{port}"
    api_url = await net.start("127.0.0.1", 0)
    made = settings_for(net, api_url, public_url, folder, host="127.0.0.1", port=port, **settings)
    own_numbers(net, Links(public_url))
    engine = connect(made.database_url)
    process = await start_serve(made)
    try:
        await answers(public_url)
        yield World(made, clock, net, engine, process)
    finally:
        await stop_serve(process)
        await net.stop()
        await engine.dispose()


async def start_serve(settings: Settings) -> asyncio.subprocess.Process:
    """`hotline serve` with exactly these settings, as a child of this process."""
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "app.cli", "serve", env=environment(settings), start_new_session=True
    )


async def stop_serve(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
        await process.wait()


async def answers(public_url: str) -> None:
    """Return when the hotline answers; `TimeoutError` after a minute."""
    async with httpx.AsyncClient(timeout=2, trust_env=False) as http, asyncio.timeout(START_S):
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
