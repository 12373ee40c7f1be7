"""Reading the audit trail."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from sqlalchemy import select

from app.api.access import Route, desk_of, roles
from app.api.fields import Id, Moment, Out
from app.people.roles import Role
from app.people.sessions import Session
from app.records.models import AuditEntry

router = APIRouter(route_class=Route, prefix="/api/audit", tags=["audit"])

#: Entries in one answer at most.
PAGE_MAX = 200

Reader = Annotated[Session, Depends(roles(Role.auditor, Role.admin))]


class Entry(Out):
    id: str
    at: datetime
    who: str | None
    what: str
    object_kind: str | None
    object_id: str | None
    facts: dict[str, Any]


@router.get("")
async def audit(
    request: Request,
    _: Reader,
    who: Annotated[Id | None, Query()] = None,
    object_id: Annotated[Id | None, Query()] = None,
    before: Annotated[Moment | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 50,
) -> list[Entry]:
    """Who did or read what, newest first."""
    query = select(AuditEntry).order_by(AuditEntry.at.desc(), AuditEntry.id.desc()).limit(limit)
    for column, wanted in ((AuditEntry.who, who), (AuditEntry.object_id, object_id)):
        query = query.where(column == wanted) if wanted else query
    if before:
        query = query.where(AuditEntry.at < before)
    async with desk_of(request).ctx.sessions() as store:
        return [_entry(row) for row in await store.scalars(query)]


def _entry(row: AuditEntry) -> Entry:
    return Entry(**{name: getattr(row, name) for name in Entry.model_fields})
