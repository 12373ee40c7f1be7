"""Every table of the record. Stamps are kept raw and apart, so that any definition of a figure can be computed later.

Unknown is NULL, never "low", "none" or 0. Columns named `*_cipher` hold tokens of `app.secrets`, and nothing personal
stands in any other. Words (states, roles, classes) are those of `routing.states`; they are text, not database enums, so
that a new word needs no lock. Rows made from the stream carry no foreign key to people: recording must never fail.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.records.base import Base, now
from app.records.models_lines import LineVersion
from app.records.models_notes import CallNote
from app.records.models_numbers import NumberMark
from app.records.models_people import AuditEntry, Revocation, Specialist
from app.records.models_planned import Credential, Shift, ShiftChange, ShiftSwap

__all__ = [
    "AuditEntry",
    "Base",
    "Call",
    "CallAlias",
    "CallEvent",
    "CallNote",
    "ClassChange",
    "Contact",
    "Credential",
    "EmergencyHandoff",
    "Engagement",
    "EventConflict",
    "HandoffFact",
    "Leg",
    "LineVersion",
    "NumberMark",
    "Offer",
    "Ownership",
    "RecorderCursor",
    "Revocation",
    "RiskAssessment",
    "Shift",
    "ShiftChange",
    "ShiftSwap",
    "Specialist",
]


def _call() -> Mapped[str]:
    return mapped_column(ForeignKey("calls.id"), index=True)


# -- contacts and calls


class Contact(Base):
    """One person's matter, perhaps in several calls: a drop and its return are one contact (C8)."""

    __tablename__ = "contacts"
    __table_args__ = (Index("ix_contacts_number_hash_last_at", "number_hash", "last_at"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    """`k` and the first call's id."""
    number_hash: Mapped[str | None]
    """NULL: withheld. Such a contact is never joined by another call."""
    first_at: Mapped[datetime | None]
    last_at: Mapped[datetime | None]
    """The latest arrival or end of any of its calls."""
    recorded_at: Mapped[datetime] = now()


class Call(Base):
    """One caller's leg from first ring to its end."""

    __tablename__ = "calls"

    id: Mapped[str] = mapped_column(primary_key=True)
    sid: Mapped[str | None] = mapped_column(unique=True)
    """The carrier's CallSid; NULL until an event names it."""
    contact_id: Mapped[str | None] = mapped_column(ForeignKey("contacts.id"), index=True)
    line: Mapped[str | None]
    language: Mapped[str | None]
    first_language: Mapped[str | None]
    cls: Mapped[str | None]
    """Class of priority now, or at the end; its changes are in `class_changes`."""
    first_cls: Mapped[str | None]
    number_hash: Mapped[str | None] = mapped_column(index=True)
    number_cipher: Mapped[str | None]
    withheld: Mapped[bool | None]
    verification: Mapped[str | None]
    """The carrier's STIR/SHAKEN word."""
    returning: Mapped[bool | None]
    counter: Mapped[int | None]
    """Arrival counter: order among equal scores."""
    resurrected: Mapped[bool] = mapped_column(server_default=text("false"))
    """Some epoch learnt of it from a hold turn, not from its arrival (H1)."""

    state: Mapped[str | None]
    cause: Mapped[str | None]
    """Why it is in that state."""
    owner: Mapped[str | None]
    """Specialist who owns it now; everyone who did is in `ownerships`."""

    arrived_at: Mapped[datetime | None] = mapped_column(index=True)
    """First ring."""
    waiting_at: Mapped[datetime | None]
    """End of the greeting: first wait begins."""
    first_offer_at: Mapped[datetime | None]
    first_accept_at: Mapped[datetime | None]
    talking_at: Mapped[datetime | None]
    """First state `talking`: a caller and an owner, however briefly."""
    answered_at: Mapped[datetime | None]
    """Caller and owner in one room, the first time that lasted a second; known when the call has ended."""
    answered_earliest_at: Mapped[datetime | None]
    answered_latest_at: Mapped[datetime | None]
    """Both set where a coming on which it rests was supplied without its callback."""
    backup_ringing_at: Mapped[datetime | None]
    backup_answered_at: Mapped[datetime | None]
    danger_key_at: Mapped[datetime | None]
    """First press of the danger key."""
    caller_left_at: Mapped[datetime | None]
    """The caller's leg ended; the call may go on with the agency alone."""
    ended_at: Mapped[datetime | None]
    """The carrier's stamp where known, else the board's."""
    ended_earliest_at: Mapped[datetime | None]
    ended_latest_at: Mapped[datetime | None]
    """Both set where the end was supplied without its callback: the truth lies between."""
    closed_at: Mapped[datetime | None]
    """When the board closed it."""
    passed_on: Mapped[str | None]
    """The partner hotline that rings for the caller, or had them when the call ended."""
    passed_from: Mapped[str | None]
    """The partner hotline that passed the caller on to us; `arrived_at` is the first ring there."""
    outcome: Mapped[str | None]
    outcome_before: Mapped[str | None]
    """What an earlier epoch already made of it, which the board may have forgotten (`answered`, `rolled_over`)."""
    side: Mapped[str | None]
    """Who ended it."""
    end_cause: Mapped[str | None]
    carrier_status: Mapped[str | None]
    safe_to_call: Mapped[str | None]
    """`yes` or `no`; NULL: unknown (C4)."""

    last_epoch: Mapped[str] = mapped_column(server_default="")
    last_n: Mapped[int] = mapped_column(server_default="0")
    """The newest event applied: an older one never overwrites (S3)."""
    recorded_at: Mapped[datetime] = now()


class CallAlias(Base):
    """Another id under which a call with the same CallSid was known (after a change of the secret key)."""

    __tablename__ = "call_aliases"

    alias: Mapped[str] = mapped_column(primary_key=True)
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id"))


class CallEvent(Base):
    """The log as the board wrote it, of a call or of none; the rows made from the stream can be made again from it."""

    __tablename__ = "call_events"
    __table_args__ = (
        Index("ix_call_events_call_id_epoch_n", "call_id", "epoch", "n"),
        Index("ix_call_events_spec_at", "spec", "at", postgresql_where=text("spec IS NOT NULL")),
        Index("ix_call_events_fact_id", "fact_id", postgresql_where=text("fact_id IS NOT NULL")),
        Index("ix_call_events_kind_at", "kind", "at"),
    )

    epoch: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[str | None]
    n: Mapped[int]
    """Order within the call and the epoch."""
    at: Mapped[datetime]
    """Board time."""
    kind: Mapped[str]
    state: Mapped[str | None]
    """The call's state afterwards."""
    spec: Mapped[str | None]
    """The specialist it speaks of, if one."""
    fact_id: Mapped[str | None]
    """Id of a clinical fact, a handoff or a handoff's fact: what a console waits to see recorded (S4)."""
    data: Mapped[dict[str, Any]]
    payload_hash: Mapped[str]
    """Hash of the whole entry: the same key with another payload is an alarm (S2)."""
    problem: Mapped[str | None]
    """Why it could not be projected; the entry itself is kept here all the same."""
    recorded_at: Mapped[datetime] = now()


class EventConflict(Base):
    """A second payload under a key that is already recorded. There should never be one."""

    __tablename__ = "event_conflicts"

    epoch: Mapped[str] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(primary_key=True)
    payload_hash: Mapped[str] = mapped_column(primary_key=True)
    entry: Mapped[dict[str, Any]]
    seen_at: Mapped[datetime] = now()


class RecorderCursor(Base):
    """How far the stream is recorded; written in the transaction of the rows (S3)."""

    __tablename__ = "recorder_cursor"

    hotline: Mapped[str] = mapped_column(primary_key=True)
    fence: Mapped[int] = mapped_column(server_default="0")
    """Raised by every recorder that takes over; a transaction with an older one is refused."""
    epoch: Mapped[str] = mapped_column(server_default="")
    """The newest epoch seen."""
    cursor: Mapped[str] = mapped_column(server_default="0")
    last_id: Mapped[int] = mapped_column(server_default="0")
    marks: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"))
    """`[recorded ms, cursor]` about once a minute: what is old enough to be trimmed from the stream."""
    updated_at: Mapped[datetime] = now()


# -- what happened in a call


class Engagement(Base):
    """A specialist with a call, in a role."""

    __tablename__ = "engagements"

    id: Mapped[str] = mapped_column(primary_key=True)
    call_id: Mapped[str] = _call()
    spec: Mapped[str | None] = mapped_column(index=True)
    role: Mapped[str | None]
    offer_id: Mapped[str | None]
    state: Mapped[str | None]
    cause: Mapped[str | None]
    started_at: Mapped[datetime | None]
    talking_at: Mapped[datetime | None]
    """First time in the room with the caller."""
    reconnecting_at: Mapped[datetime | None]
    """Latest time the leg was lost."""
    wrapping_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    recorded_at: Mapped[datetime] = now()


class Ownership(Base):
    """Who owned a call from when, in the order of (epoch, n); `to_spec` NULL: nobody."""

    __tablename__ = "ownerships"

    epoch: Mapped[str] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(primary_key=True)
    n: Mapped[int]
    call_id: Mapped[str] = _call()
    from_spec: Mapped[str | None]
    to_spec: Mapped[str | None]
    reason: Mapped[str | None]
    engagement_id: Mapped[str | None]
    at: Mapped[datetime]


class ClassChange(Base):
    """Every change of a call's class: who, when and why."""

    __tablename__ = "class_changes"

    epoch: Mapped[str] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(primary_key=True)
    n: Mapped[int]
    call_id: Mapped[str] = _call()
    from_cls: Mapped[str | None]
    to_cls: Mapped[str | None]
    who: Mapped[str | None]
    why: Mapped[str | None]
    at: Mapped[datetime]


class Offer(Base):
    """One caller proposed to one specialist."""

    __tablename__ = "offers"

    id: Mapped[str] = mapped_column(primary_key=True)
    call_id: Mapped[str] = _call()
    spec: Mapped[str | None] = mapped_column(index=True)
    kind: Mapped[str | None]
    cls: Mapped[str | None]
    language: Mapped[str | None]
    line: Mapped[str | None]
    state: Mapped[str | None]
    cause: Mapped[str | None]
    made_at: Mapped[datetime | None]
    ack_by_at: Mapped[datetime | None]
    deadline_at: Mapped[datetime | None]
    acked_at: Mapped[datetime | None]
    accepted_at: Mapped[datetime | None]
    connected_at: Mapped[datetime | None]
    over_at: Mapped[datetime | None]
    """Declined, expired, rescinded, failed or unreachable."""
    recorded_at: Mapped[datetime] = now()


class Leg(Base):
    """One leg at the carrier, with both its ends. Every join and leave is an event; here are the first and the last."""

    __tablename__ = "legs"

    sid: Mapped[str] = mapped_column(primary_key=True)
    call_id: Mapped[str] = _call()
    role: Mapped[str | None]
    """A role of `routing.states.Role`, or `backup`."""
    who: Mapped[str | None]
    label: Mapped[str | None]
    room: Mapped[str | None]
    room_sid: Mapped[str | None]
    asked_at: Mapped[datetime | None]
    """The caller's first ring, or the leg's first request for a document."""
    joined_at: Mapped[datetime | None]
    joined_earliest_at: Mapped[datetime | None]
    joined_latest_at: Mapped[datetime | None]
    left_at: Mapped[datetime | None]
    left_earliest_at: Mapped[datetime | None]
    left_latest_at: Mapped[datetime | None]
    """Earliest and latest are set where the stamp was supplied without its callback: the truth lies between."""
    left_reason: Mapped[str | None]
    joins: Mapped[int] = mapped_column(server_default="0")
    status: Mapped[str | None]
    """The carrier's last word (`completed`, `busy`, `no-answer`, `failed`, `canceled`)."""
    ended_at: Mapped[datetime | None]
    ended_earliest_at: Mapped[datetime | None]
    ended_latest_at: Mapped[datetime | None]
    recorded_at: Mapped[datetime] = now()


# -- clinical record


class RiskAssessment(Base):
    """Three distinct statements about risk; each may be unknown, and a later row never erases an earlier one."""

    __tablename__ = "risk_assessments"

    id: Mapped[str] = mapped_column(primary_key=True)
    """The fact's id, minted by the console."""
    call_id: Mapped[str] = _call()
    spec: Mapped[str | None]
    at: Mapped[datetime]
    screened: Mapped[str | None]
    """What the screening instrument gave."""
    judged: Mapped[str | None]
    """What the specialist judged, with the rationale."""
    rationale_cipher: Mapped[str | None]
    imminent: Mapped[bool | None]
    """An attempt in progress or about to be made."""
    facts: Mapped[dict[str, Any]]
    """Every code as it was sent."""
    recorded_at: Mapped[datetime] = now()


class EmergencyHandoff(Base):
    """A handoff to emergency services: parallel facts, one derived state (C1)."""

    __tablename__ = "emergency_handoffs"

    id: Mapped[str] = mapped_column(primary_key=True)
    call_id: Mapped[str] = _call()
    opened_by: Mapped[str | None]
    opened_at: Mapped[datetime | None]
    to_cipher: Mapped[str | None]
    """The agency's number."""
    narrative_cipher: Mapped[str | None]
    state: Mapped[str | None]
    """`decided, agency_contacted, agency_unanswered, agency_declined, wrong_jurisdiction`, an outcome, or `closed`."""
    why: Mapped[str | None]
    consent: Mapped[str | None]
    """Whose consent, or why none was needed."""
    contact: Mapped[str | None]
    """`reached, no_answer, declined, wrong_jurisdiction, by_hand`: the latest attempt."""
    contacted_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    outcome_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    facts: Mapped[dict[str, Any]]
    """All codes so far, the latest of each."""
    recorded_at: Mapped[datetime] = now()


class HandoffFact(Base):
    """One thing that happened in a handoff, in order."""

    __tablename__ = "handoff_facts"

    id: Mapped[str] = mapped_column(primary_key=True)
    handoff_id: Mapped[str] = mapped_column(ForeignKey("emergency_handoffs.id"), index=True)
    who: Mapped[str | None]
    at: Mapped[datetime]
    facts: Mapped[dict[str, Any]]
    cipher: Mapped[str | None]
    recorded_at: Mapped[datetime] = now()
