"""`hotline bench console`: an offer's way from the board's decision to the screen, beside 19 other streams; and how
smooth the lead's board stays with 500 waiting and 100 people.

Needs the development group (playwright) and a Chromium on the machine. No yardstick: the figures are a person's bounds.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
from collections.abc import AsyncIterator
from typing import Any

import httpx
from sqlalchemy import text

from app.demo.play import PASSWORD, sample_people
from app.demo.run import own_stores
from app.demo.scripts import LINE, telephone
from app.demo.world import World, free_port, own_processes
from routing.board import Board, Caller, Profile

#: Offers that are measured, each declined before the next caller comes, and seconds between two callers.
OFFERS, EVERY_S = 60, 1.0
#: Seconds for everything, so that a bench that is stuck says so.
WHOLE_S = 200.0
OTHER_STREAMS = 19
#: Callers put on the board, of whom the reconciler closes some meanwhile (no carrier knows them): SHOWN stay on screen.
WAITING, SHOWN, PEOPLE = 560, 500, 100
#: Seconds for which the lead's board is watched while people come and go.
WATCHED_S = 8.0
#: Seconds that any one offer may take to be shown, and between two looks whether it is.
PATIENCE_S, LOOK_S = 60.0, 0.02
#: Seconds after which a key that did nothing is pressed again: an offer that has only just appeared may not hear it,
#: and one that nobody declines lapses and sets its person aside.
KEY_S = 0.25
FLAGS = (
    "--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run",
)  # fmt: skip

#: Writes down when an offer's element was painted, in Unix milliseconds.
WATCH_OFFERS = """() => {
  window.painted = [];
  new MutationObserver(() => {
    const shown = document.querySelector('.offer');
    if (!shown || shown === window.last) return;
    window.last = shown;
    requestAnimationFrame(() => window.painted.push(performance.timeOrigin + performance.now()));
  }).observe(document.body, {childList: true, subtree: true});
}"""
#: Writes down every frame in which scripts and layout took long.
WATCH_FRAMES = """() => {
  window.frames_ms = [];
  new PerformanceObserver((list) => list.getEntries().forEach((entry) => window.frames_ms.push(entry.duration)))
    .observe({type: 'long-animation-frame', buffered: false});
}"""

#: Works for 120 ms within one frame.
LONG_FRAME = """() => requestAnimationFrame(() => {
  const end = performance.now() + 120;
  while (performance.now() < end);
})"""

MOST_SHOWN = f"Number(document.querySelectorAll('.figures .big dd')[1]?.textContent) > {SHOWN}"


async def bench() -> dict[str, Any]:
    """The object that `--json` prints. `worst_frame_ms` 0: no frame took 50 ms, below which browsers report none."""
    async with asyncio.timeout(WHOLE_S), own_stores(durable=True) as (folder, stores):
        urls: dict[str, Any] = {"database_url": stores.database_url, "redis_url": stores.redis_url}
        async with own_processes(folder / "data", seed=7, port=free_port(), **urls) as world, _browser() as browser:
            logins = [login for _, login in await sample_people(world, OTHER_STREAMS + 1)]
            async with _streams(world, logins[2:]):
                offer_p50, offer_p99 = await _offers(world, browser, logins[1])
            worst, shown = await _frames(world, browser)
    return {"offer_p50_ms": offer_p50, "offer_p99_ms": offer_p99, "worst_frame_ms": worst, "rows_shown": shown}


@contextlib.asynccontextmanager
async def _browser() -> AsyncIterator[Any]:
    try:
        from playwright.async_api import async_playwright
    except ImportError:
        raise RuntimeError("bench console needs playwright: uv sync installs it") from None
    chromium = os.environ.get("HOTLINE_TEST_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not chromium:
        raise RuntimeError("bench console needs Chromium: install it, or name it in HOTLINE_TEST_CHROMIUM")
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        await browser.close()


async def _page(world: World, browser: Any, login: str) -> Any:
    """A console with somebody signed in."""
    page = await (await browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-US")).new_page()
    await page.goto(world.settings.public_url)
    await page.get_by_label("Login").fill(login)
    await page.locator("input[type=password]").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await page.locator(".console").wait_for()
    return page


@contextlib.asynccontextmanager
async def _streams(world: World, logins: list[str]) -> AsyncIterator[None]:
    """The other consoles, each with its open stream."""
    async with contextlib.AsyncExitStack() as open_ones, asyncio.TaskGroup() as tasks:
        readers: list[asyncio.Task[None]] = []
        for login in logins:
            http = await open_ones.enter_async_context(
                httpx.AsyncClient(base_url=world.settings.public_url, trust_env=False)
            )
            (await http.post("/api/session", json={"login": login, "password": PASSWORD})).raise_for_status()
            readers.append(tasks.create_task(_read(http)))
        try:
            yield
        finally:
            for reader in readers:
                reader.cancel()


async def _read(http: httpx.AsyncClient) -> None:
    async with http.stream("GET", "/api/live", timeout=None) as stream:
        async for _ in stream.aiter_lines():
            pass


async def _offers(world: World, browser: Any, login: str) -> tuple[float, float]:
    """Milliseconds from the board's decision to the painted frame: median and 99th percentile."""
    page = await _page(world, browser, login)
    await page.keyboard.press("1")
    await page.get_by_text("You are ready").wait_for()
    await page.evaluate(WATCH_OFFERS)
    callers = asyncio.create_task(_callers(world))
    for number in range(OFFERS):
        await _until(page, f"window.painted.length > {number}")
        await _decline(page)
    painted = await page.evaluate("window.painted")
    await callers
    await page.context.close()
    made = await _made(world)
    delays = sorted(at - max(before) for at in painted if (before := [one for one in made if one <= at]))
    return round(delays[len(delays) // 2], 1), round(delays[min(len(delays) - 1, int(len(delays) * 0.99))], 1)


async def _decline(page: Any) -> None:
    """By its keys: that it shall be declined, and the first reason."""
    await _press(page, "d", "!!document.querySelector('.offer .reasons h2')")
    await _press(page, "1", "!document.querySelector('.offer .reasons h2')")


async def _press(page: Any, key: str, done: str) -> None:
    """Until it has done what it is for."""
    end = asyncio.get_running_loop().time() + PATIENCE_S
    while asyncio.get_running_loop().time() < end:
        await page.keyboard.press(key)
        for _ in range(int(KEY_S / LOOK_S)):
            if await page.evaluate(done):
                return
            await asyncio.sleep(LOOK_S)
    raise TimeoutError(f"key {key}")


async def _until(page: Any, expression: str) -> None:
    """Asked from here: the page's policy forbids what playwright's own waiting does."""
    for _ in range(int(PATIENCE_S / LOOK_S)):
        if await page.evaluate(expression):
            return
        await asyncio.sleep(LOOK_S)
    raise TimeoutError(expression)


async def _callers(world: World) -> None:
    for number in range(OFFERS):
        await world.net.phone(telephone(number)).dials(LINE)
        await asyncio.sleep(EVERY_S)


async def _made(world: World) -> list[float]:
    """When the board decided each offer, in order, once all of them are on record."""
    query = text("select extract(epoch from made_at) * 1000 from offers where made_at is not null order by made_at")
    end = asyncio.get_running_loop().time() + PATIENCE_S
    while True:
        async with world.engine.connect() as store:
            made = [float(at) for at in (await store.execute(query)).scalars()]
        if len(made) >= OFFERS or asyncio.get_running_loop().time() > end:
            return made
        await asyncio.sleep(0.2)


async def _frames(world: World, browser: Any) -> tuple[float, int]:
    """The longest frame of the lead's board while 500 wait, and how many the page says at least."""
    board = Board(world.settings.redis_url, hotline=world.settings.name, new_id=lambda: secrets.token_hex(6))
    try:
        await board.open(await _config(world))
        page = await _page(world, browser, "lead")
        for number in range(PEOPLE):
            await _present(board, number)
        for number in range(WAITING):
            await _waits(board, number)
        await _until(page, MOST_SHOWN)
        before = await _waiting(page)
        await page.evaluate(WATCH_FRAMES)
        changing = asyncio.create_task(_changes(board))
        await page.mouse.move(300, 450)
        for _ in range(int(WATCHED_S * 4)):
            await page.mouse.wheel(0, 400)
            await asyncio.sleep(0.25)
        await changing
        frames, shown = await page.evaluate("window.frames_ms"), min(before, await _waiting(page))
        await _sees_long_frames(page)
        await page.context.close()
        return round(max(frames, default=0.0), 1), shown
    finally:
        await board.aclose()


async def _waiting(page: Any) -> int:
    return int(await page.locator(".figures .big").nth(1).locator("dd").inner_text())


async def _sees_long_frames(page: Any) -> None:
    """Provoke one: a browser that reports none would find every board smooth."""
    before = int(await page.evaluate("window.frames_ms.length"))
    await page.evaluate(LONG_FRAME)
    await _until(page, f"window.frames_ms.slice({before}).some((ms) => ms >= 100)")


async def _config(world: World) -> dict[str, Any]:
    from app.lines import load
    from app.secrets import Secrets

    return load(world.settings, Secrets(world.settings)).board_config(len(world.settings.backup_numbers))


async def _changes(board: Board) -> None:
    """Beats and new callers, as in a busy hour."""
    end = asyncio.get_running_loop().time() + WATCHED_S
    number = 0
    while asyncio.get_running_loop().time() < end:
        await _present(board, number % PEOPLE)
        await _waits(board, WAITING + number)
        number += 1
        await asyncio.sleep(0.05)


async def _present(board: Board, number: int) -> None:
    """Somebody on a break: they are shown, and no offer disturbs what is measured."""
    profile = Profile(f"s{number:012x}", "specialist", "senior", ("main|en|1|",), True)
    await board.beat(profile, presence="break", offer="", call="", rtp_age_ms=None, microphone=True)


async def _waits(board: Board, number: int) -> None:
    call, sid = f"c{number:020x}", f"CA{number:032x}"
    view = await board.arrive(call, sid, "main", "en", Caller())
    at = {"cls": view.cls, "arrived_ms": view.arrived_ms, "counter": view.counter}
    await board.turn(call, sid, line="main", language="en", turn=1, **at)
