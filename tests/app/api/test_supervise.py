"""Leads beside a call through the API: listen, whisper, barge, take over; help and hold by the specialist (L10)."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app.people.roles import Role
from app.records.models import AuditEntry
from routing.board import Seat

pytestmark = pytest.mark.anyio


@pytest.fixture
async def person(hotline):
    return await hotline.person()


@pytest.fixture
async def lead(hotline):
    return await hotline.person(Role.lead)


@pytest.fixture
async def call(hotline, person):
    """A caller who talks with the person."""
    await person.beat()
    view = await hotline.caller()
    offer = (await person.beat())["offers"][0]["offer"]
    won = (await person.post(f"offers/{offer}/accept", {"tab": "t"})).json()
    await dials_in(hotline, person, won["app_params"], "CA" + "a" * 32)
    assert (await person.post(f"calls/{view.id}/media")).status_code == 200
    await hotline.ctx.board.leg_joined(view.id, view.sid, f"caller_{view.id}_1", "CF1", None)
    return await hotline.ctx.board.call(view.id)


async def dials_in(hotline, console, params: dict[str, str], sid: str) -> Seat:
    """As the carrier's webhooks tell it."""
    board = hotline.ctx.board
    asked = {"offer": params.get("offer", ""), "call": params.get("call", ""), "token": params["token"]}
    seat = await board.seat(console.spec, **asked, sid=sid)
    assert seat.ok, seat
    await board.leg_joined(seat.call, sid, seat.label, "CF1", None)
    return seat


async def test_L10_from_listening_to_taking_over(hotline, person, lead, call) -> None:
    async with lead.live() as stream, person.live() as theirs:
        heard = (await lead.post(f"calls/{call.id}/listen", {"tab": "t"})).json()
        assert (heard["joined"], heard["mode"]) == (False, "listen")
        assert heard["app_params"] == {"call": call.id, "token": heard["token"]}
        seat = await dials_in(hotline, lead, heard["app_params"], "CA" + "b" * 32)
        assert seat.muted
        await stream.of("me", call=call.id, watch="listen", duty="talking")
        told = (await stream.of("call", id=call.id, watching=lead.spec))["told"]
        assert (told["role"], told["owner"]) == ("lead", False)
        await theirs.of("call", id=call.id, watching=lead.spec)  # nobody is listened to in secret
        refused = (await lead.post(f"calls/{call.id}/take-over")).json()["error"]
        assert (refused["code"], "Join the call first" in refused["message"]) == ("join_first", True)
        louder = (await lead.post(f"calls/{call.id}/whisper", {"tab": "t"})).json()
        assert (louder["joined"], louder["app_params"]) == (True, {})
        assert (await lead.post(f"calls/{call.id}/barge", {"tab": "t"})).json()["joined"]
        assert (await lead.post(f"calls/{call.id}/take-over")).status_code == 200
        assert (await stream.of("call", id=call.id, owner=lead.spec))["told"]["role"] == "owner"
        await theirs.of("me", role="consult")
        await lead.beat(call=call.id, rtp_age_ms=0)
        assert (await person.post(f"calls/{call.id}/leave")).status_code == 200
    view = await hotline.ctx.board.call(call.id)
    assert (view.state, view.owner) == ("talking", lead.spec)
    async with hotline.ctx.sessions() as store:
        rows = await store.scalars(select(AuditEntry).where(AuditEntry.object_id == call.id))
        acts = {(row.who, row.what) for row in rows}
    assert acts == {(lead.spec, f"call.{what}") for what in ("listen", "whisper", "barge", "take_over")}


async def test_L10_refusals_say_why_and_change_nothing(hotline, person, lead, call) -> None:
    waiting = await hotline.caller("+12025550124")
    cases = [
        (lead, f"calls/{waiting.id}/listen", "no_room"),
        (lead, "calls/cnobody/listen", "unknown"),
        (lead, f"calls/{call.id}/go", "not_yours"),
        (lead, f"calls/{call.id}/help", "not_yours"),
        (lead, f"calls/{call.id}/hold", "not_yours"),
        (person, f"calls/{call.id}/barge", "not_allowed"),
        (person, f"calls/{waiting.id}/help", "not_yours"),
        (person, f"calls/{waiting.id}/hold", "not_yours"),
    ]
    before = await hotline.ctx.board.last_cursor()
    for console, path, code in cases:
        error = (await console.post(path)).json()["error"]
        assert error["code"] == code, path
        assert error["message"].endswith(".")
    changes = await hotline.ctx.board.events(before)
    assert {event.kind for event in changes} <= {"specialist.presence", "offer.made", "specialist.duty", "call.state"}
    view = await hotline.ctx.board.call(call.id)
    assert (view.watching, view.help_ms, view.held_ms) == ("", 0, 0)


async def test_L10_help_brings_a_lead(hotline, person, lead, call) -> None:
    async with lead.live() as stream, person.live() as mine:
        assert (await person.post(f"calls/{call.id}/help")).status_code == 200
        alarm = await stream.of("alarm", kind="help")
        assert (alarm["call"], alarm["todo"], alarm["spec"]) == (call.id, "join_call", person.spec)
        assert (await mine.until(lambda m: m["type"] == "call" and m["help_ms"] > 0))["id"] == call.id
        come = (await lead.post(f"calls/{call.id}/barge", {"tab": "t"})).json()
        await dials_in(hotline, lead, come["app_params"], "CA" + "b" * 32)
        assert (await hotline.ctx.board.call(call.id)).help_ms == 0
        assert (await lead.post(f"calls/{call.id}/go")).status_code == 200
        await stream.of("me", call="", duty="idle")


async def test_L10_hold_and_back(person, call) -> None:
    assert (await person.post(f"calls/{call.id}/hold", {"on": True})).status_code == 200
    assert (await person.get(f"calls/{call.id}")).json()["held_ms"] > 0
    assert (await person.post(f"calls/{call.id}/hold", {"on": False})).status_code == 200
    assert (await person.get(f"calls/{call.id}")).json()["held_ms"] == 0


async def test_P4_an_emptied_board_learns_what_keeps_the_call_from_being_ended(hotline, person, lead, call) -> None:
    async with person.live() as stream:
        high = {"id": "fact-00000021", "judged": "high", "rationale": "said so"}
        await person.post(f"calls/{call.id}/risk", high)
        told = (await stream.of("call", id=call.id, risk_high=True))["told"]
        watcher = {**told, "role": "lead", "owner": False}
        await hotline.desk.redis.flushall()
        await lead.beat(call=call.id, told=watcher)
        assert await hotline.ctx.board.call(call.id) is None, "a lead's console tells nothing about a call"
        await person.beat(call=call.id, told=told)
        view = await hotline.ctx.board.call(call.id)
        assert (view.owner, view.risk_high) == (person.spec, True)
        refused = await person.post(f"calls/{call.id}/end", {"reason": "done"})
        assert refused.json()["error"]["code"] == "needs_lead"
