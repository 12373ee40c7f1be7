"""26: what is supplied without its callback is told with the span in which it happened; the carrier's stamps stand."""

from __future__ import annotations

from typing import Any

import pytest

from app.reconciler.memory import AGE_S, LAG_S, Memory, span
from tests.app.reconciler.boards import emptied
from tests.support.hotline import Hotline

pytestmark = pytest.mark.anyio

#: Seconds within which a lost callback is healed (R3), and that the span of a supplied stamp may have (T).
BOUND_S = 60.0


def ends_of(event: Any) -> tuple[float, float]:
    return event.data["earliest_ms"] / 1000, event.data["latest_ms"] / 1000


async def test_R3_an_end_whose_callback_was_lost_is_the_carriers_own_stamp(h: Hotline) -> None:
    await h.specialist()
    caller = await h.caller()
    await h.until_talking(caller)
    await h.passes(5)
    for lost in ("completed", "participant-leave"):
        h.net.faults.drop_next(lost)
    await caller.hangs_up()
    ended = h.clock.now()
    await h.until_state(caller, "closed", within=BOUND_S)
    (end,) = [e for e in await h.events("leg.ended") if e.data["role"] == "caller"]
    assert "earliest_ms" not in end.data
    assert abs(end.data["at_ms"] / 1000 - ended) <= 1
    (left,) = [e for e in await h.events("leg.left") if e.data["role"] == "caller"]
    earliest, latest = ends_of(left)
    assert earliest <= ended <= latest <= earliest + BOUND_S


async def test_T_a_conversation_whose_beginning_was_never_told_is_an_answer(h: Hotline) -> None:
    maria = await h.specialist()
    h.net.faults.duplicate_next("participant-join")  # the specialist's
    h.net.faults.drop_next("participant-join")  # the caller's
    caller = await h.caller()
    await h.until_talking(caller)
    came = h.clock.now()
    await h.until_state(caller, "talking", within=20)
    await maria.hangs_up()
    await caller.hangs_up()
    await h.until_state(caller, "closed", within=BOUND_S)
    (joined,) = [e for e in await h.events("leg.joined") if e.data["role"] == "caller"]
    assert abs(joined.data["at_ms"] / 1000 - came) <= 1
    (end,) = await h.events("call.ended")
    assert end.data["outcome"] == "answered"


async def test_P4_comings_that_an_emptied_board_learns_again_have_a_span(h: Hotline) -> None:
    maria = await h.specialist()
    caller = await h.caller()
    await h.until_talking(caller)
    came = {entry.sid: entry.at for entry in h.ledger("room.joined")}
    await h.passes(12)
    await emptied(h)
    known = {caller.leg.sid, maria.leg.sid}

    async def told() -> list[Any] | None:
        joined = [e for e in await h.events("leg.joined") if e.data["sid"] in known]
        return joined if {e.data["sid"] for e in joined} == known else None

    for event in await h.eventually(told, within=30):
        earliest, latest = ends_of(event)
        assert earliest - 1 <= came[event.data["sid"]] <= latest
        assert latest - earliest <= BOUND_S
    assert h.talking(caller, maria), "nobody was fetched out"


def test_T5_a_span_begins_with_the_last_that_is_known_to_have_been_before() -> None:
    assert span(9_000, 2_000, None, 5_000) == {"earliest_ms": 5_000, "latest_ms": 9_000}
    assert span(9_000, 12_000) == {"earliest_ms": 9_000, "latest_ms": 9_000}, "never turned round"


def test_T5_what_a_list_has_shown_was_true_a_lag_ago() -> None:
    memory = Memory()
    memory.is_alive("CA1", 100.0)
    memory.is_in("CA1", "CF1", 110.0, inside=True)
    memory.is_in("CA1", "CF1", 120.0, inside=False)
    seen = [memory.alive("CA1"), memory.inside("CA1", "CF1"), memory.outside("CA1", "CF1")]
    assert seen == [(at - LAG_S) * 1000 for at in (100.0, 110.0, 120.0)]
    assert memory.alive("CA2") is None


def test_19_what_was_seen_in_two_passes_a_moment_apart_is_not_believed() -> None:
    memory = Memory()
    assert not memory.aged("not left", "CA1", 100.0)
    memory.turn_over(100.0)
    assert not memory.aged("not left", "CA1", 100.5)
    memory.turn_over(100.5)
    assert memory.aged("not left", "CA1", 100.0 + AGE_S)


def test_19_what_one_pass_did_not_see_begins_anew() -> None:
    memory = Memory()
    memory.aged("not left", "CA1", 100.0)
    memory.turn_over(100.0)
    memory.turn_over(103.0)
    assert not memory.aged("not left", "CA1", 100.0 + AGE_S)
