"""One store's process: started, stopped, killed, paused, and found again after its owner was killed."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import functools
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

import psutil

READY_S = 60.0
"""Seconds a server may take to answer: crash recovery on a slow disk, not the usual second."""
STOP_S = 20.0
"""Seconds a server may take to end by itself before it is killed."""
POLL_S = 0.02
"""Seconds between two looks at a starting or ending process."""

PR_SET_PDEATHSIG = 1


class EmbeddedError(Exception):
    """A store could not be started or is in use; the text says what to do."""


@functools.cache
def _libc() -> ctypes.CDLL | None:
    return ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def die_with_parent(sig: int) -> Callable[[], None] | None:
    """What the child runs before exec, so that it gets `sig` when our process ends in whatever way."""
    libc = _libc()
    return None if libc is None else lambda: libc.prctl(PR_SET_PDEATHSIG, sig, 0, 0, 0)


async def _until(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(POLL_S)
    return True


def _family(pid: int) -> list[psutil.Process]:
    """A process and everything below it; empty when it is gone."""
    try:
        parent = psutil.Process(pid)
        return [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _gone(process: psutil.Process) -> bool:
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


class Server:
    """One store's process on a fixed address. Start it from the main thread: its life is tied to the thread's."""

    stop_signal = signal.SIGTERM

    def __init__(self, folder: Path, *, durable: bool) -> None:
        self.folder = folder
        self.durable = durable
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        raise NotImplementedError

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process and self.alive else None

    @property
    def alive(self) -> bool:
        """The process exists (a paused one too)."""
        return self._process is not None and self._process.poll() is None

    def _prepare(self) -> None:
        """Make the folder and its first contents."""

    def _command(self) -> Sequence[str]:
        raise NotImplementedError

    def _variables(self) -> Mapping[str, str]:
        """Of its environment, beside ours."""
        return {}

    def _leftover(self) -> int | None:
        """Process id of a server that a killed owner left on our folder."""
        raise NotImplementedError

    async def _answers(self) -> bool:
        raise NotImplementedError

    async def start(self) -> None:
        """Start, and return when it answers. Starting a running one changes nothing."""
        if self.alive:
            return
        await asyncio.to_thread(self._prepare)
        await self._end_leftover()
        deadline = time.monotonic() + READY_S
        while time.monotonic() < deadline:
            if not self.alive:
                self._spawn()
            if await self._answers():
                return
            await asyncio.sleep(POLL_S if self.alive else 10 * POLL_S)
        raise EmbeddedError(f"{self._name} did not start; its log: {self._log_tail()}")

    async def stop(self) -> None:
        """End it in order, its data safe; after `STOP_S` by force."""
        if self._process is None:
            return
        self.resume()
        self._signal(self.stop_signal)
        if not await _until(lambda: not self.alive, STOP_S):
            await self.kill()
        self._process = None

    async def kill(self) -> None:
        """SIGKILL to it and its children, as a crash."""
        if self._process is None:
            return
        family = _family(self._process.pid)
        for process in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        await _until(lambda: not self.alive and all(map(_gone, family)), STOP_S)
        self._process = None

    def pause(self) -> None:
        """SIGSTOP: connections stay open and nothing is answered."""
        self._signal_all(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal_all(signal.SIGCONT)

    async def empty(self) -> None:
        """Kill it, throw its data away and start it again on the same address."""
        await self.kill()
        await asyncio.to_thread(shutil.rmtree, self.folder, ignore_errors=True)
        await self.start()

    @property
    def _name(self) -> str:
        return type(self).__name__

    @property
    def _log_path(self) -> Path:
        return self.folder.parent / f"{self.folder.name}.log"

    def _log_tail(self) -> str:
        lines = self._log_path.read_text(errors="replace").splitlines() if self._log_path.exists() else []
        return " | ".join(lines[-3:]) or "empty"

    def _spawn(self) -> None:
        with open(self._log_path, "ab") as log:
            self._process = self._popen(log)

    def _popen(self, log: IO[bytes], **identity: object) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self._command(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=self.folder,
            env={**os.environ, **self._variables()},
            start_new_session=True,  # Ctrl-C is for the owner, who ends us in order
            preexec_fn=die_with_parent(self.stop_signal),
            **identity,  # type: ignore[arg-type]
        )

    def _signal(self, sig: int) -> None:
        if self._process and self.alive:
            self._process.send_signal(sig)

    def _signal_all(self, sig: int) -> None:
        for process in _family(self._process.pid) if self._process else []:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(sig)

    async def _end_leftover(self) -> None:
        pid = self._leftover()
        if pid is None:
            return
        family = _family(pid)
        for sig in (self.stop_signal, signal.SIGKILL):
            for process in family:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.send_signal(signal.SIGCONT)
                    if process.pid == pid or sig == signal.SIGKILL:
                        process.send_signal(sig)
            if await _until(lambda: all(map(_gone, family)), STOP_S / 2):
                return
        raise EmbeddedError(f"an earlier {self._name} (process {pid}) does not end")


def serving_from(folder: Path, name: str) -> int | None:
    """The oldest process called `name…` whose working folder is `folder` (both servers change into their data)."""
    for process in psutil.process_iter(["name"]):
        with contextlib.suppress(psutil.Error, OSError):
            if (process.info["name"] or "").startswith(name) and Path(process.cwd()) == folder.resolve():
                return process.pid
    return None
