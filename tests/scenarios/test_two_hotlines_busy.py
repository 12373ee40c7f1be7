"""Two hotlines among simulated people: callers of one are passed on to the other, and every counter stays 0."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from app.embedded import Stores
from app.flow import call_id
from telephony.emulator.legs import Leg
from tests.scenarios.test_passing_on import BOTH, agreed
from tests.support.neighbours import Neighbour, Two, two_hotlines

pytestmark = pytest.mark.anyio

CALLERS, EVERY_S, TALK_S = 10, 5.0, 40.0
#: Seconds that the impatient wait; the others stay until somebody answers.
PATIENCE_S = (5.0, 60.0)
#: Seconds in which all have been answered or have hung up.
ALL_S = 900.0


@pytest.fixture
async def two(hotline_stores: Stores, tmp_path: Path) -> AsyncIterator[Two]:
    async with two_hotlines(hotline_stores, tmp_path, agreed) as hotlines:
        yield hotlines


def _far(two: Two, leg: Leg) -> Leg | None:
    """The leg at the partner's of a caller who has been put through."""
    dialled = next(
        (x for x in two["a"].net.legs.values() if x.parent_sid == leg.sid and x.status == "in-progress"), None
    )
    if dialled is None:
        return None
    shown = [x for x in two["b"].net.legs.values() if x.direction == "inbound" and x.live and x.to == dialled.to]
    return next((x for x in shown if x.device is not None and getattr(x.device, "_near", None) is dialled), None)


def _helpers(two: Two, leg: Leg) -> list[Any]:
    far = _far(two, leg)
    return [p for p in two["a"].people if _hears(p, leg)] + [p for p in two["b"].people if far and _hears(p, far)]


def _hears(person: Any, leg: Leg) -> bool:
    return person.leg is not None and person.leg.live and leg.sid in person.leg.can_hear()


async def _caller(two: Two, n: int, rng: random.Random, seen: Counter[str]) -> Leg:
    a = two["a"]
    await a.passes(n * EVERY_S)
    phone, patience = await a.caller(), rng.uniform(*PATIENCE_S) if n % 5 == 4 else ALL_S
    began = a.clock.now()
    while not _helpers(two, phone.leg) and a.clock.now() - began < patience:
        assert phone.leg.live, "nobody but the caller ends a wait"
        await a.passes(0.5)
    if _helpers(two, phone.leg):
        seen["passed on" if _far(two, phone.leg) else "answered here"] += 1
        end = a.clock.now() + TALK_S
        while a.clock.now() < end:
            assert len(_helpers(two, phone.leg)) <= 1, "double assigned"
            await a.passes(1)
    else:
        seen["hung up"] += 1
    assert phone.leg.live
    await phone.hangs_up()
    return phone.leg


async def _rows(h: Neighbour) -> dict[str, Any]:
    async with h.ctx.sessions() as store:
        return {row["id"]: dict(row) for row in (await store.execute(text("SELECT * FROM calls"))).mappings()}


async def test_every_caller_is_helped_or_hangs_up_and_both_records_say_what_the_carrier_saw(two: Two) -> None:
    a, b = two.values()
    rng, seen = random.Random(11), Counter[str]()
    for h, count in ((a, 1), (b, 3)):
        for _ in range(count):
            await h.specialist(lines=BOTH)
    for index in (0, 1):
        a.backup_phone(index).will_not_answer()
        b.backup_phone(index).will_not_answer()
    legs = await asyncio.gather(*(_caller(two, n, rng, seen) for n in range(CALLERS)))
    assert seen["passed on"] >= 2
    assert seen["answered here"] >= 2
    assert sum(seen.values()) == CALLERS
    await a.passes(15)
    for h in two.values():
        inbound = [
            leg for leg in h.net.legs.values() if leg.direction == "inbound" and not leg.from_.startswith("client:")
        ]
        rows = await _rows(h)
        assert {call_id(h.ctx.settings, leg.sid) for leg in inbound} == set(rows), "unrecorded, or invented"
        assert all(row["ended_at"] for row in rows.values())
    here, there = await _rows(a), await _rows(b)
    passed = [row for row in here.values() if row["passed_on"]]
    assert len(passed) == seen["passed on"]
    assert Counter(row["outcome"] for row in here.values()) == Counter(
        answered=seen["answered here"], rolled_over=seen["passed on"], abandoned=seen["hung up"]
    )
    firsts = Counter(row["arrived_at"] for row in here.values())
    assert all(row["passed_from"] == "a" and row["arrived_at"] in firsts for row in there.values()), "mismatched"
    assert len(legs) == CALLERS
