"""What a console must know before anybody has signed in, and what an operator still has to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from sqlalchemy import select

from app.api.access import Route, desk_of, public, roles
from app.api.fields import Out
from app.people.roles import Role
from app.people.sessions import Session
from app.people.stores import RECORD_AWAY
from app.records.models import Specialist
from routing import policy

router = APIRouter(route_class=Route, prefix="/api", tags=["setup"])

Reader = Annotated[Session, Depends(roles(Role.specialist, Role.lead, Role.admin))]
AdminOrLead = Annotated[Session, Depends(roles(Role.admin, Role.lead))]


class Hello(Out):
    """`first_run`: nobody can sign in yet; null while the record cannot be asked."""

    name: str
    demo: bool
    first_run: bool | None
    emergency: dict[str, str]
    """Language to the emergency number, as words for people."""


class StepOut(Out):
    """One step of the wait plan, seconds after first ring."""

    at_s: float
    step: str


class LineOut(Out):
    id: str
    number: str
    languages: list[str]
    cls: str
    plan: list[StepOut]
    closed_plan: list[StepOut]
    """Followed instead by calls that are `closed`."""
    danger_backup_s: float


class FindingOut(Out):
    ok: bool
    subject: str
    text: str


@router.get("/hello", dependencies=[Depends(public)])
async def hello(request: Request) -> Hello:
    """The first question of every console."""
    ctx = desk_of(request).ctx
    return Hello(
        name=ctx.settings.name,
        demo=ctx.settings.demo,
        first_run=await _first_run(request),
        emergency=dict(ctx.lines.line("").emergency_words),
    )


@router.get("/lines")
async def lines(request: Request, _: Reader) -> list[LineOut]:
    """The lines with their wait plans: what happens next for somebody who waits."""
    known = desk_of(request).ctx.lines
    danger = float(known.raw.get("danger_backup_s", policy.TIMES_S["danger_backup"]))
    return [
        LineOut(
            id=line.id,
            number=line.number,
            languages=list(line.languages),
            cls=line.cls,
            plan=_steps(line.routing.plan),
            closed_plan=_steps(line.routing.closed_plan),
            danger_backup_s=danger,
        )
        for line in known.by_id.values()
    ]


def _steps(plan: Sequence[policy.PlanStep]) -> list[StepOut]:
    return [StepOut(at_s=step.at_s, step=step.step) for step in plan]


@router.get("/check")
async def check(request: Request, _: AdminOrLead) -> list[FindingOut]:
    """What `hotline check` says, in the order in which a hotline is set up."""
    from app.commands.check import check as run  # it brings the carrier's client along: only who asks pays for it

    findings = await run(desk_of(request).ctx.settings)
    return [FindingOut(ok=found.ok, subject=found.subject, text=found.text) for found in findings]


async def _first_run(request: Request) -> bool | None:
    someone = select(Specialist.id).where(Specialist.password_hash.is_not(None)).limit(1)
    try:
        async with desk_of(request).ctx.sessions() as store:
            return (await store.scalar(someone)) is None
    except RECORD_AWAY:
        return None
