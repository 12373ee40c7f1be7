"""What a person at a console does for themselves: beats, presence, offers, wrap-up, recovery, the softphone's token."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import Field

from app.api import views
from app.api.access import Route, desk_of, roles
from app.api.desk import Desk
from app.api.errors import Refused, refuse
from app.api.fields import Id, In, Language, Line, Millis, Out, PathId, Tab
from app.api.views import Me
from app.console import emulator
from app.people.roles import Role
from app.people.sessions import Session
from routing.board import Accepted, Profile
from routing.states import CallClass, Presence
from routing.states import Role as LegRole

router = APIRouter(route_class=Route, prefix="/api", tags=["console"])

#: Seconds that a softphone's access token lasts; the console fetches another before the end.
SOFTPHONE_TTL_S = 3_600
#: Milliseconds: older sound than this is no sound.
RTP_AGE_MAX_MS = 86_400_000

#: Who is in a call in these roles is nobody from whom an emptied board may learn whose it is.
BESIDE = frozenset({LegRole.lead, LegRole.coach})

OnTheLine = Annotated[Session, Depends(roles(Role.specialist, Role.lead))]


class Told(In):
    """What the board last said about the call one is in, as `told` in the live stream's `call` messages; an emptied
    board is refilled from it (P4)."""

    line: Line
    language: Language
    cls: CallClass
    arrived_ms: Millis
    counter: int = Field(ge=0, le=2**53)
    role: LegRole
    owner: bool | Id | Annotated[str, Field(max_length=0)]
    """Whether one owns the call, or who does."""
    sid: Id | Annotated[str, Field(max_length=0)] = ""
    room: Id | Annotated[str, Field(max_length=0)] = ""
    room_sid: Id | Annotated[str, Field(max_length=0)] = ""
    handoff_open: bool = False
    risk_high: bool = False
    away: bool = False
    """Of a callback: its caller has no leg, so nobody is with them."""
    held_label: Annotated[str, Field(max_length=200)] = ""
    """The caller's participant label, while they are on hold."""


class Beat(In):
    """Proof of life: every 5 s idle, every 2 s in a call."""

    presence: Presence
    offer: Id | Annotated[str, Field(max_length=0)] = ""
    """The offer on screen."""
    call: Id | Annotated[str, Field(max_length=0)] = ""
    """The call one is in."""
    rtp_age_ms: int | None = Field(default=None, ge=0, le=RTP_AGE_MAX_MS)
    microphone: bool = True
    told: Told | None = None
    touched: bool = False
    """A human used the console since the last beat."""


class PresenceIn(In):
    presence: Presence


class AcceptIn(In):
    tab: Tab = "tab"


class DeclineIn(In):
    reason: Annotated[str, Field(pattern=r"^[a-z_]{0,40}$")] = ""


class RecoveryIn(In):
    on: bool


class AcceptOut(Out):
    """The call is yours: connect the softphone with exactly `app_params`."""

    call: str
    offer: str
    token: str
    kind: str
    app_params: dict[str, str]


class Done(Out):
    ok: bool = True


class SoftphoneToken(Out):
    token: str
    identity: str
    ttl_s: int
    emulator: str
    """Host and port of an emulated carrier's signalling; empty: the carrier's own."""


def profile(desk: Desk, session: Session) -> Profile:
    return desk.roster.profile(session, desk.ctx.clock.now())


def accepted(desk: Desk, won: Accepted, **key: str) -> AcceptOut:
    """The answer to an accept or a rejoin; the softphone must name what it was let in for (L6)."""
    desk.ctx.effects_due()
    params = key | {"token": won.token}
    return AcceptOut(call=won.call, offer=won.offer, token=won.token, kind=won.kind, app_params=params)


@router.post("/beat")
async def beat(form: Beat, request: Request, session: OnTheLine) -> Me:
    """I am here; answers how the board sees me, with the offers that are open for me."""
    desk = desk_of(request)
    beside = form.told is not None and form.told.role in BESIDE
    told: dict[str, Any] | None = form.told.model_dump(mode="json") if form.told and not beside else None
    if told:
        told["class"] = told.pop("cls")  # the board's word for it
        told["owner"] = told["owner"] in (True, session.spec)
    view = await desk.ctx.board.beat(
        profile(desk, session),
        presence=form.presence,
        offer=form.offer,
        call=form.call,
        rtp_age_ms=form.rtp_age_ms,
        microphone=form.microphone,
        told=told,
        touched=form.touched,
    )
    return Me.model_validate(views.me(view))


@router.put("/presence")
async def presence(form: PresenceIn, request: Request, session: OnTheLine) -> Me:
    """Available, on demand (one call), break, training or offline."""
    desk = desk_of(request)
    view = await desk.ctx.board.set_presence(profile(desk, session), form.presence)
    return Me.model_validate(views.me(view))


@router.post("/offers/{id}/ack")
async def ack(id: PathId, request: Request, session: OnTheLine) -> Done:
    """The offer is on screen."""
    refuse(await desk_of(request).ctx.board.ack(id, session.spec))
    return Done()


@router.post("/offers/{id}/accept")
async def accept(id: PathId, form: AcceptIn, request: Request, session: OnTheLine) -> AcceptOut:
    """Take the call. The first accept wins; the same tab may repeat it."""
    desk = desk_of(request)
    won = await desk.ctx.board.accept(id, session.spec, form.tab)
    if isinstance(won, Accepted):
        return accepted(desk, won, offer=id)
    refuse(won)
    raise Refused(409, "refused", "That is not possible now.")


@router.post("/offers/{id}/decline")
async def decline(id: PathId, form: DeclineIn, request: Request, session: OnTheLine) -> Done:
    """Not this one: the caller goes to somebody else at once."""
    refuse(await desk_of(request).ctx.board.decline(id, session.spec, form.reason))
    return Done()


@router.post("/wrap-up/done")
async def wrapped(request: Request, session: OnTheLine) -> Me:
    """Wrap-up is done: ready for the next."""
    return Me.model_validate(views.me(await desk_of(request).ctx.board.wrapped(session.spec)))


@router.post("/wrap-up/extend")
async def extend_wrap(request: Request, session: OnTheLine) -> Done:
    """More time for wrap-up, counted from now."""
    refuse(await desk_of(request).ctx.board.extend_wrap(session.spec))
    return Done()


@router.put("/recovery")
async def recovery(form: RecoveryIn, request: Request, session: OnTheLine) -> Done:
    """Time for oneself after a hard call, and back."""
    refuse(await desk_of(request).ctx.board.recover(session.spec, form.on))
    return Done()


@router.post("/softphone-token")
async def softphone_token(request: Request, session: OnTheLine) -> SoftphoneToken:
    """With this the browser may dial in; nobody can ring it."""
    settings = desk_of(request).ctx.settings
    token = desk_of(request).ctx.carrier.softphone_token(session.spec, SOFTPHONE_TTL_S)
    return SoftphoneToken(token=token, identity=session.spec, ttl_s=SOFTPHONE_TTL_S, emulator=emulator(settings))
