"""Today's figures are those that the raw stamps give, by one definition each."""

from __future__ import annotations

import random
import statistics
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.records.engine import connect
from app.records.models import Call, EmergencyHandoff, HandoffFact
from app.reports import handoffs, today
from app.reports.definitions import DEFINITIONS, words

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 3, 29, 12, 10, tzinfo=UTC)
BERLIN = "Europe/Berlin"


@pytest.fixture
async def sessions(hotline_database: str):
    engine = connect(hotline_database)
    yield async_sessionmaker(engine, expire_on_commit=False)
    await engine.dispose()


def rang(n: int, at: datetime, took: float | None = None, outcome: str | None = None, **more) -> Call:
    answered = at + timedelta(seconds=took) if took is not None else None
    ended = {"ended_at": at + timedelta(minutes=9)} if outcome else {}
    stamps = {"talking_at": answered, "answered_at": answered if outcome == "answered" else None}
    state = "closed" if outcome else "talking" if answered else "waiting"
    return Call(
        id=f"c{n:020}",
        arrived_at=at,
        outcome=outcome,
        state=state,
        line=more.pop("line", "main"),
        **ended,
        **stamps,
        **more,
    )


async def write(sessions: async_sessionmaker[AsyncSession], *rows) -> None:
    async with sessions.begin() as store:
        store.add_all(rows)


async def test_each_figure_by_hand(sessions) -> None:
    at = NOW - timedelta(hours=1)
    await write(
        sessions,
        rang(1, at, 5, "answered"),
        rang(2, at, 20, "answered"),
        rang(3, at, 21, "answered"),
        rang(4, at, None, "abandoned"),
        rang(5, at, None, "rolled_over"),
        rang(6, at, None, "callback"),
        rang(7, at, 3),  # talks now
        rang(8, at),  # waits for an hour: too late for the service level
        rang(9, NOW - timedelta(seconds=5)),  # waits for 5 s: may still be in time
        rang(10, NOW - timedelta(days=2), 1, "answered"),
        rang(11, NOW + timedelta(minutes=1), 1, "answered"),
        rang(12, at, 0.5, "abandoned"),  # together for less than a second
    )
    day = await today.so_far(sessions, NOW, zone="UTC", target_s=20)
    seen = day.whole
    counts = (seen.offered, seen.answered, seen.abandoned, seen.rolled_over, seen.callback, seen.open)
    assert counts == (10, 4, 2, 1, 1, 2)
    assert seen.service_level == 3 / 9
    assert (seen.median_answer_s, seen.worst_answer_s) == (5.0, 21.0)


async def test_random_days_agree_with_plain_counting(sessions) -> None:
    rng = random.Random(11)
    outcomes = ["answered", "abandoned", "rolled_over", "callback", None]
    calls = []
    for n in range(400):
        outcome = rng.choice(outcomes)
        took = rng.uniform(0, 90) if outcome == "answered" or (outcome is None and rng.random() < 0.5) else None
        at = NOW - timedelta(seconds=rng.uniform(0, 14 * 3600))
        calls.append(rang(n, at, took, outcome, line=rng.choice(["main", "youth"])))
    await write(sessions, *calls)
    for zone, line in ((BERLIN, None), ("America/New_York", "youth")):
        day = await today.so_far(sessions, NOW, zone=zone, target_s=30, line=line)
        mine = [c for c in calls if c.arrived_at >= day.since and line in (None, c.line)]
        _agrees(day.whole, mine)
        assert sum(figures.offered for _, figures in day.half_hours) == len(mine)
        for at, figures in day.half_hours:
            _agrees(figures, [c for c in mine if at <= c.arrived_at < at + timedelta(minutes=30)])


def _agrees(figures: today.Figures, calls: list[Call]) -> None:
    waits = sorted((c.talking_at - c.arrived_at).total_seconds() for c in calls if c.talking_at and c.arrived_at)
    assert figures.offered == len(calls)
    assert figures.answered == len(waits)
    assert figures.abandoned == sum(c.outcome == "abandoned" for c in calls)
    parts = (figures.answered, figures.abandoned, figures.rolled_over, figures.callback, figures.open)
    assert sum(parts) == figures.offered, "each call is in one of them"
    due = [
        c for c in calls if c.outcome or c.talking_at or (c.arrived_at and (NOW - c.arrived_at).total_seconds() > 30)
    ]
    in_time = sum(wait <= 30 for wait in waits)
    assert figures.service_level == (pytest.approx(in_time / len(due)) if due else None)
    assert figures.worst_answer_s == (pytest.approx(waits[-1], abs=0.06) if waits else None)
    assert figures.median_answer_s == (pytest.approx(statistics.median_low(waits), abs=0.06) if waits else None)


async def test_the_day_begins_where_the_viewer_is_also_when_the_clocks_change(sessions) -> None:
    day = await today.so_far(sessions, NOW, zone=BERLIN, target_s=20)
    assert day.since == datetime(2026, 3, 28, 23, tzinfo=UTC)
    assert len(day.half_hours) == 27  # 13 h and 10 min have passed on a day that is 23 h long
    assert day.whole == today.Figures()
    assert (await today.so_far(sessions, NOW, zone="Asia/Kolkata", target_s=20)).since.minute == 30


def test_every_figure_is_defined_in_both_languages() -> None:
    shown = set(today.Figures.__dataclass_fields__)
    assert shown == DEFINITIONS.keys()
    for figure in shown:
        said = words(figure, 45)
        assert said.keys() == {"en", "es"}
        assert "{" not in "".join(said.values())
    assert "45" in words("service_level", 45)["es"]


async def test_C1_deadlines_of_open_handoffs(sessions) -> None:
    at = NOW - timedelta(minutes=10)
    common = {"call_id": "c" + "0" * 20, "opened_by": "s1", "opened_at": at}
    await write(sessions, rang(0, at))
    await write(
        sessions,
        EmergencyHandoff(id="h1", **common, why="imminent_risk", facts={"consulted": "none"}, state="decided"),
        EmergencyHandoff(id="h2", **common, why="attempt_in_progress", facts={}, state="decided"),
        EmergencyHandoff(id="h3", **common, why="medical", facts={"consulted": "lead"}, contacted_at=at, state="x"),
        EmergencyHandoff(id="h4", **common, why="medical", facts={}, closed_at=NOW, state="closed"),
        EmergencyHandoff(id="h5", **common, facts={}, contacted_at=at, outcome="contact_confirmed"),
    )
    await write(sessions, HandoffFact(id="f" * 8, handoff_id="h3", at=NOW, facts={"dispatched": True}))
    found = await handoffs.open_ones(sessions, handoffs.DEADLINES_S)
    due = {one.id: [(d.what, (d.by - at).total_seconds()) for d in one.due] for one in found}
    assert due == {
        "h1": [("consult", 120), ("contact", 180)],
        "h2": [("contact", 180)],
        "h3": [("news", 1500)],
        "h5": [],
    }
    assert [one.id for one in found] == ["h1", "h2", "h3", "h5"]
