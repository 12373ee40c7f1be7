"""An emptied board finds a caller alone with an agency: nobody interrupts them (P4, L1, L8)."""

from __future__ import annotations

import pytest

from telephony.emulator import Phone
from tests.app.reconciler.boards import emptied, kept, put_back
from tests.support.hotline import Hotline
from tests.support.specialist import Specialist

pytestmark = pytest.mark.anyio

CALL_TAKER = "+12025550181"


async def with_agency_alone(h: Hotline) -> tuple[Specialist, Phone, Phone]:
    """A specialist has brought in an agency and is gone; the caller talks with the agency."""
    agency = h.net.phone(CALL_TAKER)
    agency.will_answer(after=3.0)
    maria = await h.specialist()
    caller = await h.caller()
    assert await h.until_talking(caller) is maria
    await maria.asks("POST", f"/api/calls/{maria.call}/handoffs", **h.handoff(CALL_TAKER))
    await h.eventually(lambda: agency.leg and agency.leg.room, within=20, what="the agency in the room")
    await h.passes(5)
    await maria.is_now("break")
    await maria.hangs_up()
    await h.passes(15)
    assert caller.leg.can_hear() == {agency.leg.sid}
    return maria, caller, agency


def undisturbed(h: Hotline, caller: Phone, agency: Phone) -> bool:
    """The two hear each other as they did, and the caller was never taken out of the room."""
    left = [entry for entry in h.ledger("room.left") if entry.sid in (caller.leg.sid, agency.leg.sid)]
    return not left and caller.leg.can_hear() == {agency.leg.sid}


async def test_P4_an_emptied_board_leaves_a_caller_with_the_agency(h: Hotline) -> None:
    maria, caller, agency = await with_agency_alone(h)
    await emptied(h)
    await h.until_state(caller, "waiting", "offered", "reconnecting", within=25)
    await h.passes(30)
    assert undisturbed(h, caller, agency)
    await maria.is_now("available")
    await h.eventually(lambda: h.talking(caller, maria), within=40, what="a specialist beside them again (L8)")
    assert agency.leg.sid in caller.leg.can_hear()
    assert not [entry for entry in h.ledger("room.left") if entry.sid == caller.leg.sid]


async def test_P4_an_older_board_leaves_a_caller_with_the_agency(h: Hotline) -> None:
    """The data of before the conversation are back: by them the caller waits."""
    agency = h.net.phone(CALL_TAKER)
    agency.will_answer(after=3.0)
    caller = await h.caller()
    await h.until_state(caller, "waiting")
    before = await kept(h)
    maria = await h.specialist()
    assert await h.until_talking(caller) is maria
    await maria.asks("POST", f"/api/calls/{maria.call}/handoffs", **h.handoff(CALL_TAKER))
    await h.eventually(lambda: agency.leg and agency.leg.room, within=20, what="the agency in the room")
    await h.passes(5)
    await maria.is_now("break")
    await maria.hangs_up()
    await h.passes(15)
    await put_back(h, before)
    await h.passes(40)
    assert undisturbed(h, caller, agency)
    await maria.is_now("available")
    await h.eventually(lambda: h.talking(caller, maria), within=40, what="a specialist beside them again (L8)")
    assert agency.leg.sid in caller.leg.can_hear()
    assert not [entry for entry in h.ledger("room.left") if entry.sid == caller.leg.sid]
