"""A leg: one call between the carrier and a telephone or softphone."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from telephony.emulator.network import Network
    from telephony.emulator.rooms import Participant, Room

FINAL = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})


@dataclass(frozen=True)
class Callback:
    """Where and for which events callbacks go."""

    url: str
    method: str = "POST"
    events: frozenset[str] = frozenset({"completed"})


class Leg:
    """One call as the carrier sees it. Times are seconds of the network's clock."""

    def __init__(self, net: Network, *, sid: str, direction: str, from_: str, to: str) -> None:
        self.net = net
        self.sid = sid
        self.direction = direction
        """`inbound`, `outbound-api` or `outbound-dial`."""
        self.from_ = from_
        self.to = to
        self.status = "queued"
        self.parent_sid = ""
        self.phone_number_sid = ""
        self.callback: Callback | None = None
        self.created_at = net.clock.now()
        self.updated_at = self.created_at
        self.started_at: float | None = None
        """When it was dialled (or reached the carrier)."""
        self.answered_at: float | None = None
        self.ended_at: float | None = None
        self.queue_time_ms = 0
        self.participant: Participant | None = None
        self._over = asyncio.Event()

    @property
    def live(self) -> bool:
        """The carrier still holds it."""
        return self.status not in FINAL

    @property
    def duration(self) -> int | None:
        """Whole seconds from answer to end; None while it lives."""
        if self.ended_at is None:
            return None
        return round(self.ended_at - (self.answered_at or self.ended_at))

    @property
    def room(self) -> Room | None:
        """The room it is in."""
        return self.participant.room if self.participant else None

    async def wait_ended(self) -> None:
        """Return when the leg is over."""
        await self._over.wait()
