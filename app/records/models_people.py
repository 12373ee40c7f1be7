"""Tables of the people who work here: sign-in, sessions, and the audit of what they did."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, SmallInteger, func, text
from sqlalchemy.orm import Mapped, mapped_column

from app.records.base import Base, now


class Specialist(Base):
    """Someone who signs in. `id` is also the softphone's identity."""

    __tablename__ = "specialists"

    id: Mapped[str] = mapped_column(primary_key=True)
    """`s` and 12 hex digits."""
    login: Mapped[str] = mapped_column(unique=True)
    """Lower case."""
    name_cipher: Mapped[str | None]
    password_hash: Mapped[str | None]
    """argon2id; NULL: cannot sign in."""
    role: Mapped[str]
    """`specialist, lead, admin, auditor`."""
    level: Mapped[str | None]
    """`junior, intermediate, senior`."""
    languages: Mapped[list[str]] = mapped_column(server_default=text("'{}'::text[]"))
    lines: Mapped[list[str]] = mapped_column(server_default=text("'{}'::text[]"))
    tier: Mapped[int] = mapped_column(SmallInteger, server_default="1")
    skills: Mapped[list[str]] = mapped_column(server_default=text("'{}'::text[]"))
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    always_on: Mapped[bool] = mapped_column(server_default=text("false"))
    """On shift at any hour, whatever the shifts say."""
    created_at: Mapped[datetime] = now()
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())


class Revocation(Base):
    """A session that is no longer good though its cookie is (S5)."""

    __tablename__ = "revocations"

    session_id: Mapped[str] = mapped_column(primary_key=True)
    specialist_id: Mapped[str | None] = mapped_column(index=True)
    revoked_at: Mapped[datetime] = now()
    expires_at: Mapped[datetime | None] = mapped_column(index=True)
    """When the cookie would have expired by itself: the row may go then."""


class AuditEntry(Base):
    """Who did or read what, and when. A trigger refuses change and removal; no narrative, no number, no name."""

    __tablename__ = "audit_log"
    __table_args__ = (
        Index("ix_audit_log_who_at", "who", "at"),
        Index("ix_audit_log_object_kind_object_id_at", "object_kind", "object_id", "at"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    """Minted by the writer, so that an entry kept elsewhere for a while is written once."""
    at: Mapped[datetime] = mapped_column(index=True)
    who: Mapped[str | None]
    """Specialist id; NULL: nobody signed in."""
    what: Mapped[str]
    """A word: `number.reveal`, `sign_in`, `call.read`, ..."""
    object_kind: Mapped[str | None]
    object_id: Mapped[str | None]
    facts: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    """Codes and counts only."""
    recorded_at: Mapped[datetime] = now()
