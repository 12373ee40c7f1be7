"""A lead edits a line's plan: saved whole or not at all, every version kept, in force everywhere at once."""

from __future__ import annotations

import asyncio
import copy
from typing import Any

import pytest
from sqlalchemy import text

from app.lines import load
from app.people.roles import Role
from app.plan import follow
from app.secrets import Secrets
from tests.app.api.conftest import context
from tests.app.plan.edits import RIGHT, WRONG, edited

pytestmark = pytest.mark.anyio

PLAN = "/api/lines/main/plan"
WHY = "More people on the phones at night"


async def put(console, on: int, data: dict[str, Any], **more: Any):
    """Save that plan on the version `on`."""
    return await console.http.put(PLAN, json={"version": on, "why": WHY, **data, **more})


async def versions(hotline) -> int:
    async with hotline.ctx.sessions() as store:
        return int((await store.execute(text("SELECT count(*) FROM line_versions"))).scalar_one())


async def test_a_lead_edits_and_everybody_sees_it_with_who_when_and_why(hotline) -> None:
    lead, maria = await hotline.person(Role.lead), await hotline.person()
    before = (await maria.get("lines/main/plan")).json()
    assert (before["version"], before["who"], before["open_now"]) == (0, None, True)
    saved = await put(lead, 0, RIGHT)
    assert saved.status_code == 200, saved.text
    now = (await maria.get("lines/main/plan")).json()
    assert now == saved.json()
    assert (now["version"], now["who"], now["why"]) == (1, lead.spec, WHY)
    assert now["plan"][-1] == {"at_s": 90, "step": "backup", "tier": 0, "partner": ""}
    assert now["words"]["es"] == RIGHT["words"]["es"]
    assert (await maria.get("lines")).json()[0]["plan"][-1] == {"at_s": 90, "step": "backup"}


async def test_what_was_read_can_be_saved_as_it_is(hotline) -> None:
    lead = await hotline.person(Role.lead)
    for version in range(3):  # as it came with the file, as it was saved then, and an edited one
        read = (await lead.get("lines/main/plan")).json()
        same = {name: read[name] for name in RIGHT}
        saved = (await put(lead, 2 * version, same)).json()
        assert {name: saved[name] for name in same} == same
        assert (await put(lead, 2 * version + 1, RIGHT)).status_code == 200


async def test_an_edit_of_an_older_version_is_refused_and_changes_nothing(hotline) -> None:
    lead, admin = await hotline.person(Role.lead), await hotline.person(Role.admin)
    assert (await put(lead, 0, RIGHT)).status_code == 200
    late = await put(admin, 0, edited(lambda d: d["plan"][-1].update(at_s=300)))
    assert (late.status_code, late.json()["error"]["code"]) == (409, "outdated")
    assert "Somebody has changed this plan" in late.json()["error"]["message"]
    assert (await admin.get("lines/main/plan")).json()["plan"][-1]["at_s"] == 90
    assert await versions(hotline) == 1


async def test_of_two_at_the_same_moment_one_is_refused(hotline) -> None:
    leads = [await hotline.person(Role.lead, login=f"lead{n}") for n in range(4)]
    wanted = [edited(lambda d, n=n: d["plan"][-1].update(at_s=100 + n)) for n in range(4)]
    answers = await asyncio.gather(*(put(lead, 0, data) for lead, data in zip(leads, wanted, strict=True)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert await versions(hotline) == 1


async def test_the_same_edit_sent_again_is_the_same_edit(hotline) -> None:
    lead = await hotline.person(Role.lead)
    first, again = await put(lead, 0, RIGHT), await put(lead, 0, RIGHT)
    assert (again.status_code, again.json()) == (200, first.json())
    assert await versions(hotline) == 1


async def test_what_is_wrong_is_said_and_changes_nothing(hotline) -> None:
    lead = await hotline.person(Role.lead)
    for change, _ in WRONG:
        answer = await put(lead, 0, edited(change))
        error = answer.json()["error"]
        assert (answer.status_code, error["code"] in ("bad_plan", "invalid")) == (422, True)
        assert error["message"].endswith(".")
    refused = await put(lead, 0, edited(lambda d: d.update(plan=[{"at_s": 5, "step": "page"}])))
    assert refused.json()["error"]["message"].startswith(
        "This plan was not saved. The plan: the last step must be the backup line"
    )
    for wrong in ({"why": ""}, {"surprise": 1}, {"version": -1}, {"hours": {"zone": "Mars/Olympus", "weekly": {}}}):
        assert (await put(lead, 0, RIGHT, **wrong)).status_code == 422
    assert (await versions(hotline), hotline.ctx.lines.revision) == (0, 0)
    nowhere = await lead.http.put("/api/lines/night/plan", json={"version": 0, "why": WHY, **RIGHT})
    assert (nowhere.status_code, nowhere.json()["error"]["message"]) == (404, "There is no such line.")


async def test_C7_a_plan_has_no_field_that_dials(hotline) -> None:
    lead = await hotline.person(Role.lead)
    for change in (
        lambda d: d["plan"][-1].update(number="911"),
        lambda d: d.update(backup_numbers=["911"]),
        lambda d: d.update(number="+1911"),
    ):
        assert (await put(lead, 0, edited(change))).status_code == 422


async def test_every_version_is_kept_and_the_audit_trail_has_codes_only(hotline) -> None:
    lead, auditor = await hotline.person(Role.lead), await hotline.person(Role.auditor)
    await put(lead, 0, RIGHT)
    await put(lead, 1, edited(lambda d: d["plan"].pop(0)))
    told = (await auditor.get("lines/main/plan/versions")).json()
    assert [(v["version"], v["who"], v["why"], len(v["data"]["plan"])) for v in told] == [
        (2, lead.spec, WHY, 3),
        (1, lead.spec, WHY, 4),
    ]
    trail = (await auditor.get("audit")).json()
    assert [entry["facts"] for entry in trail if entry["what"] == "line.plan.change"] == [
        {"version": 2, "steps": 3},
        {"version": 1, "steps": 4},
    ]
    async with hotline.ctx.sessions() as store:
        whole = str((await store.execute(text("SELECT * FROM line_versions"))).all())
    assert "people on the phones" not in whole


async def test_S5_another_process_the_board_and_the_snapshot_follow_and_a_late_one_puts_nothing_back(hotline) -> None:
    lead, other = await hotline.person(Role.lead), context(hotline.ctx.settings)
    late = context(hotline.ctx.settings)
    try:
        await put(lead, 0, RIGHT)
        await late.open_board()  # has not heard of the edit
        await follow.refresh(other)
        assert other.lines.line("main").routing == hotline.ctx.lines.line("main").routing
        alone = load(hotline.ctx.settings, Secrets(hotline.ctx.settings))
        assert (alone.revision, alone.line("main")) == (other.lines.revision, other.lines.line("main"))
        call = await hotline.caller()
        await hotline.ctx.board.tick()
        events = [e for e in await hotline.ctx.board.events("0") if e.call == call.id]
        assert events
        assert await hotline.ctx.board.configure(late.lines.board_config(0)) is False
    finally:
        for made in (other, late):
            await made.board.aclose()
            await made.engine.dispose()


async def test_with_the_record_away_what_is_in_force_is_told_and_nothing_is_lost(hotline) -> None:
    lead = await hotline.person(Role.lead)
    first = (await put(lead, 0, RIGHT)).json()
    async with hotline.ctx.sessions.begin() as store:
        await store.execute(text("ALTER TABLE line_versions RENAME TO gone"))
    read = (await lead.get("lines/main/plan")).json()
    assert (read["version"], read["plan"], read["who"]) == (1, first["plan"], None)
    assert (await put(lead, 1, copy.deepcopy(RIGHT))).status_code == 503
    await follow.refresh(hotline.ctx)
    assert hotline.ctx.lines.edits["main"].version == 1
