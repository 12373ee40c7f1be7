"""What the board answers: views of calls, offers and people, effects and events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypedDict


class BoardAway(Exception):
    """Redis gave no answer in time; nothing is known about whether the move happened."""


class BoardFault(BoardAway):
    """One move broke in Redis, a fault of ours; the board is there for all others. Whoever asked goes on as if it were
    away, so that a caller still comes to a human; it is on the log as an error."""


class Span(TypedDict, total=False):
    """Of a stamp that was supplied without its callback: the true moment lies between. Both or neither."""

    earliest_ms: int
    latest_ms: int


class EpochChanged(Exception):
    """The board's data is absent or of another epoch; `Board.open` adopts or begins one."""


@dataclass(frozen=True)
class Caller:
    """Who rings, as the board may know it (S7). Withheld callers are all different people: their hash is empty."""

    number_hash: str = ""
    number_cipher: str = ""
    withheld: bool = True
    verification: str = ""


@dataclass(frozen=True)
class Profile:
    """What routing must know of a person; part of the signed session, sent with every beat."""

    spec: str
    role: str
    """`specialist` or `lead`."""
    level: str
    """`junior`, `intermediate` or `senior`."""
    lanes: tuple[str, ...]
    """Lanes this person may take, compiled by `policy.lanes_for_person`."""
    on_shift: bool


@dataclass(frozen=True)
class CallView:
    """A call as the board sees it."""

    id: str
    state: str
    line: str
    language: str
    cls: str
    arrived_ms: int
    counter: int
    turn: int
    sid: str
    room: str
    """The room's name, empty before the first accept."""
    room_sid: str
    room_open: bool
    """A specialist's, relief's or agency's live leg is in the room: the caller belongs there."""
    caller_in_room: bool
    owner: str
    """Specialist id of the owner, or empty."""
    since_ms: int
    cause: str
    """Why it is in this state: `arrived, key, offer, lost, left, backup_failed, backup_ended, ended, returned, ...`."""
    backup_index: int
    """Which backup number rings or talks, from 0."""
    backup_done: bool
    """The backup's human was reached and has gone: ask whether the caller still needs someone (H5)."""
    handoff_open: bool
    returning: bool
    fresh: bool
    """This request created it on the board."""
    now_ms: int
    risk_high: bool = False
    """Ending it needs a lead (L9)."""
    held_ms: int = 0
    """Since when the caller is on hold, 0: is not."""
    held_label: str = ""
    """The label of the held stay in the room, as the carrier knows it."""
    help_ms: int = 0
    """Since when somebody in it wants a lead, 0: nobody does."""
    watching: str = ""
    """Leads beside it who are nobody of the call's own, ids separated by spaces."""
    team: tuple[Member, ...] = ()
    """The call's own people, those on the way in too."""
    asking: Asked | None = None
    """The colleague who is being asked in."""
    interpreter: Interpreter | None = None
    """Rung, or in the room."""
    private: bool = False
    """The caller is on hold so that owner and consult can talk alone; it ends with the last consult."""
    partner: str = ""
    """The partner hotline that rings for the caller, or has them."""
    via: str = ""
    """The partner hotline that has passed this caller on to us."""
    closed: bool = False
    """Its first ring was outside the line's opening hours."""
    safe: str = ""
    """Whether they may be rung (C4), `yes`, `no` or `unknown`, as far as somebody has said."""
    may_callback: bool = False
    """The caller may choose to be rung back, now."""
    callback_from: int = 0
    """The hold turn in which the plan came to that step."""
    callback: Callback | None = None
    """The caller has chosen it."""
    behind: bool = False
    """It waits behind an earlier call of its number (C6)."""
    over: bool = False
    """Its number was connected on this line as often today as the line allows."""


@dataclass(frozen=True)
class Callback:
    """A caller who is to be rung back by a person."""

    away: bool
    """Nobody has a leg: else they are still, or again, on the line."""
    ringing: bool
    rings: int
    """Tries of the person who has it now."""
    why: str
    """What came of the last one: `no-answer`, `busy`, `completed` (no key), `failed`, `timeout`; empty: none yet."""
    again_ms: int
    """From when on they may be rung again; 0: now."""


@dataclass(frozen=True)
class Member:
    """Somebody with a call."""

    spec: str
    role: str
    """`owner`, `relief` or `consult`."""
    state: str
    """Of the engagement: `connecting`, `talking`, `reconnecting`."""
    heard: bool
    """In the room, with media: a call may be handed over to them (L10)."""


@dataclass(frozen=True)
class Asked:
    """An open transfer or consult."""

    offer: str
    spec: str
    kind: str
    deadline_ms: int


@dataclass(frozen=True)
class Interpreter:
    """A telephone that the owner wanted beside the caller."""

    language: str
    there: bool


@dataclass(frozen=True)
class OfferView:
    id: str
    call: str
    spec: str
    kind: str
    state: str
    made_ms: int
    ack_by_ms: int
    deadline_ms: int
    acked: bool
    by: str = ""
    """The colleague who asks, of a transfer or consult."""


@dataclass(frozen=True)
class SpecView:
    """A person as the board sees them, for consoles and leads."""

    spec: str
    presence: str
    duty: str
    call: str
    role: str
    """Role in that call (`owner`, `relief`) or empty."""
    since_ms: int
    beat_ms: int
    offers: tuple[OfferView, ...]
    level: str = ""
    watch: str = ""
    """How a lead is beside `call`: `listen`, `whisper` or `barge`; empty: not so."""
    known: bool = False
    """They have been heard of in this epoch: before that the board's word on presence may be old, or none (P4, S2)."""
    wrap_ms: int = 0
    """When their wrap-up ends by itself; 0: they are in none."""


@dataclass(frozen=True)
class Accepted:
    """The accept won. `token` lets exactly one softphone leg in (L6)."""

    call: str
    offer: str
    token: str
    kind: str


@dataclass(frozen=True)
class Seat:
    """Where a specialist's leg goes: the room, its label and role; or a refusal in `reason`."""

    ok: bool
    reason: str = ""
    call: str = ""
    room: str = ""
    label: str = ""
    role: str = ""
    muted: bool = False
    coach_sid: str = ""
    """The one leg that hears it; empty: everybody does, unless muted."""


@dataclass(frozen=True)
class Answer:
    """The result of a move that a person asked for: done, or refused with a word for the reason."""

    ok: bool
    reason: str = ""
    """`not_yours` (no longer yours), `unknown`, `wrong_state`, `excluded`, `needs_lead`, ..."""
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class Effect:
    """Something to be done at the carrier; asked for again by `still_due` just before the request."""

    id: str
    kind: str
    """`move_caller, complete_leg, end_room, announce, hold, unhold, supervise, dial_agency, dial_interpreter,
    dial_caller`."""
    call: str
    data: Mapping[str, Any]
    expires_ms: int
    attempt: int
    """Tries begun so far, by `still_due`."""


@dataclass(frozen=True)
class Event:
    """One entry of the stream. `n` orders the events of one call within an epoch; `state` is the call's afterwards."""

    cursor: str
    epoch: str
    id: int
    call: str
    n: int
    at_ms: int
    kind: str
    state: str
    data: Mapping[str, Any]


def stream_order(cursor: str) -> tuple[int, int]:
    """Ids of the stream in the order of their entries; nothing is before all of them."""
    ms, _, count = cursor.partition("-")
    return int(ms or 0), int(count or 0)
