"""A whole night in one call, acted out in real windows with real sound, and nothing mocked between them (issue of the
console): each person sends a pitch of their own, and what is measured is who hears whom."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from app.demo.scripts import AGENCIES
from tests.browser.conftest import House, Window, eventually
from tests.browser.test_specialist import answers, ready

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300)]

#: Each person's pitch, Hz: none is a multiple of another's.
CALLER_HZ, SPECIALIST_HZ, LEAD_HZ, AGENCY_HZ = 700, 1100, 1500, 1900
CALLER = "+12025550155"
#: Louder than any one pitch of spoken words or music; a voice is 0.3.
WORDS = 0.1


async def test_L8_L10_a_night_in_one_call(house: House) -> None:
    caller, agency = await house.telephone(CALLER, CALLER_HZ), await house.telephone(AGENCIES[0], AGENCY_HZ)
    specialist, lead = await ready(house, voice=SPECIALIST_HZ), await house.window("lead", voice=LEAD_HZ)
    await _each_hears_the_other_after_the_answer_and_not_on_hold(caller, specialist)
    await _a_lead_listens_whispers_and_joins(lead, caller, specialist)
    await _risk_is_high(specialist)
    await _emergency_services_join(specialist, agency, caller)
    back = await _the_specialists_window_dies(house, specialist, lead, caller)
    await agency.hears(SPECIALIST_HZ, CALLER_HZ)
    await agency.presses("Hang up")
    await caller.presses("Hang up")
    await back.sees("Wrap-up")
    await back.sees("They were in the call, and have left.")
    await house.shot(back, "story-wrapup-night")
    await _the_record_holds_it(house)


async def _each_hears_the_other_after_the_answer_and_not_on_hold(caller: Window, specialist: Window) -> None:
    await caller.presses("Call")
    await specialist.sees("A caller needs you")
    assert await caller.page.evaluate(f"measure({SPECIALIST_HZ})") < WORDS
    assert await specialist.page.evaluate(f"measure({CALLER_HZ})") == 0
    await answers(specialist)
    await caller.hears(SPECIALIST_HZ)
    await specialist.hears(CALLER_HZ)
    await specialist.page.keyboard.press("h")
    await specialist.sees("On hold")
    await caller.hears_not(SPECIALIST_HZ)
    await specialist.hears_not(CALLER_HZ)
    await specialist.page.keyboard.press("h")
    await caller.hears(SPECIALIST_HZ)
    await specialist.hears(CALLER_HZ)


async def _a_lead_listens_whispers_and_joins(lead: Window, caller: Window, specialist: Window) -> None:
    await lead.sees("specialist1")
    await lead.page.keyboard.press("l")
    await lead.sees("You listen")
    await lead.hears(CALLER_HZ, SPECIALIST_HZ)
    await asyncio.gather(caller.hears_not(LEAD_HZ), specialist.hears_not(LEAD_HZ))
    await lead.page.keyboard.press("w")
    await specialist.hears(LEAD_HZ)
    await caller.hears_not(LEAD_HZ)
    await caller.hears(SPECIALIST_HZ)
    await lead.page.keyboard.press("j")
    await caller.hears(LEAD_HZ)
    await specialist.hears(LEAD_HZ, CALLER_HZ)
    await lead.page.keyboard.press("s")
    await caller.hears_not(LEAD_HZ)


async def _risk_is_high(specialist: Window) -> None:
    await specialist.page.keyboard.press("Escape")
    await specialist.chooses("judged", "high")
    await specialist.page.get_by_label("Why").last.fill("a plan and the means")
    await specialist.presses("Save risk")


async def _emergency_services_join(specialist: Window, agency: Window, caller: Window) -> None:
    page = specialist.page
    await page.keyboard.press("Escape")
    await page.keyboard.press("g")
    await specialist.chooses("to", "dispatch-north")
    await specialist.chooses("why", "imminent_risk")
    await specialist.chooses("consent", "given")
    await page.keyboard.press("g")
    await agency.sees("It rings for you")
    await agency.presses("Answer")
    await asyncio.gather(caller.hears(AGENCY_HZ), specialist.hears(AGENCY_HZ), agency.hears(CALLER_HZ, SPECIALIST_HZ))


async def _the_specialists_window_dies(house: House, specialist: Window, lead: Window, caller: Window) -> Window:
    """The renderer is killed: the caller is told, the lead sees it, and one click leads back into the room (L8)."""
    devtools = await specialist.context.new_cdp_session(specialist.page)
    crashing = asyncio.ensure_future(devtools.send("Page.crash"))
    await caller.hears_not(SPECIALIST_HZ)
    await lead.sees("Connection lost")
    await caller.sees("stay with me")
    crashing.cancel()
    back = Window(await specialist.context.new_page(), specialist.context, specialist.login)
    await back.opens(house.url)
    await back.sees("Back into the room")
    await back.page.keyboard.press("j")
    await back.sees("You are with the caller")
    await caller.hears(SPECIALIST_HZ)
    await back.hears(CALLER_HZ)
    return back


async def _the_record_holds_it(house: House) -> None:
    async def over() -> list[Any]:
        return await house.rows("select * from calls where closed_at is not null")

    async def ended() -> list[Any]:
        legs = await house.rows("select role, joined_at, left_at, ended_at from legs")
        return legs if all(leg.joined_at and leg.left_at and leg.ended_at for leg in legs) else []

    [call] = await eventually(over, "the call is over on record")
    assert (call.outcome, call.contact_id is not None) == ("answered", True)
    assert [row.judged for row in await house.rows("select judged from risk_assessments")] == ["high"]
    [handoff] = await house.rows("select * from emergency_handoffs")
    assert (handoff.why, handoff.consent) == ("imminent_risk", "given")
    assert "connected" in [row.state for row in await house.rows("select state from offers")]
    legs = await eventually(ended, "every leg was in the room and has ended")
    assert sorted(leg.role for leg in legs) == ["agency", "caller", "lead", "owner", "owner"]
    spec = house.people["specialist1"]
    assert {row.spec for row in await house.rows("select spec from engagements where role = 'owner'")} == {spec}
    told = await house.rows("select kind from public.call_events where call_id in (select id from calls) order by n")
    kinds = [row.kind for row in told]
    assert (kinds[0], "offer.made" in kinds, "handoff.opened" in kinds) == ("call.arrived", True, True)
