"""What a console that has no draft is told of its call, and agencies that can only be reached by hand (L7, L8, L10)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from app.people.roles import Role
from app.records.models import Call, EmergencyHandoff, HandoffFact, Leg, RiskAssessment
from app.secrets import NUMBER
from routing.board import CallView

pytestmark = pytest.mark.anyio

AT = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
WORDS = "she has pills and means it"
HANDOFF = {"id": "h0000000001", "to": "", "why": "medical", "consent": "given", "dial": False}


@pytest.fixture
async def person(hotline):
    return await hotline.person()


@pytest.fixture
async def call(hotline, person) -> CallView:
    await person.beat()
    view = await hotline.caller()
    offer = (await person.beat())["offers"][0]["offer"]
    assert (await person.post(f"offers/{offer}/accept", {"tab": "t"})).status_code == 200
    return view


def risk(call: str, key: str, minutes: int, **said) -> RiskAssessment:
    return RiskAssessment(id=key, call_id=call, at=AT + timedelta(minutes=minutes), facts={"at": "start"}, **said)


async def on_record(hotline, call: str) -> None:
    """As the recorder writes it: two statements of risk, one handoff with help on the way."""
    secrets = hotline.ctx.secrets
    sealed = {"rationale_cipher": secrets.encrypt(WORDS, "narrative")}
    opened = {"opened_at": AT, "opened_by": "s1", "facts": {"dial": True, "location": "partly"}, "why": "medical"}
    cipher = secrets.encrypt("+12025550180", NUMBER)
    async with hotline.ctx.sessions.begin() as store:
        store.add(Call(id=call, safe_to_call="no"))
        await store.flush()
        store.add(risk(call, "r1", 0, judged="high", **sealed))
        store.add(risk(call, "r2", 1, screened="low"))
        store.add(EmergencyHandoff(id="h1", call_id=call, to_cipher=cipher, contact="reached", **opened))
        store.add(Leg(sid="CA7", call_id=call, role="agency", who="h1", joined_at=AT))
        await store.flush()
        store.add(HandoffFact(id="f1", handoff_id="h1", at=AT + timedelta(minutes=2), facts={"dispatched": True}))


async def test_L8_a_console_without_a_draft_learns_risk_and_handoffs_of_its_call(hotline, person, call) -> None:
    await on_record(hotline, call.id)
    answer = await person.get(f"calls/{call.id}/case")
    said = answer.json()
    at_ms = round(AT.timestamp() * 1000)
    risk_said = {"at_ms": at_ms + 60_000, "at": "start", "screened": "low", "judged": "high", "imminent": None}
    assert (said["safe_to_call"], said["risk"]) == ("no", risk_said)
    [handoff] = said["handoffs"]
    assert (handoff["to"], handoff["contact"], handoff["closed"]) == ("dispatch-north", "reached", False)
    assert (handoff["dispatched_ms"], handoff["location"], handoff["joined"]) == (at_ms + 120_000, "partly", True)
    assert WORDS not in answer.text


async def test_L10_whoever_takes_over_learns_it_and_nobody_else_does(hotline, call) -> None:
    await on_record(hotline, call.id)
    lead, other = await hotline.person(Role.lead), await hotline.person()
    assert (await lead.get(f"calls/{call.id}/case")).json()["risk"]["judged"] == "high"
    assert (await other.get(f"calls/{call.id}/case")).status_code == 409


async def test_a_call_of_which_nothing_is_on_record_has_an_empty_case(person, call) -> None:
    said = (await person.get(f"calls/{call.id}/case")).json()
    assert said == {"safe_to_call": None, "risk": None, "handoffs": []}


async def test_L7_an_agency_that_cannot_be_dialled_is_written_down_with_what_came_of_it(hotline, person, call) -> None:
    agencies = hotline.ctx.lines.raw["agencies"]
    agencies["radio"] = {"name": "Harbour rescue, by radio", "number": ""}
    for index, to in enumerate(("radio", "the sheriff's own telephone", "dispatch-north"), 1):
        key = f"h000000000{index}"
        answer = await person.post(f"calls/{call.id}/handoffs", HANDOFF | {"id": key, "to": to})
        assert (answer.json()["saved"], answer.json()["dialled"]) == (True, False), to
        fact = {"id": f"fact-0000000{index}", "contact": "by_hand", "outcome": "contact_confirmed"}
        assert (await person.post(f"handoffs/{key}/facts", fact)).json()["saved"]
    del agencies["radio"]


async def test_C7_who_can_only_be_reached_by_hand_is_never_rung_from_here(hotline, person, call) -> None:
    for number in ("911", "+1911", "112", "12"):
        answer = await person.post(f"calls/{call.id}/handoffs", HANDOFF | {"to": number})
        assert answer.status_code == 422, number
    rung = await person.post(f"calls/{call.id}/handoffs", HANDOFF | {"to": "tel:911", "dial": True})
    assert rung.status_code == 422
    await on_record(hotline, call.id)
    cipher = hotline.ctx.secrets.encrypt("by radio", NUMBER)
    async with hotline.ctx.sessions.begin() as store:
        await store.execute(update(EmergencyHandoff).values(to_cipher=cipher))
    again = await person.post("handoffs/h1/facts", {"id": "fact-00000001", "redial": True})
    assert (again.status_code, again.json()["error"]["code"]) == (422, "by_hand_only")


async def test_S4_an_agency_reached_by_hand_is_told_of_after_the_end_too(hotline, person, call) -> None:
    await hotline.ctx.board.caller_gone(call.id, call.sid, status="completed", side="caller", at_ms=None)
    await person.post("wrap-up/done")
    decided = {"to": "+12025550180", "why": "medical", "consent": "given"}
    rung = await person.post(f"calls/{call.id}/handoffs", {**decided, "id": "h0000000003"})
    assert (rung.status_code, rung.json()["error"]["code"]) == (409, "not_yours")
    told = await person.post(f"calls/{call.id}/handoffs", {**decided, "id": "h0000000004", "dial": False})
    assert (told.status_code, told.json()["saved"]) == (200, True)
