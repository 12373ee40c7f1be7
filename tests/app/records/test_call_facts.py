"""What the record tells a board that has lost a call: also what keeps it from being ended (P4, L9)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import async_sessionmaker

from app.records.engine import connect
from app.records.models import Call, EmergencyHandoff, RiskAssessment
from app.records.queries import call_facts

pytestmark = pytest.mark.anyio

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
CALL = "c" + "1" * 20


@pytest.fixture
async def sessions(hotline_database: str):
    engine = connect(hotline_database)
    made = async_sessionmaker(engine, expire_on_commit=False)
    async with made.begin() as store:
        store.add(Call(id=CALL, arrived_at=AT, line="main", owner="s1", cls="urgent"))
    yield made
    await engine.dispose()


async def kept(sessions, *rows) -> tuple[bool, bool]:
    async with sessions.begin() as store:
        store.add_all(rows)
    told = await call_facts(sessions, CALL)
    assert told is not None
    assert (told["owner"], told["class"], told["arrived_ms"]) == ("s1", "urgent", 1_772_366_400_000)
    return told["handoff_open"], told["risk_high"]


def risk(n: int, **said) -> RiskAssessment:
    return RiskAssessment(id=f"r{n}", call_id=CALL, at=AT + timedelta(minutes=n), facts=said, **said)


async def test_L9_nothing_is_known_of_a_call_without_statements(sessions) -> None:
    assert await kept(sessions) == (False, False)
    assert await call_facts(sessions, "cunknown") is None


async def test_L9_the_latest_of_each_statement_counts_and_silence_erases_none(sessions) -> None:
    assert await kept(sessions, risk(1, screened="high")) == (False, True)
    assert await kept(sessions, risk(2, judged="moderate")) == (False, False)
    assert await kept(sessions, risk(3, imminent=True)) == (False, True)
    assert await kept(sessions, risk(4, judged="low")) == (False, True)
    assert await kept(sessions, risk(5, imminent=False)) == (False, False)


async def test_L9_a_handoff_that_nobody_has_closed(sessions) -> None:
    common = {"call_id": CALL, "opened_at": AT, "facts": {}}
    assert await kept(sessions, EmergencyHandoff(id="h1", closed_at=AT, **common)) == (False, False)
    assert await kept(sessions, EmergencyHandoff(id="h2", outcome="contact_confirmed", **common)) == (True, False)
