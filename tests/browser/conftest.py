"""A real hotline with its emulated carrier, and Chromium windows that people sit in front of."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from app.demo.play import PASSWORD, sample_people
from app.demo.scripts import LINE
from app.demo.world import World, free_port, own_processes
from app.embedded import Stores
from telephony.emulator import Phone

CHROMIUM = os.environ.get("HOTLINE_TEST_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
REQUIRED = os.environ.get("HOTLINE_TEST_BROWSER") == "required"
AXE = Path(__file__).parents[2] / "app" / "web" / "node_modules" / "axe-core" / "axe.min.js"
FLAGS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
]
SIZE = {"width": 1440, "height": 900}
#: Milliseconds that anything on a page may take.
PATIENCE_MS = 10_000


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    mine = [item for item in items if here in item.path.parents]
    if not REQUIRED:  # steady on idle cores only (docs/known-faults.md, 9)
        for item in mine:
            item.add_marker(pytest.mark.skip(reason="in a real browser: HOTLINE_TEST_BROWSER=required"))
    for item in mine:
        item.add_marker(pytest.mark.xdist_group("browser"))


@dataclass
class Window:
    """One person's browser window, with what its console complained about."""

    page: Page
    context: BrowserContext
    login: str
    errors: list[str] = field(default_factory=list)

    async def opens(self, url: str) -> None:
        await self.page.goto(url)

    async def sees(self, text: str) -> None:
        await self.page.get_by_text(text).first.wait_for(timeout=PATIENCE_MS)

    async def presses(self, name: str) -> None:
        await self.page.get_by_role("button", name=name).first.click(timeout=PATIENCE_MS)

    async def chooses(self, group: str, value: str) -> None:
        await self.page.locator(f'[data-name="{group}"] [data-value="{value}"]').first.click(timeout=PATIENCE_MS)

    def complaints(self) -> list[str]:
        """Errors in the browser's console, but for the answers that a question whether one is signed in brings."""
        return [said for said in self.errors if "status of 401" not in said]

    async def violations(self) -> list[str]:
        """What axe finds, as `rule: element` lines."""
        await self.page.evaluate(AXE.read_text() + "; undefined")  # the page's policy forbids script elements
        found = await self.page.evaluate(
            "() => axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})"
        )
        return [
            f"{rule['id']}: {node['target']} {node['failureSummary']}"
            for rule in found["violations"]
            for node in rule["nodes"]
        ]


@dataclass
class House:
    """A hotline, its people and its browser."""

    world: World
    browser: Browser
    people: dict[str, str]
    """Login to id."""
    shots: Path
    numbers: Any = field(default_factory=lambda: iter(range(10, 90)))

    @property
    def url(self) -> str:
        return self.world.settings.public_url

    async def window(self, login: str = "", *, theme: str = "night", url: str = "", **about: Any) -> Window:
        """A fresh browser profile; with a login, signed in."""
        about = {"viewport": SIZE, "locale": "en-US", "reduced_motion": "reduce", **about}
        context = await self.browser.new_context(**about)
        await context.grant_permissions(["microphone", "notifications"], origin=self.url)
        await context.add_init_script(f"localStorage['hotline.theme'] ??= '{theme}'")
        page = await context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        window = Window(page, context, login)
        page.on("console", lambda said: window.errors.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: window.errors.append(str(error)))
        await page.goto(url or self.url)
        if login:
            await page.get_by_label("Login").or_(page.get_by_label("Usuario")).fill(login)
            await page.locator("input[type=password]").fill(PASSWORD)
            await page.keyboard.press("Enter")
            await page.locator(".console").wait_for()
        return window

    async def caller(self) -> Phone:
        phone = self.world.net.phone(f"+120255501{next(self.numbers):02}")
        await phone.dials(LINE)
        return phone

    async def shot(self, window: Window, name: str) -> None:
        self.shots.mkdir(parents=True, exist_ok=True)
        await window.page.screenshot(path=self.shots / f"{name}.png")


async def eventually(condition: Callable[[], Awaitable[Any]], what: str, within: float = 15.0) -> Any:
    """Wait until the condition gives something true."""
    end = asyncio.get_running_loop().time() + within
    while not (found := await condition()):
        assert asyncio.get_running_loop().time() < end, f"{what} did not happen within {within} s"
        await asyncio.sleep(0.05)
    return found


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--shots", default="", help="Where the browser tests put their screenshots.")


@pytest.fixture(scope="session")
def shots(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Outside git: by option, by HOTLINE_TEST_SHOTS, or in pytest's own folder."""
    said = request.config.getoption("--shots", "") or os.environ.get("HOTLINE_TEST_SHOTS", "")
    return Path(said) if said else tmp_path_factory.getbasetemp() / "shots"


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS, headless=True)
        try:
            yield browser
        finally:
            await browser.close()


@pytest.fixture
async def house(
    hotline_stores: Stores, hotline_database: str, hotline_name: str, hotline_folder: Path, shots: Path
) -> AsyncIterator[House]:
    """Everything real: `hotline serve` with its workers, the emulated carrier, a browser."""
    about = {"database_url": hotline_database, "redis_url": hotline_stores.redis_url, "name": hotline_name}
    async with (
        own_processes(hotline_folder, seed=7, port=free_port(), audio=True, **about) as world,
        chromium() as browser,
    ):
        people = await sample_people(world, 3)
        yield House(world, browser, {login: person for person, login in people}, shots)
