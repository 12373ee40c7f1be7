"""The carrier boundary in neutral words: what comes in, what goes out, and what can be asked of the network.

Nothing here knows Twilio. `telephony.twilio` reads requests into these events, writes these documents as TwiML and
implements `Carrier`; another carrier would be another module beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

# ---------------------------------------------------------------- events


@dataclass(frozen=True)
class LegRequest:
    """A leg asks for its document (first webhook, Gather or Dial action, Redirect, moved-to URL, fallback)."""

    sid: str
    from_: str | None
    """As the carrier sent it: E.164, `client:identity`, or None when withheld, blank or unreadable."""
    to: str | None
    status: str
    """`queued ringing in-progress completed busy failed no-answer canceled`."""
    direction: str
    """`inbound`, `outbound-api` or `outbound-dial`."""
    digits: str | None = None
    query: Mapping[str, str] = field(default_factory=dict[str, str])
    """Our own parameters, from the URL."""
    custom: Mapping[str, str] = field(default_factory=dict[str, str])
    """What a softphone sent with `connect` (everything in the form that the carrier does not define)."""
    dial_status: str | None = None
    dial_sid: str | None = None
    error_code: str | None = None
    """Set when the carrier fell back to this URL."""
    parent_sid: str | None = None
    verification: str | None = None
    """Caller-ID attestation (`StirVerstat`)."""
    idempotency_token: str | None = None


@dataclass(frozen=True)
class LegProgress:
    """A call-progress callback. `sequence` orders the callbacks of one leg; they may arrive in any order."""

    sid: str
    status: str
    sequence: int | None
    at: float | None
    """The carrier's timestamp, seconds since the epoch."""
    direction: str = ""
    duration: int | None = None
    sip_code: int | None = None
    parent_sid: str | None = None
    query: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def final(self) -> bool:
        return self.status in FINAL_STATUSES


FINAL_STATUSES = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})


@dataclass(frozen=True)
class RoomEvent:
    """A conference callback. `room` is our name of the room, `room_sid` the carrier's."""

    room: str
    room_sid: str
    event: str
    """`conference-start conference-end participant-join participant-leave participant-mute participant-unmute
    participant-hold participant-unhold participant-modify announcement-end announcement-fail`."""
    sequence: int | None
    at: float | None
    sid: str | None = None
    label: str | None = None
    leg_status: str | None = None
    """On a leave: `completed` when the leg itself ended."""
    reason: str | None = None
    muted: bool = False
    hold: bool = False


# ---------------------------------------------------------------- documents


@dataclass(frozen=True)
class Say:
    text: str
    language: str = "en-US"


@dataclass(frozen=True)
class Play:
    url: str


@dataclass(frozen=True)
class Pause:
    seconds: int


@dataclass(frozen=True)
class Gather:
    """One key. With `action_on_empty`, silence goes to `action` too."""

    action: str
    prompts: tuple[Say | Play | Pause, ...]
    timeout: int
    action_on_empty: bool = True


@dataclass(frozen=True)
class Redirect:
    url: str


@dataclass(frozen=True)
class JoinRoom:
    """Enter a room (L4). `action` is asked when the leg leaves the room and is still up."""

    room: str
    label: str
    start: bool
    action: str
    callback: str
    muted: bool = False
    coach_sid: str | None = None


@dataclass(frozen=True)
class DialNumber:
    """Ring a telephone for the leg (the backup line, H5); who answers hears `screen_url` first, if there is one."""

    number: str
    caller_id: str
    action: str
    screen_url: str
    callback: str
    timeout: int = 30


@dataclass(frozen=True)
class Reject:
    reason: str = "busy"


@dataclass(frozen=True)
class Hangup:
    pass


Verb = Say | Play | Pause | Gather | Redirect | JoinRoom | DialNumber | Reject | Hangup


@dataclass(frozen=True)
class Document:
    """What a leg does next, in order."""

    verbs: tuple[Verb, ...] = ()


# ---------------------------------------------------------------- requests that are not what they should be


class BadSignature(Exception):
    """The request is not proven to be the carrier's: answer 403 and change nothing."""


class BadBody(Exception):
    """The carrier's request cannot be read: answer 400 and change nothing. Says which field, never its value."""


class BadDocument(Exception):
    """A document that the carrier would refuse or misread: never sent. A fault of ours."""


# ---------------------------------------------------------------- the network, asked


class CarrierError(Exception):
    """The carrier could not be asked or refused. Never carries a number or a name."""


class CarrierAway(CarrierError):
    """No usable answer (refused connection, timeout, 5xx, 429). For a create, whether it happened is unknown."""


class CarrierRefused(CarrierError):
    """The carrier said no; `code` is its error code (21220: the leg is not in progress)."""

    def __init__(self, code: int, status: int) -> None:
        super().__init__(f"refused with code {code} (HTTP {status})")
        self.code = code
        self.status = status


@dataclass(frozen=True)
class LegInfo:
    sid: str
    status: str
    direction: str
    parent_sid: str | None = None
    started_at: float | None = None
    ended_at: float | None = None
    duration: int | None = None
    from_: str = field(default="", repr=False)
    to: str = field(default="", repr=False)


@dataclass(frozen=True)
class RoomInfo:
    sid: str
    name: str
    status: str


@dataclass(frozen=True)
class ParticipantInfo:
    sid: str
    label: str | None
    muted: bool
    hold: bool
    status: str
    created_at: float | None = None
    """When it came into the room, or was first rung into it; whole seconds, rounded down."""
    coaching: bool = False
    """Heard by one other alone."""


class Carrier(Protocol):
    """What we may ask. Each call has a timeout and raises `CarrierAway` or `CarrierRefused`; updates are safe to
    repeat and are retried once on a connection failure; creates are sent one at a time and never blindly repeated."""

    async def move(self, sid: str, url: str, fallback_url: str) -> None:
        """Make a live leg ask `url` for its next document (it leaves its room)."""
        ...

    async def complete(self, sid: str) -> None:
        """End a leg of our own people (or cancel one that still rings). A leg that has ended is no error."""
        ...

    async def dial_into_room(
        self,
        room: str,
        *,
        to: str,
        from_: str,
        label: str,
        callback: str,
        timeout: int,
        emergency: bool,
        start: bool = True,
    ) -> str:
        """Ring a telephone into a room (`room` is its SID, or its name, L7); returns the new leg's SID. Not `start`:
        whoever comes waits in a room where nobody is yet (L4)."""
        ...

    async def ring(self, *, to: str, from_: str, url: str, callback: str, timeout: int) -> str:
        """Ring a telephone that, answered, asks `url` for its document, and again should that fail; returns the new
        leg's SID. Nobody is told who rings but by the document."""
        ...

    async def announce(self, room_sid: str, url: str) -> None:
        """Play the document at `url` (POST) to everybody in the room."""
        ...

    async def update_participant(
        self,
        room_sid: str,
        sid_or_label: str,
        *,
        muted: bool | None = None,
        hold: bool | None = None,
        hold_url: str | None = None,
        announce_url: str | None = None,
        coaching: bool | None = None,
        coach_sid: str | None = None,
    ) -> None:
        """Change what one participant hears and who hears them; `hold_url` and `announce_url` are asked by POST. With
        `coaching` only the leg `coach_sid` hears them; false: everybody does, unless they are muted."""
        ...

    async def remove_participant(self, room_sid: str, sid_or_label: str) -> None: ...

    async def end_room(self, room_sid: str) -> None:
        """Complete the room: whoever is in it leaves it."""
        ...

    async def find_room(self, name: str) -> RoomInfo | None:
        """The live room of that name, from the (lagging) list."""
        ...

    async def leg(self, sid: str) -> LegInfo | None:
        """One leg, fetched; None when the carrier does not know it."""
        ...

    async def live_legs(self) -> Sequence[LegInfo]:
        """Every queued, ringing or in-progress leg (R1)."""
        ...

    async def ended_legs(self, since: float) -> Sequence[LegInfo]:
        """Legs that have ended since then (seconds since the epoch); of very many, those that began last."""
        ...

    async def children(self, sid: str) -> Sequence[LegInfo]:
        """Every leg, live or over, that this leg's own Dials have rung."""
        ...

    async def live_rooms(self) -> Sequence[RoomInfo]: ...

    async def participants(self, room_sid: str) -> Sequence[ParticipantInfo]: ...

    def softphone_token(self, identity: str, ttl_s: int) -> str:
        """A signed token with which a browser may dial in as `identity` (outgoing only, L6)."""
        ...

    async def aclose(self) -> None: ...
