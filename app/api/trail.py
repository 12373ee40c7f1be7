"""One way from the API to the audit trail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.api.desk import Desk
from app.people.sessions import Session
from app.records import audit


async def note(
    desk: Desk, session: Session, what: str, kind: str, id: str, facts: Mapping[str, Any] | None = None
) -> None:
    """Write down that this person did or read this; codes and counts only."""
    await audit.write(desk.ctx, who=session.spec, what=what, object_kind=kind, object_id=id, facts=facts or {})
