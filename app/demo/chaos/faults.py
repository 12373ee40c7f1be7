"""`hotline demo --chaos`: what is broken, when, and how soon it was right again.

In real time workers are killed, Redis is stopped and later emptied, Postgres is stopped, and devices die while a store
is away. On the virtual clock (T4: stops and kills are for real time) the board is emptied, devices die, and the REST
API of the carrier refuses requests and loses answers. In both the carrier loses, delays and repeats more callbacks.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from sqlalchemy import select

from app.demo.chaos.parts import empty_hotline, web_workers
from app.demo.chaos.recovery import BOUNDS_S, GIVE_UP_S, SAMPLE_S, Recoveries, Watch
from app.demo.console import Console, Refused
from app.demo.people import BACK_S, Specialist
from app.demo.world import BACKUP, World
from app.embedded import Server, Stores
from app.records import models as m
from telephony.emulator import Faults, Leg, Network, Rates, Span
from telephony.emulator.rest_faults import RestFaults

#: Part of the run's length after which a fault begins, and part of it that a store is away (at most so many seconds).
STOPPED, STOPPED_MAX_S = 0.15, 20.0
#: Seconds into a store's absence when somebody's device dies.
DIES_AFTER_S = 1.0
#: Seconds that the backup line rings before its human answers, and that they talk.
BACKUP_ANSWERS_S, BACKUP_TALKS_S = 8.0, 6.0
#: What must have happened in a run with faults (T1).
REAL = ("worker_killed", "redis_stopped", "redis_emptied", "postgres_stopped")
VIRTUAL = ("redis_emptied", "carrier_refused", "carrier_answer_lost")
ALWAYS = ("device_died", "callbacks_lost", "callbacks_delayed", "callbacks_duplicated")

Fault = Callable[[], Awaitable[None]]


def worse_faults(usual: Faults, *, rest: bool) -> Faults:
    """More than a bad day at the carrier; `rest`: its REST API suffers too."""
    usual.rates |= {
        "status": Rates(drop=0.02, duplicate=0.1, delay=0.06, reorder=0.1),
        "conference": Rates(drop=0.02, duplicate=0.1, delay=0.06, reorder=0.1),
    }
    if rest:
        usual.rest = RestFaults(too_many=0.03, unavailable=0.03, lost_answer=0.03)
        usual.rest.next("too_many")
        usual.rest.next("lost_answer")
    return usual


class Chaos:
    """The faults of one run."""

    def __init__(
        self, world: World, consoles: Sequence[Console], stores: Stores | None, seconds: float, seed: int
    ) -> None:
        self._world, self._consoles, self._stores, self._seconds = world, consoles, stores, seconds
        self._clock, self._rng = world.clock, random.Random(seed)
        self._did = Counter[str]()
        self.recoveries = Recoveries()
        self.excused: list[Span] = []
        """When a store was away, with R3's bound after it (T)."""
        self._watch = Watch(world.net, world.clock, self._calls, self.recoveries)

    async def run(self) -> None:
        """Every fault at its time, each after the one before it was mended."""
        begun = self._clock.now()
        for share, fault in self._plan():
            await self._clock.sleep(max(0.0, begun + share * self._seconds - self._clock.now()))
            await fault()

    def _plan(self) -> list[tuple[float, Fault]]:
        if self._stores is None:
            return [(0.3, self._device), (0.5, self._empty), (0.8, self._device)]
        backup_answers(self._world.net)
        return [
            (0.1, self._worker),
            (0.25, self._redis),
            (0.5, self._postgres),
            (0.75, self._worker),
            (0.85, self._empty),
        ]

    # -- what is broken

    async def _worker(self) -> None:
        assert self._world.process
        self._rng.choice(web_workers(self._world.process.pid)).kill()
        self._did["worker_killed"] += 1

    async def _redis(self) -> None:
        assert self._stores
        began = self._clock.now()
        await self._away("redis_stopped", self._stores.valkey)
        self._excuse(began, BOUNDS_S["store_back"])
        await self._watch.until_right("store_back", self._clock.now())

    async def _postgres(self) -> None:
        assert self._stores
        await self._away("postgres_stopped", self._stores.postgres)
        await self._recorded(self._clock.now())

    async def _away(self, kind: str, server: Server) -> None:
        await server.stop()
        self._did[kind] += 1
        await self._clock.sleep(DIES_AFTER_S)
        await self._device()
        await self._clock.sleep(min(STOPPED * self._seconds, STOPPED_MAX_S) - DIES_AFTER_S)
        await server.start()

    async def _empty(self) -> None:
        began = self._clock.now()
        if self._stores:
            await self._stores.valkey.empty()
        else:
            with self._clock.busy():
                await empty_hotline(self._world.settings.redis_url, self._world.settings.name)
        self._did["redis_emptied"] += 1
        self._excuse(began, BOUNDS_S["redis_emptied"])
        await self._watch.until_right("redis_emptied", self._clock.now())

    async def _device(self) -> None:
        """Somebody who talks loses their device; nobody where nobody talks."""
        talking = [c for c in self._consoles if isinstance(c, Specialist) and c.talks and not c.dying]
        if talking:
            self._rng.choice(talking).device_dies(BACK_S)

    def _excuse(self, began: float, bound_s: float) -> None:
        self.excused.append(Span(began, self._clock.now() + bound_s))

    # -- what board and record say

    async def _calls(self) -> list[dict[str, Any]] | None:
        """Every live call as the lead reads it; None while the board is away."""
        try:
            return (await self._consoles[0].ask("GET", "/api/board"))["calls"]
        except Refused:
            return None

    async def _recorded(self, since: float) -> None:
        """Until the record has whatever people were told is saved, and every caller who was on the line."""
        owed = {told.id for told in self._consoles[0].log.told if told.what in ("risk", "handoff", "fact")}
        owed |= {leg.sid for leg in self._world.net.legs.values() if leg.live and leg.direction == "inbound" and leg.to}
        end = since + BOUNDS_S["store_back"] + GIVE_UP_S
        while owed and self._clock.now() < end:
            at = self._clock.now()
            known = owed.intersection(await self._known())
            self.recoveries.seconds["store_back"] += [at - since] * len(known)
            owed -= known
            await self._clock.sleep(SAMPLE_S)
        self.recoveries.seconds["store_back"] += [self._clock.now() - since] * len(owed)
        self.recoveries.not_yet += [f"store_back: {name} is not on record" for name in owed]

    async def _known(self) -> set[str | None]:
        columns = (m.Call.sid, m.Leg.sid, m.RiskAssessment.id, m.EmergencyHandoff.id, m.HandoffFact.id)
        known: set[str | None] = set()
        async with self._world.engine.connect() as connection:
            for column in columns:
                known |= set((await connection.execute(select(column))).scalars())
        return known

    # -- what is told

    def counts(self) -> dict[str, int]:
        """How often each kind of fault happened."""
        net = self._world.net
        wire = Counter(entry.kind for entry in net.ledger.entries)
        rest = net.faults.rest.count
        seen = self._did + Counter(
            device_died=wire["leg.died"],
            callbacks_lost=wire["webhook.dropped"],
            callbacks_delayed=wire["webhook.delayed"],
            callbacks_duplicated=wire["webhook.duplicated"],
            carrier_refused=rest["too_many"] + rest["unavailable"],
            carrier_answer_lost=rest["lost_answer"],
        )
        return {kind: seen[kind] for kind in self.owed()}

    def owed(self) -> tuple[str, ...]:
        return (*(REAL if self._stores else VIRTUAL), *ALWAYS)


def backup_answers(net: Network) -> None:
    """Humans at the backup line: they pick up late, press 1 where they are asked to, talk and hang up."""
    for number in BACKUP:
        phone = net.phone(number)

        async def talk(leg: Leg, phone: Any = phone) -> None:
            try:
                await phone.hears("press 1", within=20)
                await phone.presses("1")
            except AssertionError:
                pass  # nobody was put through, or without being asked
            await net.clock.sleep(BACKUP_TALKS_S)
            await leg.hangs_up()

        phone.will_answer(BACKUP_ANSWERS_S, talk)
