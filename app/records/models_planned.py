"""Tables of what is planned ahead: shifts, their changes and swaps, credentials. Wall times carry no offset."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Annotated

from sqlalchemy import DateTime, ForeignKey, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.records.base import Base, now

Wall = Annotated[datetime, mapped_column(DateTime(timezone=False))]
"""A moment of the shift's own zone."""


class Shift(Base):
    """A shift as it recurs, in wall time of its zone; `ends` at or before `starts` means the next day."""

    __tablename__ = "shifts"
    __table_args__ = (Index("ix_shifts_specialist_id_uid", "specialist_id", "uid", unique=True),)

    id: Mapped[int] = mapped_column(primary_key=True)
    specialist_id: Mapped[str] = mapped_column(ForeignKey("specialists.id", ondelete="CASCADE"), index=True)
    weekday: Mapped[int] = mapped_column(SmallInteger)
    """0 Monday to 6 Sunday: the day on which it first starts. With the two dates below it is all that the release
    before recurrences reads, and the whole shift of rows from then."""
    starts: Mapped[time]
    ends: Mapped[time]
    zone: Mapped[str]
    """IANA name."""
    valid_from: Mapped[date | None]
    valid_until: Mapped[date | None]
    """Last day on which it starts; NULL: no end."""
    first_on: Mapped[date | None]
    """The day of the first occurrence; NULL: a weekly shift of the release before."""
    rule: Mapped[str | None]
    """RRULE (RFC 5545) without its name; empty: once."""
    kind: Mapped[str] = mapped_column(server_default="line")
    """`line, on_call`."""
    uid: Mapped[str | None]
    """From the calendar file it came with: the same file again changes it."""
    created_at: Mapped[datetime] = now()


class ShiftChange(Base):
    """One occurrence that is cancelled, moved or somebody else's."""

    __tablename__ = "shift_changes"
    __table_args__ = (UniqueConstraint("shift_id", "original"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    shift_id: Mapped[int] = mapped_column(ForeignKey("shifts.id", ondelete="CASCADE"))
    original: Mapped[Wall]
    """The start that the rule gives it."""
    cancelled: Mapped[bool] = mapped_column(server_default=text("false"))
    starts_at: Mapped[Wall | None]
    """Moved to; NULL: as the rule says."""
    ends: Mapped[time | None]
    holder: Mapped[str | None] = mapped_column(ForeignKey("specialists.id", ondelete="SET NULL"))
    """Whose it is after a swap."""


class ShiftSwap(Base):
    """One person asks another to take an occurrence, perhaps for one of theirs; it counts only once accepted."""

    __tablename__ = "shift_swaps"

    id: Mapped[str] = mapped_column(primary_key=True)
    shift_id: Mapped[int] = mapped_column(ForeignKey("shifts.id", ondelete="CASCADE"))
    original: Mapped[Wall]
    asker: Mapped[str] = mapped_column(ForeignKey("specialists.id", ondelete="CASCADE"), index=True)
    asked: Mapped[str] = mapped_column(ForeignKey("specialists.id", ondelete="CASCADE"), index=True)
    back_shift_id: Mapped[int | None] = mapped_column(ForeignKey("shifts.id", ondelete="CASCADE"))
    back_original: Mapped[Wall | None]
    state: Mapped[str]
    """`asked, accepted, declined, withdrawn`."""
    asked_at: Mapped[datetime] = now()
    answered_at: Mapped[datetime | None]


class Credential(Base):
    """A licence, a certification or a background check of somebody."""

    __tablename__ = "credentials"

    id: Mapped[int] = mapped_column(primary_key=True)
    specialist_id: Mapped[str] = mapped_column(ForeignKey("specialists.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str]
    """`licence, certification, background_check`."""
    issuer: Mapped[str | None]
    """An authority or an organisation, never a person."""
    number_cipher: Mapped[str | None]
    valid_from: Mapped[date | None]
    expires_on: Mapped[date | None]
    """Good to the end of this day in the hotline's zone; NULL: it does not expire."""
    created_at: Mapped[datetime] = now()
