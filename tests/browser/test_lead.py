"""The lead's board against a real queue: what it shows, and what a lead does beside a call (L10)."""

from __future__ import annotations

import pytest

from tests.browser.conftest import House, Window, eventually
from tests.browser.test_pages import looked_at
from tests.browser.test_specialist import in_a_call, ready, rows

pytestmark = pytest.mark.anyio


def who_hears(house: House, sid: str) -> set[str]:
    return set(house.world.net.legs[sid].can_hear())


async def leg_of(house: House, login: str) -> str:
    """The live softphone leg of somebody."""

    async def found() -> str:
        legs = house.world.net.legs.values()
        return next((leg.sid for leg in legs if leg.live and leg.from_ == f"client:{house.people[login]}"), "")

    return await eventually(found, f"a leg of {login}")


async def test_the_board_shows_the_queue_longest_wait_first(house: House) -> None:
    lead = await house.window("lead")
    await lead.sees("Nobody is waiting.")
    await house.shot(lead, "board-empty-night")
    for _ in range(3):
        await house.caller()
    rows_shown = lead.page.locator(".rows tbody tr[class]")
    await eventually(lambda: count(rows_shown, 3), "three rows")
    waits = [await rows_shown.nth(index).locator(".wait").inner_text() for index in range(3)]
    assert waits == sorted(waits, reverse=True)
    await lead.page.locator(".rows .next", has_text="more people in 0:").first.wait_for()
    await house.shot(lead, "board-queue-night")
    definition = lead.page.locator("#def-service_level")
    await lead.page.get_by_text("Service level").focus()
    assert await definition.is_visible()
    assert lead.complaints() == []


async def count(locator, wanted: int) -> bool:
    return await locator.count() == wanted


async def test_L10_a_lead_listens_whispers_joins_and_takes_over_from_the_keyboard(house: House) -> None:
    window = await ready(house)
    phone = await in_a_call(house, window)
    lead = await house.window("lead")
    await lead.sees("specialist1")
    await house.shot(lead, "board-talk-night")
    caller, owner = phone.leg.sid, await leg_of(house, "specialist1")
    await lead.page.keyboard.press("l")
    await lead.sees("You listen")
    mine = await leg_of(house, "lead")
    await eventually(lambda: graph(house, mine, {caller, owner}), "the lead hears both")
    assert mine not in who_hears(house, caller) | who_hears(house, owner)
    await lead.page.keyboard.press("w")
    await eventually(lambda: graph(house, owner, {caller, mine}), "the specialist hears the lead")
    assert mine not in who_hears(house, caller)
    await house.shot(lead, "board-whisper-night")
    await lead.page.keyboard.press("j")
    await eventually(lambda: graph(house, caller, {owner, mine}), "the caller hears both")
    await lead.page.keyboard.press("o")
    await lead.sees("You are with the caller")
    await house.shot(lead, "lead-call-night")
    owners = await eventually(lambda: taken(house), "the record of who owned it")
    assert owners[-1].spec == house.people["lead"]
    assert lead.complaints() == []


async def taken(house: House) -> list:
    found = await rows(house, "select coalesce(to_spec, '') as spec from ownerships order by at, n")
    return found if len(found) > 1 else []


async def graph(house: House, sid: str, hears: set[str]) -> bool:
    return who_hears(house, sid) >= hears


async def plan_page(house: House, who: str = "lead") -> Window:
    lead = await house.window(who)
    await lead.sees("Nobody is waiting.")
    await lead.page.keyboard.press("p")
    await lead.sees("As it came with the lines file")
    return lead


async def saved(window: Window, why: str) -> None:
    await window.page.get_by_label("Why (kept with the version)").fill(why)
    await window.page.keyboard.press("Escape")
    await window.page.keyboard.press("s")


async def test_a_lead_edits_the_plan_and_a_late_second_one_is_told(house: House) -> None:
    lead, other = await plan_page(house), await plan_page(house)
    found = await looked_at(house, lead, "plan")
    await lead.page.get_by_label("Open at all times").uncheck()
    found += await looked_at(house, lead, "plan-hours")
    await lead.page.get_by_label("Open at all times").check()
    assert found == []
    second = lead.page.locator(".steps .backup input").first
    await second.fill("2000")
    await saved(lead, "Nights are quiet")
    await lead.sees("must ring after 900 s at the latest")
    await second.fill("150")
    await lead.page.keyboard.press("Escape")
    await lead.page.keyboard.press("s")
    await lead.sees("Version 1 is in force")
    await lead.sees("Nights are quiet")
    await other.page.locator(".steps .backup input").first.fill("120")
    await saved(other, "Another change")
    await other.sees("Somebody has changed this plan since you opened it")
    await other.presses("Load again")
    await other.sees("Version 1 is in force")
    assert await other.page.locator(".steps .backup input").first.input_value() == "150"
    await lead.page.keyboard.press("i")
    await lead.sees("Rige la versión 1")
    complaints = [said for said in lead.complaints() + other.complaints() if "422" not in said and "409" not in said]
    assert complaints == []
