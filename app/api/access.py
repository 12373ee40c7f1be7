"""Who may use a route. Every route has `roles(...)` or `public`; a route without either cannot be defined."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Any

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from app.api.desk import Desk
from app.api.errors import Refused
from app.people import sessions
from app.people.roles import Role
from app.people.sessions import Session

#: Methods that change nothing and therefore need no CSRF header.
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
#: Bytes of a request's body: a long narrative and its JSON.
BODY_MAX = 65_536


class Public:
    """Marks a route that needs no session."""

    async def __call__(self) -> None:
        return None


public = Public()


class Roles:
    """Lets in a valid session of one of the roles, renews its cookie, and gives the session to the route."""

    def __init__(self, *roles: Role) -> None:
        self.roles = frozenset(roles)

    async def __call__(self, request: Request, response: Response) -> Session:
        desk = desk_of(request)
        session = current(request)
        if session is None:
            raise Refused(401, "signed_out", "You are not signed in, or your session has ended. Please sign in again.")
        if request.method not in SAFE:
            same_site(request, desk, session)
        if session.role not in self.roles:
            raise Refused(403, "not_allowed", f"This is not open to your role ({session.role}).")
        request.state.session = session
        return renew(desk, session, response)


def roles(*names: Role) -> Roles:
    return Roles(*names)


def desk_of(request: Request) -> Desk:
    return request.app.state.desk


def current(request: Request) -> Session | None:
    """The session of the request, if it is ours, has not expired and was not revoked. Asks no store."""
    desk = desk_of(request)
    session = sessions.unseal(desk.ctx.secrets, request.cookies.get(sessions.COOKIE), desk.ctx.clock.now())
    return session if session and desk.admits(session) else None


def renew(desk: Desk, session: Session, response: Response) -> Session:
    """After a while, the same session with a later end and what the roster now says about the person."""
    now = desk.ctx.clock.now()
    if not sessions.stale(session, now):
        return session
    fresh = desk.roster.refresh(sessions.renewed(session, now), now)
    set_cookies(desk, fresh, response)
    return fresh


def set_cookies(desk: Desk, session: Session, response: Response) -> None:
    secure = desk.ctx.settings.public_url.startswith("https:")
    values = (
        (sessions.COOKIE, sessions.seal(desk.ctx.secrets, session), True),
        (
            sessions.CSRF_COOKIE,
            sessions.csrf_token(desk.ctx.secrets, session.id),
            False,
        ),
    )
    age = max(1, int(session.expires - desk.ctx.clock.now()))
    for name, value, hidden in values:
        response.set_cookie(name, value, max_age=age, path="/", secure=secure, httponly=hidden, samesite="strict")


def same_site(request: Request, desk: Desk, session: Session) -> None:
    """Double submit: the header equals the cookie, and both are this session's."""
    right = sessions.csrf_token(desk.ctx.secrets, session.id).encode()
    for sent in (request.headers.get(sessions.CSRF_HEADER, ""), request.cookies.get(sessions.CSRF_COOKIE, "")):
        if not hmac.compare_digest(sent.encode(), right):
            raise Refused(403, "csrf", "This request did not come from the console. Reload the page and try again.")


class Route(APIRoute):
    """A route that names who may use it (deny by default), and is work in flight for the virtual clock (T4).

    A move that met another epoch of the board changed nothing (S2), and is made once more.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        if not list(_guards(self.dependant)):
            raise TypeError(f"{path} names no role: add Depends(roles(...)) or Depends(public)")

    def get_route_handler(self) -> Callable[[Request], Any]:
        handle = super().get_route_handler()

        async def busy(request: Request) -> Response:
            ctx = desk_of(request).ctx
            with ctx.clock.busy():
                await _bounded(request)
                return await ctx.moved(lambda: handle(request))

        return busy


async def _bounded(request: Request) -> None:
    """Read the body, or refuse it as soon as it is known to be too long."""
    if request.method in SAFE:
        return
    body, announced = bytearray(), request.headers.get("content-length", "")
    if not announced.isdecimal() or int(announced[:12]) <= BODY_MAX:
        async for chunk in request.stream():
            body += chunk
            if len(body) > BODY_MAX:
                break
        else:
            request._body = bytes(body)  # pyright: ignore[reportPrivateUsage]  as `Request.body` keeps it
            return
    raise Refused(413, "too_large", "This is too much text for one request.")


def _guards(dependant: Dependant) -> list[Roles | Public]:
    own = [dependant.call] if isinstance(dependant.call, Roles | Public) else []
    return own + [guard for inner in dependant.dependencies for guard in _guards(inner)]


def guards(route: APIRoute) -> list[Roles | Public]:
    """What stands before a route; for the test that walks them all."""
    return _guards(route.dependant)
