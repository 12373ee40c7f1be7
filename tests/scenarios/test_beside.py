"""A lead beside a conversation, at the carrier: who hears whom (L10)."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from tests.support.hotline import Hotline
from tests.support.specialist import Specialist

pytestmark = pytest.mark.anyio


class Lead:
    """The on-call lead's console and softphone."""

    def __init__(self, h: Hotline, person: Specialist) -> None:
        self.h, self.person, self.leg = h, person, None

    async def is_beside(self, call: str, mode: str) -> Any:
        said = await self.person.asks("POST", f"/api/calls/{call}/{mode}", tab="tab")
        if not said["joined"]:
            token = (await self.person.asks("POST", "/api/softphone-token"))["token"]
            self.leg = await self.person._soft.connect(token, said["app_params"])
            await self.leg.wait_in_room()
        return self.leg

    async def takes_over(self, call: str) -> None:
        await self.person.asks("POST", f"/api/calls/{call}/take-over")
        self.person.call, self.person.leg = call, self.leg
        await self.person._beat()


async def test_L10_listen_whisper_barge_take_over(h: Hotline) -> None:
    maria = await h.specialist()
    lead = Lead(h, await h.specialist(role="lead", ready=False))
    caller = await h.caller()
    assert await h.until_talking(caller) is maria
    leg = await lead.is_beside(maria.call, "listen")
    both = {caller.leg.sid, maria.leg.sid}
    assert leg.can_hear() == both
    assert caller.leg.can_hear() == {maria.leg.sid}
    assert maria.leg.can_hear() == {caller.leg.sid}
    await lead.is_beside(maria.call, "whisper")
    await h.eventually(lambda: leg.sid in maria.leg.can_hear(), within=5, what="the whisper")
    assert caller.leg.can_hear() == {maria.leg.sid}, "the caller hears no whisper"
    await lead.is_beside(maria.call, "barge")
    await h.eventually(lambda: leg.sid in caller.leg.can_hear(), within=5, what="the lead aloud")
    await lead.takes_over(maria.call)
    await maria.asks("POST", f"/api/calls/{maria.call}/leave")
    await h.eventually(lambda: not maria.leg.live, within=10, what="the specialist's leave")
    await h.passes(60)
    assert caller.leg.can_hear() == {leg.sid}
    view = await h.until_state(caller, "talking", within=1)
    assert view.owner == lead.person.spec
    assert len(h.net.ledger.together(caller.leg.sid, leg.sid)) == 1, "one conversation, never interrupted"
    await caller.hangs_up()
    await h.eventually(lambda: not leg.live, within=20, what="the room's end")


async def test_L10_a_whisper_from_the_start_and_one_that_follows_a_new_leg(h: Hotline) -> None:
    maria = await h.specialist()
    lead = Lead(h, await h.specialist(role="lead", ready=False))
    caller = await h.caller()
    await h.until_talking(caller)
    leg = await lead.is_beside(maria.call, "whisper")
    assert leg.sid in maria.leg.can_hear()
    assert leg.sid not in caller.leg.can_hear()
    before = maria.leg
    await maria.rejoins()
    assert maria.leg is not before
    await h.eventually(lambda: leg.sid in maria.leg.can_hear(), within=10, what="the whisper in the new leg")
    assert leg.sid not in caller.leg.can_hear()


async def test_L1_a_lead_who_listens_keeps_no_room_alive(h: Hotline) -> None:
    maria = await h.specialist()
    lead = Lead(h, await h.specialist(role="lead", ready=False))
    caller = await h.caller()
    await h.until_talking(caller)
    leg = await lead.is_beside(maria.call, "listen")
    await maria.hangs_up()
    await h.eventually(lambda: maria.leg.sid not in caller.leg.can_hear(), within=5)
    await caller.hears("connection", within=10)
    await caller.hangs_up()
    await h.eventually(lambda: not leg.live, within=60, what="the lead's leg's end")
    assert (await lead.person.asks("PUT", "/api/presence", presence="offline"))["duty"] == "idle"


async def test_L10_a_caller_on_hold_hears_words_every_8_s_and_nobody(h: Hotline) -> None:
    maria = await h.specialist()
    caller = await h.caller()
    await h.until_talking(caller)
    await maria.asks("POST", f"/api/calls/{maria.call}/hold", on=True)
    await h.eventually(lambda: not caller.leg.can_hear(), within=5, what="the hold")
    began = h.clock.now()
    await h.passes(30)
    heard = [e for e in h.ledger("heard") if e.sid == caller.leg.sid and e.at >= began - 2]
    said = [e.at for e in heard if "on hold" in str(e.data)]
    assert len(said) >= 3, heard
    assert max(b - a for a, b in pairwise(said)) <= 10
    await maria.asks("POST", f"/api/calls/{maria.call}/hold", on=False)
    await h.eventually(lambda: h.talking(caller, maria), within=5, what="the caller back")
    assert await h.state_of(caller) == "talking"
