"""A colleague beside oneself in a call (L10): who is free, asking one in, handing the call over."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Request

from app.api.access import Route, desk_of
from app.api.console import Done, OnTheLine
from app.api.desk import Desk
from app.api.errors import Refused, refuse
from app.api.fields import Id, In, Language, Line, Out, PathId
from app.api.trail import note
from routing.board import CallView, SpecView
from routing.policy import lanes_of_colleagues, lanes_of_leads

router = APIRouter(route_class=Route, prefix="/api", tags=["colleagues"])


class ColleagueOut(Out):
    """Somebody who may be asked now, or is in one's own call."""

    spec: str
    name: str
    role: str
    level: str
    free: bool


class AskIn(In):
    """`transfer`: they come to take the call over, all three hear each other. `consult`: the two talk alone first, the
    caller hears that they are not alone. `to` the `crisis` line: from a warm line up, and the call is a crisis
    call from then on."""

    kind: Literal["transfer", "consult"]
    to: Literal["person", "line", "lead", "crisis"]
    person: Id | None = None
    """Who, for `person`."""
    line: Line | None = None
    """Whose people, for `line`; absent: the call's own line."""
    language: Language | None = None
    """Which of them, for `line` and `crisis`; absent: those who speak the caller's language."""


class AskOut(Out):
    offer: str
    spec: str
    """Who is asked."""


class HandOverIn(In):
    to: Id


@router.get("/colleagues")
async def colleagues(request: Request, session: OnTheLine) -> list[ColleagueOut]:
    """Who is free to be asked into a call now, and who is in one's own call; not oneself."""
    desk = desk_of(request)
    everybody = {one.spec: one for one in await desk.ctx.board.specialists()}
    mine = everybody[session.spec].call if session.spec in everybody else ""
    about = desk.roster.names(desk.ctx.secrets)
    found = [
        ColleagueOut(spec=one.spec, name=about[one.spec][0], role=about[one.spec][1], level=one.level, free=_free(one))
        for one in everybody.values()
        if one.spec != session.spec and one.spec in about and (_free(one) or (mine and one.call == mine))
    ]
    return sorted(found, key=lambda one: (one.name, one.spec))


def _free(one: SpecView) -> bool:
    return one.known and one.duty == "idle" and one.presence in ("available", "on_demand")


@router.post("/calls/{id}/ask")
async def ask(id: PathId, form: AskIn, request: Request, session: OnTheLine) -> AskOut:
    """Ask a colleague into one's own call. The call stays as it is until they have come; one is asked at a time."""
    desk = desk_of(request)
    to, lanes = await _whom(desk, id, form)
    up = form.to == "crisis"
    answer = await desk.ctx.board.ask(id, session.spec, kind=form.kind, to=to, lanes=lanes, up=up)
    if up and answer.reason == "nobody_free":  # nobody is left alone with a crisis: then a lead
        _, lanes = await _whom(desk, id, form, leads=True)
        answer = await desk.ctx.board.ask(id, session.spec, kind=form.kind, lanes=lanes, up=True)
    refuse(answer)
    await note(desk, session, f"call.{form.kind}", "call", id, {"asked": str(answer.data["spec"])})
    return AskOut(offer=answer.data["offer"], spec=answer.data["spec"])


@router.post("/calls/{id}/unask")
async def unask(id: PathId, request: Request, session: OnTheLine) -> Done:
    """Take back what one has asked of a colleague who has not answered yet."""
    refuse(await desk_of(request).ctx.board.unask(id, session.spec))
    return Done()


@router.post("/calls/{id}/hand-over")
async def hand_over(id: PathId, form: HandOverIn, request: Request, session: OnTheLine) -> Done:
    """Give one's call to a colleague who is in the room and can be heard. One stays beside them until one leaves."""
    desk = desk_of(request)
    refuse(await desk.ctx.board.hand_over(id, session.spec, form.to))
    desk.ctx.effects_due()
    await note(desk, session, "call.hand_over", "call", id, {"to": form.to})
    return Done()


async def _whom(desk: Desk, call: str, form: AskIn, *, leads: bool = False) -> tuple[str, tuple[str, ...]]:
    """The one who is named, or the lanes in which to look."""
    if form.to == "person":
        if not form.person:
            raise Refused(422, "invalid", "Say which colleague.", {"person": "missing"})
        return form.person, ()
    view = await desk.ctx.board.call(call)
    if view is None:
        raise Refused(404, "unknown", "There is no such call any more.")
    name = _crisis(desk, view) if form.to == "crisis" else form.line or view.line
    if name not in desk.ctx.lines.by_id:
        raise Refused(404, "unknown", "There is no such line.")
    line = desk.ctx.lines.line(name).routing
    lanes = (
        lanes_of_leads(line)
        if leads or form.to == "lead"
        else lanes_of_colleagues(line, form.language or view.language)
    )
    return "", lanes


def _crisis(desk: Desk, view: CallView) -> str:
    """The line above a warm line. Asked once more the call is there already, and it is the same asking."""
    return desk.ctx.lines.line(view.line).crisis or view.line
