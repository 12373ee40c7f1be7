import pytest
from tests.browser.conftest import *

pytestmark = pytest.mark.anyio


async def test_look(house):
    page = await house.window(url=house.url + "/welcome")
    await page.page.get_by_text("Specialist").first.wait_for()
    await house.shot(page, "welcome-night")
    maria = await house.window("specialist1")
    await maria.chooses("presence", "available")
    await maria.sees("You are ready")
    phone = await house.caller()
    await maria.sees("A caller needs you")
    await house.shot(maria, "offer-night")
    await maria.page.keyboard.press("a")
    try:
        await maria.sees("You are with the caller")
    finally:
        await asyncio.sleep(3)
        await house.shot(maria, "call-night")
        print(maria.errors, house.world.net.crashes)
    await maria.page.keyboard.press("n")
    await maria.page.keyboard.type("The caller lives alone. m h x")
    await asyncio.sleep(2.5)
    await maria.page.keyboard.press("Escape")
    await maria.page.keyboard.press("g")
    await asyncio.sleep(0.3)
    await house.shot(maria, "handoff-night")
    print(await maria.violations())
    lead = await house.window("lead")
    await asyncio.sleep(2)
    await house.shot(lead, "board-night")
    print(lead.errors, await lead.violations())
    await lead.page.keyboard.press("t")
    await maria.page.keyboard.press("t")
    await house.shot(lead, "board-day")
    await house.shot(maria, "handoff-day")
