"""`hotline bench match`: the board's matches, sequential on one connection, beside raw ZPOPMIN on the same server.

*Match*: somebody becomes available while N wait in five lanes, and is offered the first. *Arrive*: a caller begins to
wait among 10,000 idle people and is offered to one. The yardstick pops the least of a sorted set of the same size. Ours
and the yardstick take turns within each round; ratios are of rates, medians of rounds.
"""

from __future__ import annotations

import itertools
import random
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import asdict
from typing import Any

from redis.asyncio import Redis

from app.bench.fill import Move, copies, filling
from app.bench.load import scratch_folder
from app.embedded import Stores, embedded_stores
from routing.board import Board, Caller, Profile
from routing.policy import Line, compile_config

LANGUAGES = ("en", "es", "fr", "de", "it")
LANES = tuple(f"main|{language}|1|" for language in LANGUAGES)
#: Operations of a kind in one round; rounds.
OPERATIONS, ROUNDS = 300, 5
#: Callers who are put in line by the board's moves; whoever else waits is a copy of one of them.
BY_MOVES = 10_000
#: Seconds after which everybody's beats are sent again: with the round that follows, within the 12 s that count.
BEATS_S = 4.0
#: Seconds that a move may take: a machine that measures something else beside it is slow, not away.
BUDGET_S = 10.0
FEW, MANY, IDLE_PEOPLE = 1_000, 100_000, 10_000


async def bench() -> dict[str, Any]:
    """The object that `--json` prints."""
    with scratch_folder() as folder:
        async with embedded_stores(folder, postgres=False, durable=False) as stores:
            ratio, few = await _match(stores, "few", FEW)
            _, many = await _match(stores, "many", MANY)
            arrive = await _arrive(stores)
            lane = await _lane_us(stores)
    figures = {"ratio": ratio, "arrive_ratio": arrive, "slowdown_100k": many / few, "match_us": few, "lane_us": lane}
    return {name: round(figure, 3) for name, figure in figures.items()}


async def _match(stores: Stores, name: str, waiting: int) -> tuple[float, float]:
    """Ratio to ZPOPMIN (rates), and the median of a match in µs."""
    board, raw = await _board(stores, name), Redis.from_url(stores.redis_url, single_connection_client=True)
    await _fill(stores, raw, board, name, waiting)
    await _yardstick(raw, waiting)
    someone = Profile("s000000000001", "specialist", "senior", LANES, True)
    return await _compared(lambda: _freed(board, someone), raw, board)


async def _fill(stores: Stores, raw: Redis, board: Board, name: str, waiting: int) -> None:
    async with filling(stores.redis_url, f"bench-{name}", board.epoch) as fill:
        first = min(waiting, BY_MOVES)
        await fill.send(itertools.chain.from_iterable(map(_waits, range(first))), f"{first} callers", 2 * first)
        await copies(raw, f"bench-{name}", first, waiting, like=len(LANGUAGES))


async def _freed(board: Board, someone: Profile) -> float:
    """Seconds from somebody's becoming available to their offer."""
    await board.set_presence(someone, "break")
    begin = time.perf_counter()
    view = await board.set_presence(someone, "available")
    took = time.perf_counter() - begin
    assert view.offers, "nobody was offered"
    return took


async def _lane_us(stores: Stores) -> float:
    """What one more lane in which callers wait costs a match: people of five lanes and of one, in turns."""
    board, raw = await _board(stores, "lanes"), Redis.from_url(stores.redis_url, single_connection_client=True)
    await _fill(stores, raw, board, "lanes", FEW)
    people = [Profile(f"s{number:012x}", "specialist", "senior", LANES[:number], True) for number in (1, len(LANES))]
    took = [[await _freed(board, one) * 1e6 for one in people] for _ in range(OPERATIONS)]
    few, many = (statistics.median(times) for times in zip(*took, strict=True))
    await raw.aclose()
    await board.aclose()
    return (many - few) / (len(LANES) - 1)


async def _arrive(stores: Stores) -> float:
    board, raw = await _board(stores, "arrive"), Redis.from_url(stores.redis_url, single_connection_client=True)
    await _yardstick(raw, IDLE_PEOPLE)
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

    fresh = float("-inf")

    async def beats() -> None:
        """Everybody stays fresh: a beat each before a round, unless the last is young enough for one more."""
        nonlocal fresh
        if time.monotonic() - fresh < BEATS_S:
            return
        async with filling(stores.redis_url, "bench-arrive", board.epoch) as fill:
            await fill.send(map(_beat, range(IDLE_PEOPLE)), f"{IDLE_PEOPLE} people", IDLE_PEOPLE)
        fresh = time.monotonic()

    return (await _compared(arrive, raw, board, before=beats))[0]


async def _yardstick(raw: Redis, members: int) -> None:
    await raw.zadd("yardstick", {f"{i:012d}": i for i in range(members + OPERATIONS * ROUNDS)})


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
    mint = lambda: f"{numbers.getrandbits(48):012x}"  # noqa: E731
    board = Board(stores.redis_url, hotline=f"bench-{name}", new_id=mint, budget_s=BUDGET_S)
    await board.open(compile_config([Line("main", LANGUAGES)]))
    await board.end_verify()
    return board


def _waits(number: int) -> Iterator[Move]:
    """The moves of a caller who rings and begins to wait."""
    about = {"call": f"c{number:020x}", "sid": f"CA{number:032x}", "line": "main", "language": LANGUAGES[number % 5]}
    yield "arrive", {**about, "caller": asdict(Caller())}
    yield "turn", {**about, **_first_turn(number)}


def _beat(number: int) -> Move:
    person = asdict(Profile(f"s{number:012x}", "specialist", "senior", LANES, True))
    return "beat", {"profile": person | {"lanes": " ".join(LANES)}, "presence": "available", "touched": True}


def _first_turn(number: int) -> dict[str, Any]:
    return {"cls": "standard", "arrived_ms": int(time.time() * 1000), "counter": number, "turn": 1}


async def _turn(board: Board, number: int) -> Any:
    call, sid = f"c{number:020x}", f"CA{number:032x}"
    return await board.turn(call, sid, line="main", language=LANGUAGES[number % 5], **_first_turn(number))
