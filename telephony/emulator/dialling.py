"""Legs that REST creates: the queue of one a second, the far end rung, then a document or a room."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from telephony.emulator.asks import Ask
from telephony.emulator.legs import Leg
from telephony.emulator.rooms import Participant
from telephony.emulator.waits import within

if TYPE_CHECKING:
    from telephony.emulator.network import Network

#: Seconds that the carrier adds to a created leg's Timeout.
TIMEOUT_EXTRA_S = 5
#: Real seconds a create waits for its leg to ask first, where that is assumed.
ASKS_FIRST_S = 2.0


class Dialler:
    """The carrier's queue of created legs: `cps` leave it each second."""

    def __init__(self, net: Network, cps: float) -> None:
        self._net = net
        self._cps = cps
        self._next_slot = 0.0

    async def call(self, leg: Leg, ask: Ask, timeout: int, time_limit: int | None) -> None:
        """Send a leg on its way to its document."""
        self._queue(leg)
        self._net.spawn(self._call(leg, ask, timeout, time_limit))
        await self._settled(leg)

    async def participant(self, participant: Participant, timeout: int, time_limit: int | None) -> None:
        """Send a leg on its way into its room."""
        participant.leg.awaited = participant
        self._queue(participant.leg)
        participant.queue_time_ms = participant.leg.queue_time_ms
        self._net.spawn(self._participant(participant, timeout, time_limit))
        await self._settled(participant.leg)

    async def _call(self, leg: Leg, ask: Ask, timeout: int, time_limit: int | None) -> None:
        await self._dial(leg, timeout, time_limit)
        if leg.live:
            leg.begin(ask)

    async def _participant(self, participant: Participant, timeout: int, time_limit: int | None) -> None:
        leg, room = participant.leg, participant.room
        await self._dial(leg, timeout, time_limit)
        if leg.live and room.status != "completed":
            room.join(participant)
        else:
            leg.finish(by="network", cause="its room is over")
            room.leave(participant, "participant_add_failed")
        leg.settled.set()

    async def _dial(self, leg: Leg, timeout: int, time_limit: int | None) -> None:
        wait = leg.created_at + leg.queue_time_ms / 1000 - self._net.clock.now()
        if wait > 0:
            leg.settled.set()
            await within(self._net.clock, wait, leg.wait_ended())
        if leg.live:
            leg.limit(min(self._net.call_limit_s, time_limit or self._net.call_limit_s))
            await leg.dial(timeout + TIMEOUT_EXTRA_S)

    def _queue(self, leg: Leg) -> None:
        """Give the leg its place in the queue: the create's answer says how long it will wait."""
        now = self._net.clock.now()
        slot = max(now, self._next_slot)
        self._next_slot = slot + (1 / self._cps if self._cps else 0.0)
        leg.queue_time_ms = round((slot - now) * 1000)

    async def _settled(self, leg: Leg) -> None:
        if not self._net.assumptions.created_leg_asks_first:
            return
        try:
            await asyncio.wait_for(leg.settled.wait(), ASKS_FIRST_S)
        except TimeoutError:
            return
