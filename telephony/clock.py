"""Time as a parameter: the real clock, and a virtual one that jumps when nothing is in flight (rule T4)."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable, Generator, Sized
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol


class Clock(Protocol):
    """Domain time: verbs, deadlines, tickers, beats. I/O timeouts never use it."""

    def now(self) -> float:
        """Seconds since the Unix epoch."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return when `seconds` of this clock have passed."""
        ...

    def busy(self) -> AbstractContextManager[None]:
        """Mark work in flight: a virtual clock does not jump inside."""
        ...


class RealClock:
    """The machine's clock."""

    def now(self) -> float:
        return time.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds))

    @contextmanager
    def busy(self) -> Generator[None]:
        yield


class VirtualClock:
    """Starts at `start` and jumps to the next sleeper when nothing is in flight and every probe is quiet.

    One process and one event loop. A probe is a function that is true when its part has nothing left to do (for
    example: the recorder has read the last event). `run` must be running for time to pass.
    """

    #: Loop passes without ready work before a jump: each one polls the sockets once.
    QUIET_PASSES = 8
    #: Loop passes with ready work, and nothing in flight, after which it jumps all the same: somebody polls without
    #: ever waiting, and would stop time.
    RESTLESS_PASSES = 2000
    #: Seconds, real ones, between two looks at probes that are not quiet.
    PROBE_S = 0.0005

    def __init__(self, start: float = 1_800_000_000.0) -> None:
        self._now = start
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = itertools.count()
        self._in_flight = 0
        self._calm = asyncio.Event()
        self.probes: list[Callable[[], bool]] = []

    def now(self) -> float:
        return self._now

    async def sleep(self, seconds: float) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + max(0.0, seconds), next(self._order), future))
        await future

    @contextmanager
    def busy(self) -> Generator[None]:
        self._in_flight += 1
        try:
            yield
        finally:
            self._in_flight -= 1
            if not self._in_flight:
                self._calm.set()

    async def run(self) -> None:
        """Advance time for ever; cancel it to stop."""
        quiet = restless = 0
        # The loop's own queue: a task woken by another (a key pressed, then heard, then answered with a request) may
        # need many passes before its work is in flight. A loop without such a queue is only given the passes.
        ready: Sized = getattr(asyncio.get_running_loop(), "_ready", ())
        while True:
            await asyncio.sleep(0)
            if self._in_flight or not all(probe() for probe in self.probes):
                quiet = restless = 0
                await self._work_done()
                continue
            quiet, restless = (0, restless + 1) if len(ready) else (quiet + 1, restless)
            if quiet >= self.QUIET_PASSES or restless >= self.RESTLESS_PASSES:
                quiet = restless = 0
                self._jump()

    async def _work_done(self) -> None:
        """Until nothing is in flight; a moment (real) where only a probe still works. Who works needs the core."""
        if not self._in_flight:
            await asyncio.sleep(self.PROBE_S)
            return
        self._calm.clear()
        await self._calm.wait()

    def _jump(self) -> None:
        while self._sleepers and self._sleepers[0][2].done():
            heapq.heappop(self._sleepers)
        if not self._sleepers:
            return
        self._now = max(self._now, self._sleepers[0][0])
        while self._sleepers and self._sleepers[0][0] <= self._now:
            future = heapq.heappop(self._sleepers)[2]
            if not future.done():
                future.set_result(None)
