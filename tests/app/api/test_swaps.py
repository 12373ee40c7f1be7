"""Swaps by way of the API: only the other's yes counts, once, and nobody else can give it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from app.people.roles import Role

pytestmark = pytest.mark.anyio

DAY = datetime.now(UTC).date() + timedelta(days=3)


@pytest.fixture
async def rota(hotline):
    """An admin, and two people with a shift each, every day."""
    admin = await hotline.person(Role.admin)
    people, named = [], []
    for start, end in (("06:00", "14:00"), ("14:00", "22:00")):
        person = await hotline.person(always_on=False)
        daily = {"first_on": "2026-11-01", "rule": "FREQ=DAILY", "start": start, "end": end, "zone": "UTC"}
        made = await admin.post("shifts", daily | {"specialist_id": person.spec})
        people.append(person)
        named.append({"shift_id": made.json()["id"], "original": f"{DAY}T{start}:00"})
    return admin, *people, *named


async def holders(console) -> dict[int, str]:
    found = (await console.get(f"shifts/occurrences?since={DAY}&days=1")).json()
    return {one["shift_id"]: one["specialist_id"] for one in found}


async def test_a_swap_counts_when_the_other_accepts_and_not_before(rota) -> None:
    _, ann, ben, early, late = rota
    before = await holders(ann)
    asked = (await ann.post("swaps", {"to": ben.spec, "give": early, "back": late})).json()
    assert asked["state"] == "asked"
    assert await holders(ann) == before
    for _ in range(2):  # saying yes twice is one yes
        assert (await ben.post(f"swaps/{asked['id']}/accept")).json()["state"] == "accepted"
    assert await holders(ann) == {early["shift_id"]: ben.spec, late["shift_id"]: ann.spec}
    for closing in (ann.post(f"swaps/{asked['id']}/withdraw"), ben.post(f"swaps/{asked['id']}/decline")):
        assert (await closing).status_code == 409
    assert [one["state"] for one in (await ann.get("swaps")).json()] == ["accepted"]


async def test_only_who_was_asked_answers_and_others_learn_nothing(hotline, rota) -> None:
    admin, ann, ben, early, _ = rota
    stranger, lead = await hotline.person(), await hotline.person(Role.lead)
    asked = (await ann.post("swaps", {"to": ben.spec, "give": early})).json()
    for who, act in ((stranger, "accept"), (ann, "accept"), (lead, "accept"), (ann, "decline"), (ben, "withdraw")):
        assert (await who.post(f"swaps/{asked['id']}/{act}")).status_code == 404
    assert (await stranger.get("swaps")).json() == []
    assert len((await admin.get("swaps")).json()) == len((await lead.get("swaps")).json()) == 1
    assert (await ben.post(f"swaps/{asked['id']}/decline")).json()["state"] == "declined"
    assert (await ben.post(f"swaps/{asked['id']}/accept")).status_code == 409
    assert (await holders(ann))[early["shift_id"]] == ann.spec


async def test_of_two_who_accept_at_once_one_has_it(hotline, rota) -> None:
    _, ann, _, early, _ = rota
    others = [await hotline.person(always_on=False) for _ in range(3)]
    asked = [(await ann.post("swaps", {"to": one.spec, "give": early})).json()["id"] for one in others]
    answers = await asyncio.gather(*(one.post(f"swaps/{id}/accept") for one, id in zip(others, asked, strict=True)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
    won = next(one for one, answer in zip(others, answers, strict=True) if answer.status_code == 200)
    assert (await holders(ann))[early["shift_id"]] == won.spec


async def test_what_has_changed_meanwhile_is_refused_in_words(rota) -> None:
    admin, ann, ben, early, _ = rota
    asked = (await ann.post("swaps", {"to": ben.spec, "give": early})).json()
    await admin.post("shifts/changes", early | {"cancelled": True})
    refused = await ben.post(f"swaps/{asked['id']}/accept")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "no_swap")
    await admin.http.delete(f"/api/shifts?id={early['shift_id']}")
    assert (await ben.post(f"swaps/{asked['id']}/accept")).status_code == 404
    assert (await ben.get("swaps")).json() == []


async def test_what_is_no_swap_is_refused_and_changes_nothing(rota) -> None:
    admin, ann, ben, early, late = rota
    for body, status in (
        ({"to": ben.spec, "give": late}, 409),
        ({"to": ann.spec, "give": early}, 409),
        ({"to": admin.spec, "give": early}, 409),
        ({"to": "nobody", "give": early}, 409),
        ({"to": ben.spec, "give": early | {"original": "2020-01-01T06:00"}}, 409),
        ({"to": ben.spec, "give": early | {"original": f"{DAY}T07:00"}}, 409),
        ({"to": ben.spec, "give": early | {"shift_id": 2**70}}, 422),
        ({"to": ben.spec, "give": early | {"original": "yesterday"}}, 422),
        ({"to": ben.spec}, 422),
    ):
        answer = await ann.post("swaps", body)
        assert answer.status_code == status, body
        assert answer.json()["error"]["message"]
    assert (await ann.get("swaps")).json() == []
    assert (await ann.post("swaps", {"to": ben.spec, "give": early})).status_code == 201
    assert (await ann.post("swaps", {"to": ben.spec, "give": early})).status_code == 409
    assert (await ben.post("swaps/w0/accept")).status_code == 404


async def test_a_swapped_shift_makes_its_new_holder_routable(hotline, rota) -> None:
    _, ann, ben, early, _ = rota
    asked = (await ann.post("swaps", {"to": ben.spec, "give": early})).json()
    await ben.post(f"swaps/{asked['id']}/accept")
    at = datetime.fromisoformat(early["original"]).replace(tzinfo=UTC).timestamp() + 60
    on = {spec: hotline.desk.roster.get(spec).on_shift(at) for spec in (ann.spec, ben.spec)}
    assert on == {ann.spec: False, ben.spec: True}
