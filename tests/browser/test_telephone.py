"""Two Chromium windows, nothing mocked between them: the telephone page, and a page with the carrier's own SDK."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, async_playwright

from telephony.clock import RealClock
from telephony.emulator import Assumptions
from telephony.emulator.media import open_audio
from tests.support.carrier_world import BACKUP, LINE, carrier_world, conference
from tests.support.windows import (
    CHROMIUM,
    FAINT,
    FLAGS,
    MISSING,
    PATIENCE_S,
    SOFTPHONE_HZ,
    TELEPHONE_HZ,
    House,
    nothing_outside,
    softphone_pages,
)

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.timeout(120),
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(
        bool(MISSING) and os.environ.get("HOTLINE_TEST_BROWSER") != "required", reason=f"missing: {', '.join(MISSING)}"
    ),
]


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()


@pytest.fixture
async def house(browser: Browser) -> AsyncIterator[House]:
    async with carrier_world(clock=RealClock(), assumptions=Assumptions(crashed_leg_ends_after_s=0.5)) as world:
        open_audio(world.net)
        await world.net.start()
        world.softphone()
        world.line()
        async with softphone_pages(world.net.url.removeprefix("http://")) as pages:
            house = House(world, browser, pages)
            yield house
            for window in house.windows:
                await window.context.close()


async def test_T5_each_hears_the_other_and_not_before_the_answer_nor_while_held(house: House) -> None:
    world = house.world
    world.docs["/voice"] = f"<Say>Please wait.</Say>{conference(label='caller', startConferenceOnEnter='false')}"
    world.docs["/leg"] = conference(label="owner")
    telephone, softphone = await house.telephone(), await house.softphone()
    await telephone.presses("Call")
    await telephone.shows("Please wait.")
    await telephone.shows("Connected")
    assert await telephone.page.evaluate(f"measure({SOFTPHONE_HZ})") < FAINT
    leg = await house.dials_in(softphone)
    await telephone.hears(SOFTPHONE_HZ)
    await softphone.hears(TELEPHONE_HZ)
    await telephone.shows("Connected: somebody is on the line")
    room = await leg.wait_in_room()
    await world.net.update_participant(room.sid, "caller", hold=True)
    await telephone.hears_not(SOFTPHONE_HZ)
    await softphone.hears_not(TELEPHONE_HZ)
    await world.net.update_participant(room.sid, "caller", hold=False)
    await telephone.hears(SOFTPHONE_HZ)
    await softphone.page.evaluate("call.mute(true)")
    await telephone.hears_not(SOFTPHONE_HZ)
    await softphone.hears(TELEPHONE_HZ)
    await softphone.page.evaluate("call.mute(false)")
    await telephone.presses("Mute my microphone")
    await softphone.hears_not(TELEPHONE_HZ)
    await telephone.presses("Hang up")
    await telephone.shows("The call is over")
    await softphone.page.evaluate("call.disconnect()")
    await softphone.said("disconnect")
    await asyncio.wait_for(leg.wait_ended(), PATIENCE_S)
    assert world.ended(leg)["by"] == "caller"
    nothing_outside(house)


async def test_keys_reach_the_gather_from_the_page_and_from_the_sdk(house: House) -> None:
    world = house.world
    world.docs["/voice"] = (
        '<Gather numDigits="2" action="/keys"><Say>Press two keys, any two keys, in your own time.</Say></Gather>'
    )
    world.docs["/leg"] = world.docs["/voice"]
    world.docs["/keys"] = conference()
    telephone, softphone = await house.telephone(lang="es"), await house.softphone()
    await telephone.presses("Llamar")
    await telephone.shows("Press two keys")
    await telephone.presses("5")
    await telephone.page.keyboard.press("*")
    await world.until(lambda: world.to("/keys"))
    assert world.to("/keys")[0].form["Digits"] == "5*"
    await house.dials_in(softphone)
    await softphone.page.evaluate("call.sendDigits('12')")
    await world.until(lambda: len(world.to("/keys")) == 2)
    assert world.to("/keys")[1].form["Digits"] == "12"
    nothing_outside(house)


async def test_a_second_page_is_rung_declines_answers_and_is_heard(house: House) -> None:
    house.world.docs["/voice"] = f'<Dial callerId="{LINE}"><Number>{BACKUP}</Number></Dial><Say>Nobody there.</Say>'
    caller, backup = await house.telephone(), await house.telephone(BACKUP, SOFTPHONE_HZ)
    await caller.presses("Call")
    await backup.shows("It rings for you")
    await backup.shows(LINE)
    await backup.presses("Decline")
    await caller.shows("Nobody there.")
    await caller.shows("The call is over")
    await caller.presses("Call")
    await backup.presses("Answer")
    await caller.hears(SOFTPHONE_HZ)
    await backup.hears(TELEPHONE_HZ)
    await backup.presses("Hang up")
    await caller.shows("The call is over")
    nothing_outside(house)


async def test_L8_a_killed_renderer_is_a_dead_leg_and_a_reloaded_page_has_hung_up(house: House) -> None:
    world = house.world
    world.docs["/leg"] = conference(label="owner")
    reloaded = await house.softphone()
    first = await house.dials_in(reloaded)
    await reloaded.page.reload()
    await asyncio.wait_for(first.wait_ended(), PATIENCE_S)
    assert world.ended(first)["by"] == "caller"
    second = await house.dials_in(reloaded)
    await reloaded.hears_not(TELEPHONE_HZ)  # sound flows
    devtools = await reloaded.context.new_cdp_session(reloaded.page)
    crashing = asyncio.ensure_future(devtools.send("Page.crash"))
    await asyncio.wait_for(second.wait_ended(), PATIENCE_S)
    assert [e.sid for e in world.net.ledger.of("leg.died")] == [second.sid]
    crashing.cancel()


async def test_a_call_outlives_its_signalling_a_renewed_token_and_new_media(house: House) -> None:
    world = house.world
    world.docs["/voice"] = conference(label="caller")
    world.docs["/leg"] = conference(label="owner")
    telephone, softphone = await house.telephone(), await house.softphone()
    await telephone.presses("Call")
    leg = await house.dials_in(softphone)
    await telephone.hears(SOFTPHONE_HZ)
    await softphone.page.evaluate("token => device.updateToken(token)", world.token("s1"))
    await softphone.page.evaluate("device._stream.transport._socket.close()")
    await softphone.said("reconnecting")
    await softphone.said("reconnected")
    await telephone.hears(SOFTPHONE_HZ)
    before = await softphone.ice()
    await softphone.page.evaluate("call._mediaHandler.iceRestart()")
    await softphone.ice_is_not(before)
    await telephone.hears(SOFTPHONE_HZ)
    await softphone.hears(TELEPHONE_HZ)
    await softphone.page.evaluate("call.disconnect()")
    await asyncio.wait_for(leg.wait_ended(), PATIENCE_S)
    assert world.ended(leg)["by"] == "caller"


async def test_a_token_that_is_no_good_is_told_by_the_sdk_itself(house: House) -> None:
    softphone = await house.softphone()
    expired = house.world.token("s1", until=1_700_000_000)
    await softphone.page.evaluate("token => { dial(token, {}); }", expired)
    await softphone.said("error 20104")
    other = await house.softphone()
    await other.page.evaluate("token => { dial(token, {}); }", house.world.token("s1", secret="x" * 32))
    await other.said("error 20101")
    assert house.world.net.legs == {}


async def test_T5_a_fifth_line_is_refused_in_words_on_the_page(house: House) -> None:
    house.world.docs["/voice"] = conference()
    pages = [await house.telephone(f"+1202555013{n}") for n in range(5)]
    for page in pages[:4]:
        await page.presses("Call")
        await page.shows("Connected")
    await pages[4].presses("Call")
    await pages[4].shows("Four lines with sound are open")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_telephone_page_is_accessible_in_every_state(house: House, scheme: str) -> None:
    house.world.docs["/voice"] = f'<Say>One moment.</Say><Dial callerId="{LINE}"><Number>{BACKUP}</Number></Dial>'
    caller = await house.telephone(lang="es", color_scheme=scheme)
    backup = await house.telephone(BACKUP, color_scheme=scheme)
    assert await caller.violations() == []
    await caller.presses("Llamar")
    await caller.shows("One moment.")
    await backup.shows("It rings for you")
    assert await backup.page.evaluate("document.activeElement.id") == "accept"
    assert await backup.violations() == []
    assert await caller.violations() == []
    assert await caller.page.evaluate("document.documentElement.lang") == "es"
    await backup.presses("Decline")
    await caller.shows("La llamada ha terminado")
    assert await caller.violations() == []
    nothing_outside(house)
