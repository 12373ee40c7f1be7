"""The danger key, and an agency that rings back."""

from __future__ import annotations

import pytest

from tests.support.hotline import AGENCY_SEES, Hotline

pytestmark = pytest.mark.anyio


async def test_H6_the_key_moves_a_caller_to_the_front(h: Hotline) -> None:
    patient, hurt = await h.caller(), await h.caller()
    for phone in (patient, hurt):
        await phone.hears("looking for someone", within=15)
    await hurt.presses("1")
    await hurt.hears("9 1 1", within=2)
    view = await h.until_state(hurt, "waiting")
    assert view.cls == "danger"
    maria = await h.specialist()
    assert await h.until_talking(hurt, within=15) is maria
    assert await h.state_of(patient) == "waiting"


async def test_H6_a_lead_hears_of_it_at_once(h: Hotline) -> None:
    lead = await h.specialist(role="lead", ready=False)
    caller = await h.caller()
    await caller.hears("crisis line", within=1)
    await caller.presses("1")
    await h.eventually(
        lambda: [m for m in lead.messages if m["type"] == "alarm" and m["kind"] == "danger"],
        within=3,
        what="the alarm",
    )


async def test_H6_nobody_accepts_and_the_backup_line_rings_after_30_s(h: Hotline) -> None:
    backup = h.backup_phone()
    backup.will_answer(after=2.0, then=h.presses_one(backup))
    caller = await h.caller()
    await caller.hears("crisis line", within=1)
    await caller.presses("1")
    pressed = h.clock.now()
    await h.until_state(caller, "backup_talking", within=45)
    assert 30 <= h.clock.now() - pressed <= 45
    await h.eventually(lambda: backup.leg.sid in caller.leg.can_hear(), within=2, what="the two being connected")


async def test_C2_an_agency_that_rings_back_is_ahead_of_everybody_without_a_menu(h: Hotline) -> None:
    waiting = await h.caller()
    await h.until_state(waiting, "waiting")
    agency = await h.caller(to=AGENCY_SEES)
    await agency.hears("person in charge", within=2)
    maria = await h.specialist()
    assert await h.until_talking(agency, within=15) is maria
    assert await h.state_of(waiting) == "waiting"
