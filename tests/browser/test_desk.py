"""What a desk knows without a draft of its own, and handoffs that no telephone of ours can ring (L7, L8, C1)."""

from __future__ import annotations

import pytest

from tests.browser.conftest import House, Window, eventually
from tests.browser.test_specialist import in_a_call, ready, rows

pytestmark = pytest.mark.anyio

STORY = "He is on the pier and has been drinking."


async def says_high(window: Window) -> None:
    await window.page.keyboard.press("Escape")
    await window.chooses("judged", "high")
    await window.page.get_by_label("Why").last.fill("a plan and the means")
    await window.presses("Save risk")


async def opens_by_hand(window: Window, whom: str) -> None:
    """The form's own field takes a name as well as a number; the keyboard is enough."""
    page = window.page
    await page.keyboard.press("Escape")
    await page.keyboard.press("g")
    await page.get_by_label("Another number, or a name").fill(whom)
    await page.keyboard.press("Escape")
    await window.chooses("why", "imminent_risk")
    await window.chooses("consent", "unable")
    await window.sees("They cannot be rung from here")
    await page.keyboard.press("g")
    await window.sees("Dial by hand, now")


async def test_L8_on_another_machine_risk_handoffs_and_the_note_are_there(house: House) -> None:
    """Nothing is typed twice, and what keeps a call open is known to whoever has it now."""
    window = await ready(house)
    await in_a_call(house, window)
    await window.page.keyboard.press("n")
    await window.page.keyboard.type(STORY)
    await says_high(window)
    await opens_by_hand(window, "Harbour rescue, channel 16")
    await window.presses("I have reached them")
    await eventually(lambda: rows(house, "select * from emergency_handoffs where contact = 'by_hand'"), "on record")
    await eventually(lambda: rows(house, "select * from call_notes"), "the note on record")
    await window.context.close()  # with every draft that it held

    other = await house.window("specialist1")
    await other.sees("Back into the room")
    await other.sees("My judgement: High")
    await other.sees("Harbour rescue, channel 16")
    assert await other.page.locator('[data-name="contact"] [data-value="by_hand"] input').is_checked()
    await eventually(lambda: note_is(other, STORY), "the note goes on where it was left")
    await house.shot(other, "call-elsewhere-night")
    await other.page.keyboard.press("j")
    await other.sees("You are with the caller")
    await other.page.keyboard.press("e")
    await other.sees("only a lead ends this call")
    await house.shot(other, "call-end-night")
    assert other.complaints() == []


async def note_is(window: Window, text: str) -> bool:
    return await window.page.locator("#notes").input_value() == text


async def test_C1_the_next_agency_is_asked_also_after_the_caller_has_gone(house: House) -> None:
    window = await ready(house)
    page = window.page
    phone = await in_a_call(house, window)
    await opens_by_hand(window, "the ranger's own telephone")
    assert await window.violations() == []
    await house.shot(window, "by-hand-name-night")
    await window.presses("No answer")
    await phone.hangs_up()
    await window.sees("Wrap-up")
    await window.presses("Ask the next agency")
    await window.sees("The caller has gone: ring them by hand")
    assert await page.locator('.handoff-form [data-name="why"] [data-value="imminent_risk"] input').is_checked()
    await window.chooses("to", "dispatch-south")
    await house.shot(window, "wrapup-agency-night")
    await page.keyboard.press("g")
    await window.sees("+1 202 555 0181")
    await window.presses("I have reached them")
    second = page.locator(".handoff").nth(1)
    await second.locator('[data-name="outcome"] [data-value="contact_confirmed"]').click()
    await second.get_by_role("button", name="Close handoff").click()
    await page.locator(".handoff").first.get_by_role("button", name="Close handoff").click()
    closed = "select contact, outcome from emergency_handoffs where closed_at is not null order by opened_at"
    found = await eventually(lambda: two(house, closed), "both are closed on record")
    assert [tuple(row) for row in found] == [("no_answer", None), ("by_hand", "contact_confirmed")]
    assert house.world.net.phone("+12025550181").leg is None
    assert await window.violations() == []
    assert window.complaints() == []


async def two(house: House, query: str) -> list:
    found = await rows(house, query)
    return found if len(found) == 2 else []
