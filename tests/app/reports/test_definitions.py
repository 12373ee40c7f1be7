"""Each figure is what its definition says of calls as they truly went: any day, any zone, any moment of a call."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, example, given, settings
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.records.engine import connect
from app.reports import today
from tests.app.reports.stories import Story, Talk, became, days, rows

pytestmark = pytest.mark.anyio

TARGET_S = 20
NOON = datetime(2026, 2, 28, 12, tzinfo=UTC)
HALF_HOUR = timedelta(minutes=30)


@pytest.fixture
async def sessions(hotline_database: str):
    engine = connect(hotline_database)
    yield async_sessionmaker(engine, expire_on_commit=False)
    await engine.dispose()


async def _write(sessions: async_sessionmaker[AsyncSession], calls: list[Story], now: datetime) -> None:
    async with sessions.begin() as store:
        await store.execute(text("TRUNCATE calls, call_events CASCADE"))
        store.add_all([row for number, story in enumerate(calls) for row in rows(number, story, now)])


def _agrees(figures: today.Figures, calls: list[Story], now: datetime) -> None:
    """By counting, one definition after another."""
    what = [(story, *became(story, now)) for story in calls]
    assert figures.offered == len(calls)
    for word in ("answered", "abandoned", "rolled_over", "callback", "open"):
        assert getattr(figures, word) == sum(1 for _, bucket, _ in what if bucket == word), word
    waits = sorted(took / 1000 for _, _, took in what if took is not None)
    due = [s for s, bucket, _ in what if bucket != "open" or (now - s.rang).total_seconds() > TARGET_S]
    in_time = sum(1 for took in waits if took <= TARGET_S)
    assert figures.service_level == (pytest.approx(in_time / len(due)) if due else None)
    middle = waits[(len(waits) - 1) // 2] if waits else None
    assert figures.median_answer_s == (pytest.approx(middle, abs=0.051) if waits else None)
    assert figures.worst_answer_s == (pytest.approx(waits[-1], abs=0.051) if waits else None)


SHORT = Talk(begin=5_000, length=500, owner_before=2_000, owner_after=1_000, role="owner", told=True)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(day=days())
@example(day=("UTC", NOON, [Story(NOON - timedelta(seconds=30), "main", (SHORT,), None, 600_000, False)]))
@example(day=("UTC", NOON, [Story(NOON - timedelta(seconds=90), "main", (), 60_000, 600_000, False)]))
@example(day=("UTC", NOON.replace(minute=30), [Story(NOON.replace(minute=30), "main", (), None, 600_000, False)]))
async def test_each_figure_is_what_its_definition_says(sessions, day: tuple[str, datetime, list[Story]]) -> None:
    zone, now, calls = day
    await _write(sessions, calls, now)
    seen = await today.so_far(sessions, now, zone=zone, target_s=TARGET_S)
    date = now.astimezone(ZoneInfo(zone)).date()
    mine = [story for story in calls if story.rang.astimezone(ZoneInfo(zone)).date() == date]
    _agrees(seen.whole, mine, now)
    begins = [at for at, _ in seen.half_hours]
    assert begins == [seen.since + index * HALF_HOUR for index in range(len(begins))]
    assert begins[-1] <= now < begins[-1] + HALF_HOUR
    for at, figures in seen.half_hours:
        _agrees(figures, [story for story in mine if at <= story.rang < at + HALF_HOUR], now)


async def test_a_line_of_its_own_counts_its_own_calls(sessions) -> None:
    calls = [Story(NOON, line, (), None, 5_000, False) for line in ("main", "youth", "youth")]
    now = NOON + timedelta(minutes=1)
    await _write(sessions, calls, now)
    day = await today.so_far(sessions, now, zone="UTC", target_s=TARGET_S, line="youth")
    assert (day.whole.offered, day.whole.abandoned) == (2, 2)


async def test_a_call_of_the_next_second_is_in_the_charts_too(sessions) -> None:
    """A worker's clock may be a little behind the board's, also in the last second of a half-hour."""
    now = NOON - timedelta(milliseconds=400)
    await _write(sessions, [Story(NOON, "main", (), None, 5_000, False)], now)
    day = await today.so_far(sessions, now, zone="UTC", target_s=TARGET_S)
    assert day.whole.offered == sum(figures.offered for _, figures in day.half_hours) == 1
