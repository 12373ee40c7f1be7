"""Postgres stopped in full traffic (S3, S4, S7): calls go on, and nothing is missing afterwards. For a minute where
figures are kept (`python -m tests.long.chaos`), for a third of one in the suite."""

from __future__ import annotations

import asyncio
import contextlib
import os

import asyncpg
import pytest
from sqlalchemy import make_url

from app.demo.evidence import read_rows
from telephony.emulator import Phone
from tests.chaos.consoles import Console
from tests.chaos.figures import FILE, note
from tests.chaos.house import House

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300), pytest.mark.xdist_group("chaos-processes")]

#: Seconds that Postgres is stopped; between two rings; of a conversation; until everything is recorded afterwards.
AWAY_S, EVERY_S, TALK_S, CAUGHT_UP_S = (60.0 if os.environ.get(FILE) else 20.0), 4.0, 3.0, 10.0


class Traffic:
    """Callers who ring one after the other, talk, have a judgement of risk recorded, and hang up."""

    def __init__(self, h: House) -> None:
        self._h = h
        self.answered = self.told_unrecorded = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._ringing = asyncio.create_task(self._rings())

    async def _rings(self) -> None:
        while True:
            self._tasks.add(asyncio.create_task(self._one()))
            await asyncio.sleep(EVERY_S)

    async def _one(self) -> None:
        phone = await self._h.caller()
        console = await self._h.with_whom(phone, within=60)
        self.answered += 1
        self.told_unrecorded += not await console.records_risk(console.call)
        await asyncio.sleep(TALK_S)
        await phone.hangs_up()

    async def stops(self) -> None:
        """No more rings; whoever has rung is served to the end."""
        self._ringing.cancel()
        await asyncio.gather(*self._tasks)


async def test_S3_S4_S7_postgres_is_stopped_in_full_traffic(h: House) -> None:
    people = [await h.person() for _ in range(4)]
    stays = await h.caller()
    owner = await h.with_whom(stays)
    traffic = Traffic(h)
    await h.until(lambda: traffic.answered >= 2, 40, "traffic")
    await h.stores.postgres.stop()
    began, before = h.clock.now(), traffic.answered
    await _reveals(owner, stays)
    await _forms_say_so(h)
    await asyncio.sleep(max(0.0, began + AWAY_S - h.clock.now()))
    assert traffic.answered - before >= AWAY_S / EVERY_S / 2, "calls are answered meanwhile"
    assert traffic.told_unrecorded > 0, "facts are saved, and said to be not yet recorded"
    await h.stores.postgres.start()
    back = h.clock.now()
    await h.until(lambda: _recorded(h), CAUGHT_UP_S, "the backlog recorded")
    caught_up = h.clock.now() - back
    await h.until(lambda: _audited(h), CAUGHT_UP_S, "the look at the number on the audit trail")
    audited = h.clock.now() - back
    await traffic.stops()
    note("postgres_stopped", recorded_s=caught_up, audited_s=audited)
    assert h.cut(stays, owner) == 0
    assert not h.broken_requests()
    told = {fact.id for fact in h.log.told}
    await h.until(lambda: told <= set().union(*(p.recorded for p in people)), CAUGHT_UP_S, "consoles told")
    result = await h.nothing_is_lost()
    assert result["answered"] == result["callers"]


async def _reveals(owner: Console, phone: Phone) -> None:
    """S7: the number is shown, within the seconds that a person waits."""
    shown = await owner.tries("GET", f"/api/calls/{owner.call}/number")
    assert shown.status_code == 200
    assert shown.json()["number"] == phone.address


async def _forms_say_so(h: House) -> None:
    """Whatever goes straight to Postgres is refused in words, to be sent again."""
    form = {"login": h.people[0]._login, "password": "a password like any other"}
    refused = await h.people[0].tries("POST", "/api/session", **form)
    assert refused.status_code == 503
    assert "again" in refused.json()["error"]["message"]
    assert refused.headers["retry-after"]


async def _recorded(h: House) -> bool:
    """Every fact that a console was told is saved is in Postgres."""
    told = {fact.id for fact in h.log.told}
    with contextlib.suppress(OSError, asyncpg.PostgresError):
        return told <= {row["id"] for row in (await read_rows(h.world.engine)).risk}
    return False


async def _audited(h: House) -> bool:
    url = make_url(h.world.settings.database_url)
    there = await asyncpg.connect(host=url.query["host"], user="postgres", database=url.database, timeout=5)
    try:
        return bool(await there.fetchval("SELECT 1 FROM audit_log WHERE what = 'number.reveal'"))
    finally:
        await there.close()
