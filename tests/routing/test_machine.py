"""T2: the rules hold over every interleaving that hypothesis finds."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.routing.machine import BoardMachine

QUICK = settings(
    max_examples=40,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    made = asyncio.new_event_loop()
    yield made
    made.close()


def test_T2_the_rules_hold_over_every_interleaving(valkey_url: str, loop: asyncio.AbstractEventLoop) -> None:
    machine = type("Machine", (BoardMachine,), {"url": valkey_url, "loop": loop})
    run_state_machine_as_test(machine, settings=QUICK)
