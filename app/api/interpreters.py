"""An interpreter beside one's own call: rung into the room, never alone with the caller (L10)."""

from __future__ import annotations

from fastapi import APIRouter, Request

from app.api.access import Route, desk_of
from app.api.console import Done, OnTheLine
from app.api.errors import Refused, refuse
from app.api.fields import In, Language, PathId
from app.api.trail import note
from app.secrets import NUMBER

router = APIRouter(route_class=Route, prefix="/api", tags=["interpreters"])


class InterpreterIn(In):
    language: Language | None
    """Which; null: let the present one go."""


@router.get("/interpreters")
async def languages(request: Request, _: OnTheLine) -> list[str]:
    """Languages for which somebody can be rung."""
    return sorted(desk_of(request).ctx.lines.interpreters)


@router.post("/calls/{id}/interpreter")
async def interpreter(id: PathId, form: InterpreterIn, request: Request, session: OnTheLine) -> Done:
    """Ring an interpreter into one's own call, or let them go. Asked again after nobody has answered, the next number
    of the language's list is rung."""
    desk, language = desk_of(request), form.language or ""
    numbers = desk.ctx.lines.interpreters.get(language, ())
    if language and not numbers:
        raise Refused(404, "no_interpreter", "There is no interpreter for this language.")
    sealed = [desk.ctx.secrets.encrypt(number, NUMBER) for number in numbers]
    refuse(await desk.ctx.board.interpreter(id, session.spec, language, sealed, nonce=desk.ctx.new_id()[:8]))
    desk.ctx.effects_due()
    await note(desk, session, "call.interpreter", "call", id, {"language": language})
    return Done()
