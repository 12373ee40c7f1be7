"""Offers and calls by way of the API: the first accept wins, one acts only on one's own, every refusal says why."""

from __future__ import annotations

import asyncio

import pytest

from app.people.roles import Role

pytestmark = pytest.mark.anyio


async def offered(hotline, person) -> tuple:
    """A caller, and the id of the offer that `person` got for them."""
    await person.beat()
    call = await hotline.caller()
    me = await person.beat()
    return call, me["offers"][0]["offer"]


async def accepted(hotline, person):
    call, offer = await offered(hotline, person)
    answer = await person.post(f"offers/{offer}/accept", {"tab": "t1"})
    assert answer.status_code == 200, answer.text
    return call, answer.json()


async def test_L6_the_same_tab_gets_the_same_token_and_another_tab_words(hotline) -> None:
    person = await hotline.person()
    call, offer = await offered(hotline, person)
    assert (await person.post(f"offers/{offer}/ack")).json() == {"ok": True}
    first, again = [await person.post(f"offers/{offer}/accept", {"tab": "t1"}) for _ in range(2)]
    assert first.json() == again.json()
    assert first.json()["call"] == call.id
    assert first.json()["app_params"] == {"offer": offer, "token": first.json()["token"]}
    other = await person.post(f"offers/{offer}/accept", {"tab": "t2"})
    assert (other.status_code, other.json()["error"]["code"]) == (409, "not_yours")


async def test_another_person_can_do_nothing_with_my_offer(hotline) -> None:
    person, thief = await hotline.person(), await hotline.person()
    _, offer = await offered(hotline, person)
    for path in ("ack", "accept", "decline"):
        answer = await thief.post(f"offers/{offer}/{path}")
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "not_yours"), path
    assert (await person.beat())["offers"][0]["offer"] == offer


async def test_two_people_accept_three_callers_at_once_and_each_is_in_one_call(hotline) -> None:
    people = [await hotline.person() for _ in range(3)]
    pairs = [await offered(hotline, person) for person in people]
    answers = await asyncio.gather(
        *(person.post(f"offers/{offer}/accept", {"tab": "t"}) for person, (_, offer) in zip(people, pairs, strict=True))
    )
    assert len({answer.json()["call"] for answer in answers}) == 3


async def test_declined_is_free_again_and_the_caller_goes_to_the_next(hotline) -> None:
    one, two = await hotline.person(), await hotline.person()
    _, offer = await offered(hotline, one)
    await two.beat()
    assert (await one.post(f"offers/{offer}/decline", {"reason": "conflict"})).status_code == 200
    assert (await two.beat())["offers"]
    late = await one.post(f"offers/{offer}/accept")
    assert (late.status_code, late.json()["error"]["code"]) == (409, "not_yours")


async def test_anothers_call_is_closed_to_me_and_nothing_changes(hotline) -> None:
    person, other = await hotline.person(), await hotline.person()
    call, _ = await accepted(hotline, person)
    await other.beat()
    before = await hotline.ctx.board.call(call.id)
    asked = {
        "media": {}, "rejoin": {"tab": "t"}, "leave": {}, "end": {"reason": "done"},
        "class": {"id": "k" * 10, "cls": "attempt", "why": "assessed"},
        "risk": {"id": "k" * 10, "imminent": True}, "safe-to-call": {"id": "k" * 10, "safe": "no"},
        "handoffs": {"id": "h" + "1" * 10, "to": "+12025550199", "why": "other", "consent": "given"},
    }  # fmt: skip
    for path, body in asked.items():
        answer = await other.post(f"calls/{call.id}/{path}", body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "not_yours"), path
    for path in (f"calls/{call.id}", f"calls/{call.id}/number"):
        assert (await other.get(path)).status_code == 409
    after = await hotline.ctx.board.call(call.id)
    assert (before.state, before.cls, before.owner) == (after.state, after.cls, after.owner)


async def test_S7_the_number_is_shown_to_the_calls_person_and_the_look_is_audited(hotline) -> None:
    person, auditor = await hotline.person(), await hotline.person(Role.auditor)
    call, _ = await accepted(hotline, person)
    assert (await person.get(f"calls/{call.id}/number")).json() == {"number": "+12025550123", "withheld": False}
    entry = (await auditor.get("audit?limit=1")).json()[0]
    assert (entry["who"], entry["what"], entry["object_id"]) == (person.spec, "number.reveal", call.id)
    assert "+1202" not in (await person.get(f"calls/{call.id}")).text


async def test_S7_the_number_is_shown_with_postgres_down_and_so_is_its_audit(hotline, stores) -> None:
    person, auditor = await hotline.person(), await hotline.person(Role.auditor)
    call, _ = await accepted(hotline, person)
    await stores.postgres.stop()
    try:
        shown = await person.get(f"calls/{call.id}/number")
        form = await auditor.get("audit")
    finally:
        await stores.postgres.start()
    assert shown.json()["number"] == "+12025550123"
    assert (form.status_code, form.json()["error"]["code"]) == (503, "record_away")


async def test_S4_calls_go_on_with_postgres_down(hotline, stores) -> None:
    person = await hotline.person()
    await stores.postgres.stop()
    try:
        call, _ = await accepted(hotline, person)
        fact = await person.post(f"calls/{call.id}/risk", {"id": "r" * 12, "judged": "high", "rationale": "a plan"})
        sign_in = await person.sign_in()
    finally:
        await stores.postgres.start()
    assert fact.json() == {"id": "r" * 12, "saved": True, "recorded": False}
    assert sign_in.status_code == 503
    assert "record" in sign_in.json()["error"]["message"]


async def test_L9_high_risk_is_not_ended_without_a_lead(hotline) -> None:
    person, lead = await hotline.person(), await hotline.person(Role.lead)
    call, _ = await accepted(hotline, person)
    await lead.beat()
    await hotline.ctx.board.leg_joined(call.id, "CA" + "1" * 32, f"owner_{person.spec}_n", "CF" + "1" * 32, None)
    await person.post(f"calls/{call.id}/risk", {"id": "r" * 12, "imminent": True})
    refused = await person.post(f"calls/{call.id}/end", {"reason": "finished"})
    assert refused.status_code == 409
    assert refused.json()["error"]["code"] in ("needs_lead", "wrong_state")


async def test_presence_wrap_up_recovery_and_the_softphone(hotline) -> None:
    person = await hotline.person()
    assert (await person.http.put("/api/presence", json={"presence": "break"})).json()["presence"] == "break"
    assert (await person.post("wrap-up/done")).json()["duty"] == "idle"
    assert (await person.http.put("/api/recovery", json={"on": True})).status_code == 200
    assert (await person.beat("break"))["duty"] == "recovering"
    token = (await person.post("softphone-token")).json()
    assert token["identity"] == person.spec
    assert token["token"].count(".") == 2


async def test_who_is_off_shift_is_offered_nothing(hotline) -> None:
    person = await hotline.person(always_on=False)
    await person.beat()
    await hotline.caller()
    assert (await person.beat())["offers"] == []


async def test_the_lead_sees_the_board_and_all_calls(hotline) -> None:
    lead, person = await hotline.person(Role.lead), await hotline.person()
    call = await hotline.caller()
    assert [c["id"] for c in (await lead.get("calls")).json()] == [call.id]
    assert call.id in (await lead.get("board")).text
    assert (await person.get("board")).status_code == 403
