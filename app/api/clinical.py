"""Clinical facts: board moves that carry ciphertext, saved at once and recorded a moment later (S4).

Every fact has an id that the console made: sending it again changes nothing, and says whether it is recorded by now.
Codes are codes; whatever a person wrote is encrypted before it leaves this process.
"""

from __future__ import annotations

import asyncio
from typing import Any, Literal

from fastapi import APIRouter, Request
from pydantic import model_validator

from app.api.access import Route, desk_of
from app.api.console import OnTheLine
from app.api.desk import Desk
from app.api.errors import refuse
from app.api.fields import In, Key, Narrative, Out, PathId
from app.api.ownership import own_call, was_own_call
from app.people.sessions import Session
from app.people.stores import RECORD_AWAY
from app.records.queries import recorded_facts
from app.secrets import NARRATIVE
from routing.board import Answer
from routing.states import CallClass

router = APIRouter(route_class=Route, prefix="/api/calls", tags=["clinical"])

#: Seconds that a fact's answer waits for the record: it is saved already, and says "not yet recorded" otherwise.
RECORD_S = 0.5

RiskLevel = Literal["none", "low", "moderate", "high"]
ClassReason = Literal[
    "assessed", "attempt_in_progress", "escalated", "eased", "key_by_mistake", "agreed_with_lead", "referred"
]


class Saved(Out):
    """The board has it. `recorded` becomes true by a `recorded` message of the live stream; until then keep a copy."""

    id: str
    saved: bool = True
    recorded: bool = False


class ClassIn(In):
    id: Key
    cls: CallClass
    why: ClassReason


class RiskIn(In):
    """Three distinct statements; one that is left out stays unknown, which is not "none"."""

    id: Key
    at: Literal["start", "during", "end"] = "during"
    screened: RiskLevel | None = None
    """What the screening instrument gave."""
    judged: RiskLevel | None = None
    """What you judge."""
    imminent: bool | None = None
    """An attempt is in progress or about to be made."""
    rationale: Narrative = ""

    @model_validator(mode="after")
    def says_something(self) -> RiskIn:
        if self.screened is None and self.judged is None and self.imminent is None:
            raise ValueError("say at least one of screened, judged, imminent")
        if self.judged is not None and not self.rationale:
            raise ValueError("a judgement needs its rationale")
        return self


class SafeToCallIn(In):
    id: Key
    safe: Literal["yes", "no", "unknown"]


async def saved(desk: Desk, session: Session, answer: Answer, id: str) -> Saved:
    """The answer to a fact: refused in words, or saved, and whether it is in the record by now."""
    refuse(answer)
    desk.ctx.effects_due()
    if answer.data.get("same"):  # the call has that class already: there is nothing to record
        return Saved(id=id, recorded=True)
    desk.hub.watch(session.spec, id)
    return Saved(id=id, recorded=bool(answer.data.get("repeated")) and await _known(desk, id))


async def _known(desk: Desk, id: str) -> bool:
    try:
        async with asyncio.timeout(RECORD_S):
            return bool(await recorded_facts(desk.ctx.sessions, [id]))
    except RECORD_AWAY:
        return False


def sealed(desk: Desk, text: str) -> str:
    return desk.ctx.secrets.encrypt(text, NARRATIVE) if text else ""


@router.post("/{id}/class")
async def change_class(id: PathId, form: ClassIn, request: Request, session: OnTheLine) -> Saved:
    """Raise or lower a call's class; it changes the order of the queue at once."""
    desk = desk_of(request)
    await own_call(desk, session, id)
    answer = await desk.ctx.board.set_class(id, form.cls, who=session.spec, why=form.why, id=form.id)
    return await saved(desk, session, answer, form.id)


@router.post("/{id}/risk")
async def risk(id: PathId, form: RiskIn, request: Request, session: OnTheLine) -> Saved:
    """What the screening gave, what you judge and why, and whether it is imminent."""
    desk = desk_of(request)
    facts = form.model_dump(include={"at", "screened", "judged", "imminent"}, exclude_none=True)
    return await _fact(desk, session, id, "risk", form.id, facts, form.rationale)


@router.post("/{id}/safe-to-call")
async def safe_to_call(id: PathId, form: SafeToCallIn, request: Request, session: OnTheLine) -> Saved:
    """Whether calling back is safe (C4): asked early, unknown until it is said."""
    return await _fact(desk_of(request), session, id, "safe_to_call", form.id, {"safe_to_call": form.safe}, "")


async def _fact(desk: Desk, session: Session, call: str, kind: str, id: str, facts: dict[str, Any], text: str) -> Saved:
    await was_own_call(desk, session, call)
    answer = await desk.ctx.board.clinical(call, session.spec, kind=kind, id=id, facts=facts, cipher=sealed(desk, text))
    return await saved(desk, session, answer, id)
