"""Legs in flight when the board loses its data: their ends come on record with the carrier's stamps (promise 3, R3)."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from app.records import models as m
from app.records import queries
from telephony.carrier import CarrierAway
from telephony.emulator import Phone
from tests.app.reconciler.boards import emptied, kept, put_back
from tests.support.hotline import Hotline
from tests.support.specialist import Specialist

pytestmark = pytest.mark.anyio

#: Seconds within which what no callback tells is on record (R3).
BOUND_S = 60.0


async def talking(h: Hotline) -> tuple[Specialist, Phone]:
    maria = await h.specialist()
    caller = await h.caller()
    assert await h.until_talking(caller) is maria
    await h.passes(5)
    return maria, caller


async def row_of(h: Hotline, sid: str) -> Any:
    async with h.ctx.sessions() as session:
        return await session.get(m.Leg, sid)


async def on_record(h: Hotline, sid: str) -> Any:
    """The leg's row, once it has an end."""

    async def ended() -> Any:
        row = await row_of(h, sid)
        return row if row and row.ended_at else None

    return await h.eventually(ended, within=BOUND_S, what="the end on record")


async def ends_of(h: Hotline, sid: str) -> int:
    """How often the log has the end of this leg."""
    async with h.ctx.sessions() as session:
        events = await session.scalars(select(m.CallEvent).where(m.CallEvent.kind == "leg.ended"))
        return sum(event.data["sid"] == sid for event in events)


async def test_R3_a_specialists_leg_that_ends_while_the_board_is_emptied(h: Hotline) -> None:
    """Its callbacks meet a board that knows no such leg, and the caller is gone too."""
    maria, caller = await talking(h)
    await maria.goes_away()
    for lost in ("participant-leave", "participant-leave", "completed"):
        h.net.faults.drop_next(lost)
    await emptied(h)
    await maria.hangs_up()
    ended = h.clock.now()
    await caller.hangs_up()
    leg = await on_record(h, maria.leg.sid)
    assert abs(leg.ended_at.timestamp() - ended) <= 1
    assert leg.ended_earliest_at is None, "the carrier's own stamp"
    assert leg.left_earliest_at.timestamp() - 1 <= ended <= leg.left_latest_at.timestamp() + 1
    await h.passes(30)
    assert await ends_of(h, maria.leg.sid) == 1


async def test_R3_a_leg_of_which_only_the_request_is_on_record(h: Hotline) -> None:
    """The callback of its coming was lost before the board was emptied: it was in its room all the same."""
    h.net.faults.drop_next("participant-join")
    maria, caller = await talking(h)
    assert (await row_of(h, maria.leg.sid)).joined_at is None
    await maria.goes_away()
    for lost in ("participant-leave", "participant-leave", "completed"):
        h.net.faults.drop_next(lost)
    await emptied(h)
    await maria.hangs_up()
    await caller.hangs_up()
    leg = await on_record(h, maria.leg.sid)
    inside = {kind: [e.at for e in h.ledger(f"room.{kind}") if e.sid == maria.leg.sid] for kind in ("joined", "left")}
    for kind, (truth,) in inside.items():
        earliest, latest = getattr(leg, f"{kind}_earliest_at"), getattr(leg, f"{kind}_latest_at")
        assert earliest.timestamp() - 1 <= truth <= latest.timestamp() + 1


async def test_R3_it_is_tried_until_record_and_carrier_answer(h: Hotline, monkeypatch: pytest.MonkeyPatch) -> None:
    maria, caller = await talking(h)
    await maria.goes_away()
    ask, fetch, refused = queries.open_legs, h.ctx.carrier.leg, []

    async def away(*_: Any) -> Any:
        refused.append(1)
        if len(refused) < 3:
            raise OSError("the record is away")
        return await ask(*_)

    async def no_answer(sid: str) -> Any:
        if sid == maria.leg.sid and refused.append(1) is None and len(refused) < 8:
            raise CarrierAway
        return await fetch(sid)

    monkeypatch.setattr(queries, "open_legs", away)
    monkeypatch.setattr(h.ctx.carrier, "leg", no_answer)
    await emptied(h)
    await maria.hangs_up()
    await caller.hangs_up()
    await on_record(h, maria.leg.sid)
    assert len(refused) >= 8


async def test_R2_a_conversation_that_goes_on_is_only_watched(h: Hotline) -> None:
    maria, caller = await talking(h)
    await emptied(h)
    await h.passes(45)
    assert h.talking(caller, maria)
    assert await ends_of(h, maria.leg.sid) == 0
    assert len(h.net.ledger.together(caller.leg.sid, maria.leg.sid)) == 1
    await caller.hangs_up()
    await on_record(h, maria.leg.sid)
    assert [await ends_of(h, leg.sid) for leg in (caller.leg, maria.leg)] == [1, 1]


async def test_S2_a_last_callback_that_is_repeated_changes_no_record(h: Hotline) -> None:
    """The call was closed before; the emptied board is told its end once more (known fault 14)."""
    _, caller = await talking(h)
    await caller.hangs_up()
    await h.until_state(caller, "closed")
    await h.passes(5)
    before = await end_on_record(h, caller)
    await emptied(h)
    await repeated_last_callback(h, caller)
    await h.passes(30)
    assert await end_on_record(h, caller) == before


async def test_S2_an_older_board_ends_a_call_of_before_once_more(h: Hotline) -> None:
    """By its data they still talk; the carrier says that the caller has gone."""
    _, caller = await talking(h)
    earlier = await kept(h)
    await caller.hangs_up()
    await h.until_state(caller, "closed")
    await h.passes(5)
    before = await end_on_record(h, caller)
    await put_back(h, earlier)
    await h.until_state(caller, "closed", within=30)
    await h.passes(5)
    assert await end_on_record(h, caller) == before


async def end_on_record(h: Hotline, caller: Phone) -> tuple[Any, ...]:
    """How the call has ended, and how many ends a board has told that did not rebuild it."""
    async with h.ctx.sessions() as session:
        row = await session.scalar(select(m.Call).where(m.Call.sid == caller.leg.sid))
        told = await session.scalars(select(m.CallEvent).where(m.CallEvent.kind == "call.ended"))
        first_hand = sum(not event.data.get("resurrected") for event in told)
    assert row is not None
    return row.outcome, row.side, row.ended_at, row.answered_at, row.end_cause, row.state, first_hand


async def repeated_last_callback(h: Hotline, caller: Phone) -> None:
    """The carrier sends `completed` again."""
    from app import flow
    from telephony.carrier import LegProgress

    ended = next(entry.at for entry in h.ledger("leg.ended") if entry.sid == caller.leg.sid)
    await flow.leg_changed(h.ctx, LegProgress(caller.leg.sid, "completed", 9, float(int(ended)), direction="inbound"))
