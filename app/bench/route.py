"""`hotline bench route`: from what makes a match possible to the offer's bytes at the console, 200 people signed in.

*Idle*: a caller begins to wait (the hold request leaves us) while people are idle. *Freed*: somebody with an offer is
freed, as its caller hangs up, and is offered the first of those who wait. *Rescind*: from the word of that hang-up to
the word at the console. Requests are signed beforehand; no carrier is in the way. N people wait all the time: for
*idle* in a language that nobody who is idle speaks. Times are taken here, at both ends of real connections: they hold
everything: HTTP, signature, Redis synced to disk, stream, fan-out.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from redis.asyncio import Redis
from sqlalchemy import select
from sqlalchemy.ext.asyncio import create_async_engine

from app.bench import emulated, webhook
from app.bench.consoles import Heard, Offered, Person, Pool, beating, pool, streams
from app.bench.fill import Move, filling
from app.bench.load import scratch_folder
from app.demo.scripts import LINE
from app.demo.world import free_port
from app.embedded import Stores, embedded_stores
from app.flow import call_id
from app.links import Links, Place
from app.records import migrate
from app.records.models import RecorderCursor
from app.secrets import Secrets
from app.serve import environment
from app.settings import Settings
from routing.board import Board, stream_order

#: People signed in; how many of them take the callers who wait.
PEOPLE, BUSY = 200, 8
#: Callers a second, and seconds of each part.
RATE, PART_S = 50.0, 8.0
WAITING = (10, 100, 1_000)
#: Seconds that any one step may take before the run has failed.
STEP_S = 5.0
#: Seconds until all who were put in line are on record; between two looks.
RECORDED_S, LOOK_S = 60.0, 0.1
CONNECTIONS = 32
#: Milliseconds of the board's time between two callers put in line.
APART_MS = 2

Times = list[float]


@dataclass
class Part:
    """Milliseconds of one size."""

    freed: Times = field(default_factory=list[float])
    idle: Times = field(default_factory=list[float])
    rescind: Times = field(default_factory=list[float])
    offers: list[Offered] = field(default_factory=list[Offered])


async def bench() -> dict[str, Any]:
    """The object that `--json` prints."""
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(scratch_folder())
        stores = await stack.enter_async_context(embedded_stores(folder))
        plain = await _yardstick(stores)
        await migrate.upgrade(stores.database_url)
        port = free_port()
        settings = webhook.bench_settings(folder, port, stores)
        run = "app.main:create_app", port, environment(settings)
        await stack.enter_async_context(webhook.uvicorn(*run))
        house = await stack.enter_async_context(_house(settings, stores, ("127.0.0.1", port)))
        figures = {f"waiting_{count}": _figures(await house.part(count)) for count in WAITING}
    async with AsyncExitStack() as stack:  # the others' worker has ended
        folder = stack.enter_context(scratch_folder())
        stores = await stack.enter_async_context(embedded_stores(folder))
        await migrate.upgrade(stores.database_url)
        ends = await emulated.times_ms(stores, folder, PEOPLE)
    return {**figures, "emulated": {"p50_ms": _share(ends, 0.5), "p99_ms": _share(ends, 0.99)}, "yardstick": plain}


def _figures(part: Part) -> dict[str, float]:
    return {
        "freed_p50_ms": _share(part.freed, 0.5),
        "freed_p99_ms": _share(part.freed, 0.99),
        "idle_p50_ms": _share(part.idle, 0.5),
        "idle_p99_ms": _share(part.idle, 0.99),
        "rescind_p99_ms": _share(part.rescind, 0.99),
        "out_of_order": out_of_order(part.offers),
    }


def _share(times: Times, share: float) -> float:
    ordered = sorted(times)
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 2)


def out_of_order(offers: Sequence[Offered]) -> int:
    """Offers of one class and lane made after one of a caller who had come later."""
    made = sorted(offers, key=lambda offer: (offer.made_ms, offer.arrived_ms))
    return sum(after.arrived_ms < before.arrived_ms for before, after in pairwise(made))


@dataclass(frozen=True)
class Caller:
    """A caller's requests, signed beforehand."""

    rings: bytes
    waits: bytes
    hangs_up: bytes


def signed(settings: Settings, number: int, language: str) -> Caller:
    links, sid, url = Links(settings.public_url), f"CA{number:032x}", settings.public_url
    place = Place(call_id(settings, sid), "main", language, "standard", int(time.time() * 1000), number, 1)
    token = settings.twilio_auth_token.get_secret_value()
    form = {
        "CallSid": sid,
        "AccountSid": settings.twilio_account_sid,
        "From": f"+1202555{number % 10_000:04}",
        "To": LINE,
    }
    form |= {"ApiVersion": "2010-04-01", "Direction": "inbound", "CallStatus": "in-progress"}
    ended = form | {"CallStatus": "completed"}
    return Caller(
        webhook.request(links.voice().partition("#")[0], url, form | {"CallStatus": "ringing"}, token),
        webhook.request(links.hold(place).partition("#")[0], url, form | {"Digits": ""}, token),
        webhook.request(links.status(), url, ended, token),
    )


@asynccontextmanager
async def _house(settings: Settings, stores: Stores, address: tuple[str, int]) -> AsyncIterator[House]:
    """Everybody signed in and beating; the board matches."""
    secrets = Secrets(settings)
    people = [
        Person(secrets, n, "es" if n < BUSY else "en", "break" if n < BUSY else "available") for n in range(PEOPLE)
    ]
    async with (
        pool(address, CONNECTIONS) as asking,
        streams(address, ((person.spec, person.stream()) for person in people)) as heard,
        beating(asking, people),
    ):
        house = House(settings, stores, asking, heard, people)
        await house.open()
        yield house


class House:
    """A running hotline with its people, and callers who wait for those who speak Spanish."""

    def __init__(
        self, settings: Settings, stores: Stores, asking: Pool, heard: Heard, people: Sequence[Person]
    ) -> None:
        self._settings, self._stores, self._asking, self._heard = settings, stores, asking, heard
        self._busy = people[:BUSY]
        self._redis = Redis.from_url(stores.redis_url, decode_responses=True)
        self._next = 0
        self._turn = 1
        self._line: dict[str, tuple[int, int]] = {}
        """Who waits or is being offered: call to number and arrival."""

    async def part(self, waiting: int) -> Part:
        """All figures with that many waiting, beside those who are being offered."""
        part, before = Part(), len(self._heard.offers)
        await self._fill(waiting + BUSY)
        await self._freed(part)
        part.offers = self._heard.offers[before:]
        await self._pause()
        await self._fill(waiting)
        await self._idle(part)
        print(f"{waiting} waiting: {len(part.freed)} freed, {len(part.idle)} idle", file=sys.stderr, flush=True)
        return part

    async def _pause(self) -> None:
        """Nobody takes those who wait any more. Whom somebody was offered hangs up: for the next part they would be
        excluded from each other (P2), and offers look out of order."""
        for person in self._busy:
            await self._asking.ask(person.chooses("break"))
        for offer in {offer.spec: offer for offer in self._heard.offers}.values():
            call = await self._whose(offer)
            if call in self._line:
                gone, _ = self._line.pop(call)
                await self._asking.ask(signed(self._settings, gone, "es").hangs_up)

    async def open(self) -> None:
        """No carrier will ever agree with this board: matching begins at once."""
        await self._send([("end_verify", {})], "the board", 1)

    async def _fill(self, waiting: int) -> None:
        """That many in line, all of them just heard of."""
        while len(self._line) < waiting:
            number = self._number()
            self._line[self._call(number)] = number, await self._first_ring()
        self._turn += 2
        await self._send(self._turns(), f"{waiting} callers", 2 * len(self._line))
        await self._recorded()

    async def _recorded(self) -> None:
        """Filling is no part of what is measured, nor is the recording of it."""
        board = Board(self._stores.redis_url, hotline=self._settings.name, new_id=lambda: "")
        newest, engine = stream_order(await board.last_cursor()), create_async_engine(self._stores.database_url)
        async with asyncio.timeout(RECORDED_S), engine.connect() as store:
            while stream_order((await store.execute(select(RecorderCursor.cursor))).scalar_one()) < newest:
                await store.rollback()
                await asyncio.sleep(LOOK_S)
        await board.aclose()
        await engine.dispose()

    async def _send(self, moves: Iterable[Move], what: str, total: int) -> None:
        hotline = self._settings.name
        epoch = str(await self._redis.hget(f"{{hl:{hotline}}}:meta", "epoch"))  # type: ignore[misc]
        async with filling(self._stores.redis_url, hotline, epoch) as fill:
            await fill.send(moves, what, total)

    def _number(self) -> int:
        self._next += 1
        return self._next

    def _call(self, number: int) -> str:
        return call_id(self._settings, f"CA{number:032x}")

    async def _first_ring(self) -> int:
        """Milliseconds of its own for each caller, so that an offer tells whose it is."""
        await asyncio.sleep(APART_MS / 1000)
        return int(time.time() * 1000)

    def _turns(self) -> Iterator[Move]:
        for call, (number, arrived) in self._line.items():
            about = {"call": call, "sid": f"CA{number:032x}", "line": "main", "language": "es"}
            at = {"cls": "standard", "arrived_ms": arrived, "counter": number}
            yield "turn", about | at | {"turn": self._turn - 1}
            yield "turn", about | at | {"turn": self._turn}

    async def _freed(self, part: Part) -> None:
        """Whoever waited longest hangs up, and somebody else comes to the end of the line."""
        open_offers: asyncio.Queue[Offered] = asyncio.Queue()
        for person in self._busy:
            began, offered = time.perf_counter(), self._heard.next_of(person.spec)
            await self._asking.ask(person.chooses("available"))
            first = await asyncio.wait_for(offered, STEP_S)
            open_offers.put_nowait(first)
            part.freed.append((first.at - began) * 1000)
        coming = [(self._number(), "es") for _ in range(int(RATE * PART_S))]
        ready = {number: signed(self._settings, number, language) for number, language in coming}

        async def step(number: int) -> None:
            offer = await open_offers.get()
            self._line[self._call(number)] = number, await self._comes(ready[number])
            gone, _ = self._line.pop(await self._whose(offer))
            bye = (ready.get(gone) or signed(self._settings, gone, "es")).hangs_up
            awaited, began = self._heard.next_of(offer.spec), time.perf_counter()
            await self._asking.ask(bye)
            following = await asyncio.wait_for(awaited, STEP_S)
            part.freed.append((following.at - began) * 1000)
            part.rescind.append((await asyncio.wait_for(self._heard.overs[offer.id], STEP_S) - began) * 1000)
            open_offers.put_nowait(following)

        await _paced([number for number, _ in coming], step)

    async def _whose(self, offer: Offered) -> str:
        """The call of an offer, which its console is not told."""
        return str(await self._redis.hget(f"{{hl:{self._settings.name}}}:offer:{offer.id}", "call"))  # type: ignore[misc]

    async def _comes(self, caller: Caller) -> int:
        """Rings and begins to wait; when they first rang, as the document of their first turn says."""
        answer = await self._asking.ask(caller.rings)
        await self._asking.ask(caller.waits)
        return _arrived(answer)

    async def _idle(self, part: Part) -> None:
        numbers = [self._number() for _ in range(int(RATE * PART_S))]
        ready = {number: signed(self._settings, number, "en") for number in numbers}

        async def step(number: int) -> None:
            caller = ready[number]
            offered = self._heard.of_caller(_arrived(await self._asking.ask(caller.rings)))
            began = time.perf_counter()
            await self._asking.ask(caller.waits)
            offer = await asyncio.wait_for(offered, STEP_S)
            part.idle.append((offer.at - began) * 1000)
            began = time.perf_counter()
            await self._asking.ask(caller.hangs_up)
            part.rescind.append((await asyncio.wait_for(self._heard.overs[offer.id], STEP_S) - began) * 1000)

        await _paced(numbers, step)


def _arrived(document: bytes) -> int:
    found = re.search(rb"[?&;]at=(\d+)", document)
    assert found, document
    return int(found[1])


async def _paced(numbers: Sequence[int], step: Callable[[int], Coroutine[Any, Any, None]]) -> None:
    """One step after the other is due at the rate, whether the one before it has ended or not."""
    begin = time.perf_counter()
    async with asyncio.TaskGroup() as tasks:
        for at, number in enumerate(numbers):
            await asyncio.sleep(max(0.0, begin + at / RATE - time.perf_counter()))
            tasks.create_task(step(number))


async def _yardstick(stores: Stores) -> dict[str, float]:
    """The same number of streams and requests at a bare application."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    env = {"YARDSTICK_TOKEN": webhook.TOKEN, "YARDSTICK_URL": url, "YARDSTICK_REDIS": stores.redis_url}
    times: Times = []
    async with webhook.uvicorn("app.bench.yardstick:create_route_app", port, {**os.environ, **env}):
        address, live = ("127.0.0.1", port), b"GET /api/live HTTP/1.1\r\nHost: bench\r\n\r\n"
        everybody = ((f"s{number}", live) for number in range(PEOPLE))
        async with pool(address, CONNECTIONS) as asking, streams(address, everybody) as heard:

            async def step(number: int) -> None:
                form = {"CallSid": f"CA{number:032x}", "To": LINE, "CallStatus": "in-progress"}
                asked = webhook.request(f"{url}/twilio/hold?turn={number}", url, form, webhook.TOKEN)
                asked = asked.replace(b"Host: bench\r\n", f"Host: bench\r\nX-Arrived: {number}\r\n".encode())
                offered, began = heard.of_caller(number), time.perf_counter()
                await asking.ask(asked)
                times.append(((await asyncio.wait_for(offered, STEP_S)).at - began) * 1000)

            await _paced(range(int(RATE * PART_S)), step)
    return {"p50_ms": _share(times, 0.5), "p99_ms": _share(times, 0.99)}
