"""Keeps the play together: what state each caller is in, who hears whom, and which scene comes next.

It knows only what a lead's console shows and what the telephone network lets people hear.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from app.demo.log import Log
from app.demo.scripts import Scene, Script
from telephony.clock import Clock
from telephony.emulator import Leg, Network

#: Seconds between two looks at what people wait for. One common step, so that a virtual clock jumps seldom.
STEP_S = 0.2
#: Milliseconds between a ring at the carrier and the arrival on the board that mean the same caller.
SAME_RING_MS = 500
#: After the script's last scene: whoever talks with the caller then just talks.
PLAIN = Scene(5.0)


@dataclass
class Part:
    """One caller's part in the play."""

    script: Script
    leg: Leg
    scenes: deque[Scene]
    scene: Scene | None = None
    heard_s: float = 0.0
    """Seconds in company since the present scene began."""
    agency_s: float = 0.0
    """Seconds with a call-taker."""

    def next_scene(self) -> Scene:
        self.scene, self.heard_s = (self.scenes.popleft() if self.scenes else PLAIN), 0.0
        return self.scene


@dataclass
class Director:
    clock: Clock
    net: Network
    rng: random.Random
    log: Log
    offers: Iterator[str]
    """What is done with each offer, in turn."""
    states: dict[str, str] = field(default_factory=dict[str, str])
    """CallSid to the call's state, as a lead's console shows it."""
    parts: dict[str, Part] = field(default_factory=dict[str, Part])
    agencies: deque[str] = field(default_factory=deque[str])
    _waits: list[tuple[Callable[[], bool], float, asyncio.Future[bool]]] = field(default_factory=list)

    async def run(self) -> None:
        """Look at every condition, step by step, for ever."""
        while True:
            await self.clock.sleep(STEP_S)
            for part in self.parts.values():
                if part.leg.live and self.human(part.leg):
                    part.heard_s += STEP_S
                    part.agency_s += STEP_S * self.with_agency(part.leg)
            self._look()

    def _look(self) -> None:
        now, waits = self.clock.now(), self._waits
        self._waits = []
        for condition, end, future in waits:
            if future.done():
                continue
            true = condition()
            if true or now >= end:
                future.set_result(true)
            else:
                self._waits.append((condition, end, future))

    async def until(self, condition: Callable[[], bool], within: float) -> bool:
        """Whether it became true within so many seconds."""
        if condition():
            return True
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waits.append((condition, self.clock.now() + within, future))
        return await future

    # -- who is with whom

    def enters(self, script: Script, leg: Leg) -> Part:
        part = self.parts[leg.sid] = Part(script, leg, deque(script.scenes))
        self.log.scripts[leg.sid] = script
        return part

    def human(self, leg: Leg) -> bool:
        """Somebody is to be heard."""
        return bool(leg.can_hear())

    def with_agency(self, leg: Leg) -> bool:
        return any(self.net.legs[sid].direction == "outbound-api" for sid in leg.can_hear())

    def wait_for(self, arrived_ms: int) -> str:
        """In which state the caller who first rang then means to hang up: their specialists take their time in it."""
        near = min(self.parts.values(), key=lambda p: abs(p.leg.created_at * 1000 - arrived_ms), default=None)
        found = near is not None and abs(near.leg.created_at * 1000 - arrived_ms) <= SAME_RING_MS
        return near.script.hangs_up_in if near is not None and found else ""

    def scene_for(self, sid: str) -> Scene:
        """What a specialist plays now that they talk with this caller."""
        part = self.parts.get(sid)
        return part.next_scene() if part else PLAIN

    def not_played(self, sid: str, scene: Scene) -> None:
        if part := self.parts.get(sid):
            part.scenes.appendleft(scene)

    def notes(self, who: str, what: str) -> None:
        self.log.did.append((self.clock.now(), who, what))
