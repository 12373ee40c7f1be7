"""The lead's figures and the directory of agencies, as the console reads them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from app.people.roles import Role
from app.records.models import Call
from app.reports.definitions import DEFINITIONS

pytestmark = pytest.mark.anyio


async def test_today_says_what_each_figure_means(hotline) -> None:
    lead = await hotline.person(Role.lead)
    async with hotline.ctx.sessions.begin() as store:
        store.add(Call(id="c" * 21, arrived_at=datetime.now(UTC), outcome="abandoned", line="main"))
    said = (await lead.get("board/today?zone=Pacific/Auckland")).json()
    assert said["figures"].keys() == DEFINITIONS.keys()
    assert said["figures"]["abandoned"]["value"] == 1
    assert said["figures"]["median_answer_s"]["value"] is None
    assert said["half_hours"][-1]["offered"] == 1
    assert "20 seconds" in said["figures"]["service_level"]["definition"]["en"]
    assert (await lead.get("board/today?line=other")).json()["figures"]["offered"]["value"] == 0
    assert (await lead.get("board/today?zone=Middle/Earth")).json()["error"]["code"] == "invalid"


async def test_C1_the_directory_and_the_deadlines_need_no_store(hotline, stores) -> None:
    person = await hotline.person()
    await stores.valkey.stop()
    try:
        said = (await person.get("directory")).json()
    finally:
        await stores.valkey.start()
    assert said["deadlines_s"] == {"consult": 120, "contact": 180, "news": 900}
    assert {"key", "name", "number", "kind", "area", "diallable"} == said["agencies"][0].keys()
    assert all(agency["diallable"] for agency in said["agencies"])


async def test_C7_an_entry_of_the_directory_is_dialled_by_its_key(hotline) -> None:
    person = await hotline.person()
    await person.beat()
    call = await hotline.caller()
    offer = (await person.beat())["offers"][0]["offer"]
    await person.post(f"offers/{offer}/accept", {"tab": "t"})
    key = (await person.get("directory")).json()["agencies"][0]["key"]
    body = {"id": "h0000000009", "to": key, "why": "medical", "consent": "given"}
    assert (await person.post(f"calls/{call.id}/handoffs", body)).json()["dialled"]
    assert (await hotline.ctx.board.call(call.id)).handoff_open
