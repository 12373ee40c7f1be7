"""Handoffs to emergency services: decided by a person, dialled into the room or by hand, with what came of it (C1)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from pydantic import StringConstraints, model_validator
from sqlalchemy import select

from app.api.access import Route, desk_of
from app.api.clinical import Saved, saved, sealed
from app.api.console import OnTheLine
from app.api.desk import Desk
from app.api.errors import Refused
from app.api.fields import In, Key, Narrative, PathId, Short
from app.api.ownership import own_call, own_handoff, was_own_call
from app.people.sessions import Session
from app.people.stores import RECORD_AWAY
from app.records.models import EmergencyHandoff
from app.secrets import NUMBER
from routing.board import Answer
from telephony.numbers import NotDiallable, check_diallable

router = APIRouter(route_class=Route, prefix="/api", tags=["handoffs"])

HandoffId = Annotated[str, StringConstraints(pattern=r"^h[a-z0-9]{8,40}$")]
"""Made by the console; also a part of the agency's label in the room, so letters and digits only."""

EMERGENCY_NUMBER = (
    "Emergency numbers such as 911 cannot be dialled from here: they would reach the service for our own address. "
    "Dial the direct ten-digit number of the caller's local dispatch, or choose it from the directory."
)
NO_NUMBER = "This is not a telephone number. Write it with country code, such as +12025550123."
NO_ENTRY = "There is no such entry in the directory."
BY_HAND_ONLY = "This agency has no number that may be dialled from here: ring it by hand."


class HandoffIn(In):
    """Why, with whose consent, and to whom. With `dial` the agency is rung into the room."""

    id: HandoffId
    to: Short
    """A number with country code, or an entry of the directory; without `dial` also a name, for whoever is rung by
    hand or reached in another way."""
    why: Literal["attempt_in_progress", "imminent_risk", "medical", "violence", "child_at_risk", "other"]
    consent: Literal["given", "refused", "unable", "unknown"]
    voluntary: bool | None = None
    consulted: Literal["lead", "none", "not_needed"] | None = None
    location: Literal["known", "partly", "unknown"] | None = None
    narrative: Narrative = ""
    """What the agency must know: encrypted."""
    dial: bool = True


class HandoffFactIn(In):
    """What happened next; only what is said changes."""

    id: Key
    contact: Literal["reached", "no_answer", "declined", "wrong_jurisdiction", "by_hand"] | None = None
    outcome: (
        Literal["contact_confirmed", "not_located", "responder_refused", "caller_declined", "stood_down"] | None
    ) = None
    consent: Literal["given", "refused", "unable", "unknown"] | None = None
    consulted: Literal["lead", "not_needed"] | None = None
    location: Literal["known", "partly", "unknown"] | None = None
    dispatched: bool | None = None
    closed: bool | None = None
    incident: Short = ""
    """The agency's incident number: encrypted."""
    note: Narrative = ""
    redial: bool = False
    """Ring the agency again."""

    @model_validator(mode="after")
    def says_something(self) -> HandoffFactIn:
        if not (self.redial or self.model_dump(exclude_none=True, exclude_defaults=True, exclude={"id"})):
            raise ValueError("say at least one fact")
        return self


class HandoffSaved(Saved):
    """As `Saved`, and whether the agency is being rung now: `false` means dial by hand; null: this was sent before."""

    dialled: bool | None = None


async def _handed(desk: Desk, session: Session, answer: Answer, id: str) -> HandoffSaved:
    kept = await saved(desk, session, answer, id)
    dialled = None if answer.data.get("repeated") else bool(answer.data.get("dialled"))
    return HandoffSaved(**kept.model_dump(), dialled=dialled)


@router.post("/calls/{id}/handoffs")
async def open_handoff(id: PathId, form: HandoffIn, request: Request, session: OnTheLine) -> HandoffSaved:
    """A handoff is decided; works with Postgres down."""
    desk = desk_of(request)
    await (own_call if form.dial else was_own_call)(desk, session, id)  # by hand, it may be told after the end (S4)
    number = agency_number(desk, form.to) if form.dial else by_hand(desk, form.to)
    facts = form.model_dump(include={"why", "consent", "voluntary", "consulted", "location"}, exclude_none=True)
    answer = await desk.ctx.board.handoff_open(
        id,
        session.spec,
        handoff=form.id,
        to_cipher=desk.ctx.secrets.encrypt(number, NUMBER),
        facts=facts | {"dial": form.dial},
        cipher=sealed(desk, form.narrative),
        dial=form.dial,
    )
    return await _handed(desk, session, answer, form.id)


@router.post("/handoffs/{id}/facts")
async def add_fact(id: PathId, form: HandoffFactIn, request: Request, session: OnTheLine) -> HandoffSaved:
    """Reached or not, dialled by hand, confirmed contact, not located: "dispatched" alone is not done."""
    desk = desk_of(request)
    call = await own_handoff(desk, session, id)
    if form.redial:
        await _may_ring(desk, id)
    facts: dict[str, Any] = form.model_dump(
        include={"contact", "outcome", "consent", "consulted", "location", "dispatched", "closed"}, exclude_none=True
    )
    text = "\n".join(part for part in (f"incident {form.incident}" if form.incident else "", form.note) if part)
    answer = await desk.ctx.board.handoff_fact(
        id, session.spec, id=form.id, facts=facts, cipher=sealed(desk, text), redial=form.redial, call=call
    )
    return await _handed(desk, session, answer, form.id)


def agency_number(desk: Desk, to: str) -> str:
    """E.164 of a number or of a directory entry; emergency numbers are refused wherever they come from (C7)."""
    entry = desk.ctx.lines.raw.get("agencies", {}).get(to)
    try:
        return check_diallable(entry.get("number", "") if entry else to)
    except NotDiallable as error:
        if error.reason == "emergency":
            message = EMERGENCY_NUMBER
        else:
            message = NO_NUMBER if to[:1] in "+0123456789(" else NO_ENTRY
        raise Refused(422, f"number_{error.reason}", message, {"to": message}) from error


def by_hand(desk: Desk, to: str) -> str:
    """What is written down of an agency that a person rings themselves: its number, else the directory's key or its
    name. A bare emergency number is refused all the same: from here it reaches the wrong place (C7)."""
    entry = desk.ctx.lines.raw.get("agencies", {}).get(to)
    try:
        return check_diallable(entry.get("number", "") if entry else to)
    except NotDiallable:
        if entry or any(letter.isalpha() for letter in to):
            return to
    return agency_number(desk, to)


async def _may_ring(desk: Desk, handoff: str) -> None:
    """Refuse to ring who can only be reached by hand. With the record away the carrier's own guard does it (C7)."""
    query = select(EmergencyHandoff.to_cipher).where(EmergencyHandoff.id == handoff)
    try:
        async with desk.ctx.sessions() as store:
            cipher = await store.scalar(query)
    except RECORD_AWAY:
        return
    try:
        if cipher:  # none: its opening is not on record yet
            check_diallable(desk.ctx.secrets.decrypt(cipher, NUMBER))
    except NotDiallable as error:
        raise Refused(422, "by_hand_only", BY_HAND_ONLY) from error
