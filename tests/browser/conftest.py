"""A real hotline with its emulated carrier, and Chromium windows that people sit in front of."""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.demo.play import PASSWORD, sample_people
from app.demo.scripts import AGENCIES, LINE
from app.demo.world import BACKUP, World, free_port, own_processes
from app.embedded import Stores
from app.people.admin import create_person
from app.people.passwords import hash_now
from app.secrets import Secrets
from telephony.emulator import Phone
from tests.conftest import TEMPLATE, admin, url_of
from tests.support.windows import CHROMIUM, MICROPHONE, MISSING, REMOTE_EAR, SPOKEN, Ear

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
HOUSES, TESTS = itertools.count(), itertools.count()
SIZE = {"width": 1440, "height": 900}
#: Milliseconds that anything on a page may take, on two cores that have the rest of the suite to run.
PATIENCE_MS = 40_000
#: Seconds that a condition may take.
PATIENCE_S = 40.0
#: Tables whose rows belong to one call.
OF_A_CALL = ("engagements", "ownerships", "offers", "legs", "risk_assessments", "emergency_handoffs", "call_notes")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One group: never two browsers at once. Without a browser they are skipped, unless one is required."""
    here = Path(__file__).parent
    for item in (item for item in items if here in item.path.parents):
        item.add_marker(pytest.mark.xdist_group("browser"))
        if MISSING and not REQUIRED:
            item.add_marker(pytest.mark.skip(reason=f"missing: {', '.join(MISSING)}"))


@dataclass
class Window(Ear):
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
    shots: Path
    hashed: str
    people: dict[str, str] = field(default_factory=dict)
    """Name to id: those of this test, whom nobody has met before."""
    logins: dict[str, str] = field(default_factory=dict)
    """Name to login."""
    windows: list[Window] = field(default_factory=list)
    since: Any = None
    """When this test began: what the record holds from before belongs to others."""
    numbers: Any = field(default_factory=lambda: itertools.count(10))

    @property
    def url(self) -> str:
        return self.world.settings.public_url

    async def window(
        self, login: str = "", *, theme: str = "night", url: str = "", voice: int = 0, **about: Any
    ) -> Window:
        """A fresh browser profile; with a login, signed in. `voice`: the pitch, Hz, that its microphone sends."""
        about = {"viewport": SIZE, "locale": "en-US", "reduced_motion": "reduce", **about}
        context = await self.browser.new_context(**about)
        await context.grant_permissions(["microphone", "notifications"], origin=self.url)
        await context.add_init_script(f"localStorage['hotline.theme'] ??= '{theme}'")
        if voice:
            await context.add_init_script(MICROPHONE % (voice, SPOKEN) + REMOTE_EAR)
        page = await context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        window = Window(page, context, login)
        self.windows.append(window)
        page.on("console", lambda said: window.errors.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: window.errors.append(str(error)))
        await page.goto(url or self.url)
        if login:
            await page.get_by_label("Login").or_(page.get_by_label("Usuario")).fill(self.logins[login])
            await page.locator("input[type=password]").fill(PASSWORD)
            await page.keyboard.press("Enter")
            await page.locator(".console").wait_for()
        return window

    async def telephone(self, number: str, voice: int) -> Window:
        """The telephone page with this number."""
        return await self.window(url=f"{self.world.net.url}/telephone?lang=en&number=%2B{number[1:]}", voice=voice)

    async def rows(self, query: str) -> list[Any]:
        """What the record says, of this test's calls alone."""
        mine = ["calls as (select * from public.calls where arrived_at >= :since)"]
        mine += [
            f"{table} as (select * from public.{table} where call_id in (select id from calls))" for table in OF_A_CALL
        ]
        async with self.world.engine.connect() as store:
            return list((await store.execute(text(f"with {', '.join(mine)} {query}"), {"since": self.since})).all())

    async def begins(self, number: int) -> None:
        """New people for a test, and its place in the record."""
        async with AsyncSession(self.world.engine) as store:
            for name in ("lead", "specialist1", "specialist2", "specialist3"):
                role, login = ("lead" if name == "lead" else "specialist"), f"{name}.{number}"
                person = await create_person(
                    store,
                    Secrets(self.world.settings),
                    login=login,
                    name=name,
                    role=role,
                    password_hash=self.hashed,
                    level="senior",
                    languages=("en", "es"),
                    always_on=True,
                )
                self.people[name], self.logins[name] = person.id, login
            await store.commit()
            self.since = await store.scalar(text("select clock_timestamp()"))

    async def ends(self) -> None:
        """Everybody goes home, and the record knows it: nothing of a test reaches the next."""
        for context in {id(window.context): window.context for window in self.windows}.values():
            await context.close()
        for number in (*AGENCIES, *BACKUP):
            self.world.net.phone(number).will_not_answer()
        for leg in [leg for leg in self.world.net.legs.values() if leg.live]:
            await leg.hangs_up()
        for name in {window.login for window in self.windows if window.login}:
            await self._goes_home(self.logins[name])
        self.windows.clear()
        await eventually(self._over, "every call of the test is over")

    async def _goes_home(self, login: str) -> None:
        async with httpx.AsyncClient(base_url=self.url, trust_env=False, timeout=PATIENCE_S) as http:
            who = await http.post("/api/session", json={"login": login, "password": PASSWORD})
            http.headers["X-CSRF"] = who.raise_for_status().json()["csrf"]
            await http.post("/api/wrap-up/done")
            (await http.put("/api/presence", json={"presence": "offline"})).raise_for_status()

    async def _over(self) -> bool:
        open_ = "select 1 from calls where closed_at is null"
        return not any(leg.live for leg in self.world.net.legs.values()) and not await self.rows(open_)

    async def caller(self) -> Phone:
        phone = self.world.net.phone(f"+120255501{next(self.numbers):02}")
        await phone.dials(LINE)
        return phone

    async def shot(self, window: Window, name: str) -> None:
        self.shots.mkdir(parents=True, exist_ok=True)
        await window.page.screenshot(path=self.shots / f"{name}.png")


async def eventually(condition: Callable[[], Awaitable[Any]], what: str, within: float = PATIENCE_S) -> Any:
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


@pytest.fixture(scope="module")
async def furnished(
    hotline_stores: Stores, tmp_path_factory: pytest.TempPathFactory, shots: Path
) -> AsyncIterator[House]:
    """Everything real, once a module: `hotline serve` with its workers, the emulated carrier, a browser."""
    assert not MISSING, f"HOTLINE_TEST_BROWSER=required, and missing: {MISSING}"
    name = f"browser_{next(HOUSES)}"
    await admin(hotline_stores, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    about = {"database_url": url_of(hotline_stores, name), "redis_url": hotline_stores.redis_url, "name": name}
    folder = tmp_path_factory.mktemp("house") / "hotline"
    async with own_processes(folder, seed=7, port=free_port(), audio=True, **about) as world, chromium() as browser:
        await sample_people(world, 1)
        yield House(world, browser, shots, hash_now(PASSWORD))
    await admin(hotline_stores, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture
async def house(furnished: House) -> AsyncIterator[House]:
    """The house with people of this test."""
    await furnished.begins(next(TESTS))
    yield furnished
    await furnished.ends()
