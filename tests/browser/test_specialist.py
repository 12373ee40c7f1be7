"""A specialist's night: a caller, notes that are never lost, risk, help, and back into the room after a reload."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import httpx
import pytest
from playwright.async_api import TimeoutError
from redis.asyncio import Redis

from app.demo.play import PASSWORD
from tests.browser.conftest import House, Window, eventually

pytestmark = pytest.mark.anyio

#: Milliseconds after which an answer that led nowhere is given again: the board's own bounds are over then (L5).
ANSWER_MS = 16_000
STORY = "He says he lost his job in March. mhxle 1 2 3"


async def rows(house: House, query: str) -> list:
    return await house.rows(query)


async def ready(house: House, login: str = "specialist1", **about) -> Window:
    window = await house.window(login, **about)
    await window.page.keyboard.press("1")
    await window.sees("You are ready")
    return window


async def in_a_call(house: House, window: Window):
    """A caller rings and is answered with one key; both are in one room."""
    phone = await house.caller()
    await answers(window)
    await eventually(lambda: heard(phone), "the caller hears a person")
    return phone


async def answers(window: Window) -> None:
    """Take the caller; where the machine was too slow for the deadline of an offer, the next one."""
    offer, talking = (
        window.page.get_by_text(words).first for words in ("A caller needs you", "You are with the caller")
    )
    while not await talking.is_visible():
        await offer.or_(talking).first.wait_for()
        await window.page.keyboard.press("a")
        with suppress(TimeoutError):
            await talking.wait_for(timeout=ANSWER_MS)


async def heard(phone) -> bool:
    """Whether a human's leg can be heard by this telephone."""
    return any(sid != phone.leg.sid for sid in phone.leg.can_hear())


async def test_P3_an_offer_rings_is_acknowledged_and_shows_no_more_than_it_may(house: House) -> None:
    window = await ready(house)
    await house.caller()
    await window.sees("A caller needs you")
    await house.shot(window, "offer-night")
    shown = await window.page.locator(".offer").inner_text()
    assert "+1" not in shown
    assert "specialist" not in shown
    await eventually(lambda: titled(window, "waiting"), "the title says so")
    [offer] = await eventually(
        lambda: rows(house, "select made_at, acked_at from offers where acked_at is not null"), "ack"
    )
    assert (offer.acked_at - offer.made_at).total_seconds() < 2
    await window.page.keyboard.press("d")
    await window.sees("Why not this one?")
    await house.shot(window, "offer-decline-night")
    await window.page.keyboard.press("1")
    await window.sees("You are ready")
    [offer] = await eventually(lambda: rows(house, "select * from offers where state = 'declined'"), "decline")
    assert window.complaints() == []


async def titled(window: Window, words: str) -> bool:
    return words in await window.page.title()


async def test_S4_L8_notes_survive_a_reload_and_one_click_leads_back_into_the_room(house: House) -> None:
    window = await ready(house)
    page = window.page
    phone = await in_a_call(house, window)
    await page.keyboard.press("n")
    await page.keyboard.type(STORY)
    await page.reload()  # at once: what was typed a keystroke ago is there
    await window.sees("Back into the room")
    assert await page.locator("#notes").input_value() == STORY
    assert "job" not in await page.evaluate("JSON.stringify(localStorage)")
    await house.shot(window, "call-lost-night")
    await page.keyboard.press("j")
    await window.sees("You are with the caller")
    await eventually(lambda: heard(phone), "the caller hears the same person again")
    assert len(await rows(house, "select * from engagements")) == 1
    await eventually(lambda: rows(house, "select * from call_notes"), "the note on record")
    await house.shot(window, "call-night")
    assert phone.leg.live


async def test_S4_what_is_typed_while_the_server_is_away_is_sent_when_it_is_back(house: House) -> None:
    window = await ready(house)
    page = window.page
    await in_a_call(house, window)
    await window.context.set_offline(True)
    await page.keyboard.press("n")
    await page.keyboard.type(STORY)
    await page.keyboard.press("Escape")
    await window.chooses("judged", "high")
    await page.get_by_label("Why").last.fill("a plan and the means")
    await window.presses("Save risk")
    await window.sees("kept here and sent again")
    await house.shot(window, "call-offline-night")
    assert await rows(house, "select * from risk_assessments") == []
    await window.context.set_offline(False)
    [risk] = await eventually(lambda: rows(house, "select judged, screened, imminent from risk_assessments"), "risk")
    assert tuple(risk) == ("high", None, None)  # unknown is not "none"
    await eventually(lambda: rows(house, "select * from call_notes"), "the note")
    await window.sees("Everything is saved")
    await page.keyboard.press("e")
    await page.keyboard.press("1")
    await window.sees("a lead must agree")
    await house.shot(window, "call-needs-lead-night")


async def test_L7_without_the_server_number_and_script_are_shown_in_large_letters(house: House) -> None:
    window = await ready(house)
    page = window.page
    await in_a_call(house, window)
    await page.keyboard.press("g")
    await window.chooses("to", "dispatch-north")
    await window.chooses("why", "imminent_risk")
    await window.chooses("consent", "unable")
    await window.context.set_offline(True)
    await page.keyboard.press("g")
    await window.sees("Dial by hand, now")
    await window.sees("+1 202 555 0180")
    await house.shot(window, "by-hand-night")
    assert await window.violations() == []
    await window.presses("I have reached them")
    await window.context.set_offline(False)
    done = "select contact from emergency_handoffs where contact = 'by_hand'"
    await eventually(lambda: rows(house, done), "the handoff dialled by hand")
    assert house.world.net.phone("+12025550180").leg is None  # nobody rings them a second time


async def test_a_call_from_the_keyboard_alone(house: House) -> None:
    """One call only; hold, safe to call, help, an agency, leave by the caller, wrap-up and more of it, recovery; single
    keys never while typing."""
    window = await ready(house)
    page = window.page
    await page.keyboard.press("2")
    await window.sees("Ready for one call")
    phone = await in_a_call(house, window)
    await page.keyboard.press("h")
    await window.sees("On hold")
    await eventually(lambda: silent(phone), "hold")
    await page.keyboard.press("h")
    await eventually(lambda: heard(phone), "unhold")
    await page.keyboard.press("y")
    await eventually(lambda: rows(house, "select * from calls where safe_to_call = 'yes'"), "safe to call")
    await page.keyboard.press("x")
    await window.sees("A lead has been called")
    await page.keyboard.press("g")
    await window.chooses("to", "dispatch-north")
    await window.chooses("why", "imminent_risk")
    await window.chooses("consent", "unable")
    await house.shot(window, "agency-night")
    house.world.net.phone("+12025550180").will_answer(after=0.5)
    await page.keyboard.press("g")
    await eventually(
        lambda: rows(house, "select * from legs where role = 'agency' and joined_at is not null"), "agency"
    )
    await window.sees("Emergency services are in the call.")
    await window.chooses("contact", "reached")
    await window.page.get_by_text("Help is on the way").click()
    await house.shot(window, "agency-reached-night")
    await window.chooses("outcome", "contact_confirmed")
    await window.presses("Close handoff")
    await eventually(lambda: rows(house, "select * from emergency_handoffs where closed_at is not null"), "closed")
    await house.world.net.phone("+12025550180").hangs_up()
    await phone.hangs_up()
    await window.sees("Wrap-up")
    await window.sees("Wrap-up ends in 1:")
    await page.keyboard.press("m")
    await window.sees("Wrap-up ends in 2:00")
    await house.shot(window, "wrapup-night")
    await page.keyboard.press("v")
    await page.keyboard.press("w")
    await window.sees("Take your time")
    await house.shot(window, "recovering-night")
    await page.keyboard.press("w")
    await window.sees("That was your one call.")
    await page.keyboard.press("1")
    await window.sees("You are ready")
    assert window.complaints() == []


async def silent(phone) -> bool:
    return not await heard(phone)


async def test_P4_an_emptied_board_learns_the_call_from_the_console(house: House) -> None:
    window = await ready(house)
    phone = await in_a_call(house, window)
    settings = house.world.settings
    async with Redis.from_url(settings.redis_url) as redis:
        for key in [key async for key in redis.scan_iter(match=f"{{hl:{settings.name}}}*")]:
            await redis.delete(key)
    async with httpx.AsyncClient(base_url=house.url, trust_env=False) as lead:
        (await lead.post("/api/session", json={"login": house.logins["lead"], "password": PASSWORD})).raise_for_status()

        async def owned() -> bool:
            answer = await lead.get("/api/board")
            calls = answer.json()["calls"] if answer.status_code == 200 else []
            return any(call["owner"] == house.people["specialist1"] for call in calls)

        await eventually(owned, "the board knows who is with whom")
    await window.sees("You are with the caller")
    assert await heard(phone)


async def test_one_tab_rings_and_another_may_take_its_place(house: House) -> None:
    window = await ready(house)
    other = Window(await window.context.new_page(), window.context, "specialist1")
    await other.opens(house.url)
    await other.sees("The console is open in another tab")
    await house.shot(other, "other-tab-night")
    await other.presses("Go on here")
    await other.sees("You are ready")
    await window.sees("The console is open in another tab")
    await house.caller()
    await other.sees("A caller needs you")
    assert await window.page.locator(".offer").count() == 0


async def test_an_ended_session_takes_nothing_away(house: House) -> None:
    window = await ready(house)
    phone = await in_a_call(house, window)
    await window.page.keyboard.press("n")
    await window.page.keyboard.type(STORY)
    await window.context.clear_cookies()
    await window.sees("Your session has ended")
    await house.shot(window, "signed-out-night")
    assert phone.leg.live
    await window.page.get_by_label("Login").fill(house.logins["specialist1"])
    await window.page.locator("input[type=password]").fill(PASSWORD)
    await window.page.keyboard.press("Enter")
    await asyncio.sleep(0)
    await window.page.locator(".over").wait_for(state="detached")
    assert await window.page.locator("#notes").input_value() == STORY
    assert await heard(phone)
