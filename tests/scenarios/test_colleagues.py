"""A colleague beside one's own call, at the carrier: who hears whom, and whose the call is (L10)."""

from __future__ import annotations

from itertools import pairwise

import httpx
import pytest
from sqlalchemy import select

from app.records.models import CallEvent, Engagement, Offer, Ownership
from telephony.emulator import Phone
from tests.support.hotline import Hotline
from tests.support.specialist import Specialist

pytestmark = pytest.mark.anyio


async def conversation(h: Hotline) -> tuple[Phone, Specialist, Specialist]:
    """A caller talks with the first; the second is free."""
    maria = await h.specialist()
    caller = await h.caller()
    assert await h.until_talking(caller) is maria
    return caller, maria, await h.specialist()


async def asked(h: Hotline, owner: Specialist, colleague: Specialist, kind: str) -> None:
    """The colleague is asked, and comes."""
    ask = {"kind": kind, "to": "person", "person": colleague.spec}
    await owner.asks("POST", f"/api/calls/{owner.call}/ask", **ask)
    await h.eventually(lambda: colleague.leg and owner.leg.sid in colleague.leg.can_hear(), within=10, what="company")


async def hands_over(owner: Specialist, colleague: Specialist) -> None:
    await owner.asks("POST", f"/api/calls/{owner.call}/hand-over", to=colleague.spec)


async def owners(h: Hotline) -> list[tuple[str | None, str | None, str | None]]:
    async with h.ctx.sessions() as store:
        rows = (await store.scalars(select(Ownership).order_by(Ownership.epoch, Ownership.event_id))).all()
    return [(row.from_spec, row.to_spec, row.reason) for row in rows]


async def test_L10_a_consult_in_private_then_all_three_then_handed_over(h: Hotline) -> None:
    caller, maria, jonas = await conversation(h)
    call = maria.call
    await asked(h, maria, jonas, "consult")
    ledger = h.net.ledger
    await h.eventually(lambda: not caller.leg.can_hear(), within=5, what="the caller's hold")
    began = h.clock.now()
    await h.passes(30)
    heard = [e for e in h.ledger("heard") if e.sid == caller.leg.sid and e.at >= began - 2]
    said = [e.at for e in heard if "not alone" in str(e.data)]
    assert len(said) >= 3, heard
    assert max(b - a for a, b in pairwise(said)) <= 10
    assert maria.leg.can_hear() == {jonas.leg.sid}
    assert jonas.leg.can_hear() == {maria.leg.sid}
    assert not ledger.together(caller.leg.sid, jonas.leg.sid), "in private from the first moment"
    assert not ledger.silences(caller.leg.sid) or max(s.seconds for s in ledger.silences(caller.leg.sid)) < 10
    await maria.asks("POST", f"/api/calls/{call}/hold", on=False)
    await h.eventually(lambda: caller.leg.can_hear() == {maria.leg.sid, jonas.leg.sid}, within=5, what="all three")
    await hands_over(maria, jonas)
    await maria.asks("POST", f"/api/calls/{call}/leave")
    await h.eventually(lambda: caller.leg.can_hear() == {jonas.leg.sid}, within=10, what="the first one's leave")
    view = await h.until_state(caller, "talking", within=1)
    assert (view.owner, view.id) == (jonas.spec, call)
    await caller.hangs_up()
    await h.eventually(lambda: not jonas.leg.live, within=20, what="the room's end")
    assert len([s for s in ledger.together(caller.leg.sid, jonas.leg.sid)]) == 1, "one conversation, never interrupted"


async def test_L10_the_record_says_who_owned_when_and_why(h: Hotline) -> None:
    caller, maria, jonas = await conversation(h)
    call = maria.call
    before = await h.call_of(caller)
    await asked(h, maria, jonas, "transfer")
    assert caller.leg.can_hear() == {maria.leg.sid, jonas.leg.sid}, "a transfer is warm"
    await hands_over(maria, jonas)
    after = await h.call_of(caller)
    place = ("id", "arrived_ms", "counter", "cls", "line", "language", "sid", "room")
    assert [getattr(after, name) for name in place] == [getattr(before, name) for name in place]
    await maria.asks("POST", f"/api/calls/{call}/leave")
    await h.passes(5)
    await caller.hangs_up()

    async def recorded() -> bool:
        async with h.ctx.sessions() as store:
            return (await store.scalar(select(CallEvent.id).where(CallEvent.kind == "call.ended"))) is not None

    await h.eventually(recorded, within=20, what="the record")
    assert await owners(h) == [
        (None, maria.spec, "accept"),
        (maria.spec, jonas.spec, "transfer"),
    ]
    async with h.ctx.sessions() as store:
        roles = {row.spec: row.role for row in await store.scalars(select(Engagement))}
        offers = {row.kind: row.state for row in await store.scalars(select(Offer))}
    assert roles == {maria.spec: "consult", jonas.spec: "owner"}
    assert offers == {"call": "connected", "transfer": "connected"}


@pytest.mark.parametrize("plan", ["decline", "silent", "away"])
async def test_L10_a_colleague_who_does_not_come_changes_nothing_for_the_caller(h: Hotline, plan: str) -> None:
    caller, maria, jonas = await conversation(h)
    jonas.plan = plan
    ask = {"kind": "transfer", "to": "line"}
    await maria.asks("POST", f"/api/calls/{maria.call}/ask", **ask)
    ends = {"declined", "expired", "unreachable"}
    told = await h.eventually(
        lambda: next((m for m in maria.messages if m["type"] == "asked" and m["state"] in ends), None),
        within=20,
        what="word of it",
    )
    assert (told["spec"], told["kind"]) == (jonas.spec, "transfer")
    with pytest.raises(httpx.HTTPStatusError):
        await hands_over(maria, jonas)
    assert len(h.net.ledger.together(caller.leg.sid, maria.leg.sid)) == 1
    assert caller.leg.can_hear() == {maria.leg.sid}
    assert await owners(h) == [(None, maria.spec, "accept")]


async def test_L8_the_owner_s_device_dies_while_the_two_talk_alone(h: Hotline) -> None:
    """The colleague is somebody with the caller: theirs is the call, and the caller is off hold at once."""
    caller, maria, jonas = await conversation(h)
    await asked(h, maria, jonas, "consult")
    await h.eventually(lambda: not caller.leg.can_hear(), within=5, what="the caller's hold")
    await maria.device_dies()
    await h.eventually(lambda: h.talking(caller, jonas), within=12, what="the colleague")
    view = await h.until_state(caller, "talking", within=5)
    assert view.owner == jonas.spec
    assert [reason for *_, reason in await owners(h)] in (["accept"], ["accept", "relief"])


@pytest.mark.parametrize("stage", ["ringing", "private", "handed over"])
async def test_P3_a_caller_who_hangs_up_frees_everybody(h: Hotline, stage: str) -> None:
    caller, maria, jonas = await conversation(h)
    if stage == "ringing":
        jonas.plan = "silent"
        ask = {"kind": "consult", "to": "person", "person": jonas.spec}
        await maria.asks("POST", f"/api/calls/{maria.call}/ask", **ask)
        await h.eventually(lambda: len(jonas.offers) == 1, within=5, what="the offer")
    else:
        await asked(h, maria, jonas, "consult")
    if stage == "handed over":
        await hands_over(maria, jonas)
        await h.eventually(lambda: h.talking(caller, jonas), within=5, what="the caller back")
    await caller.hangs_up()
    await h.until_state(caller, "closed", within=5)
    await h.eventually(lambda: not maria.leg.live, within=20, what="the owner's leg's end")
    if stage == "ringing":
        assert jonas.over[-1]["state"] == "rescinded"
    else:
        await h.eventually(lambda: not jonas.leg.live, within=20, what="the colleague's leg's end")
