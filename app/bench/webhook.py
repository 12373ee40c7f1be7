"""`hotline bench webhook`: hold turns against one worker, beside a bare route in the same run.

Both are one uvicorn process each; the load client has the other core. Ours does its whole work: signature, board (on an
embedded Valkey that is synced to disk before each answer), document, TwiML check.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import random
import statistics
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx

from app.bench.load import Run, burst, paced, scratch_folder
from app.demo.scripts import LINE
from app.demo.world import free_port, settings_for
from app.embedded import Stores, embedded_stores
from app.flow import call_id
from app.lines import SHIPPED
from app.links import Links, Place
from app.records import migrate
from app.serve import environment
from app.settings import Settings
from telephony.clock import RealClock
from telephony.emulator import Network
from telephony.emulator.sign import signature

#: Callers whose turns are sent, in turn.
CALLERS = 200
#: Seconds of one burst; rounds of each kind.
BURST_S, ROUNDS = 3.0, 5
#: Requests a second of the paced part, and its length in seconds.
RATE, RATE_S = 200.0, 10.0
TOKEN = "bench-token-of-nobody"


async def bench() -> dict[str, Any]:
    """The object that `--json` prints."""
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(scratch_folder())
        ours, yardstick = await _servers(stack, folder)
        result: dict[str, Any] = {}
        for connections in (16, 64):
            runs = [(await _burst(ours, connections), await _burst(yardstick, connections)) for _ in range(ROUNDS)]
            result[f"c{connections}"] = _figures(runs)
        run = await paced(ours.address, ours.requests, RATE, RATE_S)
        result["rate200"] = {"p99_ms": round(run.percentile(0.99), 2)}
        return result


async def _burst(target: Target, connections: int) -> Run:
    return await burst(target.address, target.requests, connections, BURST_S)


def _figures(runs: list[tuple[Run, Run]]) -> dict[str, float]:
    median = statistics.median
    rps, yardstick = median(o.rps for o, _ in runs), median(y.rps for _, y in runs)
    return {
        "rps": round(rps, 1),
        "yardstick_rps": round(yardstick, 1),
        "ratio": round(median(o.rps / y.rps for o, y in runs), 3),
        "p99_ms": round(median(o.percentile(0.99) for o, _ in runs), 2),
        "yardstick_p99_ms": round(median(y.percentile(0.99) for _, y in runs), 2),
    }


class Target:
    """A server and the requests that are sent to it."""

    def __init__(self, port: int, settings: Settings, token: str) -> None:
        self.address = ("127.0.0.1", port)
        self.requests: Iterator[bytes] = _turns(settings, f"http://127.0.0.1:{port}", token)


def _turns(settings: Settings, public_url: str, token: str) -> Iterator[bytes]:
    """Signed hold turns of all callers, one after the other, for ever."""
    links, now = Links(public_url), int(RealClock().now() * 1000)
    for turn in itertools.count(1):
        for caller in range(CALLERS):
            sid = f"CA{caller:032x}"
            place = Place(call_id(settings, sid), "main", "en", "standard", now + caller, caller + 1, turn)
            yield request(links.hold(place).partition("#")[0], public_url, _form(sid, caller), token)


def _form(sid: str, caller: int) -> dict[str, str]:
    return {
        "CallSid": sid,
        "AccountSid": "AC" + "0" * 32,
        "From": f"+1202555{1000 + caller}",
        "To": LINE,
        "CallStatus": "in-progress",
        "ApiVersion": "2010-04-01",
        "Direction": "inbound",
        "Digits": "",
    }


def request(url: str, public_url: str, form: dict[str, str], token: str) -> bytes:
    body = urlencode(form).encode()
    head = (
        f"POST {url.removeprefix(public_url)} HTTP/1.1\r\nHost: bench\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n"
        f"X-Twilio-Signature: {signature(token, url, form)}\r\n\r\n"
    )
    return head.encode() + body


async def _servers(stack: AsyncExitStack, folder: Path) -> tuple[Target, Target]:
    stores = await stack.enter_async_context(embedded_stores(folder))
    urls = {"database_url": stores.database_url, "redis_url": stores.redis_url}
    await migrate.upgrade(stores.database_url)
    port, other = free_port(), free_port()
    net = Network(clock=RealClock(), rng=random.Random(1), auth_token=TOKEN)
    carrier = await net.start("127.0.0.1", 0)
    stack.push_async_callback(net.stop)
    settings = settings_for(net, carrier, f"http://127.0.0.1:{port}", folder, port=port, **urls)
    plain = {"YARDSTICK_TOKEN": TOKEN, "YARDSTICK_URL": f"http://127.0.0.1:{other}"}
    await stack.enter_async_context(uvicorn("app.main:create_app", port, environment(settings)))
    await stack.enter_async_context(uvicorn("app.bench.yardstick:create_app", other, {**os.environ, **plain}))
    return Target(port, settings, TOKEN), Target(other, settings, TOKEN)


def bench_settings(folder: Path, port: int, stores: Stores) -> Settings:
    """A hotline whose carrier answers nobody: requests come from prepared bytes, and nothing is asked of it."""
    net = Network(clock=RealClock(), rng=random.Random(1), auth_token=TOKEN)
    urls = {"database_url": stores.database_url, "redis_url": stores.redis_url}
    nobody = f"http://127.0.0.1:{free_port()}"
    return settings_for(net, nobody, f"http://127.0.0.1:{port}", folder, port=port, lines_file=calm(folder), **urls)


def calm(folder: Path) -> Path:
    """The lines that ship, their first step after a quarter of an hour, the latest that may be."""
    raw = json.loads(SHIPPED.read_text())
    raw["plan"] = [{"at_s": 900, "step": "backup"}]
    path = folder / "bench-lines.json"
    path.write_text(json.dumps(raw, ensure_ascii=False))
    return path


@asynccontextmanager
async def uvicorn(factory: str, port: int, env: dict[str, str]) -> AsyncIterator[None]:
    """One worker process of an application."""
    options = ["--factory", "--port", str(port), "--no-access-log", "--log-level", "warning"]
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "uvicorn", factory, *options, env=env)
    try:
        await _listening(port)
        yield
    finally:
        process.terminate()
        await process.wait()


async def _listening(port: int) -> None:
    async with asyncio.timeout(30), httpx.AsyncClient(trust_env=False) as http:
        while True:
            try:
                await http.get(f"http://127.0.0.1:{port}/healthz")
                return
            except httpx.TransportError:
                await asyncio.sleep(0.05)
