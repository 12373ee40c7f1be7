"""People, kept by admins; leads may read who is who."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import Field, StringConstraints
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.access import Route, desk_of, roles
from app.api.desk import Desk
from app.api.errors import Refused
from app.api.fields import In, Language, Line, Login, Name, Out, PathId
from app.api.trail import note
from app.people import passwords
from app.people.admin import create_person
from app.people.roles import Level, Role
from app.people.sessions import Session
from app.records import models
from app.secrets import NAME

router = APIRouter(route_class=Route, prefix="/api", tags=["people"])

Admin = Annotated[Session, Depends(roles(Role.admin))]
AdminOrLead = Annotated[Session, Depends(roles(Role.admin, Role.lead))]
NewPassword = Annotated[
    str, StringConstraints(min_length=passwords.SHORTEST, max_length=passwords.LONGEST, strip_whitespace=False)
]
Skill = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
Languages = Annotated[list[Language], Field(min_length=1, max_length=20)]
Lines = Annotated[list[Line], Field(max_length=50)]
Skills = Annotated[list[Skill], Field(max_length=20)]
Tier = Annotated[int, Field(ge=1, le=9)]


class SpecialistIn(In):
    login: Login
    name: Name
    password: NewPassword
    role: Role = Role.specialist
    level: Level = Level.junior
    languages: Languages = ["en"]
    lines: Lines = ["main"]
    tier: Tier = 1
    skills: Skills = []
    always_on: bool = False


class SpecialistChange(In):
    """Only what is given changes."""

    name: Name | None = None
    password: NewPassword | None = None
    role: Role | None = None
    level: Level | None = None
    languages: Languages | None = None
    lines: Lines | None = None
    tier: Tier | None = None
    skills: Skills | None = None
    always_on: bool | None = None
    active: bool | None = None


class SpecialistOut(Out):
    id: str
    login: str
    name: str
    role: Role
    level: str | None
    languages: list[str]
    lines: list[str]
    tier: int
    skills: list[str]
    active: bool
    always_on: bool


@router.get("/specialists")
async def specialists(request: Request, _: AdminOrLead) -> list[SpecialistOut]:
    """Everybody, also those who have left."""
    desk = desk_of(request)
    async with desk.ctx.sessions() as store:
        rows = await store.scalars(select(models.Specialist).order_by(models.Specialist.login))
        return [_out(desk, row) for row in rows]


@router.post("/specialists", status_code=201)
async def add(form: SpecialistIn, request: Request, session: Admin) -> SpecialistOut:
    """A new person with a first password."""
    desk = desk_of(request)
    hashed = await desk.passwords.hash(form.password)
    fields = form.model_dump(exclude={"password"})
    try:
        async with desk.ctx.sessions.begin() as store:
            row = await create_person(store, desk.ctx.secrets, **fields, password_hash=hashed)
    except IntegrityError as error:
        raise Refused(409, "taken", "This login is taken.", {"login": "taken"}) from error
    await note(desk, session, "specialist.add", "specialist", row.id, {"role": row.role})
    await desk.roster.load()
    return _out(desk, row)


@router.patch("/specialists/{id}")
async def change(id: PathId, form: SpecialistChange, request: Request, session: Admin) -> SpecialistOut:
    """Change somebody. A new password or role, or leaving, ends their open sessions."""
    desk = desk_of(request)
    given = form.model_dump(exclude_none=True)
    if id == session.spec and (given.get("role", Role.admin) != Role.admin or given.get("active") is False):
        raise Refused(409, "yourself", "You cannot take your own access away; ask another admin.")
    hashed = await desk.passwords.hash(form.password) if form.password else None
    async with desk.ctx.sessions.begin() as store:
        row = await existing(store, id)
        _apply(desk, row, given, hashed)
        await store.flush()
    if given.keys() & {"password", "role"} or given.get("active") is False:
        await desk.revocations.end_person(id)
    await note(desk, session, "specialist.change", "specialist", id, {"fields": sorted(given)})
    await desk.roster.load()
    return _out(desk, row)


async def existing(store: AsyncSession, id: str) -> models.Specialist:
    """That person, or words."""
    if row := await store.get(models.Specialist, id):
        return row
    raise Refused(404, "unknown", "There is no such person.")


def _apply(desk: Desk, row: models.Specialist, given: dict[str, object], hashed: str | None) -> None:
    for name, value in given.items():
        if name == "name":
            row.name_cipher = desk.ctx.secrets.encrypt(str(value), NAME)
        elif name != "password":
            setattr(row, name, value)
    if hashed:
        row.password_hash = hashed


def _out(desk: Desk, row: models.Specialist) -> SpecialistOut:
    columns = {name: getattr(row, name) for name in SpecialistOut.model_fields if name != "name"}
    name = desk.ctx.secrets.decrypt(row.name_cipher, NAME) if row.name_cipher else ""
    return SpecialistOut(name=name, **columns)
