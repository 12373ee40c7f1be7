"""`hotline bench match`: the board's matches, sequential on one connection, beside raw ZPOPMIN on the same server.

*Match*: somebody becomes available while N wait in five lanes, and is offered the first. *Arrive*: a caller begins to
wait among 10,000 idle people and is offered to one. The yardstick pops the least of a sorted set of the same size.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import statistics
import time
from collections.abc import Awaitable, Callable
from typing import Any

from redis.asyncio import Redis

from app.bench.load import scratch_folder
from app.embedded import Stores, embedded_stores
from routing.board import Board, Caller, Profile
from routing.policy import Line, compile_config

LANGUAGES = ("en", "es", "fr", "de", "it")
LANES = tuple(f"main|{language}|1|" for language in LANGUAGES)
#: Operations of a kind in one round; rounds.
OPERATIONS, ROUNDS = 300, 5
IDLE_PEOPLE = 10_000
#: Callers or people put on the board at once while it is filled.
AT_ONCE = 50


async def bench() -> dict[str, Any]:
    """The object that `--json` prints."""
    with scratch_folder() as folder:
        async with embedded_stores(folder, postgres=False, durable=False) as stores:
            ratio, few = await _match(stores, "few", 1_000)
            _, many = await _match(stores, "many", 100_000)
            arrive = await _arrive(stores)
    return {"ratio": round(ratio, 3), "arrive_ratio": round(arrive, 3), "slowdown_100k": round(many / few, 3)}


async def _match(stores: Stores, name: str, waiting: int) -> tuple[float, float]:
    """Ratio to ZPOPMIN (rates), and the median of a match in µs."""
    board, raw = await _board(stores, name), Redis.from_url(stores.redis_url, single_connection_client=True)
    await _gathered([lambda i=i: _waits(board, i) for i in range(waiting)])
    await raw.zadd("yardstick", {f"{i:012d}": i for i in range(waiting + OPERATIONS * ROUNDS)})
    someone = Profile("s000000000001", "specialist", "senior", LANES, True)

    async def match() -> float:
        await board.set_presence(someone, "break")
        begin = time.perf_counter()
        view = await board.set_presence(someone, "available")
        took = time.perf_counter() - begin
        assert view.offers, "nobody was offered"
        return took

    return await _compared(match, raw, board)


async def _arrive(stores: Stores) -> float:
    board, raw = await _board(stores, "arrive"), Redis.from_url(stores.redis_url, single_connection_client=True)
    people = [Profile(f"s{i:012x}", "specialist", "senior", LANES, True) for i in range(IDLE_PEOPLE)]
    await raw.zadd("yardstick", {f"{i:012d}": i for i in range(IDLE_PEOPLE + OPERATIONS * ROUNDS)})
    numbers = itertools.count(1)

    async def arrive() -> float:
        number = next(numbers)
        await board.arrive(f"c{number:020x}", f"CA{number:032x}", "main", LANGUAGES[number % 5], Caller())
        begin = time.perf_counter()
        view = await _turn(board, number)
        took = time.perf_counter() - begin
        assert view.state == "offered", view.state
        await board.caller_gone(view.id, view.sid, status="completed", side="caller", at_ms=None)
        return took

    async def beats() -> None:
        """Everybody stays fresh: a beat each before the run, within the 12 s that count."""
        await _gathered([lambda p=p: board.beat(p, presence="available", touched=True) for p in people])

    return (await _compared(arrive, raw, board, before=beats))[0]


async def _compared(
    work: Callable[[], Awaitable[float]],
    raw: Redis,
    board: Board,
    before: Callable[[], Awaitable[None]] | None = None,
) -> tuple[float, float]:
    ratios: list[float] = []
    medians: list[float] = []
    for _ in range(ROUNDS):
        if before:
            await before()
        ours, theirs = [], []
        for _ in range(OPERATIONS):
            ours.append(await work())
            begin = time.perf_counter()
            await raw.zpopmin("yardstick")
            theirs.append(time.perf_counter() - begin)
        ratios.append(statistics.median(theirs) / statistics.median(ours))
        medians.append(statistics.median(ours) * 1e6)
    await raw.delete("yardstick")
    await raw.aclose()
    await board.aclose()
    return statistics.median(ratios), statistics.median(medians)


async def _board(stores: Stores, name: str) -> Board:
    numbers = random.Random(1)
    board = Board(stores.redis_url, hotline=f"bench-{name}", new_id=lambda: f"{numbers.getrandbits(48):012x}")
    await board.open(compile_config([Line("main", LANGUAGES)]))
    await board.end_verify()
    return board


async def _waits(board: Board, number: int) -> None:
    await board.arrive(f"c{number:020x}", f"CA{number:032x}", "main", LANGUAGES[number % 5], Caller())
    await _turn(board, number)


async def _turn(board: Board, number: int) -> Any:
    return await board.turn(
        f"c{number:020x}",
        f"CA{number:032x}",
        line="main",
        language=LANGUAGES[number % 5],
        cls="standard",
        arrived_ms=int(time.time() * 1000),
        counter=number,
        turn=1,
    )


async def _gathered(work: list[Callable[[], Awaitable[Any]]]) -> None:
    """All of it, `AT_ONCE` at a time."""
    for begin in range(0, len(work), AT_ONCE):
        await asyncio.gather(*(one() for one in work[begin : begin + AT_ONCE]))
