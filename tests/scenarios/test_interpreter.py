"""An interpreter's telephone rung into a conversation, at the carrier: who hears whom (L10)."""

from __future__ import annotations

import pytest

from tests.support.hotline import Hotline
from tests.support.specialist import Specialist

pytestmark = pytest.mark.anyio

FRENCH = ("+12025550170", "+12025550171")


async def wants(maria: Specialist, language: str | None = "fr") -> None:
    await maria.asks("POST", f"/api/calls/{maria.call}/interpreter", language=language)


async def test_L10_an_interpreter_is_heard_by_both_and_never_alone_with_the_caller(h: Hotline) -> None:
    maria = await h.specialist()
    caller = await h.caller()
    await h.until_talking(caller)
    phone = h.net.phone(FRENCH[0])
    phone.will_answer(2.0)
    await wants(maria)
    three = {caller.leg.sid, maria.leg.sid}
    await h.eventually(lambda: phone.leg and phone.leg.can_hear() == three, within=20, what="the interpreter")
    assert caller.leg.can_hear() == {maria.leg.sid, phone.leg.sid}
    [(_, label)] = [(e.sid, e.data["label"]) for e in h.ledger("room.joined") if e.sid == phone.leg.sid]
    assert label.startswith("interpreter_fr_")
    view = await h.call_of(caller)
    assert view.interpreter.there
    await maria.asks("POST", f"/api/calls/{maria.call}/leave")
    await h.eventually(lambda: not phone.leg.live, within=20, what="the interpreter's leave")
    await h.until_state(caller, "waiting", "offered", within=5)
    alone = h.net.ledger.together(caller.leg.sid, phone.leg.sid)[-1].end
    assert alone - h.net.ledger.together(caller.leg.sid, maria.leg.sid)[-1].end < 1, "never alone with the caller"


async def test_L10_the_next_one_is_rung_when_nobody_answers(h: Hotline) -> None:
    maria = await h.specialist()
    caller = await h.caller()
    await h.until_talking(caller)
    h.net.phone(FRENCH[0]).will_be_busy()
    second = h.net.phone(FRENCH[1])
    second.will_answer(1.0)
    await wants(maria)

    async def unanswered() -> bool:
        return bool(await h.events("call.interpreter")) and (await h.call_of(caller)).interpreter is None

    await h.eventually(unanswered, within=40, what="no answer")
    assert h.talking(caller, maria)
    await wants(maria)
    await h.eventually(lambda: second.leg and second.leg.sid in caller.leg.can_hear(), within=20, what="the second")
    await wants(maria, None)
    await h.eventually(lambda: not second.leg.live, within=10, what="the interpreter let go")
    assert caller.leg.can_hear() == {maria.leg.sid}


async def test_L10_a_caller_who_goes_while_it_rings_rings_nobody(h: Hotline) -> None:
    maria = await h.specialist()
    caller = await h.caller()
    await h.until_talking(caller)
    phone = h.net.phone(FRENCH[0])
    await wants(maria)
    await h.eventually(lambda: phone.leg is not None and phone.leg.live, within=10, what="its ring")
    await caller.hangs_up()
    await h.eventually(lambda: not phone.leg.live, within=10, what="the end of its ring")
