"""Signing in and out."""

from __future__ import annotations

from contextlib import suppress
from ipaddress import ip_address
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy import select

from app.api.access import Route, current, desk_of, public, roles, same_site, set_cookies
from app.api.desk import Desk
from app.api.errors import Refused
from app.api.fields import In, Login, Out, Password
from app.api.trail import note
from app.people import sessions
from app.people.roles import Role
from app.people.sessions import Session
from app.records.models import Specialist

router = APIRouter(route_class=Route, prefix="/api/session", tags=["session"])


def address_of(request: Request) -> str:
    """Who asks. A proxy beside us says for whom, in the header's last entry, which it wrote itself; without this, forty
    wrong passwords from anywhere would lock out everybody behind the same proxy."""
    peer = request.client.host if request.client else ""
    said = request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
    with suppress(ValueError):
        if said and ip_address(peer).is_private:
            return str(ip_address(said))
    return peer


Anyone = Annotated[Session, Depends(roles(*Role))]


class SignIn(In):
    login: Login
    password: Password


class Who(Out):
    """Who is signed in. `csrf` goes into the header `X-CSRF` of everything that changes something."""

    spec: str
    role: Role
    level: str
    languages: list[str]
    lanes: list[str]
    expires: int
    csrf: str


@router.post("", dependencies=[Depends(public)])
async def sign_in(form: SignIn, request: Request, response: Response) -> Who:
    """Begin a session. Failures are counted per login and per address."""
    desk = desk_of(request)
    _from_console(request)
    address = address_of(request)
    if wait := await desk.throttle.wait_s(form.login, address):
        raise Refused(429, "wait", f"Too many wrong passwords. Please wait {max(1, wait // 60)} min, then try again.")
    person = await _person(desk, form.login)
    if not await desk.passwords.verify(form.password, person.password_hash if person and person.active else None):
        await desk.throttle.failed(form.login, address)
        raise Refused(401, "wrong", "Login or password is wrong.")
    assert person is not None
    await desk.throttle.succeeded(form.login)
    session = desk.roster.begin(person, desk.ctx.clock.now())
    set_cookies(desk, session, response)
    await note(desk, session, "sign_in", "session", session.id)
    return _who(desk, session)


@router.get("")
async def signed_in(request: Request, session: Anyone) -> Who:
    """Who I am; 401 when the session has ended."""
    return _who(desk_of(request), session)


@router.delete("", dependencies=[Depends(public)], status_code=204)
async def sign_out(request: Request, response: Response) -> None:
    """End this session everywhere; signing out twice is no error."""
    desk = desk_of(request)
    if session := current(request):
        same_site(request, desk, session)
        await desk.revocations.end_session(session)
    for name in (sessions.COOKIE, sessions.CSRF_COOKIE):
        response.delete_cookie(name, path="/")


async def _person(desk: Desk, login: str) -> Specialist | None:
    async with desk.ctx.sessions() as store:
        return (await store.execute(select(Specialist).where(Specialist.login == login))).scalar_one_or_none()


def _from_console(request: Request) -> None:
    """There is no session yet to bind a token to: browsers say themselves when another site sends the form."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Refused(403, "csrf", "Please sign in on the console's own page.")


def _who(desk: Desk, session: Session) -> Who:
    return Who(
        spec=session.spec,
        role=session.role,
        level=session.level,
        languages=list(session.languages),
        lanes=list(session.lanes),
        expires=int(session.expires),
        csrf=sessions.csrf_token(desk.ctx.secrets, session.id),
    )
