"""Clinical facts and handoffs: saved at once, once each, encrypted; emergency numbers refused in plain words."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from app.records.models import CallEvent
from routing.board import CallView

pytestmark = pytest.mark.anyio

WORDS = "she has pills and means it"


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


async def kinds(hotline, kind: str) -> list:
    return [event for event in await hotline.ctx.board.events("0") if event.kind == kind]


async def test_S4_a_fact_is_saved_once_however_often_it_is_sent(hotline, person, call) -> None:
    body = {"id": "fact-00000001", "judged": "high", "screened": "moderate", "imminent": False, "rationale": WORDS}
    answers = [(await person.post(f"calls/{call.id}/risk", body)).json() for _ in range(3)]
    assert answers[0] == {"id": "fact-00000001", "saved": True, "recorded": False}
    [event] = await kinds(hotline, "clinical")
    assert event.data["facts"] == {"at": "during", "judged": "high", "screened": "moderate", "imminent": False}
    assert WORDS not in str(event)
    assert hotline.ctx.secrets.decrypt(event.data["cipher"], "narrative") == WORDS


async def test_P3_unknown_stays_unknown(hotline, person, call) -> None:
    await person.post(f"calls/{call.id}/risk", {"id": "fact-00000002", "imminent": True})
    [event] = await kinds(hotline, "clinical")
    assert event.data["facts"] == {"at": "during", "imminent": True}


async def test_a_judgement_needs_its_rationale_and_a_fact_must_say_something(person, call) -> None:
    for body in ({"judged": "high"}, {}, {"rationale": "only words"}):
        answer = await person.post(f"calls/{call.id}/risk", {"id": "fact-00000003", **body})
        assert answer.status_code == 422
        assert answer.json()["error"]["message"].startswith("Something in this request is not right")


async def test_a_class_change_sent_again_later_does_not_undo_the_next_one(hotline, person, call) -> None:
    first = {"id": "class-000001", "cls": "attempt", "why": "assessed"}
    await person.post(f"calls/{call.id}/class", first)
    await person.post(f"calls/{call.id}/class", {"id": "class-000002", "cls": "urgent", "why": "eased"})
    assert (await person.post(f"calls/{call.id}/class", first)).json()["saved"]
    view = await hotline.ctx.board.call(call.id)
    assert view.cls == "urgent"
    same = await person.post(f"calls/{call.id}/class", {"id": "class-000003", "cls": "urgent", "why": "assessed"})
    assert same.json()["recorded"]


async def test_S4_a_fact_is_taken_after_wrap_up_from_whoever_was_there_only(hotline, person, call) -> None:
    other = await hotline.person()
    async with person.live() as stream:
        await stream.of("call", id=call.id)
        await hotline.ctx.board.caller_gone(call.id, call.sid, status="completed", side="caller", at_ms=None)
        await person.post("wrap-up/done")
        body = {"id": "fact-00000009", "safe": "no"}
        assert (await person.post(f"calls/{call.id}/safe-to-call", body)).json()["saved"]
        assert (await other.post(f"calls/{call.id}/safe-to-call", body)).status_code == 409


async def test_the_stream_says_when_a_fact_is_recorded(hotline, person, call) -> None:
    async with person.live() as stream:
        await stream.of("call", id=call.id)
        await person.post(f"calls/{call.id}/safe-to-call", {"id": "fact-00000004", "safe": "no"})
        await stream.of("fact", kind="clinical")
        assert "recorded" not in stream.kinds()
        [event] = await kinds(hotline, "clinical")
        async with hotline.ctx.sessions.begin() as store:  # as the recorder does
            row = {"epoch": event.epoch, "id": event.id, "n": event.n, "kind": "clinical", "data": {}}
            store.add(CallEvent(**row, at=_when(event), fact_id="fact-00000004", payload_hash="x"))
        assert (await stream.of("recorded"))["ids"] == ["fact-00000004"]


def _when(event):
    return datetime.fromtimestamp(event.at_ms / 1000, UTC)


HANDOFF = {"id": "h0000000001", "to": "+12025550199", "why": "imminent_risk", "consent": "unable", "narrative": WORDS}


async def test_C1_a_handoff_is_opened_once_and_its_facts_follow(hotline, person, call) -> None:
    for _ in range(2):
        assert (await person.post(f"calls/{call.id}/handoffs", HANDOFF)).json()["saved"]
    [opened] = await kinds(hotline, "handoff.opened")
    assert opened.data["facts"]["why"] == "imminent_risk"
    assert "2025550199" not in str(opened)
    fact = {"id": "fact-00000005", "contact": "by_hand", "incident": "F-17", "note": WORDS}
    assert (await person.post("handoffs/h0000000001/facts", fact)).json()["saved"]
    [said] = await kinds(hotline, "handoff.fact")
    assert said.data["facts"] == {"contact": "by_hand"}
    assert (await hotline.ctx.board.call(call.id)).handoff_open
    await person.post("handoffs/h0000000001/facts", {"id": "fact-00000006", "closed": True})
    assert not (await hotline.ctx.board.call(call.id)).handoff_open


async def test_C7_emergency_numbers_are_refused_in_words(hotline, person, call) -> None:
    words = ("cannot be dialled", "not a telephone number", "no such entry")
    for number in ("911", "9-1-1", "+1911", "112", "999", "933", "0911", "٩١١", "988911 ", "tel:911"):
        answer = await person.post(f"calls/{call.id}/handoffs", HANDOFF | {"to": number})
        assert answer.status_code == 422, number
        assert any(part in answer.json()["error"]["fields"]["to"] for part in words)
    assert not await kinds(hotline, "handoff.opened")


async def test_a_handoff_of_another_call_and_an_unknown_one_are_closed_to_me(hotline, person, call) -> None:
    other = await hotline.person()
    await person.post(f"calls/{call.id}/handoffs", HANDOFF)
    async with person.live() as stream:
        await stream.of("call", handoff_open=True)
        fact = {"id": "fact-00000007", "outcome": "stood_down"}
        assert (await other.post("handoffs/h0000000001/facts", fact)).status_code == 409
        assert (await other.post("handoffs/h9999999999/facts", fact)).status_code == 404
