"""A hotline to be broken: `hotline serve` as processes of its own, stores that stop and die, the carrier here (T4).

Real time throughout. The static fallback document lies on a small host of its own, as on other infrastructure (H5).
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
from sqlalchemy.ext.asyncio import async_sessionmaker

from app import lines
from app.demo.chaos.parts import web_workers
from app.demo.chaos.truth import differences
from app.demo.evidence import Evidence, Rows, read_rows
from app.demo.judge import COUNTERS, summary
from app.demo.log import Log
from app.demo.scripts import LINE
from app.demo.world import BACKUP, World, answers, free_port, own_numbers, settings_for, start_serve, stop_serve
from app.embedded import Stores
from app.fallback import static_document
from app.links import Links
from app.people.admin import create_person
from app.people.passwords import hash_now
from app.records.engine import connect
from app.secrets import Secrets
from telephony.clock import RealClock
from telephony.emulator import Leg, Network, Phone, Span
from tests.chaos.consoles import Console
from tests.support.document_host import document_host

PASSWORD = "correct horse battery staple"
HASH = hash_now(PASSWORD)
#: Seconds between two looks at the board (R3), and at anything else that is waited for.
SAMPLE_S, LOOK_S = 0.2, 0.05
#: Seconds of right samples in a row that end the sampling, and seconds after a bound when it is given up.
CALM_S, GIVE_UP_S = 3.0, 15.0
#: Seconds until the record must say everything, once the last caller has gone and the stores are up.
SETTLE_S = 45.0


class House:
    """The running hotline, its people and its callers."""

    def __init__(self, world: World, stores: Stores) -> None:
        self.world, self.stores, self.net, self.clock = world, stores, world.net, world.clock
        self.log = Log()
        self.people: list[Console] = []
        self.callers: list[tuple[Leg, str]] = []
        """Each with the class that was declared."""
        self.excused: list[Span] = []
        """When a store was away, with R3's bound after it (T)."""
        self._lead: Console | None = None
        self._numbers = iter(range(10, 80))

    # -- who takes part

    async def person(self, *, role: str = "specialist", presence: str = "available") -> Console:
        """Somebody signs in at a console."""
        login = f"{role}{len(self.people)}"
        secrets, sessions = Secrets(self.world.settings), async_sessionmaker(self.world.engine)
        about = {"level": "senior", "languages": ("en", "es"), "lines": ("main",), "always_on": True}
        async with sessions() as store:
            person = await create_person(
                store, secrets, login=login, name=login, role=role, password_hash=HASH, **about
            )
            spec = person.id
            await store.commit()
        console = Console(self.world, self.log, spec, login, PASSWORD)
        self.people.append(console)
        await console.signs_in(ready=presence == "available")
        if presence not in ("available", "offline"):
            await console.is_now(presence)
        return console

    async def caller(self, *, danger: bool = False, greeted_s: float = 10.0) -> Phone:
        """Somebody rings, and is greeted within `greeted_s`; with `danger` the key is pressed in the greeting."""
        phone = self.net.phone(f"+120255501{next(self._numbers):02}")
        leg = await phone.dials(LINE)
        self.callers.append((leg, "danger" if danger else "standard"))
        await phone.hears("crisis line", within=greeted_s)
        if danger:
            await phone.presses("1")
            await phone.hears("moved you to the front")
        return phone

    def declares_danger(self, phone: Phone) -> None:
        """From now on this caller counts as one in danger."""
        self.callers = [(leg, "danger" if leg is phone.leg else cls) for leg, cls in self.callers]

    def backup_answers(self, *, index: int = 0) -> Phone:
        """Humans at a backup telephone: they pick up and, where they are asked to, press 1."""
        phone = self.net.phone(BACKUP[index])

        async def listen(_: Leg) -> None:
            await phone.hears("press 1", within=20)
            await phone.presses("1")

        async def quietly(leg: Leg) -> None:
            try:
                await listen(leg)
            except AssertionError:
                return  # put through without being asked: the static document's way

        phone.will_answer(1.0, quietly)
        return phone

    async def talks(self, caller: Phone, console: Console, within: float = 30.0) -> None:
        end = self.clock.now() + within
        while not self.talking(caller, console):
            offers = [(offer["arrived_ms"], offer["cls"]) for offer in console.offers]
            assert self.clock.now() < end, f"no conversation; offered {offers}, the board {await self.calls()}"
            await asyncio.sleep(LOOK_S)

    async def with_whom(self, caller: Phone, within: float = 30.0) -> Console:
        """Whoever comes to talk with this caller."""
        found = lambda: next((person for person in self.people if self.talking(caller, person)), None)  # noqa: E731
        return await self.until(found, within, "a conversation")

    @staticmethod
    def talking(phone: Phone, console: Console) -> bool:
        mine, theirs = phone.leg, console.leg
        both = mine is not None and theirs is not None
        return both and theirs.sid in mine.can_hear() and mine.sid in theirs.can_hear()  # type: ignore[union-attr]

    # -- looking

    async def until(self, condition: Callable[[], Any | Awaitable[Any]], within: float, what: str) -> Any:
        """What the condition gave as soon as it is true."""
        end = self.clock.now() + within
        while True:
            seen = condition()
            seen = await seen if asyncio.iscoroutine(seen) else seen
            if seen:
                return seen
            assert self.clock.now() < end, f"{what} did not happen within {within} s"
            await asyncio.sleep(LOOK_S)

    async def calls(self) -> list[dict[str, Any]] | None:
        """Every live call as a lead reads it; None while the board is away."""
        assert self._lead
        try:
            return (await self._lead.asks("GET", "/api/board"))["calls"]
        except httpx.HTTPError:
            return None

    async def lead_watches(self) -> None:
        self._lead = await self.person(role="lead", presence="offline")

    async def wrong(self) -> list[str]:
        """What is not right just now."""
        calls = await self.calls()
        return ["the board is away"] if calls is None else differences(self.net, self.callers, calls)

    async def settled(self, within: float = 30.0) -> None:
        """The board and the network agree: a good moment to break something."""

        end = self.clock.now() + within
        while wrong := await self.wrong():
            assert self.clock.now() < end, f"board and network still differ: {wrong}"
            await asyncio.sleep(SAMPLE_S)

    async def in_line(self, count: int) -> None:
        """So many callers have heard the greeting and wait."""

        async def waiting() -> bool:
            return [call["state"] for call in await self.calls() or ()].count("waiting") == count

        await self.until(waiting, 30, f"{count} callers in line")

    async def right_after(self, since: float, bound_s: float) -> float:
        """Seconds from `since` until everything was right and stayed so, sampled every 200 ms."""
        right_from, seen = None, []
        while True:
            at = self.clock.now()
            wrong = await self.wrong()
            if wrong:
                right_from, seen = None, wrong
            elif right_from is None:
                right_from = at
            if right_from is not None and at - right_from > CALM_S:
                return max(0.0, right_from - since)
            assert at < since + bound_s + GIVE_UP_S, f"not right after {at - since:.1f} s: {seen}"
            await asyncio.sleep(SAMPLE_S)

    def happened(self, *kinds: str) -> list[Any]:
        return [entry for entry in self.net.ledger.entries if entry.kind in kinds]

    def broken_requests(self) -> list[str]:
        """Requests of the carrier that came to nothing, and errors that callers heard."""
        failed = [f"{e.data['path']} {e.data.get('why')}" for e in self.happened("webhook.failed")]
        return failed + [e.data["text"] for e in self.happened("heard") if e.data["what"] == "error"]

    def errors_heard(self) -> list[str]:
        return [e.data["text"] for e in self.happened("heard") if e.data["what"] == "error"]

    def cut(self, phone: Phone, console: Console) -> float:
        """Seconds in which these two, once together, did not hear each other."""
        assert phone.leg
        assert console.leg
        spans = self.net.ledger.together(phone.leg.sid, console.leg.sid)
        return spans[-1].end - spans[0].begin - sum(span.seconds for span in spans)

    def backup_talks(self, phone: Phone) -> list[Span]:
        """When this caller and a human of the backup line heard each other."""
        assert phone.leg
        others = [leg.sid for leg in self.net.legs.values() if leg.direction == "outbound-dial"]
        return [span for sid in others for span in self.net.ledger.together(phone.leg.sid, sid)]

    def words_to(self, phone: Phone, since: float) -> list[str]:
        assert phone.leg
        return [h.text for h in phone.leg.heard if h.what == "say" and h.at >= since]

    # -- processes

    def workers(self) -> list[psutil.Process]:
        """Live web processes."""
        assert self.world.process
        return web_workers(self.world.process.pid)

    def two_workers_without(self, pid: int) -> bool:
        pids = [worker.pid for worker in self.workers()]
        return len(pids) == 2 and pid not in pids

    async def kill_parent(self) -> None:
        assert self.world.process
        self.world.process.kill()
        await self.world.process.wait()

    async def refuses(self) -> bool:
        """Nobody listens any more."""
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self.world.settings.port)
        except OSError:
            return True
        writer.close()
        return False

    async def start_parent(self) -> None:
        self.world.process = await start_serve(self.world.settings)
        await answers(self.world.settings.public_url)

    async def away(self, seconds: float, bound_s: float, began: float) -> None:
        """Let an outage last, and note it for the judge."""
        await asyncio.sleep(max(0.0, began + seconds - self.clock.now()))
        self.excused_until(began, bound_s)

    def excused_until(self, began: float, bound_s: float) -> None:
        self.excused.append(Span(began, self.clock.now() + bound_s))

    # -- the end

    async def everybody_goes(self) -> None:
        for leg, _ in self.callers:
            if leg.live:
                await leg.hangs_up()

    async def judged(self) -> dict[str, Any]:
        """Section T's counters once the record has settled; all of them must be 0."""
        drained = self.clock.now()
        end = drained + SETTLE_S
        while True:
            result = self._summary(await read_rows(self.world.engine), drained)
            if not any(result[name] for name in ("unrecorded", "mismatched")) or self.clock.now() > end:
                return result
            await asyncio.sleep(10 * LOOK_S)

    def _summary(self, rows: Rows, drained: float) -> dict[str, Any]:
        evidence = Evidence(self.net.ledger, self.log, rows, drained, self.clock.now(), self.excused)
        return summary(evidence)

    async def nothing_is_lost(self, *, but: Sequence[str] = ()) -> dict[str, Any]:
        """The callers hang up, and every counter of section T is 0."""
        await self.everybody_goes()
        result = await self.judged()
        bad = {name: result["details"].get(name) for name in COUNTERS if result[name] and name not in but}
        assert not bad, bad
        assert not self.net.crashes
        return result


@asynccontextmanager
async def house(stores: Stores, database_url: str, name: str, folder: Path, *, seed: int = 7) -> AsyncIterator[House]:
    """`hotline serve` on these stores with its carrier; everything has ended when the block is left."""
    net, port = Network(clock=RealClock(), rng=random.Random(seed)), free_port()
    api_url = await net.start("127.0.0.1", 0)
    public_url = f"http://127.0.0.1:{port}"
    where = {"database_url": database_url, "redis_url": stores.redis_url, "host": "127.0.0.1", "port": port}
    own_numbers(net, Links(public_url))
    engine = connect(database_url)
    async with document_host() as elsewhere:
        where["fallback_url"] = f"{elsewhere.url}/fallback"
        settings = settings_for(net, api_url, public_url, folder, name=name, **where)
        elsewhere.documents["fallback"] = static_document(settings, lines.load(settings, Secrets(settings)).line(""))
        net.number(LINE).voice_fallback_url = settings.fallback_url  # type: ignore[union-attr]
        world = World(settings, net.clock, net, engine, await start_serve(settings))
        made = House(world, stores)
        try:
            await answers(public_url)
            await made.until(lambda: len(made.workers()) == 2, 60, "two workers")
            await made.lead_watches()
            yield made
        finally:
            for person in made.people:
                await person.goes_away()
            assert world.process
            await stop_serve(world.process)
            await net.stop()
            await engine.dispose()
