"""What leads have made of the lines: every version is kept, with who, when and why."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.records.base import Base, now


class LineVersion(Base):
    """One edit of a line's plan, hours and words, whole. Rows are added and never changed."""

    __tablename__ = "line_versions"
    __table_args__ = (UniqueConstraint("hotline", "revision"),)

    hotline: Mapped[str] = mapped_column(primary_key=True)
    line: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    """Counts the edits of this line from 1; 0 is the operator's file."""
    revision: Mapped[int]
    """Greater than that of every earlier edit of the hotline; milliseconds of its time, where the clock allows."""
    who: Mapped[str]
    why_cipher: Mapped[str]
    at: Mapped[datetime]
    data: Mapped[dict[str, Any]]
    """`plan`, `closed_plan`, `hours`, `say`, `words`, as in the lines file."""
    recorded_at: Mapped[datetime] = now()
