"""What people have said of a number: that many share it, or that its callers must never be limited (C6)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from app.records.base import Base, now


class NumberMark(Base):
    """One person's word on one number. Rows are added and never changed: the newest of a number stands."""

    __tablename__ = "number_marks"
    __table_args__ = (Index("ix_number_marks_hotline_number_hash", "hotline", "number_hash"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    """Made by the console: sending it again changes nothing."""
    hotline: Mapped[str]
    number_hash: Mapped[str]
    number_cipher: Mapped[str]
    """For its hashes under other keys, while those are changed."""
    mark: Mapped[str]
    """`shared`, `flagged` or `none`."""
    call_id: Mapped[str]
    """The call at which it was said."""
    who: Mapped[str]
    why_cipher: Mapped[str]
    at: Mapped[datetime]
    recorded_at: Mapped[datetime] = now()
