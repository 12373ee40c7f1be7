"""R3 in the demo: how soon after a fault everything was right again, and that a wrong board is seen as one."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from app.demo.chaos.recovery import BOUNDS_S, SAMPLE_S, Recoveries, Watch, lost_callbacks
from app.demo.evidence import Evidence, Rows
from app.demo.log import Log
from app.demo.play import Run
from app.demo.run import Options
from telephony.emulator import Ledger
from tests.demo.conftest import Runs

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(240)]

#: What must be nothing, whatever is broken (T).
COUNTERS = ("lost", "double_assigned", "ghost_offers", "unrecorded", "mismatched")


class Steps:
    """A clock that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.at = 1_000.0

    def now(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += seconds


@dataclass
class Caller:
    """What the watch looks at of a leg."""

    sid: str
    created_at: float
    from_: str = "+12025550123"
    direction: str = "inbound"
    live: bool = True
    dead: bool = False
    room: Any = None
    participant: Any = None
    hears: set[str] = field(default_factory=set[str])

    def can_hear(self) -> set[str]:
        return self.hears


class Net:
    def __init__(self, clock: Steps, *callers: Caller) -> None:
        self.ledger, self.legs = Ledger(clock.now), {caller.sid: caller for caller in callers}


def said(sid: str, at: float, state: str = "waiting", cls: str = "standard") -> dict[str, Any]:
    return {"sid": sid, "state": state, "owner": "", "arrived_ms": at * 1000, "cls": cls, "counter": 1}


async def watched(net: Net, clock: Steps, *boards: list[dict[str, Any]] | None) -> Recoveries:
    """What a watch finds whose looks at the board give these answers, the last one for ever."""
    left, found = list(boards), Recoveries()

    async def read() -> list[dict[str, Any]] | None:
        return left.pop(0) if len(left) > 1 else left[0]

    await Watch(net, clock, read, found).until_right("store_back", clock.now())  # type: ignore[arg-type]
    return found


async def test_R3_right_is_when_the_board_says_what_is_true() -> None:
    clock = Steps()
    boards = (None, [], [said("CA1", 990, "closed")], [said("CA1", 990)])
    found = await watched(Net(clock, Caller("CA1", 990.0)), clock, *boards)
    assert found.seconds["store_back"] == pytest.approx([3 * SAMPLE_S] * 2), "the caller, and the order"
    assert found.p99() == {"store_back": 0.6, "redis_emptied": None, "callback_lost": None}
    assert not found.over_bound()


async def test_R3_who_is_never_right_again_is_named() -> None:
    clock = Steps()
    found = await watched(Net(clock, Caller("CA1", 990.0)), clock, [])
    assert min(found.seconds["store_back"]) > BOUNDS_S["store_back"]
    assert any("CA1" in words for words in found.over_bound())


async def test_R3_an_order_that_is_not_by_class_and_first_ring_is_not_right() -> None:
    clock = Steps()
    net = Net(clock, Caller("CA1", 980.0), Caller("CA2", 990.0))
    swapped = [said("CA1", 990), said("CA2", 980)]
    found = await watched(net, clock, swapped)
    assert found.not_yet == ["store_back: the order was not right again"]
    net.ledger.add("key", "CA2", digit="1")
    danger = [said("CA1", 980), said("CA2", 990, cls="danger")]
    assert not (await watched(net, clock, danger)).not_yet
    assert (await watched(net, clock, [said("CA1", 980), said("CA2", 990)])).not_yet, "the key is forgotten"


async def test_R3_callers_whose_callbacks_were_lost_have_a_bound_of_their_own() -> None:
    clock = Steps()
    net = Net(clock, Caller("CA1", 990.0))
    net.ledger.add("webhook.dropped", "CA1", event="completed")
    found = await watched(net, clock, [])
    assert found.seconds["store_back"] == [0.0], "the order alone"


def test_R3_a_lost_callback_counts_until_the_record_knows() -> None:
    clock = Steps()
    ledger = Ledger(clock.now)
    for sid in ("CA1", "CA2"):
        ledger.add("leg.created", sid, direction="inbound", **{"from": "+12025550123", "to": "+12025550100"})
        ledger.add("webhook.dropped", sid, event="completed")
    known = {"kind": "leg.ended", "data": {"sid": "CA1"}, "at": _stamp(1_007.5)}
    evidence = Evidence(ledger, Log(), Rows(events=[known]), now=1_090.0)
    assert list(lost_callbacks(evidence)) == pytest.approx([7.5, 90.0]), "the second is not known at all"


def _stamp(at: float) -> Any:
    return datetime.fromtimestamp(at, UTC)


async def test_S2_R3_an_emptied_board_and_a_bad_carrier(runs: Runs) -> None:
    """On the virtual clock; the same with processes that are killed is `hotline demo --chaos`."""
    result = await runs(Options(Run(40, 6, 40, 5), virtual=True, chaos=True))
    assert all(result["faults"].values()), result["faults"]
    assert [result[name] for name in COUNTERS] == [0] * len(COUNTERS), result["details"]
    assert result["recovered_p99_s"]["redis_emptied"] <= BOUNDS_S["redis_emptied"]
    assert result["recovered_p99_s"]["store_back"] is None, "nothing is stopped on the virtual clock (T4)"
    assert result["recovered_p99_s"]["callback_lost"] <= BOUNDS_S["callback_lost"]
