"""`bench match` on small boards: every match is one, and the figures are what the contract names."""

from __future__ import annotations

import pytest
from redis.asyncio import Redis

from app.bench import match
from app.bench.fill import copies, filling
from app.embedded import Stores
from routing.board import Board, Profile
from routing.policy import Line, compile_config

pytestmark = pytest.mark.anyio


async def test_each_part_measures_something(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in {"FEW": 40, "MANY": 60, "BY_MOVES": 40, "IDLE_PEOPLE": 20, "OPERATIONS": 5, "ROUNDS": 2}.items():
        monkeypatch.setattr(match, name, value)
    figures = await match.bench()
    assert set(figures) == {"ratio", "arrive_ratio", "slowdown_100k", "match_us", "lane_us"}
    assert all(value > 0 for name, value in figures.items() if name != "lane_us"), "a difference, small here"
    assert "80 of 80" in capsys.readouterr().err, "it says how far it is"


async def test_a_board_is_filled_as_by_its_moves(hotline_stores: Stores, hotline_name: str) -> None:
    board = Board(hotline_stores.redis_url, hotline=hotline_name, new_id=lambda: "0123456789ab")
    await board.open(compile_config([Line("main", match.LANGUAGES)]))
    await board.end_verify()
    async with filling(hotline_stores.redis_url, hotline_name, board.epoch) as fill:
        await fill.send([move for number in range(3) for move in match._waits(number)], "callers", 6)
    views = [await board.call(f"c{number:020x}") for number in range(3)]
    assert [view and view.state for view in views] == ["waiting"] * 3
    async with Redis.from_url(hotline_stores.redis_url) as redis:
        await copies(redis, hotline_name, 3, 9, like=3)
    await _are_offered_in_turn(board, 9)
    async with filling(hotline_stores.redis_url, hotline_name, "1-other") as fill:
        with pytest.raises(RuntimeError, match="EPOCH"):
            await fill.send(match._waits(9), "callers", 2)
    await board.aclose()


async def _are_offered_in_turn(board: Board, count: int) -> None:
    """One person after another is offered the next caller, the copies behind those who came by themselves."""
    for number in range(count):
        person = Profile(f"s{number:012x}", "specialist", "senior", match.LANES, True)
        (offer,) = (await board.set_presence(person, "available")).offers
        call = await board.call(offer.call)
        assert call
        assert (call.id, call.sid, call.state) == (f"c{number:020x}", f"CA{number:032x}", "offered")
