"""Every page in both themes and languages: nothing that axe finds, nothing cut off, a picture of each to look at."""

from __future__ import annotations

import pytest

from tests.browser.conftest import House, Window
from tests.browser.test_specialist import in_a_call, ready

pytestmark = pytest.mark.anyio


async def looked_at(house: House, window: Window, name: str) -> list[str]:
    """Screenshots in both themes; what axe says in each, and whether anything is wider than the window."""
    found: list[str] = []
    for theme in ("night", "day"):
        await window.page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
        await house.shot(window, f"{name}-{theme}")
        found += [f"{name} {theme}: {one}" for one in await window.violations()]
    if await window.page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        found.append(f"{name} is wider than the window")
    return found


async def test_no_page_has_anything_that_axe_finds(house: House) -> None:
    door = await house.window()
    found = await looked_at(house, door, "signin")
    welcome = await house.window(url=f"{house.url}/welcome")
    await welcome.sees("Telephone")
    found += await looked_at(house, welcome, "welcome")
    lead = await house.window("lead")
    await lead.sees("Nobody is waiting.")
    found += await looked_at(house, lead, "board-empty")
    window = await house.window("specialist1")
    await window.sees("You are off")
    found += await looked_at(house, window, "idle-off")
    await window.presses("Check microphone")
    await window.page.keyboard.press("1")
    await window.sees("You are ready")
    found += await looked_at(house, window, "idle")
    await window.page.keyboard.press("?")
    found += await looked_at(house, window, "keys")
    await window.page.keyboard.press("Escape")
    phone = await house.caller()
    await window.sees("A caller needs you")
    found += await looked_at(house, window, "offer")
    await window.page.keyboard.press("a")
    await window.sees("You are with the caller")
    await window.page.keyboard.press("g")
    await window.chooses("judged", "moderate")
    found += await looked_at(house, window, "call")
    for _ in range(4):
        await house.caller()
    await lead.sees("specialist1")
    found += await looked_at(house, lead, "board")
    await phone.hangs_up()
    await window.sees("Ready for the next")
    found += await looked_at(house, window, "wrapup")
    await lead.page.keyboard.press("g")
    await lead.sees("Redis")
    found += await looked_at(house, lead, "setup")
    assert found == []
    for one in (door, welcome, lead, window):
        assert one.complaints() == []


async def test_the_console_speaks_spanish(house: House) -> None:
    window = await house.window("specialist1", locale="es-ES")
    await window.sees("Está fuera")
    found = await looked_at(house, window, "idle-es")
    await window.page.keyboard.press("1")
    phone = await house.caller()
    await window.sees("Alguien le necesita")
    found += await looked_at(house, window, "offer-es")
    await window.page.keyboard.press("a")
    await window.sees("Está con la persona")
    found += await looked_at(house, window, "call-es")
    assert phone.leg.live
    lead = await house.window("lead", locale="es-ES")
    await lead.sees("Conversaciones")
    found += await looked_at(house, lead, "board-es")
    assert found == []
    assert await window.page.evaluate("document.documentElement.lang") == "es"


async def test_the_welcome_page_signs_two_people_in_on_one_browser(house: House) -> None:
    welcome = await house.window(url=f"{house.url}/welcome")
    for name, seen in (("Specialist", "You are off"), ("Lead", "Nobody is waiting.")):
        async with welcome.context.expect_page() as opened:
            await welcome.page.locator("a.way", has_text=name).click()
        page = await opened.value
        await page.get_by_text(seen).first.wait_for()
    assert len({page.url for page in welcome.context.pages}) == 3


async def test_whoever_has_few_pixels_or_large_letters_sees_everything(house: House) -> None:
    window = await ready(house, viewport={"width": 390, "height": 844})
    await in_a_call(house, window)
    assert not await window.page.evaluate("document.documentElement.scrollWidth > innerWidth")
    await house.shot(window, "call-narrow-night")
