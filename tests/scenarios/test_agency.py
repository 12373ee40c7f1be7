"""Emergency services in the room (L1, C1, C2)."""

from __future__ import annotations

import pytest

from tests.support.hotline import AGENCY_SEES, Hotline

pytestmark = pytest.mark.anyio

CALL_TAKER = "+12025550181"


async def test_L1_the_caller_drops_and_the_call_taker_and_the_specialist_go_on(h: Hotline) -> None:
    agency = h.net.phone(CALL_TAKER)
    agency.will_answer(after=3.0)
    maria = await h.specialist()
    caller = await h.caller()
    assert await h.until_talking(caller) is maria
    await h.passes(5)
    await maria.asks("POST", f"/api/calls/{maria.call}/handoffs", **h.handoff(CALL_TAKER))
    await h.eventually(lambda: agency.leg and agency.leg.room, within=20, what="the agency in the room")
    assert agency.leg.from_ == AGENCY_SEES, "the number that agencies ring back (C2)"
    assert caller.leg.can_hear() == {maria.leg.sid, agency.leg.sid}
    await caller.hangs_up()
    await h.until_state(caller, "agency_only", within=3)
    await h.passes(60)
    assert maria.leg.sid in agency.leg.can_hear()
    assert agency.leg.sid in maria.leg.can_hear()
    assert len(h.net.ledger.together(maria.leg.sid, agency.leg.sid)) == 1, "not interrupted"
    await agency.hangs_up()
    await h.until_state(caller, "closed", within=5)
    await h.eventually(lambda: not maria.leg.live, within=10, what="the room's end")


async def test_C2_who_rings_back_reaches_the_owner_of_the_handoff_before_anybody_else(h: Hotline) -> None:
    agency = h.net.phone(CALL_TAKER)
    agency.will_answer(after=3.0)
    maria = await h.specialist()
    caller = await h.caller()
    assert await h.until_talking(caller) is maria
    await maria.asks("POST", f"/api/calls/{maria.call}/handoffs", **h.handoff(CALL_TAKER))
    await h.eventually(lambda: agency.leg and agency.leg.room, within=20, what="the agency in the room")
    await h.passes(5)
    nina = await h.specialist()  # free for longer than Maria will have been
    await agency.hangs_up()
    await caller.hangs_up()
    await h.eventually(lambda: not maria.leg.live and not maria.call, within=30, what="the end of the wrap-up")
    for phone in [await h.caller() for _ in range(2)]:
        await phone.hears("crisis line", within=2)
    await agency.dials(AGENCY_SEES)
    await agency.hears("person in charge", within=2)
    assert await h.until_talking(agency, within=30) is maria
    assert nina.leg is None or not h.talking(agency, nina)
