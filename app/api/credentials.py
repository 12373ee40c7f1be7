"""Licences, certifications and background checks: kept by admins, warned of before they expire."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import StringConstraints, model_validator
from sqlalchemy import delete, select

from app.api.access import Route, desk_of, roles
from app.api.desk import Desk
from app.api.errors import Refused
from app.api.fields import Id, In, Out, RowId, Short
from app.api.people import Admin, AdminOrLead, existing
from app.api.trail import note
from app.people import credentials as rules
from app.people.credentials import CredentialKind
from app.people.roles import Role
from app.people.roster import Person
from app.people.sessions import Session
from app.people.shifts import as_utc
from app.people.spans import within
from app.people.walltime import zone_of
from app.records import models, planned
from app.secrets import CREDENTIAL

router = APIRouter(route_class=Route, prefix="/api/credentials", tags=["credentials"])

Anyone = Annotated[Session, Depends(roles(*Role))]


class CredentialIn(In):
    """Good from the first day to the end of the last, in the hotline's zone; a renewal is another one."""

    specialist_id: Id
    kind: CredentialKind
    issuer: Short = ""
    number: Annotated[Short, StringConstraints(max_length=80)] = ""
    valid_from: date | None = None
    expires_on: date | None = None

    @model_validator(mode="after")
    def is_in_order(self) -> CredentialIn:
        if any(day and not 1900 < day.year < 2200 for day in (self.valid_from, self.expires_on)):
            raise ValueError("the year must lie between 1901 and 2199")
        if self.valid_from and self.expires_on and self.expires_on < self.valid_from:
            raise ValueError("expires_on lies before valid_from")
        return self


class CredentialOut(Out):
    """Without its number, which is read on its own."""

    id: int
    specialist_id: str
    kind: CredentialKind
    issuer: str
    has_number: bool
    valid_from: date | None
    expires_on: date | None


class WarningOut(Out):
    """It expires in `days_left` days, and `stage` is the warning that this is: 30, 14 or 3 days ahead, 0 when it has
    expired and its person is no longer routed to lines that require it."""

    id: int
    specialist_id: str
    kind: CredentialKind
    expires_on: date
    days_left: int
    stage: int


class LapsedOut(Out):
    """A line that this person is not routed to now, because a credential that it requires is missing or expired."""

    specialist_id: str
    line: str
    requires: list[str]


class Warnings(Out):
    expiring: list[WarningOut]
    lapsed: list[LapsedOut]


class MineOut(Warnings):
    credentials: list[CredentialOut]


class NumberOut(Out):
    number: str


@router.get("")
async def credentials(
    request: Request, _: AdminOrLead, specialist_id: Annotated[Id | None, Query()] = None
) -> list[CredentialOut]:
    """Everybody's, or one person's."""
    return await _list(desk_of(request), specialist_id)


@router.get("/mine")
async def mine(request: Request, session: Anyone) -> MineOut:
    """One's own, and what must be renewed."""
    desk = desk_of(request)
    warned = await _warnings(desk, session.spec)
    own = await _list(desk, session.spec)
    return MineOut(credentials=own, expiring=warned.expiring, lapsed=warned.lapsed)


@router.get("/warnings")
async def warnings(request: Request, _: AdminOrLead) -> Warnings:
    """What expires within 30 days or has expired, the most urgent first, and who is not routed for it."""
    return await _warnings(desk_of(request), None)


@router.post("", status_code=201)
async def add(form: CredentialIn, request: Request, session: Admin) -> CredentialOut:
    """A credential of somebody."""
    desk = desk_of(request)
    row = models.Credential(**form.model_dump(exclude={"number"}))
    row.number_cipher = desk.ctx.secrets.encrypt(form.number, CREDENTIAL) if form.number else None
    async with desk.ctx.sessions.begin() as store:
        await existing(store, form.specialist_id)
        store.add(row)
        await store.flush()
    facts = {"credential": row.id, "kind": row.kind}
    await note(desk, session, "credential.add", "specialist", row.specialist_id, facts)
    await desk.roster.load()
    return _out(row)


@router.delete("", status_code=204)
async def remove(request: Request, session: Admin, id: Annotated[RowId, Query()]) -> None:
    """Take a credential away: it was withdrawn, or written down wrongly."""
    desk, row = desk_of(request), models.Credential
    async with desk.ctx.sessions.begin() as store:
        gone = await store.execute(delete(row).where(row.id == id).returning(row.id))
        if gone.scalar_one_or_none() is None:
            raise Refused(404, "unknown", "There is no such credential.")
    await note(desk, session, "credential.remove", "credential", str(id))
    await desk.roster.load()


@router.get("/number")
async def number(request: Request, session: Admin, id: Annotated[RowId, Query()]) -> NumberOut:
    """The number of one credential; the reading is on the audit trail."""
    desk = desk_of(request)
    async with desk.ctx.sessions() as store:
        row = await store.get(models.Credential, id)
    if row is None or row.number_cipher is None:
        raise Refused(404, "unknown", "There is no such number.")
    await note(desk, session, "credential.number", "credential", str(id))
    return NumberOut(number=desk.ctx.secrets.decrypt(row.number_cipher, CREDENTIAL))


async def _list(desk: Desk, whose: str | None) -> list[CredentialOut]:
    row = models.Credential
    query = select(row).order_by(row.specialist_id, row.kind, row.expires_on, row.id)
    async with desk.ctx.sessions() as store:
        return [_out(one) for one in await store.scalars(query.where(row.specialist_id == whose) if whose else query)]


async def _warnings(desk: Desk, whose: str | None) -> Warnings:
    now = desk.ctx.clock.now()
    today = as_utc(now).astimezone(zone_of(desk.ctx.lines.zone)).date()
    async with desk.ctx.sessions() as store:
        held = await planned.credentials(store, whose)
    gone = {id for id, person in desk.roster.people.items() if not person.active}
    found = [_warning(one) for one in rules.warnings(held, today) if one.credential.holder not in gone]
    people = [one for one in desk.roster.people.values() if one.active and whose in (None, one.id)]
    return Warnings(expiring=found, lapsed=[out for one in people for out in _lapsed(desk, one, now)])


def _warning(one: rules.Warned) -> WarningOut:
    known = one.credential
    assert known.expires_on is not None
    return WarningOut(
        id=known.id,
        specialist_id=known.holder,
        kind=known.kind,
        expires_on=known.expires_on,
        days_left=one.days_left,
        stage=one.stage,
    )


def _lapsed(desk: Desk, person: Person, now: float) -> list[LapsedOut]:
    lines = {lane.partition("|")[0] for lane in person.lanes}
    gone = [line for line, spans in person.needs.items() if line in lines and not within(spans, now)]
    required = desk.ctx.lines.required
    return [LapsedOut(specialist_id=person.id, line=line, requires=list(required[line])) for line in gone]


def _out(row: models.Credential) -> CredentialOut:
    return CredentialOut(
        id=row.id,
        specialist_id=row.specialist_id,
        kind=CredentialKind(row.kind),
        issuer=row.issuer or "",
        has_number=row.number_cipher is not None,
        valid_from=row.valid_from,
        expires_on=row.expires_on,
    )
