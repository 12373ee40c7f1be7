"""Two hotlines on one Valkey, one PostgreSQL and one network: nothing of one is read, or let in, by the other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from redis.asyncio import Redis
from sqlalchemy import text

from app import lines
from app.embedded import Stores
from app.lines import SNAPSHOT_FILE
from app.secrets import NUMBER, SNAPSHOT, BadToken
from tests.support.neighbours import Neighbour, Two, two_hotlines

pytestmark = pytest.mark.anyio


@pytest.fixture
async def two(hotline_stores: Stores, tmp_path: Path) -> AsyncIterator[Two]:
    async with two_hotlines(hotline_stores, tmp_path) as hotlines:
        yield hotlines


async def _rows(h: Neighbour, query: str) -> list[str]:
    async with h.ctx.sessions() as store:
        return [str(row[0]) for row in await store.execute(text(query))]


async def test_callers_come_to_the_people_of_their_own_hotline(two: Two) -> None:
    a, b = two.values()
    maria, pilar = await a.specialist(), await b.specialist()
    of_a, of_b = await a.caller(), await b.caller()
    assert await a.until_talking(of_a) is maria
    assert await b.until_talking(of_b) is pilar
    second = await a.caller()
    await a.passes(20)
    assert await a.state_of(second) == "waiting", "people of the other hotline are nobody here"
    await b.eventually(lambda: _rows(b, "SELECT id FROM calls"), what="the record")
    assert not set(await _rows(a, "SELECT id FROM calls")) & set(await _rows(b, "SELECT id FROM calls"))
    assert await _rows(a, "SELECT id FROM specialists") == [maria.spec]
    assert await _rows(b, "SELECT id FROM specialists") == [pilar.spec]


async def test_S7_a_session_of_one_is_refused_and_what_it_has_encrypted_says_nothing_to_the_other(two: Two) -> None:
    a, b = two.values()
    maria = await a.specialist()
    cookies = dict(maria._http.cookies)
    with b.ctx.clock.busy():
        async with httpx.AsyncClient(base_url=b.ctx.settings.public_url, cookies=cookies, trust_env=False) as there:
            for path in ("/api/session", "/api/desk", "/api/people"):
                assert (await there.get(path)).status_code in (401, 404)
            beat = await there.post(
                "/api/beat", json={"presence": "available"}, headers={"X-CSRF": maria._http.headers["X-CSRF"]}
            )
            assert beat.status_code == 401
        assert await maria.asks("GET", "/api/session"), "at home it is good"
    mine, theirs = a.ctx.secrets, b.ctx.secrets
    with pytest.raises(BadToken):
        theirs.decrypt(mine.encrypt("+12025550123", NUMBER), NUMBER)
    with pytest.raises(BadToken):
        theirs.verify(mine.sign(b"{}", SNAPSHOT), SNAPSHOT)
    assert mine.number_hash("+12025550123") != theirs.number_hash("+12025550123")


async def test_every_key_of_the_boards_lies_under_one_hotlines_tag(two: Two) -> None:
    a, b = two.values()
    for h in two.values():
        await h.specialist()
        await h.until_talking(await h.caller())
    redis = Redis.from_url(a.stores.redis_url, decode_responses=True)
    try:
        tags = {h: f"{{hl:{h.ctx.settings.name}}}:" for h in two.values()}
        keys = {h: {k async for k in redis.scan_iter(f"{tags[h]}*".replace("[", "\\["))} for h in two.values()}
        slots = {h: {await redis.execute_command("CLUSTER", "KEYSLOT", k) for k in keys[h]} for h in two.values()}
    finally:
        await redis.aclose()
    assert all(len(keys[h]) > 10 for h in two.values())
    assert not keys[a] & keys[b]
    assert [len(slots[h]) for h in two.values()] == [1, 1]
    assert slots[a] != slots[b]


async def test_S3_S5_recorder_leases_cursors_and_snapshots_are_each_ones_own(two: Two) -> None:
    a, b = two.values()
    await a.until_state(await a.caller(), "waiting")
    await a.eventually(lambda: _rows(a, "SELECT id FROM calls"), what="the record")
    assert await _rows(b, "SELECT id FROM calls") == []
    for h in two.values():
        await h.eventually(lambda h=h: h.ctx.state["recorder"], what="a recorder")
        assert await h.ctx.moved(lambda h=h: h.ctx.board.lease("a test's", h.ctx.worker, 60_000))
        assert (h.ctx.settings.data_dir / SNAPSHOT_FILE).exists()
    foreign = (a.ctx.settings.data_dir / SNAPSHOT_FILE).read_text()
    (b.ctx.settings.data_dir / SNAPSHOT_FILE).write_text(foreign)
    assert lines._from_snapshot(b.ctx.settings, b.ctx.secrets) == (None, {}, 0)
