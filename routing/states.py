"""Everything about states lives here: the enums and the literal tables of what may follow what.

The Lua scripts compare and set exactly these words; `check` is what the tests hold them to. The README's diagrams are
drawn from these tables, and a test compares them.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Call(StrEnum):
    """Where a caller is. `doubtful`: two hold turns are missing or the call was resurrected; not offered until seen.
    `callback`: the caller keeps the place without a leg; `calling_back`: a specialist is in the room to ring them."""

    greeting = "greeting"
    waiting = "waiting"
    doubtful = "doubtful"
    offered = "offered"
    connecting = "connecting"
    talking = "talking"
    reconnecting = "reconnecting"
    backup_ringing = "backup_ringing"
    backup_talking = "backup_talking"
    callback = "callback"
    calling_back = "calling_back"
    agency_only = "agency_only"
    closed = "closed"


class Engagement(StrEnum):
    """A person with a call, in a role. Wrap-up belongs to it and may outlive the call."""

    connecting = "connecting"
    talking = "talking"
    reconnecting = "reconnecting"
    wrapping = "wrapping"
    done = "done"


class Presence(StrEnum):
    """What the specialist chose. `on_demand`: one call, then not again until the person says so."""

    offline = "offline"
    available = "available"
    on_demand = "on_demand"
    on_break = "break"
    training = "training"


class Duty(StrEnum):
    """What the board sees the specialist do."""

    idle = "idle"
    offered = "offered"
    connecting = "connecting"
    talking = "talking"
    reconnecting = "reconnecting"
    wrapping = "wrapping"
    recovering = "recovering"


class Offer(StrEnum):
    """One caller proposed to one specialist. `rescinded` (the caller left, another was first) is not missed."""

    offered = "offered"
    accepted = "accepted"
    connected = "connected"
    declined = "declined"
    expired = "expired"
    rescinded = "rescinded"
    failed = "failed"
    unreachable = "unreachable"


class OfferKind(StrEnum):
    call = "call"
    relief = "relief"
    transfer = "transfer"
    consult = "consult"


class Role(StrEnum):
    """Who a leg is in a room; the first part of its participant label."""

    caller = "caller"
    owner = "owner"
    relief = "relief"
    agency = "agency"
    lead = "lead"
    coach = "coach"
    interpreter = "interpreter"
    consult = "consult"


class CallClass(StrEnum):
    """Priority classes, gravest first. `agency`, an emergency service that rings back, is the board's alone to give."""

    agency = "agency"
    attempt = "attempt"
    danger = "danger"
    urgent = "urgent"
    standard = "standard"
    warm = "warm"


class Outcome(StrEnum):
    """How a call is counted; decided in this order (T): answered, rolled_over, callback, abandoned."""

    answered = "answered"
    rolled_over = "rolled_over"
    callback = "callback"
    abandoned = "abandoned"


class Side(StrEnum):
    """Who ended the call."""

    caller = "caller"
    specialist = "specialist"
    backup = "backup"
    carrier = "carrier"
    unknown = "unknown"


CALL: Mapping[Call, frozenset[Call]] = {
    Call.greeting: frozenset({Call.waiting, Call.doubtful, Call.closed}),
    Call.waiting: frozenset(
        {Call.doubtful, Call.offered, Call.backup_ringing, Call.callback, Call.agency_only, Call.closed}
    ),
    Call.doubtful: frozenset({Call.waiting, Call.talking, Call.backup_ringing, Call.closed}),
    Call.offered: frozenset({Call.waiting, Call.connecting, Call.backup_ringing, Call.closed}),
    Call.connecting: frozenset(
        {Call.talking, Call.waiting, Call.callback, Call.calling_back, Call.agency_only, Call.closed}
    ),
    Call.talking: frozenset({Call.reconnecting, Call.waiting, Call.agency_only, Call.closed}),
    Call.reconnecting: frozenset({Call.talking, Call.waiting, Call.agency_only, Call.closed}),
    Call.backup_ringing: frozenset({Call.backup_talking, Call.connecting, Call.waiting, Call.closed}),
    Call.backup_talking: frozenset({Call.waiting, Call.closed}),
    Call.callback: frozenset({Call.waiting, Call.connecting, Call.closed}),
    Call.calling_back: frozenset({Call.talking, Call.waiting, Call.callback, Call.closed}),
    Call.agency_only: frozenset({Call.closed}),
    Call.closed: frozenset(),
}

ENGAGEMENT: Mapping[Engagement, frozenset[Engagement]] = {
    Engagement.connecting: frozenset({Engagement.talking, Engagement.done}),
    Engagement.talking: frozenset({Engagement.reconnecting, Engagement.wrapping}),
    Engagement.reconnecting: frozenset({Engagement.talking, Engagement.wrapping}),
    Engagement.wrapping: frozenset({Engagement.done}),
    Engagement.done: frozenset(),
}

OFFER: Mapping[Offer, frozenset[Offer]] = {
    Offer.offered: frozenset(
        {Offer.accepted, Offer.declined, Offer.expired, Offer.rescinded, Offer.failed, Offer.unreachable}
    ),
    Offer.accepted: frozenset({Offer.connected, Offer.rescinded, Offer.failed}),
    Offer.connected: frozenset(),
    Offer.declined: frozenset(),
    Offer.expired: frozenset(),
    Offer.rescinded: frozenset(),
    Offer.failed: frozenset(),
    Offer.unreachable: frozenset(),
}

DUTY: Mapping[Duty, frozenset[Duty]] = {
    Duty.idle: frozenset({Duty.offered, Duty.recovering, Duty.talking}),
    Duty.offered: frozenset({Duty.idle, Duty.connecting}),
    Duty.connecting: frozenset({Duty.idle, Duty.talking}),
    Duty.talking: frozenset({Duty.reconnecting, Duty.wrapping}),
    Duty.reconnecting: frozenset({Duty.talking, Duty.wrapping}),
    Duty.wrapping: frozenset({Duty.idle, Duty.recovering}),
    Duty.recovering: frozenset({Duty.idle}),
}

PRESENCE: Mapping[Presence, frozenset[Presence]] = {p: frozenset(set(Presence) - {p}) for p in Presence}
