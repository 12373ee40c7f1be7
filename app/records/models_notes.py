"""What people write down about a call, beside the clinical facts that the board carries."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from app.records.base import Base, now


class CallNote(Base):
    """One person's running note on one call: the console sends it whole, the newest version stands."""

    __tablename__ = "call_notes"
    __table_args__ = (Index("ix_call_notes_call_id_spec", "call_id", "spec"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    """Made by the console: sending it again changes nothing."""
    call_id: Mapped[str]
    """Not a foreign key: a note may come before the recorder has written its call."""
    spec: Mapped[str]
    version: Mapped[int]
    """Counts the console's versions; an older one that arrives late changes nothing."""
    text_cipher: Mapped[str]
    written_at: Mapped[datetime]
    recorded_at: Mapped[datetime] = now()
