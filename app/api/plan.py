"""A line's wait plan, opening hours and words: leads and admins edit them, every version is kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from app.api.access import Route, desk_of, roles
from app.api.desk import Desk
from app.api.errors import Refused
from app.api.fields import PathId
from app.api.plan_forms import PlanIn, PlanOut, VersionOut, plan_out, version_out
from app.api.trail import note
from app.lines import BadLines, Edit, Line, parse
from app.people.roles import Role
from app.people.sessions import Session
from app.people.stores import RECORD_AWAY
from app.plan import follow, versions
from app.records.models_lines import LineVersion
from app.secrets import NARRATIVE

router = APIRouter(route_class=Route, prefix="/api/lines/{id}/plan", tags=["plan"])

Reader = Annotated[Session, Depends(roles(Role.specialist, Role.lead, Role.admin))]
Editor = Annotated[Session, Depends(roles(Role.lead, Role.admin))]
Historian = Annotated[Session, Depends(roles(Role.lead, Role.admin, Role.auditor))]

OUTDATED = (
    "Somebody has changed this plan since you opened it, and nothing of yours was saved. "
    "Load it again to see what is in force now, and make your change there."
)


@router.get("")
async def plan(id: PathId, request: Request, _: Reader) -> PlanOut:
    """What is in force now. With the record away it is still told; who made it is unknown then."""
    desk = desk_of(request)
    line = _line(desk, id)
    try:
        latest = next(iter(await versions.history(desk.ctx.sessions, desk.ctx.settings.name, id, 1)), None)
    except RECORD_AWAY:
        latest = None
    return plan_out(desk.ctx, line, latest)


@router.put("")
async def change(id: PathId, form: PlanIn, request: Request, session: Editor) -> PlanOut:
    """Save it whole, on the version that you had before you. Callers who wait follow it from now on."""
    desk = desk_of(request)
    ctx, data = desk.ctx, form.data()
    _check(desk, _line(desk, id), data)
    draft = versions.Draft(
        line=id,
        based_on=form.version,
        known=version_of(desk, id),
        who=session.spec,
        why_cipher=ctx.secrets.encrypt(form.why, NARRATIVE),
        data=data,
    )
    saved = await versions.save(ctx.sessions, ctx.settings.name, draft, ctx.clock.now())
    if saved is None:
        await follow.refresh(ctx)
        raise Refused(409, "outdated", OUTDATED)
    await note(desk, session, "line.plan.change", "line", id, {"version": saved.version, "steps": len(form.plan)})
    await follow.refresh(ctx)
    return plan_out(ctx, _line(desk, id), saved)


@router.get("/versions")
async def history(id: PathId, request: Request, _: Historian) -> list[VersionOut]:
    """Every edit, newest first: who made it, when, why, and what it was."""
    desk = desk_of(request)
    _line(desk, id)
    rows: list[LineVersion] = list(await versions.history(desk.ctx.sessions, desk.ctx.settings.name, id))
    return [version_out(desk.ctx, row) for row in rows]


def version_of(desk: Desk, line: str) -> int:
    edit = desk.ctx.lines.edits.get(line)
    return edit.version if edit else 0


def _line(desk: Desk, id: str) -> Line:
    if line := desk.ctx.lines.by_id.get(id):
        return line
    raise Refused(404, "unknown", "There is no such line.")


def _check(desk: Desk, line: Line, data: Mapping[str, Any]) -> None:
    """With the operator's file, as a process would read it at its start."""
    try:
        parse(desk.ctx.lines.raw, {line.id: Edit(version_of(desk, line.id) + 1, data)})
    except BadLines as wrong:
        raise Refused(422, "bad_plan", f"This plan was not saved. {_sentence(str(wrong), line)}") from None


def _sentence(text: str, line: Line) -> str:
    said = text.removeprefix(f"line {line.id!r}, ")
    return said[:1].upper() + said[1:] + "."
