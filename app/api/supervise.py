"""Beside a call (L10): a lead listens, whispers, joins aloud or takes over; help is called; the caller is held."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request

from app.api.access import Route, desk_of
from app.api.calls import Lead
from app.api.console import AcceptIn, Done, OnTheLine, profile
from app.api.errors import refuse
from app.api.fields import In, Out, PathId
from app.api.trail import note
from app.people.sessions import Session
from routing.board.supervise import Mode

router = APIRouter(route_class=Route, prefix="/api/calls", tags=["supervise"])


class Beside(Out):
    """How one is beside the call. Not `joined` yet: connect the softphone with exactly `app_params`; if already in the
    room, the mode changes there."""

    call: str
    mode: Mode
    joined: bool
    token: str
    app_params: dict[str, str]


class OnIn(In):
    on: bool = True


@router.post("/{id}/listen")
async def listen(id: PathId, form: AcceptIn, request: Request, session: Lead) -> Beside:
    """Hear the call, heard by nobody."""
    return await _beside(request, session, id, "listen", form.tab)


@router.post("/{id}/whisper")
async def whisper(id: PathId, form: AcceptIn, request: Request, session: Lead) -> Beside:
    """Hear the call, and be heard by its owner alone."""
    return await _beside(request, session, id, "whisper", form.tab)


@router.post("/{id}/barge")
async def barge(id: PathId, form: AcceptIn, request: Request, session: Lead) -> Beside:
    """Join the call, heard by all; the owner stays the owner."""
    return await _beside(request, session, id, "barge", form.tab)


@router.post("/{id}/take-over")
async def take_over(id: PathId, request: Request, session: Lead) -> Done:
    """Become the owner of a call that one has joined aloud; who owned it stays in it until they leave."""
    desk = desk_of(request)
    refuse(await desk.ctx.board.take_over(id, session.spec))
    desk.ctx.effects_due()
    await note(desk, session, "call.take_over", "call", id)
    return Done()


@router.post("/{id}/go")
async def go(id: PathId, request: Request, session: Lead) -> Done:
    """A lead is beside the call no more."""
    desk = desk_of(request)
    refuse(await desk.ctx.board.unsupervise(id, session.spec))
    desk.ctx.effects_due()
    return Done()


@router.post("/{id}/help")
async def help_now(id: PathId, form: OnIn, request: Request, session: OnTheLine) -> Done:
    """Whoever is in the call wants a lead beside them: leads are alarmed until one has joined, or it is taken back."""
    refuse(await desk_of(request).ctx.board.help(id, session.spec, form.on))
    return Done()


@router.post("/{id}/hold")
async def hold(id: PathId, form: OnIn, request: Request, session: OnTheLine) -> Done:
    """The caller hears words instead of the room, or comes back into it. Only the call's owner may."""
    desk = desk_of(request)
    refuse(await desk.ctx.board.hold(id, session.spec, form.on))
    desk.ctx.effects_due()
    return Done()


async def _beside(request: Request, session: Session, call: str, mode: Mode, tab: str) -> Beside:
    desk = desk_of(request)
    fresh = desk.ctx.new_id() + desk.ctx.new_id()
    answer = await desk.ctx.board.supervise(profile(desk, session), call, mode, tab=tab, token=fresh)
    refuse(answer)
    desk.ctx.effects_due()
    await note(desk, session, f"call.{mode}", "call", call)
    return _out(call, mode, answer.data)


def _out(call: str, mode: Mode, said: Mapping[str, Any]) -> Beside:
    token = str(said.get("token") or "")
    params = {"call": call, "token": token} if token else {}
    return Beside(call=call, mode=mode, joined=bool(said.get("joined")), token=token, app_params=params)
