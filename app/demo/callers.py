"""Simulated callers: a telephone, a script, and the emulated network."""

from __future__ import annotations

import asyncio
import contextlib

from app.demo.director import Director, Part
from app.demo.scripts import IN_STATE_S, Script
from telephony.emulator import Leg

#: Seconds in company after which callers hang up where somebody else was to end the conversation and did not.
LINGERS_S = 45.0
#: Seconds in company until a caller hangs up who was to do so while talking: well over the second that counts.
TALKING_S = 2.5
#: Seconds with the call-taker until a caller's line drops.
WITH_AGENCY_S = 3.0
#: Words of the offer to ring back and of its question; seconds within which they are heard, in which their telephone
#: is answered, and after which nobody rings any more.
OFFERED, SAFE = "rather not wait", "safe for us"
OFFER_HEARD_S, ANSWERS_S, RUNG_WITHIN_S = 60.0, 2.0, 150.0
#: Endings of a scene that are somebody else's to make.
THEIRS = frozenset({"specialist", "leaves", "dies", "dies_for_long"})


class Caller:
    """One person with a telephone. `over` is true when they will not ring (again)."""

    def __init__(self, director: Director, script: Script) -> None:
        self._director, self._script = director, script
        self.over = False
        self.leg: Leg | None = None
        self._chosen = self._spoken = False

    async def play(self) -> None:
        """Ring at the script's time, and once more after a drop."""
        await self._director.clock.sleep(self._script.at)
        part = await self._call()
        if self._script.callback and self._chosen:
            await self._is_rung_back(part.leg)
        if self._director.log.reasons.get(part.leg.sid) == "line_drops":
            await self._director.clock.sleep(self._script.calls_again_s or 0.0)
            self._director.notes(part.leg.sid, "rings_again")
            await self._call(again=True)
        self.over = True

    async def _call(self, *, again: bool = False) -> Part:
        phone = self._director.net.phone(self._script.number)
        leg = self.leg = await phone.dials(self._script.line, withheld=self._script.withheld)
        part = self._director.enters(self._script, leg)
        keys = asyncio.create_task(self._chooses() if self._script.callback else self._press(leg))
        try:
            reason = await self._stay(part, again=again)
        finally:
            keys.cancel()
        if reason and leg.live:
            self._director.log.reasons[leg.sid] = reason
            await leg.hangs_up()
        await leg.wait_ended()
        return part

    async def _press(self, leg: Leg) -> None:
        waited = 0.0
        for after, digit in self._script.keys:
            await self._director.clock.sleep(after - waited)
            waited = after
            await leg.presses(digit)

    async def _chooses(self) -> None:
        """To be rung back: their number is safe (C4)."""
        phone = self._director.net.phone(self._script.number)
        with contextlib.suppress(AssertionError):
            for words in (OFFERED, SAFE):
                await phone.hears(words, within=OFFER_HEARD_S)
                await phone.presses("3")
            self._chosen = True

    async def _is_rung_back(self, first: Leg) -> None:
        """Until they have spoken with somebody, or their callback is closed."""
        director = self._director
        phone = director.net.phone(self._script.number)
        if self._script.callback == "busy":
            phone.will_be_busy()
            await director.until(lambda: first.sid not in director.states, RUNG_WITHIN_S)
            return
        phone.will_answer(ANSWERS_S, self._answers)
        await director.until(lambda: self._spoken, RUNG_WITHIN_S)

    async def _answers(self, leg: Leg) -> None:
        phone, part = self._director.net.phone(self._script.number), self._director.enters(self._script, leg)
        with contextlib.suppress(AssertionError):
            await phone.hears("press 1")
            await phone.presses("1")
        reason = await self._stay(part, again=True)
        if reason and leg.live:
            self._director.log.reasons[leg.sid] = reason
            await leg.hangs_up()
        await leg.wait_ended()
        self._spoken = True

    async def _stay(self, part: Part, *, again: bool) -> str:
        """Until it is time to hang up; the reason, or nothing where the call ended first."""
        script, leg, director = self._script, part.leg, self._director

        def enough() -> bool:
            return not leg.live or self._is_time(part) or self._has_talked(part)

        came = await director.until(enough, script.patience_s)
        while leg.live and not came and director.human(leg):  # nobody gives up waiting while they talk
            came = await director.until(enough, LINGERS_S)
        if not leg.live:
            return ""
        if not came:
            return "patience"
        if self._is_time(part):
            await director.clock.sleep(director.rng.uniform(*IN_STATE_S))
            return f"hangs_up_{script.hangs_up_in}"
        return "line_drops" if script.calls_again_s is not None and not again else "talked"

    def _is_time(self, part: Part) -> bool:
        wanted = self._script.hangs_up_in
        if wanted == "talking":
            return part.heard_s >= TALKING_S
        if wanted == "agency":
            return part.agency_s >= WITH_AGENCY_S
        return bool(wanted) and self._director.states.get(part.leg.sid) == wanted

    def _has_talked(self, part: Part) -> bool:
        """The conversation was long enough, and its end is the caller's to make."""
        scene = part.scene
        if scene is None or scene.ends in THEIRS:
            return part.heard_s >= LINGERS_S
        return part.heard_s >= scene.talk_s and self._director.human(part.leg)
