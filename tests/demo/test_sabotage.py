"""T2: a counter never seen non-zero counts for nothing. Each switch breaks one thing, and the run must report it."""

from __future__ import annotations

import pytest

from app.demo.judge import verdict
from app.demo.play import Run
from app.demo.run import Options
from app.demo.world import Sabotage
from tests.demo.conftest import Runs
from tests.support import sabotage

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(240)]

CASES = [
    ("ghost_offers", sabotage.no_rescind),
    ("ghost_offers", sabotage.ignores_hang_ups),
    ("unrecorded", sabotage.drops_events),
    ("lost", sabotage.says_nothing),
    ("mismatched", sabotage.wrong_stamps),
    ("double_assigned", sabotage.offers_to_the_busy),
]


@pytest.mark.parametrize(("counter", "switch"), CASES, ids=[switch.__name__ for _, switch in CASES])
async def test_T2_the_run_reports_it(runs: Runs, counter: str, switch: Sabotage) -> None:
    result = await runs(Options(Run(30, 5, 30, 9), virtual=True, sabotage=switch))
    assert result[counter] > 0, result
    assert not verdict(result)
