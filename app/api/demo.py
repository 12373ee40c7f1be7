"""The demo's first page: who may be tried, and a way in for each without typing. Nothing of it exists elsewhere."""

from __future__ import annotations

from urllib.parse import urlencode

import httpx
from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse
from sqlalchemy import select

from app.api.access import Route, desk_of, public, set_cookies
from app.api.errors import Refused
from app.api.fields import Out, PathId
from app.api.trail import note
from app.console import emulator
from app.context import Context
from app.records.models import Specialist

router = APIRouter(route_class=Route, prefix="/api/demo", tags=["demo"], dependencies=[Depends(public)])
#: Pages, not API.
door = APIRouter(route_class=Route, prefix="/demo", include_in_schema=False, dependencies=[Depends(public)])

#: A browser keeps one session per host, and both of these are this machine: two people in one browser.
HOSTS = {"lead": "localhost", "specialist": "127.0.0.1"}


#: Whose telephone the page is, of the numbers reserved for fiction.
CALLER = "+12025550123"
#: Seconds that the emulated carrier has to show its telephone page.
PROBE_S = 1.0


class Someone(Out):
    login: str
    role: str
    url: str


class DemoOut(Out):
    line: str
    people: list[Someone]
    telephone: str
    """Address of the telephone page; empty where there is none."""


def only_in_a_demo(request: Request) -> Context:
    ctx = desk_of(request).ctx
    if not (ctx.settings.demo and ctx.settings.twilio_api_url):
        raise Refused(404, "not_found", "There is nothing at this address.")
    return ctx


@router.get("")
async def demo(request: Request) -> DemoOut:
    """The hotline's number and the sample people, each with an address that signs them in."""
    ctx = only_in_a_demo(request)
    people = select(Specialist).where(Specialist.active, Specialist.role.in_(HOSTS)).order_by(Specialist.login)
    async with ctx.sessions() as store:
        rows = (await store.scalars(people)).all()
    found = [Someone(login=row.login, role=row.role, url=_way_in(request, row)) for row in rows]
    return DemoOut(line=ctx.lines.line("").number, people=found, telephone=await _telephone(ctx))


@door.get("/as/{login}")
async def enter(login: PathId, request: Request) -> RedirectResponse:
    """Sign a sample person in and open the console."""
    ctx, desk = only_in_a_demo(request), desk_of(request)
    async with ctx.sessions() as store:
        person = await store.scalar(select(Specialist).where(Specialist.login == login, Specialist.active))
    if person is None:
        raise Refused(404, "unknown", "There is no such person.")
    session = desk.roster.begin(person, ctx.clock.now())
    response = RedirectResponse("/", 303)
    set_cookies(desk, session, response)
    await note(desk, session, "sign_in", "session", session.id, {"demo": True})
    return response


def _way_in(request: Request, person: Specialist) -> str:
    host = HOSTS[person.role]
    return f"http://{host}:{request.url.port or 80}/demo/as/{person.login}"


async def _telephone(ctx: Context) -> str:
    """The emulated carrier's telephone page, where it has sound."""
    url = f"http://{emulator(ctx.settings)}/telephone"
    try:
        async with httpx.AsyncClient(timeout=PROBE_S, trust_env=False) as http:
            there = (await http.get(url)).status_code == 200
    except httpx.HTTPError:
        return ""
    return f"{url}?{urlencode({'number': CALLER, 'dial': ctx.lines.line('').number})}" if there else ""
