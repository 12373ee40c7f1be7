"""Every combination of what the carrier's documents leave open (T3), one virtual run each.

`python -m app.demo.assumptions_all` takes hours on a small machine, so it can be stopped and goes on where it was. The
table it writes is docs/assumptions.md.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import itertools
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy import make_url

from app.demo.judge import COUNTERS
from app.demo.play import Run
from app.demo.run import Options, own_stores, virtual_run
from app.embedded import Stores
from telephony.emulator import Assumptions

#: Callers, specialists, seconds of one run: every part of the play once.
CALLERS, SPECIALISTS, SECONDS = 24, 6, 24.0
#: Of the order in which worlds are run, so that a part of them says something of all.
ORDER_SEED = 3


def worlds() -> Iterator[Assumptions]:
    factors = Assumptions.factors()
    everything = list(itertools.product(*factors.values()))
    random.Random(ORDER_SEED).shuffle(everything)
    for values in everything:
        yield Assumptions(**dict(zip(factors, values, strict=True)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default=Path("var/assumptions.jsonl"), help="one line a world")
    parser.add_argument("--write", type=Path, default=Path("docs/assumptions.md"))
    parser.add_argument("--limit", type=int, default=0, help="worlds in this call; 0: all that are left")
    parser.add_argument("--part", default="0/1", help="i/n: every n-th world from the i-th, for several processes")
    given = parser.parse_args()
    given.results.parent.mkdir(parents=True, exist_ok=True)
    asyncio.run(_all(given.results, given.limit, *(int(part) for part in given.part.split("/"))))
    given.write.write_text(table(_read(given.results)))


def _read(results: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in results.read_text().splitlines()] if results.exists() else []


async def _all(results: Path, limit: int, first: int, step: int) -> None:
    done = {json.dumps(result["world"]) for result in _read(results)}
    numbered = list(enumerate(worlds()))[first::step]
    left = [(n, world) for n, world in numbered if json.dumps(dataclasses.asdict(world)) not in done]
    async with own_stores(durable=False) as (folder, stores):
        for number, world in left[: limit or None]:
            result = await _one(folder / str(number), stores, number, world)
            with results.open("a") as file:
                file.write(json.dumps(result) + "\n")


async def _one(folder: Path, stores: Stores, number: int, world: Assumptions) -> dict[str, Any]:
    name = f"world{number}"
    url = await _database(stores, name)
    options = Options(Run(CALLERS, SPECIALISTS, SECONDS, number), virtual=True, assumptions=world)
    result = await virtual_run(folder, options, database_url=url, redis_url=stores.redis_url, name=name)
    found = {counter: result[counter] for counter in COUNTERS}
    return {"world": dataclasses.asdict(world), "seed": number, **found, "details": result["details"]}


async def _database(stores: Stores, name: str) -> str:
    """A copy of the empty, migrated database."""
    url = make_url(stores.database_url)
    connection = await asyncpg.connect(host=url.query["host"], user="postgres", database="postgres", timeout=10)
    try:
        await connection.execute(f'CREATE DATABASE {name} TEMPLATE "{url.database}"')
    finally:
        await connection.close()
    return url.set(database=name).render_as_string(hide_password=False)


def table(results: list[dict[str, Any]]) -> str:
    """The page: how many worlds ran, the counters by each switch's value, and every world that was not clean."""
    total = sum(1 for _ in worlds())
    bad = [result for result in results if any(result[counter] for counter in COUNTERS)]
    lines = [
        "# What the carrier's documents leave open",
        "",
        "Whatever Twilio's documents leave open is a switch of the emulator (`telephony/emulator/assumptions.py`). The",
        "demo's twenty seeds run under a pairwise covering array of them with every `pytest`; all combinations run by",
        "`python -m app.demo.assumptions_all`, which writes this page. A run is clean when all its counters are 0.",
        "",
        f"Run so far: {len(results)} of {total} combinations, drawn evenly, each with {CALLERS} callers, {SPECIALISTS}",
        f"specialists and a seed of its own; {len(results) - len(bad)} clean.",
        "",
        "| switch | value | runs | not clean |" + "".join(f" {counter} |" for counter in COUNTERS),
        "|---|---|---|---|" + "---|" * len(COUNTERS),
    ]
    for name, values in Assumptions.factors().items():
        for value in values:
            lines.append(_line(name, value, [r for r in results if r["world"][name] == value]))
    if bad:
        lines += ["", "## Not clean", ""]
        lines += [f"- seed {r['seed']}: {_differs(r['world'])}: {json.dumps(r['details'])}" for r in bad]
    return "\n".join(lines) + "\n"


def _line(name: str, value: Any, results: list[dict[str, Any]]) -> str:
    sums = {counter: sum(result[counter] for result in results) for counter in COUNTERS}
    bad = sum(1 for result in results if any(result[counter] for counter in COUNTERS))
    cells = "".join(f" {total} |" for total in sums.values())
    return f"| `{name}` | {value} | {len(results)} | {bad} |{cells}"


def _differs(world: dict[str, Any]) -> str:
    usual = dataclasses.asdict(Assumptions())
    return ", ".join(f"{name}={value}" for name, value in world.items() if value != usual[name]) or "as we believe"


if __name__ == "__main__":
    main()
