"""Rooms (conferences): who is in them, with which flags, and the events they tell."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from telephony.emulator.legs import Callback, Leg
    from telephony.emulator.network import Network


@dataclass(eq=False)
class Participant:
    """A leg in a room (or on its way into one, when REST has created it)."""

    leg: Leg
    room: Room
    label: str = ""
    muted: bool = False
    hold: bool = False
    coaching: bool = False
    call_sid_to_coach: str = ""
    start_conference_on_enter: bool = True
    end_conference_on_exit: bool = False
    beep: str = "true"
    wait_url: str | None = None
    """None: the carrier's own music; empty: silence."""
    wait_method: str = "POST"
    by_rest: bool = False
    status: str = "connected"
    """`queued connecting ringing connected complete failed`."""
    created_at: float = 0.0
    updated_at: float = 0.0
    queue_time_ms: int = 0


@dataclass(eq=False)
class Room:
    """One conference. Its callback is fixed by whoever is first."""

    net: Network
    sid: str
    name: str
    callback: Callback | None = None
    status: str = "init"
    """`init in-progress completed`."""
    created_at: float = 0.0
    updated_at: float = 0.0
    ended_at: float | None = None
    reason_ended: str = ""
    sid_ending: str = ""
    region: str = "us1"
    participants: list[Participant] = field(default_factory=list["Participant"])
    """Those inside, in the order of entry."""
    pending: list[Participant] = field(default_factory=list["Participant"])
    """Created by REST and not yet inside."""
    sequence: int = 0
    ended: asyncio.Event = field(default_factory=asyncio.Event)
