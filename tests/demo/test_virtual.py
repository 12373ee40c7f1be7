"""T1, T3: sixty callers and eight specialists on the virtual clock; each seed under another world of the carrier."""

from __future__ import annotations

import pytest
from allpairspy import AllPairs

from app.demo.judge import COUNTERS
from app.demo.play import Run
from app.demo.run import Options
from telephony.emulator import Assumptions
from tests.demo.conftest import Runs

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(240)]

#: Each value of each switch beside each value of every other, in as few worlds as that takes.
WORLDS = [
    Assumptions(**dict(zip(Assumptions.factors(), row, strict=True)))
    for row in AllPairs(list(Assumptions.factors().values()))
]
SEEDS = range(1, 21)


def test_every_pair_of_assumptions_has_a_seed() -> None:
    assert len(WORLDS) <= len(SEEDS)


@pytest.mark.parametrize("seed", SEEDS)
async def test_T1_nobody_is_lost_and_the_record_agrees(runs: Runs, seed: int) -> None:
    result = await runs(Options(Run(60, 8, 60, seed), virtual=True, assumptions=WORLDS[seed % len(WORLDS)]))
    assert (result["details"], result["did_not_happen"]) == ({}, [])
    assert {name: result[name] for name in COUNTERS} == dict.fromkeys(COUNTERS, 0)
    assert result["rolled_over"] == 0
    assert result["happened"]["patience_over"] == 0
    assert result["answered"] + result["abandoned"] + result["callback"] == result["callers"]
