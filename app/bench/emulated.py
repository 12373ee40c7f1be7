"""The part of `hotline bench route` that is end to end: callers dial at the emulated carrier, at 10 a second.

A time runs from the hold request's leaving the carrier (its ledger) to the offer's bytes at the console of the person
offered. Everybody greeted waits for nobody: 200 people are signed in and idle. Whoever is offered hangs up.
"""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import AsyncExitStack
from pathlib import Path

from redis.asyncio import Redis

from app.bench import webhook
from app.bench.consoles import Heard, Offered, Person, beating, pool, streams
from app.demo.scripts import LINE
from app.demo.world import free_port, own_numbers, settings_for
from app.embedded import Stores
from app.links import Links
from app.secrets import Secrets
from app.serve import environment
from telephony.clock import RealClock
from telephony.emulator import Network
from telephony.emulator.legs import Leg

NAME = "emulated"
#: Callers a second, and how many.
RATE, CALLERS = 10.0, 150
#: Seconds after the last caller's ring until everybody has been greeted and offered.
GREETED_S = 30.0
LOOK_S = 0.01
CONNECTIONS = 8


async def times_ms(stores: Stores, folder: Path, people: int) -> list[float]:
    """Milliseconds from hold request to offer, one per caller."""
    async with AsyncExitStack() as stack:
        net = Network(clock=RealClock(), rng=random.Random(1), auth_token=webhook.TOKEN)
        carrier, port = await net.start("127.0.0.1", 0), free_port()
        stack.push_async_callback(net.stop)
        urls = {"database_url": stores.database_url, "redis_url": stores.redis_url}
        url = f"http://127.0.0.1:{port}"
        settings = settings_for(
            net, carrier, url, folder, port=port, name=NAME, lines_file=webhook.calm(folder), **urls
        )
        await stack.enter_async_context(webhook.uvicorn("app.main:create_app", port, environment(settings)))
        own_numbers(net, Links(url))
        secrets, address = Secrets(settings), ("127.0.0.1", port)
        everybody = [Person(secrets, n, "en", "available") for n in range(people)]
        asking = await stack.enter_async_context(pool(address, CONNECTIONS))
        heard = await stack.enter_async_context(streams(address, ((one.spec, one.stream()) for one in everybody)))
        await stack.enter_async_context(beating(asking, everybody))
        redis = await stack.enter_async_context(Redis.from_url(stores.redis_url, decode_responses=True))
        return await _Callers(net, redis, heard).all()


class _Callers:
    """They dial one after the other; each hangs up when offered."""

    def __init__(self, net: Network, redis: Redis, heard: Heard) -> None:
        self._net, self._redis, self._heard = net, redis, heard
        self._legs: dict[str, Leg] = {}

    async def all(self) -> list[float]:
        dialling, taking = asyncio.create_task(self._dial()), asyncio.create_task(self._take())
        await dialling
        async with asyncio.timeout(GREETED_S):
            return await taking

    async def _dial(self) -> None:
        begin = time.perf_counter()
        for at in range(CALLERS):
            await asyncio.sleep(max(0.0, begin + at / RATE - time.perf_counter()))
            leg = await self._net.phone(f"+1202555{1000 + at}").dials(LINE)
            self._legs[leg.sid] = leg

    async def _take(self) -> list[float]:
        found: list[float] = []
        while len(found) < CALLERS:
            while len(self._heard.offers) == len(found):  # noqa: ASYNC110  a list, filled by bytes
                await asyncio.sleep(LOOK_S)
            found.append(await self._took_ms(self._heard.offers[len(found)]))
        return found

    async def _took_ms(self, offer: Offered) -> float:
        call = await self._redis.hget(f"{{hl:{NAME}}}:offer:{offer.id}", "call")  # type: ignore[misc]
        sid = str(await self._redis.hget(f"{{hl:{NAME}}}:call:{call}", "sid"))  # type: ignore[misc]
        sent = [one.at for one in self._net.ledger.of("webhook.sent", sid) if one.data["path"].endswith("/hold")]
        await self._legs[sid].hangs_up()
        return (offer.at - time.perf_counter() + time.time() - sent[-1]) * 1000
