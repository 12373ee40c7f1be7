"""Notes go straight to the record and are kept once; what was before is shown to whoever knows whom they speak to."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app.records.models import AuditEntry, CallNote
from routing.board import CallView

pytestmark = pytest.mark.anyio

WORDS = "lives alone, dog is called Bruno"


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


def note(version: int, text: str = WORDS) -> dict:
    return {"id": "note-00000001", "version": version, "text": text}


async def rows(hotline, table):
    async with hotline.ctx.sessions() as store:
        return (await store.scalars(select(table))).all()


async def test_S4_a_note_sent_again_is_one_note_and_an_older_version_changes_nothing(hotline, person, call) -> None:
    url = f"/api/calls/{call.id}/notes"
    for body, kept in ((note(2), 2), (note(2), 2), (note(1, "older"), 2), (note(3, WORDS + "!"), 3)):
        answer = await person.http.put(url, json=body)
        assert (answer.status_code, answer.json()) == (200, {"id": "note-00000001", "version": kept})
    [row] = await rows(hotline, CallNote)
    assert WORDS not in row.text_cipher
    assert (await person.http.get(url)).json() == [note(3, WORDS + "!")]


async def test_a_note_belongs_to_whoever_was_in_the_call(hotline, person, call) -> None:
    other = await hotline.person()
    assert (await other.http.put(f"/api/calls/{call.id}/notes", json=note(1))).status_code == 409
    assert (await person.http.put(f"/api/calls/{call.id}/notes", json=note(1))).status_code == 200
    lead = await hotline.person("lead")
    assert (await lead.http.get(f"/api/calls/{call.id}/notes")).json() == []
    taken = await lead.http.put(f"/api/calls/{call.id}/notes", json=note(9, "not mine"))
    assert (taken.status_code, taken.json()["error"]["code"]) == (409, "taken")


async def test_S4_the_key_of_drafts_is_each_persons_own_and_stays_the_same(hotline, person) -> None:
    other = await hotline.person()
    keys = [(await one.http.get("/api/draft-key")).json()["key"] for one in (person, person, other)]
    assert keys[0] == keys[1] != keys[2]


@pytest.mark.parametrize("whom", ["somebody_else", "third_party"])
async def test_C5_nobodys_story_is_opened_to_somebody_else(hotline, person, call, whom: str) -> None:
    answer = await person.post(f"calls/{call.id}/story", {"whom": whom})
    assert answer.json() == {"known": False, "earlier": []}
    told = [row.what for row in await rows(hotline, AuditEntry) if row.object_id == call.id]
    assert told == ["identity.confirm"]


async def test_C5_the_story_opens_when_whom_is_confirmed_and_who_looked_is_written_down(hotline, person, call) -> None:
    answer = await person.post(f"calls/{call.id}/story", {"whom": "returning_person"})
    assert answer.json() == {"known": True, "earlier": []}
    told = [row.what for row in await rows(hotline, AuditEntry) if row.object_id == call.id]
    assert told == ["identity.confirm", "story.open"]
    other = await hotline.person()
    assert (await other.post(f"calls/{call.id}/story", {"whom": "returning_person"})).status_code == 409


async def test_a_hotline_for_callers_has_no_way_in_without_a_password(person) -> None:
    assert (await person.http.get("/api/demo")).status_code == 404
    assert (await person.http.get("/api/hello")).json()["demo"] is False
