"""`hotline demo`: worlds, plays and verdicts put together for the command line and for tests."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from app.demo.callers import Caller
from app.demo.director import Director
from app.demo.evidence import Evidence
from app.demo.judge import summary
from app.demo.play import Played, Run, carrier_faults, play
from app.demo.world import Sabotage, World, one_process, own_processes
from app.embedded import Stores, embedded_stores
from app.records import migrate
from telephony.emulator import Assumptions

Tell = Callable[[Director, list[Caller]], None]


@dataclass(frozen=True)
class Options:
    """What the command line says."""

    run: Run
    virtual: bool = False
    assumptions: Assumptions = field(default_factory=Assumptions)
    sabotage: Sabotage | None = None
    chaos: bool = False


def judged(world: World, played: Played) -> dict[str, Any]:
    evidence = Evidence(world.net.ledger, played.log, played.rows, played.drained_at, world.clock.now())
    result = summary(evidence)
    if world.net.crashes:
        result["details"]["emulator"] = [repr(crash) for crash in world.net.crashes]
    return result


async def virtual_run(folder: Path, options: Options, tell: Tell | None = None, **stores: Any) -> dict[str, Any]:
    """One run in this loop on the virtual clock; `stores` are settings that name database, Redis and hotline."""
    async with one_process(
        folder,
        seed=options.run.seed,
        assumptions=options.assumptions,
        faults=carrier_faults(),
        sabotage=options.sabotage,
        **stores,
    ) as world:
        return judged(world, await play(world, options.run, tell))


async def real_run(folder: Path, options: Options, tell: Tell | None = None, **stores: Any) -> dict[str, Any]:
    """One run against `hotline serve` with its workers, in real time."""
    async with own_processes(
        folder, seed=options.run.seed, assumptions=options.assumptions, faults=carrier_faults(), **stores
    ) as world:
        return judged(world, await play(world, options.run, tell))


@asynccontextmanager
async def own_stores(*, durable: bool) -> AsyncIterator[tuple[Path, Stores]]:
    """Fresh embedded stores with today's schema, in a folder that is gone afterwards."""
    with _folder() as folder:
        async with embedded_stores(folder / "stores", durable=durable) as stores:
            await migrate.upgrade(stores.database_url)
            yield folder, stores


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="hotline-demo-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # under root PostgreSQL is another user, who must get through
        yield folder


async def simulate(options: Options, tell: Tell | None = None) -> dict[str, Any]:
    """A whole run with its own stores; the summary."""
    async with own_stores(durable=not options.virtual) as (folder, stores):
        urls = {"database_url": stores.database_url, "redis_url": stores.redis_url}
        one_run = virtual_run if options.virtual else real_run
        return await one_run(folder / "data", options, tell, **urls)


def read_assumptions(switches: Sequence[str]) -> Assumptions:
    """`name=value` each; `ValueError` names what there is."""
    known, values = Assumptions.factors(), {}
    for switch in switches:
        name, _, value = switch.partition("=")
        choices = {str(choice).lower(): choice for choice in known.get(name, ())}
        if value.lower() not in choices:
            there = ", ".join(f"{name}={'|'.join(str(v).lower() for v in vs)}" for name, vs in known.items())
            raise ValueError(f"{switch!r} is no assumption; there are: {there}")
        values[name] = choices[value.lower()]
    return replace(Assumptions(), **values)


def run_now(options: Options, tell: Tell | None = None) -> dict[str, Any]:
    return asyncio.run(simulate(options, tell))
