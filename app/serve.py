"""`hotline serve`: a small parent that owns the listening socket, the workers and the embedded stores (S6).

The socket is never closed while the service runs, so a worker's death refuses no connection: what arrives waits in the
socket's queue until another worker, or the one started at once in its place, takes it. Stores that die are started
again. Workers start beside the stores and do not wait for them: they answer without (S5).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from app import logs
from app.embedded import EmbeddedError, Server, Stores
from app.embedded.process import die_with_parent
from app.settings import Settings

log = logs.get(__name__)

APP = "app.main:create_app"
BACKLOG = 2048
"""Connections that may wait for a worker."""
BIND_S = 15.0
"""Seconds to wait for the address: the workers of a killed parent give it back as they end."""
LOOK_S = 0.2
"""Seconds between two looks at children, beside the immediate notice that a worker's pipe gives."""
SILENCE_S = 30.0
"""Seconds without a sign of life after which a worker counts as stuck and is killed; starting up counts too."""
DRAIN_S = 15.0
"""Seconds that workers get at a planned end; more than their own grace."""
YOUNG_S = 2.0
"""A worker that dies younger than this failed to start: the next one waits, twice as long each time."""
WAIT_MAX_S = 5.0
STORE_RETRY_S = 3.0
"""Seconds between two attempts to start a store that does not start."""


@dataclass
class Worker:
    process: subprocess.Popen[bytes]
    pipe: int
    """Read end of its heartbeat."""
    started: float
    heard: float


class Workers:
    """The web processes on one socket; a dead one is replaced at once."""

    def __init__(self, listener: socket.socket, count: int, *, factory: str, environment: dict[str, str]) -> None:
        self._listener, self._factory, self._environment = listener, factory, environment
        self._slots: list[Worker | None] = [None] * count
        self._not_before = [0.0] * count
        self._failures = [0] * count
        self.changed = asyncio.Event()

    @property
    def pids(self) -> list[int]:
        return [worker.process.pid for worker in self._slots if worker]

    def look(self) -> None:
        """Bury the dead, kill the stuck, fill the gaps."""
        self.changed.clear()
        now = time.monotonic()
        for slot, worker in enumerate(self._slots):
            if worker and worker.process.poll() is not None:
                self._bury(slot, worker, now)
            elif worker and now - worker.heard > SILENCE_S:
                log.error("worker stuck", worker=worker.process.pid)
                worker.process.kill()
            if self._slots[slot] is None and now >= self._not_before[slot]:
                self._slots[slot] = self._spawn(now)

    def _bury(self, slot: int, worker: Worker, now: float) -> None:
        log.warning("worker ended", worker=worker.process.pid, code=worker.process.returncode)
        asyncio.get_running_loop().remove_reader(worker.pipe)
        os.close(worker.pipe)
        _forget_metrics(self._environment, worker.process.pid)
        young = now - worker.started < YOUNG_S
        self._failures[slot] = self._failures[slot] + 1 if young else 0
        self._not_before[slot] = now + min(WAIT_MAX_S, 0.1 * 2 ** self._failures[slot]) if young else now
        self._slots[slot] = None

    def _spawn(self, now: float) -> Worker:
        read, write = os.pipe()
        os.set_blocking(read, False)
        descriptor = self._listener.fileno()
        process = subprocess.Popen(
            [sys.executable, "-m", "app.worker", str(descriptor), str(write), self._factory],
            stdin=subprocess.DEVNULL,
            pass_fds=(descriptor, write),
            env=self._environment,
            start_new_session=True,  # Ctrl-C reaches the parent, which ends its workers in order
            preexec_fn=die_with_parent(signal.SIGTERM),
        )
        os.close(write)
        worker = Worker(process, read, now, now)
        asyncio.get_running_loop().add_reader(read, self._hear, worker)
        return worker

    def _hear(self, worker: Worker) -> None:
        with contextlib.suppress(BlockingIOError):
            if os.read(worker.pipe, 4096):
                worker.heard = time.monotonic()
                return
            asyncio.get_running_loop().remove_reader(worker.pipe)  # closed: it is ending
            self.changed.set()

    async def end(self) -> None:
        """SIGTERM to all, and SIGKILL to who is not gone after the drain."""
        workers = [worker for worker in self._slots if worker]
        for worker in workers:
            worker.process.terminate()
        await asyncio.gather(*(asyncio.to_thread(_wait_or_kill, worker.process) for worker in workers))


def _wait_or_kill(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(DRAIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def environment(settings: Settings, base: Mapping[str, str] | None = None) -> dict[str, str]:
    """The parent's environment (or `base`) with every setting spelled out, so that workers read exactly the same."""
    spelled = dict(os.environ if base is None else base)
    for name in Settings.model_fields:
        value = getattr(settings, name)
        if value is None:
            continue
        plain = value.get_secret_value() if isinstance(value, SecretStr) else value
        spelled[f"HOTLINE_{name.upper()}"] = (
            plain if isinstance(plain, str) else json.dumps(plain, default=str).strip('"')
        )
    return spelled


def listen(host: str, port: int) -> socket.socket:
    """The listening socket, waiting a while for an address that a predecessor still holds."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    deadline = time.monotonic() + BIND_S
    while True:
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError:
            listener.close()
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
            continue
        listener.listen(BACKLOG)
        return listener


async def serve(settings: Settings, *, factory: str = APP, stop: asyncio.Event | None = None) -> None:
    """Run until SIGTERM, SIGINT or `stop`; then drain. Empty store URLs mean embedded stores, owned here."""
    stop = stop or asyncio.Event()
    loop = asyncio.get_running_loop()
    for signal_ in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signal_, stop.set)
    stores = _own_stores(settings)
    if stores:
        stores.take()
        settings = with_stores(settings, stores)
    listener = await asyncio.to_thread(listen, settings.host, settings.port)
    keeper = asyncio.create_task(_keep_stores(stores, settings)) if stores else None
    try:
        workers = Workers(listener, settings.workers, factory=factory, environment=_with_metrics(settings))
        await _watch(workers, stop)
        listener.close()  # from here on a refused connection sends callers to the fallback at once
        await workers.end()
    finally:
        listener.close()
        if keeper and stores:
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)
            await stores.stop()


async def _watch(workers: Workers, stop: asyncio.Event) -> None:
    while not stop.is_set():
        workers.look()
        await _first_of(stop, workers.changed, seconds=LOOK_S)


# ---------------------------------------------------------------- embedded stores


def _own_stores(settings: Settings) -> Stores | None:
    postgres, valkey = not settings.database_url, not settings.redis_url
    return Stores(settings.data_dir, postgres=postgres, valkey=valkey) if postgres or valkey else None


def with_stores(settings: Settings, stores: Stores) -> Settings:
    """Settings with the addresses of the embedded stores where none are set."""
    urls = {
        "database_url": settings.database_url or stores.database_url,
        "redis_url": settings.redis_url or stores.redis_url,
    }
    return settings.model_copy(update=urls)


async def _first_of(*events: asyncio.Event, seconds: float) -> None:
    """Return when one of the events is set, or after `seconds`."""
    waits = [asyncio.create_task(event.wait()) for event in events]
    await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()


async def _keep_stores(stores: Stores, settings: Settings) -> None:
    """Start what is wanted, bring the schema up to date, and start again what dies."""
    migrated = stores.postgres not in stores.wanted
    while True:
        await asyncio.gather(*(started(server) for server in stores.wanted))
        if stores.postgres.alive and not migrated:
            migrated = await migrated_to(settings)
        await asyncio.sleep(LOOK_S)


async def started(server: Server) -> None:
    """Start a store that does not run; one that does not start is left alone for a while."""
    if server.alive:
        return
    log.info("starting store", part=type(server).__name__)
    try:
        await server.start()
    except (EmbeddedError, OSError) as error:
        log.error("store does not start", part=type(server).__name__, error=str(error))
        await asyncio.sleep(STORE_RETRY_S)


async def migrated_to(settings: Settings) -> bool:
    """The schema is up to date; False, after a pause, where it could not be brought there."""
    from app.records import migrate

    try:
        await migrate.upgrade(settings.database_url)
    except Exception as error:  # noqa: BLE001  callers are answered whatever the record's schema is
        log.error("schema is not up to date", error=type(error).__name__)
        await asyncio.sleep(STORE_RETRY_S)
        return False
    return True


# ---------------------------------------------------------------- metrics of several processes


def _with_metrics(settings: Settings) -> dict[str, str]:
    """The workers' environment, with an empty folder in which they add up their counters."""
    folder = settings.data_dir / "metrics"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    return environment(settings) | {"PROMETHEUS_MULTIPROC_DIR": str(folder.resolve())}


def _forget_metrics(environment: dict[str, str], pid: int) -> None:
    """A dead worker's gauges are no longer true; its counters stay."""
    for file in Path(environment["PROMETHEUS_MULTIPROC_DIR"]).glob(f"gauge_live*_{pid}.db"):
        file.unlink(missing_ok=True)
