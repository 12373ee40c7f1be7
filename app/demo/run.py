"""`hotline demo`: worlds, plays and verdicts put together for the command line and for tests."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from app.demo.callers import Caller
from app.demo.chaos.faults import Chaos, worse_faults
from app.demo.chaos.recovery import lost_callbacks
from app.demo.console import Console
from app.demo.director import Director
from app.demo.evidence import Evidence
from app.demo.judge import summary
from app.demo.play import Played, Run, carrier_faults, play
from app.demo.world import Sabotage, World, one_process, own_processes
from app.embedded import Stores, embedded_stores
from app.records import migrate
from telephony.emulator import Assumptions, Faults

#: Seconds, virtual ones, in which the recorder gathers; not where Redis is emptied, which loses what is not recorded.
GATHER_S = 0.5

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
    chaos = played.chaos
    excused = chaos.excused if chaos else ()
    evidence = Evidence(world.net.ledger, played.log, played.rows, played.drained_at, world.clock.now(), excused)
    result = summary(evidence)
    if chaos:
        result |= _under_chaos(chaos, evidence, result)
    if world.net.crashes:
        result["details"]["emulator"] = [repr(crash) for crash in world.net.crashes]
    return result


def _under_chaos(chaos: Chaos, evidence: Evidence, result: dict[str, Any]) -> dict[str, Any]:
    """What the contract adds; what took longer than R3 allows is named in the details."""
    recoveries, counts = chaos.recoveries, chaos.counts()
    recoveries.seconds["callback_lost"] += lost_callbacks(evidence)
    late = recoveries.over_bound()
    return {
        "faults": counts,
        "recovered_p99_s": recoveries.p99(),
        "did_not_happen": result["did_not_happen"] + [kind for kind in chaos.owed() if not counts[kind]],
        "details": result["details"] | ({"late": late} if late else {}),
    }


def _faults(options: Options) -> Faults:
    return worse_faults(carrier_faults(), rest=options.virtual) if options.chaos else carrier_faults()


def _chaos(options: Options, stores: Stores | None) -> Callable[[World, list[Console]], Chaos] | None:
    run = options.run
    return (lambda world, people: Chaos(world, people, stores, run.seconds, run.seed)) if options.chaos else None


async def virtual_run(folder: Path, options: Options, tell: Tell | None = None, **stores: Any) -> dict[str, Any]:
    """One run in this loop on the virtual clock; `stores` are settings that name database, Redis and hotline."""
    about: dict[str, Any] = {"assumptions": options.assumptions, "sabotage": options.sabotage}
    about["gather_s"] = 0.0 if options.chaos else GATHER_S
    async with one_process(folder, seed=options.run.seed, faults=_faults(options), **about, **stores) as world:
        return judged(world, await play(world, options.run, tell, _chaos(options, None)))


async def real_run(folder: Path, options: Options, stores: Stores, tell: Tell | None = None) -> dict[str, Any]:
    """One run against `hotline serve` with its workers, in real time; faults stop and empty these stores."""
    urls: dict[str, Any] = {"database_url": stores.database_url, "redis_url": stores.redis_url}
    about: dict[str, Any] = {"seed": options.run.seed, "assumptions": options.assumptions}
    async with own_processes(folder, faults=_faults(options), **about, **urls) as world:
        return judged(world, await play(world, options.run, tell, _chaos(options, stores)))


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
        if not options.virtual:
            return await real_run(folder / "data", options, stores, tell)
        urls = {"database_url": stores.database_url, "redis_url": stores.redis_url}
        return await virtual_run(folder / "data", options, tell, **urls)


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
