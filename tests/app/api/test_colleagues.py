"""A colleague in one's own call, through the API: who is free, asking, handing over (L10)."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app.people.roles import Role
from app.records.models import AuditEntry
from tests.app.api.test_supervise import call, dials_in, person

pytestmark = pytest.mark.anyio

__all__ = ["call", "person"]


@pytest.fixture
async def colleague(hotline, call):
    """Free once the first is in the call."""
    assert call.state == "talking"
    other = await hotline.person()
    await other.beat()
    return other


async def test_L10_from_asking_to_handing_over(hotline, person, call, colleague) -> None:
    async with person.live() as mine, colleague.live() as theirs:
        [free] = (await person.get("colleagues")).json()
        assert (free["spec"], free["name"], free["role"]) == (colleague.spec, "Sam Sample", "specialist")
        body = {"kind": "consult", "to": "person", "person": colleague.spec}
        asked = (await person.post(f"calls/{call.id}/ask", body)).json()
        assert asked["spec"] == colleague.spec
        shown = await theirs.of("offer", offer=asked["offer"])
        assert (shown["kind"], shown["by"], shown["cls"], shown["line"]) == ("consult", person.spec, "standard", "main")
        assert not shown.keys() & {"number", "call", "sid", "number_hash"}, "no more than C5 lets an offer show"
        await mine.of("asked", offer=asked["offer"], state="offered")
        won = (await colleague.post(f"offers/{asked['offer']}/accept", {"tab": "t"})).json()
        assert won["kind"] == "consult"
        await mine.of("asked", offer=asked["offer"], state="accepted")
        early = (await person.post(f"calls/{call.id}/hand-over", {"to": colleague.spec})).json()["error"]
        assert (early["code"], "stays with you" in early["message"]) == ("not_there", True)
        await dials_in(hotline, colleague, won["app_params"], "CA" + "b" * 32)
        assert (await colleague.post(f"calls/{call.id}/media")).status_code == 200
        seen = await mine.until(lambda m: m["type"] == "call" and len(m.get("team", ())) == 2 and m["team"][1]["heard"])
        assert (seen["private"], seen["held_ms"] > 0, seen["asking"]) == (True, True, None)
        assert (await theirs.of("call", id=call.id, private=True))["told"]["role"] == "consult"
        assert (await colleague.get(f"calls/{call.id}/case")).status_code == 200, "what is on record is theirs to read"
        assert (await person.post(f"calls/{call.id}/hand-over", {"to": colleague.spec})).status_code == 200
        told = (await theirs.of("call", id=call.id, owner=colleague.spec))["told"]
        assert (told["role"], told["owner"]) == ("owner", True)
        assert (await person.post(f"calls/{call.id}/leave")).status_code == 200
    async with hotline.ctx.sessions() as store:
        rows = await store.scalars(select(AuditEntry).where(AuditEntry.object_id == call.id))
        acts = {(row.who, row.what) for row in rows}
    assert acts >= {(person.spec, "call.consult"), (person.spec, "call.hand_over")}


async def test_L10_a_lead_or_the_line_s_people(hotline, person, call, colleague) -> None:
    lead = await hotline.person(Role.lead)
    await lead.beat()
    answer = (await person.post(f"calls/{call.id}/ask", {"kind": "transfer", "to": "lead"})).json()
    assert answer["spec"] == lead.spec
    assert (await person.post(f"calls/{call.id}/unask")).status_code == 200
    answer = (await person.post(f"calls/{call.id}/ask", {"kind": "transfer", "to": "line", "language": "es"})).json()
    assert answer["spec"] == colleague.spec


async def test_L10_refusals_say_why_and_change_nothing(hotline, person, call, colleague) -> None:
    ask = f"calls/{call.id}/ask"
    cases = [
        (person, ask, {"kind": "transfer", "to": "person"}, "invalid"),
        (person, ask, {"kind": "transfer", "to": "line", "line": "nowhere"}, "unknown"),
        (person, ask, {"kind": "transfer", "to": "person", "person": "nobody"}, "not_free"),
        (person, ask, {"kind": "transfer", "to": "lead"}, "nobody_free"),
        (person, ask, {"kind": "whisper", "to": "lead"}, "invalid"),
        (colleague, ask, {"kind": "transfer", "to": "lead"}, "not_yours"),
        (person, "calls/cnobody/ask", {"kind": "transfer", "to": "lead"}, "unknown"),
        (person, f"calls/{call.id}/hand-over", {"to": colleague.spec}, "not_there"),
        (colleague, f"calls/{call.id}/hand-over", {"to": colleague.spec}, "not_yours"),
        (colleague, f"calls/{call.id}/unask", {}, "not_yours"),
    ]
    before = await hotline.ctx.board.last_cursor()
    for console, path, body, code in cases:
        error = (await console.post(path, body)).json()["error"]
        assert error["code"] == code, (path, body)
        assert error["message"].endswith(".")
    assert not await hotline.ctx.board.events(before)


async def test_L10_an_interpreter_for_a_language_of_the_lines_data(hotline, person, call) -> None:
    assert (await person.get("interpreters")).json() == ["fr", "zh"]
    refused = (await person.post(f"calls/{call.id}/interpreter", {"language": "de"})).json()["error"]
    assert (refused["code"], refused["message"]) == ("no_interpreter", "There is no interpreter for this language.")
    assert (await person.post(f"calls/{call.id}/interpreter", {"language": "fr"})).status_code == 200
    assert (await person.get(f"calls/{call.id}")).json()["interpreter"] == {"language": "fr", "there": False}
    other = (await person.post(f"calls/{call.id}/interpreter", {"language": "zh"})).json()["error"]
    assert other["code"] == "ringing"
    [effect] = [e for e in await hotline.ctx.board.claim_effects() if e.kind == "dial_interpreter"]
    assert "+1202" not in str(effect.data), "a number is ciphertext on the board (S7)"
    assert (await person.post(f"calls/{call.id}/interpreter", {"language": None})).status_code == 200
    assert (await person.get(f"calls/{call.id}")).json()["interpreter"] is None
