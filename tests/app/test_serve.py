"""S6: `hotline serve` with real kills. The real command, the real application, its own stores."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from app import serve
from app.settings import Settings

pytestmark = pytest.mark.anyio

GOOD = "HTTP/1.1 200 OK"
ROOT = Path(__file__).parents[2]
START_S = 90.0
"""Seconds for two workers to import the application on a machine that is busy with other tests."""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Service:
    """A running `hotline serve`."""

    def __init__(self, folder: Path, port: int, key: str) -> None:
        self.folder, self.port, self.key = folder, port, key
        self.url = f"http://127.0.0.1:{port}"
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("HOTLINE_")}
        given = {"HOTLINE_SECRET_KEY": self.key, "HOTLINE_PUBLIC_URL": self.url, "HOTLINE_LOG_LEVEL": "warning"}
        command = [sys.executable, "-m", "app.cli", "serve", "--port", str(self.port), "--data-dir", str(self.folder)]
        return subprocess.Popen(command, env=clean | given)

    def again(self) -> None:
        self.process = self._start()

    def children(self, word: str) -> list[psutil.Process]:
        """Live direct children with `word` in their command line."""
        try:
            found = psutil.Process(self.process.pid).children()
            return [c for c in found if c.status() != psutil.STATUS_ZOMBIE and word in " ".join(c.cmdline())]
        except psutil.NoSuchProcess:
            return []

    async def ready(self) -> dict[str, object]:
        """Wait until all stores are reachable, and say what `/readyz` says."""
        said: dict[str, object] = {}

        async def asked() -> bool:
            nonlocal said
            try:
                async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
                    said = (await client.get(f"{self.url}/readyz")).json()
            except (httpx.HTTPError, ValueError):
                return False
            return said.get("status") == "ok"

        await until(asked)
        return said

    async def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return await asyncio.to_thread(self.process.wait, 60)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(START_S):
        while True:
            met = condition()
            if await met if asyncio.iscoroutine(met) else met:
                return
            await asyncio.sleep(0.05)


@asynccontextmanager
async def _service(folder: Path) -> AsyncGenerator[Service]:
    service = Service(folder, _free_port(), secrets.token_hex(24))
    try:
        await service.ready()
        yield service
    finally:
        if service.process.poll() is None:
            await service.end()


async def _hammer(port: int, counts: Counter[str], stop: asyncio.Event) -> None:
    """New connections one after the other, each counted by how it went."""
    while not stop.is_set():
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            counts["refused"] += 1
            continue
        try:
            writer.write(b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            counts[(await reader.read()).partition(b"\r\n")[0].decode() or "cut"] += 1
        except OSError:
            counts["cut"] += 1  # it was in the killed worker's hands: the carrier repeats such a request
        finally:
            writer.close()


async def test_S6_killed_workers_refuse_no_connection_and_dead_stores_come_back(store_folder: Path) -> None:
    async with _service(store_folder / "var") as service:
        counts, stop = Counter[str](), asyncio.Event()
        hammers = [asyncio.create_task(_hammer(service.port, counts, stop)) for _ in range(4)]
        for _ in range(2):
            await until(lambda: len(service.children("app.worker")) == 2)
            victim = service.children("app.worker")[0]
            before = counts[GOOD]
            victim.kill()
            await until(lambda before=before: counts[GOOD] > before + 50)
            await until(lambda pid=victim.pid: pid not in [w.pid for w in service.children("app.worker")])
        for word in ("valkey-server", "postgres"):
            (store,) = service.children(word)
            store.kill()
            await until(lambda pid=store.pid, word=word: [c for c in service.children(word) if c.pid != pid])
        await service.ready()
        stop.set()
        await asyncio.gather(*hammers)
        for worker in service.children("app.worker"):
            worker.kill()
        async with httpx.AsyncClient(trust_env=False, timeout=START_S) as client:
            answer = await client.get(f"{service.url}/healthz")
        assert answer.status_code == 200, "both dead at once: the connection waits for the next worker"
        assert counts["refused"] == 0
        assert counts["cut"] <= 4 * 2, "only what the killed workers held"
        assert set(counts) <= {GOOD, "refused", "cut"}
        assert counts[GOOD] > 100


class _Listener:
    """Workers of a small application, in this process."""

    def __init__(self, factory: str, folder: Path, count: int = 1) -> None:
        self.socket = serve.listen("127.0.0.1", 0)
        clean = dict(os.environ) | {"PROMETHEUS_MULTIPROC_DIR": str(folder), "PYTHONPATH": str(ROOT)}
        self.workers = serve.Workers(self.socket, count, factory=factory, environment=clean)

    async def look_until(self, condition: Callable[[], object]) -> None:
        async def looked() -> bool:
            self.workers.look()
            return bool(condition())

        await until(looked)

    async def get(self) -> str:
        async with httpx.AsyncClient(trust_env=False, timeout=START_S) as client:
            return (await client.get(f"http://127.0.0.1:{self.socket.getsockname()[1]}/")).text


async def test_S6_a_stuck_worker_is_replaced(store_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = _Listener("tests.support.small_app:create", store_folder)
    await small.look_until(lambda: small.workers.pids)
    first = int(await small.get())
    monkeypatch.setattr(serve, "SILENCE_S", 2.0)
    os.kill(first, signal.SIGSTOP)
    await small.look_until(lambda: small.workers.pids and small.workers.pids != [first])
    monkeypatch.setattr(serve, "SILENCE_S", START_S)  # a start on a busy machine is no silence
    assert int(await small.get()) != first
    await small.workers.end()


async def test_a_worker_that_cannot_start_is_not_started_in_a_frenzy(store_folder: Path) -> None:
    broken = _Listener("tests.support.small_app:missing", store_folder)
    seen: set[int] = set()

    def look() -> bool:
        seen.update(broken.workers.pids)
        return len(seen) >= 3

    began = time.monotonic()
    await broken.look_until(look)
    assert time.monotonic() - began > 0.2 + 0.4, "each start waits twice as long as the one before"
    await broken.workers.end()


async def test_a_planned_end_leaves_nothing_behind_and_a_killed_parent_can_start_again(store_folder: Path) -> None:
    async with _service(store_folder / "var") as service:
        everything = [*psutil.Process(service.process.pid).children(recursive=True)]
        service.process.kill()
        service.process.wait()
        service.again()
        await service.ready()
        assert all(not p.is_running() or p.status() == psutil.STATUS_ZOMBIE for p in everything)
        everything = [*psutil.Process(service.process.pid).children(recursive=True)]
        assert await service.end() == 0
        assert all(not p.is_running() or p.status() == psutil.STATUS_ZOMBIE for p in everything)
        with pytest.raises(httpx.ConnectError):
            await httpx.AsyncClient(trust_env=False).get(f"{service.url}/healthz")


async def test_S5_callers_are_answered_while_the_stores_still_start(
    store_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(serve, "started", never)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    given = Settings(data_dir=store_folder, port=_free_port(), secret_key="k" * 40)  # type: ignore[arg-type]
    stop = asyncio.Event()
    running = asyncio.create_task(serve.serve(given, factory="tests.support.small_app:create", stop=stop))
    async with httpx.AsyncClient(trust_env=False, timeout=START_S) as client:

        async def answered() -> bool:
            try:
                return (await client.get(f"http://127.0.0.1:{given.port}/")).status_code == 200
            except httpx.TransportError:
                return False

        await until(answered)
    stop.set()
    await running


def test_without_a_key_it_says_how_to_make_one(store_folder: Path) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("HOTLINE_")}
    command = [sys.executable, "-m", "app.cli", "serve", "--data-dir", str(store_folder / "var")]
    done = subprocess.run(command, env=clean, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "HOTLINE_SECRET_KEY" in done.stderr
    assert "Make one with" in done.stderr


def test_workers_read_exactly_the_parents_settings(store_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = Settings(
        data_dir=store_folder,
        secret_key="k" * 40,  # type: ignore[arg-type]
        backup_numbers=["+12025550140", "+12025550141"],
        lines_file=store_folder / "lines.json",
        port=8123,
    )
    for name, value in serve.environment(given).items():
        monkeypatch.setenv(name, value)
    assert Settings() == given
