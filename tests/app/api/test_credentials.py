"""Credentials by way of the API: kept by admins, warned of, and required by a line before it routes."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from app.lines import SHIPPED, parse
from app.people import sessions
from app.people.roles import Role

pytestmark = pytest.mark.anyio

TODAY = datetime.now(UTC).date()


def licence(spec: str, days: int | None = None, **more: object) -> dict[str, object]:
    expires = {"expires_on": str(TODAY + timedelta(days=days))} if days is not None else {}
    return {"specialist_id": spec, "kind": "licence", "issuer": "State board (sample)"} | expires | more


@pytest.fixture
def strict(ctx):
    """Lines that ask for a licence."""
    raw = json.loads(SHIPPED.read_text())
    raw["lines"]["main"]["credentials"] = ["licence"]
    return dataclasses.replace(ctx, lines=parse(raw))


async def test_a_number_is_kept_as_ciphertext_and_its_reading_is_on_the_trail(hotline) -> None:
    admin, lead, person = [await hotline.person(role) for role in (Role.admin, Role.lead, Role.specialist)]
    made = (await admin.post("credentials", licence(person.spec, 400, number="LIC-12345"))).json()
    assert made["has_number"]
    for answer in (await lead.get("credentials"), await person.get("credentials/mine")):
        assert "LIC-12345" not in answer.text
    async with hotline.ctx.sessions() as store:
        whole = str((await store.execute(text("SELECT * FROM credentials"))).all())
    assert "LIC-12345" not in whole
    assert (await admin.get(f"credentials/number?id={made['id']}")).json() == {"number": "LIC-12345"}
    assert (await admin.get("credentials/number?id=999999")).status_code == 404
    trail = await admin.get(f"audit?who={admin.spec}")
    assert {"credential.number", "credential.add"} <= {entry["what"] for entry in trail.json()}
    assert "LIC-12345" not in trail.text


async def test_an_expiry_is_warned_of_to_leads_and_to_the_person_alone(hotline) -> None:
    admin, lead = await hotline.person(Role.admin), await hotline.person(Role.lead)
    ann, ben = await hotline.person(), await hotline.person()
    for person, days in ((ann, 14), (ann, 200), (ben, 31), (ben, -1)):
        kind = "licence" if days != 200 else "certification"
        assert (await admin.post("credentials", licence(person.spec, days, kind=kind))).status_code == 201
    found = (await lead.get("credentials/warnings")).json()
    assert [(one["specialist_id"], one["days_left"], one["stage"]) for one in found["expiring"]] == [(ann.spec, 14, 14)]
    mine = (await ann.get("credentials/mine")).json()
    assert [one["stage"] for one in mine["expiring"]] == [14]
    assert len(mine["credentials"]) == 2
    assert not (await ben.get("credentials/mine")).json()["expiring"]  # the later one follows
    await admin.http.patch(f"/api/specialists/{ann.spec}", json={"active": False})
    assert not (await lead.get("credentials/warnings")).json()["expiring"]


async def test_what_is_no_credential_changes_nothing(hotline) -> None:
    admin, person = await hotline.person(Role.admin), await hotline.person()
    for wrong in (
        {"kind": "driving"},
        {"expires_on": "2026-02-30"},
        {"valid_from": "2027-01-01", "expires_on": "2026-12-31"},
        {"number": "x" * 81},
        {"issuer": "a\u0000b"},
        {"expires_on": "9999-12-31"},
        {"surprise": 1},
    ):
        assert (await admin.post("credentials", licence(person.spec) | wrong)).status_code == 422, wrong
    assert (await admin.post("credentials", licence("nobody"))).status_code == 404
    assert (await admin.http.delete("/api/credentials?id=1")).status_code == 404
    assert (await admin.get("credentials")).json() == []


class TestRequired:
    @pytest.fixture
    def ctx(self, strict):
        return strict

    async def test_without_the_credential_that_a_line_requires_nobody_is_offered_its_callers(self, hotline) -> None:
        admin, lead, person = [await hotline.person(role) for role in (Role.admin, Role.lead, Role.specialist)]
        await person.beat()
        await hotline.caller()
        assert not (await person.beat())["offers"]
        lapsed = (await lead.get("credentials/warnings")).json()["lapsed"]
        assert {"specialist_id": person.spec, "line": "main", "requires": ["licence"]} in lapsed
        for wrong in (licence(person.spec, -1), licence(person.spec, kind="certification")):
            await admin.post("credentials", wrong)
            assert not (await person.beat())["offers"]
        made = (await admin.post("credentials", licence(person.spec, 0))).json()
        assert (await person.beat())["offers"]  # good to the end of today
        assert not (await person.get("credentials/mine")).json()["lapsed"]
        await admin.http.delete(f"/api/credentials?id={made['id']}")
        assert (await person.get("credentials/mine")).json()["lapsed"]

    async def test_it_ends_with_the_day_also_for_a_worker_that_has_only_the_session(self, hotline) -> None:
        admin, person = await hotline.person(Role.admin), await hotline.person()
        await admin.post("credentials", licence(person.spec, 0))
        end = datetime(TODAY.year, TODAY.month, TODAY.day, tzinfo=UTC).timestamp() + 86_400
        roster = hotline.desk.roster
        known = roster.get(person.spec)
        assert known.lanes_at(end - 1)
        assert known.lanes_at(end) == ()
        session = roster.refresh(_session(hotline, person), end - 60)
        roster._people.clear()
        assert roster.profile(session, end - 1).on_shift
        assert not roster.profile(session, end).on_shift

    async def test_expired_credentials_are_no_coverage(self, hotline) -> None:
        admin, person = await hotline.person(Role.admin), await hotline.person(always_on=False)
        day = {"first_on": "2026-01-01", "rule": "FREQ=DAILY", "start": "00:00", "end": "00:00", "zone": "UTC"}
        await admin.post("shifts", day | {"specialist_id": person.spec})
        await admin.post("credentials", licence(person.spec, 4))
        [gap] = (await admin.get("shifts/coverage")).json()["lines"][0]["gaps"]
        assert gap["begin"].startswith(str(TODAY + timedelta(days=5)))


def _session(hotline, console):
    return sessions.unseal(hotline.ctx.secrets, console.http.cookies.get(sessions.COOKIE), hotline.ctx.clock.now())
