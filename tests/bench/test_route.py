"""`bench route` in small: everybody is offered in turn, and the figures are what the contract names."""

from __future__ import annotations

import pytest

from app.bench import emulated, route
from app.bench.consoles import Offered

pytestmark = pytest.mark.anyio
SIZES = {"PEOPLE": 12, "BUSY": 3, "RATE": 10.0, "PART_S": 0.5, "WAITING": (3,), "CONNECTIONS": 4}


async def test_each_part_measures_something(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SIZES.items():
        monkeypatch.setattr(route, name, value)
    monkeypatch.setattr(emulated, "CALLERS", 3)
    figures = await route.bench()
    assert set(figures) == {"waiting_3", "emulated", "yardstick"}
    assert 0 < figures["emulated"]["p50_ms"] <= figures["emulated"]["p99_ms"]
    part = figures["waiting_3"]
    assert part.pop("out_of_order") == 0
    assert set(part) == {"freed_p50_ms", "freed_p99_ms", "idle_p50_ms", "idle_p99_ms", "rescind_p99_ms"}
    assert all(value > 0 for value in part.values())


def test_P1_an_earlier_caller_offered_later_is_out_of_order() -> None:
    def offer(arrived: int, made: int) -> Offered:
        return Offered("s1", f"o{arrived}", arrived, made, 0.0)

    assert route.out_of_order([offer(1, 10), offer(2, 11), offer(3, 11)]) == 0
    assert route.out_of_order([offer(2, 10), offer(1, 11), offer(3, 12)]) == 1
