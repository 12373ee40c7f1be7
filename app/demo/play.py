"""One run with simulated people, from the first sign-in until the last caller has ended and everything is on record."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, time
from typing import Any

from sqlalchemy.ext.asyncio import async_sessionmaker

from app.demo import scripts
from app.demo.callers import Caller
from app.demo.chaos.faults import Chaos
from app.demo.console import Console, LeadConsole
from app.demo.director import Director
from app.demo.evidence import Rows, read_rows
from app.demo.log import Log
from app.demo.people import Specialist
from app.demo.world import World
from app.people.admin import add_shift, create_person
from app.people.passwords import hash_now
from app.people.shifts import Kind, Series
from app.secrets import Secrets
from telephony.emulator import Faults, Rates

#: What all sample people sign in with.
PASSWORD = "correct horse battery staple"
#: Seconds that callers still in the line at the end of the run have, until whoever is not helped counts as lost (T).
DRAIN_S = 60.0
#: Seconds in which the record must be complete after the last caller's end: R3's bound for a callback that never came.
SETTLE_S = 60.0
#: Seconds between two looks whether the record is complete.
LOOK_S = 5.0
#: From when on and where the sample people have shifts.
SAMPLE_DAY, SAMPLE_ZONE = date(2026, 1, 1), "America/New_York"
#: Who serves the line whose callers are rung back, of its second tier.
EVENING = ("evening1", "evening2")
#: Leads who are asked in.
ADVISORS = ("advisor1", "advisor2")
#: Logins of the warm line's peers.
PEERS = ("peer1", "peer2")
#: Seconds within which the specialists begin their shift, one after another.
BEGIN_S = 3.0


@dataclass(frozen=True)
class Run:
    """What was asked for."""

    callers: int
    specialists: int
    seconds: float
    seed: int


@dataclass
class Played:
    """What came of it: the log of the people, the rows of the record, and when the drain ended (run's clock)."""

    run: Run
    log: Log
    rows: Rows
    drained_at: float
    chaos: Chaos | None = None


def carrier_faults() -> Faults:
    """Duplicates, reordering, delays and losses as bad as a bad day at the carrier; each at least once."""
    faults = Faults(
        {
            "status": Rates(drop=0.01, duplicate=0.05, delay=0.03, reorder=0.05),
            "conference": Rates(drop=0.01, duplicate=0.05, delay=0.03, reorder=0.05),
            "document": Rates(duplicate=0.02),
        }
    )
    for event in ("participant-join", "participant-leave", "completed"):
        faults.drop_next(event)
        faults.duplicate_next(event)
    faults.delay_next("participant-join", 4.0)
    return faults


async def play(
    world: World,
    run: Run,
    tell: Callable[[Director, list[Caller]], None] | None = None,
    make_chaos: Callable[[World, list[Console]], Chaos] | None = None,
) -> Played:
    """Let everybody play; `tell` is called now and then with how far it is. Faults of `make_chaos` come in between."""
    rng = random.Random(run.seed)
    log = Log()
    deck = scripts.deck(rng, run.callers)
    director = Director(world.clock, world.net, random.Random(rng.random()), log, deck)
    director.agencies = deque(scripts.AGENCIES)
    callers = [Caller(director, script) for script in scripts.callers(rng, run.callers, run.seconds)]
    consoles = await staff(world, director, run.specialists)
    chaos = make_chaos(world, consoles) if make_chaos else None
    tasks = [asyncio.create_task(director.run())]
    try:
        breaking = asyncio.create_task(chaos.run() if chaos else asyncio.sleep(0))
        tasks += [asyncio.create_task(_begin(world, consoles)), *(asyncio.create_task(c.play()) for c in callers)]
        if tell:
            tasks.append(asyncio.create_task(_tell(world, director, callers, tell)))
        await director.until(lambda: all(caller.over for caller in callers), run.seconds + DRAIN_S)
        drained_at = world.clock.now()
        await breaking
        rows = await _settled(world)
        return Played(run, log, rows, drained_at, chaos)
    finally:
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        for console in consoles:
            await console.close()
        for result in results:
            if isinstance(result, Exception):
                raise result


async def _begin(world: World, consoles: list[Console]) -> None:
    """The lead first, then one specialist after another."""
    await consoles[0].sign_in()
    for console in consoles[1:]:
        await world.clock.sleep(BEGIN_S / len(consoles))
        await console.sign_in()


async def _tell(
    world: World, director: Director, callers: list[Caller], tell: Callable[[Director, list[Caller]], None]
) -> None:
    while True:
        tell(director, callers)
        await world.clock.sleep(1.0)


async def staff(world: World, director: Director, count: int) -> list[Console]:
    """A console for each of the sample people; the lead is the first, the advisors the last."""
    consoles: list[Console] = []
    for number, (person, login) in enumerate(await sample_people(world, count)):
        kind = Specialist if number else LeadConsole
        console = kind(director, world.settings.public_url, person, login, PASSWORD)
        console.presence = "available" if number else "offline"
        consoles.append(console)
    beside: list[tuple[str, dict[str, Any]]] = [
        *((login, {"role": "specialist", "lines": ("later",), "tier": 2}) for login in EVENING),
        *((login, {"role": "lead", "lines": ()}) for login in ADVISORS),
        *((login, {"role": "specialist", "lines": ("warm",)}) for login in PEERS),
    ]
    for login, about in beside:
        person = await somebody(world, login, **about)
        consoles.append(Specialist(director, world.settings.public_url, person, login, PASSWORD))
    return consoles


async def somebody(world: World, login: str, *, role: str, **about: Any) -> str:
    """Leads who take no calls of a line and whom colleagues ask in, or people of another line; returns the id."""
    fields = {"languages": ("en", "es"), "level": "senior", "always_on": True, **about}
    async with async_sessionmaker(world.engine)() as store:
        person = await create_person(
            store,
            Secrets(world.settings),
            login=login,
            name=login,
            role=role,
            password_hash=hash_now(PASSWORD),
            **fields,
        )
        spec = person.id
        await store.commit()
    return spec


async def sample_people(world: World, count: int) -> list[tuple[str, str]]:
    """A lead and so many specialists in the record, who may answer at any hour: id and login, the lead first."""
    sessions, secrets, hashed = async_sessionmaker(world.engine), Secrets(world.settings), hash_now(PASSWORD)
    people: list[tuple[str, str]] = []
    async with sessions() as store:
        for number in range(count + 1):
            login = f"specialist{number}" if number else "lead"
            person = await create_person(
                store,
                secrets,
                login=login,
                name=login,
                role="specialist" if number else "lead",
                password_hash=hashed,
                level="senior" if number % 3 else "intermediate",
                languages=("en", "es") if number % 2 else ("en",),
                lines=("main",),
                always_on=True,
            )
            await add_shift(store, sample_shift(number, person.id))
            people.append((person.id, login))
        await store.commit()
    return people


def sample_shift(number: int, person: str) -> Series:
    """Something to see in the calendar: the lead is on call all day, the others work one of three shifts of a day."""
    if not number:
        return Series(SAMPLE_DAY, time(9), time(9), SAMPLE_ZONE, "FREQ=DAILY", person, Kind.on_call)
    start = (22 + 8 * number) % 24
    return Series(SAMPLE_DAY, time(start), time((start + 8) % 24), SAMPLE_ZONE, "FREQ=DAILY", person)


async def _settled(world: World) -> Rows:
    """The record when it says of every caller and every leg that it has ended, or after its bound."""
    end = world.clock.now() + SETTLE_S
    while True:
        await world.clock.sleep(LOOK_S)
        with world.clock.busy():
            rows = await read_rows(world.engine)
        if world.clock.now() >= end or (_complete(world, rows) and world.clock.now() > end - SETTLE_S + LOOK_S):
            return rows


def _complete(world: World, rows: Rows) -> bool:
    over = {sid for sid, leg in world.net.legs.items() if not leg.live}
    ended = {leg["sid"] for leg in rows.legs if leg["ended_at"]} | {c["sid"] for c in rows.calls if c["ended_at"]}
    known = {leg["sid"] for leg in rows.legs}
    return all(call["closed_at"] for call in rows.calls) and known & over <= ended and len(over) == len(world.net.legs)
