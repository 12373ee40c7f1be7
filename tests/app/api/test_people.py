"""People and shifts by way of the API."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from app.people.roles import Role

pytestmark = pytest.mark.anyio

NEW = {"login": "new.person", "name": "Alex Sample", "password": "a long enough password", "languages": ["es"]}
SHIFT = {"weekday": 0, "start": "22:00", "end": "06:00", "zone": "America/New_York"}


async def test_an_admin_adds_somebody_who_can_sign_in(hotline) -> None:
    admin, new = await hotline.person(Role.admin), await hotline.person(signed_in=False)
    made = await admin.post("specialists", NEW)
    assert made.status_code == 201
    assert made.json()["name"] == "Alex Sample"
    new.login = "New.Person"
    assert (await new.sign_in()).json()["languages"] == ["es"]
    async with hotline.ctx.sessions() as store:
        whole = str((await store.execute(text("SELECT * FROM specialists"))).all())
    assert "Alex" not in whole
    assert "long enough" not in whole


async def test_a_login_is_one_persons(hotline) -> None:
    admin = await hotline.person(Role.admin)
    await admin.post("specialists", NEW)
    again = await admin.post("specialists", NEW)
    assert (again.status_code, again.json()["error"]["code"]) == (409, "taken")
    assert len((await admin.get("specialists")).json()) == 2


async def test_only_what_is_given_changes_and_a_new_password_ends_open_sessions(hotline) -> None:
    admin, person = await hotline.person(Role.admin), await hotline.person()
    changed = (await admin.http.patch(f"/api/specialists/{person.spec}", json={"tier": 2})).json()
    assert (changed["tier"], changed["languages"]) == (2, ["en", "es"])
    assert (await person.get("session")).status_code == 200
    await admin.http.patch(f"/api/specialists/{person.spec}", json={"password": "another long password"})
    assert (await person.get("session")).status_code == 401
    assert (await person.sign_in("another long password")).status_code == 200


async def test_admins_cannot_lock_themselves_out(hotline) -> None:
    admin = await hotline.person(Role.admin)
    for change in ({"active": False}, {"role": "specialist"}):
        assert (await admin.http.patch(f"/api/specialists/{admin.spec}", json=change)).status_code == 409


async def test_shifts_are_added_listed_and_removed(hotline) -> None:
    admin, person = await hotline.person(Role.admin), await hotline.person(always_on=False)
    made = await admin.post("shifts", SHIFT | {"specialist_id": person.spec})
    assert made.status_code == 201
    listed = (await admin.get(f"shifts?specialist_id={person.spec}")).json()
    assert listed == [made.json()]
    assert (listed[0]["start"], listed[0]["end"]) == ("22:00:00", "06:00:00")
    assert hotline.desk.roster.get(person.spec).line
    assert (await admin.http.delete(f"/api/shifts?id={made.json()['id']}")).status_code == 204
    assert (await admin.http.delete(f"/api/shifts?id={made.json()['id']}")).status_code == 404


async def test_a_shift_all_day_every_day_lets_its_person_take_calls(hotline) -> None:
    admin, person = await hotline.person(Role.admin), await hotline.person(always_on=False)
    for weekday in range(7):
        whole = {"specialist_id": person.spec, "weekday": weekday, "start": "00:00", "end": "00:00", "zone": "UTC"}
        await admin.post("shifts", whole)
    await person.beat()
    await hotline.caller()
    assert (await person.beat())["offers"]


WRONG = [
    ("zone", "Mars/Olympus"), ("zone", "../../etc/passwd"), ("weekday", 7), ("start", "25:00"),
    ("start", "08:00+02:00"), ("valid_from", "not a day"), ("specialist_id", "a b"), ("surprise", 1),
]  # fmt: skip


async def test_a_shift_that_is_none_changes_nothing(hotline) -> None:
    admin, person = await hotline.person(Role.admin), await hotline.person()
    for field, value in WRONG:
        answer = await admin.post("shifts", SHIFT | {"specialist_id": person.spec, field: value})
        assert answer.status_code == 422
        assert field in str(answer.json()["error"]["fields"]) or field == "start"
    assert (await admin.get("shifts")).json() == []


async def test_what_admins_do_is_on_the_audit_trail_without_names(hotline) -> None:
    admin = await hotline.person(Role.admin)
    await admin.post("specialists", NEW)
    trail = await admin.get(f"audit?who={admin.spec}")
    assert trail.json()[0]["what"] == "specialist.add"
    assert "Alex" not in trail.text
