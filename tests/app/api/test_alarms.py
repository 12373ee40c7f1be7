"""Who hears that the carrier failed: the people who must act by hand, not only leads (L7, C1)."""

from __future__ import annotations

import pytest

from app.api.alarms import FOR_THE_CALL, LOOK, TODO, todo
from app.people.roles import Role
from routing.board import Effect

pytestmark = pytest.mark.anyio

HANDOFF = {"id": "h0000000001", "to": "+12025550199", "why": "imminent_risk", "consent": "unable"}


async def in_a_call(hotline, person):
    await person.beat()
    view = await hotline.caller()
    offer = (await person.beat())["offers"][0]["offer"]
    assert (await person.post(f"offers/{offer}/accept", {"tab": "t"})).status_code == 200
    return view


async def dialled(hotline) -> Effect:
    """The effect that rings the agency, claimed."""
    [effect] = [e for e in await hotline.ctx.board.claim_effects(20) if e.kind == "dial_agency"]
    return effect


async def agency_is(hotline, call, label: str, status: str, sid: str = "CA" + "7" * 32) -> None:
    await hotline.ctx.board.leg_status(call.id, sid, label, status=status, at_ms=None)


async def test_L7_who_is_in_the_call_hears_that_the_agency_was_not_reached(hotline) -> None:
    person, other = await hotline.person(), await hotline.person()
    async with person.live() as mine, other.live() as theirs:
        call = await in_a_call(hotline, person)
        answer = (await person.post(f"calls/{call.id}/handoffs", HANDOFF)).json()
        assert answer["dialled"] is True
        await agency_is(hotline, call, (await dialled(hotline)).data["label"], "busy")
        alarm = await mine.of("alarm", kind="agency_failed")
        assert (alarm["todo"], alarm["call"]) == ("dial_by_hand", call.id)
        await other.beat()
        await theirs.of("me", presence="available")
        assert "alarm" not in theirs.kinds()


async def test_C1_who_opened_a_handoff_hears_of_it_also_after_their_call(hotline) -> None:
    person = await hotline.person()
    async with person.live() as stream:
        call = await in_a_call(hotline, person)
        await person.post(f"calls/{call.id}/handoffs", HANDOFF)
        label = (await dialled(hotline)).data["label"]
        await agency_is(hotline, call, label, "in-progress")
        await person.post(f"calls/{call.id}/leave")
        await person.post("wrap-up/done")
        await stream.of("me", duty="idle", call="")
        await hotline.ctx.board.leg_status(
            call.id, "CA" + "8" * 32, "agency_h0000000001_x", status="failed", at_ms=None
        )
        assert (await stream.of("alarm", kind="agency_failed"))["todo"] == "dial_by_hand"


async def test_an_effect_that_failed_says_what_to_do_instead(hotline) -> None:
    person, lead = await hotline.person(), await hotline.person(Role.lead)
    async with person.live() as mine, lead.live() as theirs:
        call = await in_a_call(hotline, person)
        await person.post(f"calls/{call.id}/handoffs", HANDOFF)
        hub = hotline.desk.hub
        [opened] = [e for e in await hotline.ctx.board.events("0") if e.kind == "handoff.opened"]
        data = {"effect": "f1", "kind": "dial_agency", "result": "expired"}
        hub._deliver(_event(opened, "effect.failed", data))  # pyright: ignore[reportPrivateUsage]
        hub._deliver(_event(opened, "alarm", {"kind": "effect_failed", "call": call.id}))  # pyright: ignore[reportPrivateUsage]
        for stream in (mine, theirs):
            assert (await stream.of("alarm", kind="effect_failed"))["todo"] == "dial_by_hand"


def _event(like, kind: str, data: dict):
    return type(like)(**{**vars(like), "kind": kind, "data": data})


def test_every_alarm_has_a_next_step() -> None:
    assert FOR_THE_CALL - {"effect_failed"} <= TODO.keys()
    assert {todo("effect_failed", kind) for kind in ("dial_agency", "complete_leg")} == {
        "dial_by_hand",
        "hang_up_by_hand",
    }
    assert todo("effect_failed", "announce") == todo("never heard of") == LOOK


async def test_a_handoff_that_cannot_be_dialled_says_so_at_once(hotline) -> None:
    person = await hotline.person()
    call = await in_a_call(hotline, person)
    by_hand = (await person.post(f"calls/{call.id}/handoffs", HANDOFF | {"dial": False})).json()
    assert (by_hand["saved"], by_hand["dialled"]) == (True, False)
    again = (await person.post(f"calls/{call.id}/handoffs", HANDOFF | {"dial": False})).json()
    assert again["dialled"] is None
    await hotline.ctx.board.caller_gone(call.id, call.sid, status="completed", side="caller", at_ms=None)
    fact = {"id": "fact-00000011", "redial": True}
    assert (await person.post("handoffs/h0000000001/facts", fact)).json()["dialled"] is False


async def test_C1_a_fact_is_kept_although_the_board_forgot_the_handoff(hotline) -> None:
    person = await hotline.person()
    call = await in_a_call(hotline, person)
    async with person.live() as stream:
        await person.post(f"calls/{call.id}/handoffs", HANDOFF)
        await stream.of("call", handoff_open=True)
        await hotline.desk.redis.flushall()
        fact = {"id": "fact-00000012", "contact": "by_hand"}
        answer = await person.post("handoffs/h0000000001/facts", fact)
        assert (answer.status_code, answer.json()["saved"]) == (200, True), answer.text
        [said] = [e for e in await hotline.ctx.board.events("0") if e.kind == "handoff.fact"]
        assert said.call == call.id
