"""What a console can still do while a store is away, route by route (S4, S5)."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from app.people import sessions
from app.people.roles import Role
from tests.app.api.test_routes import ALLOWED
from tests.app.plan.edits import RIGHT

pytestmark = pytest.mark.anyio

#: Which store a route cannot do without: `board` (Redis), `record` (Postgres) or none.
NEEDS = {
    "GET /api/session": "",
    "POST /api/softphone-token": "",
    "GET /api/directory": "",
    "GET /api/lines": "",
    "GET /api/lines/{id}/plan": "",
    "PUT /api/lines/{id}/plan": "record",
    "GET /api/lines/{id}/plan/versions": "record",
    "GET /api/check": "",
    "GET /api/draft-key": "",
    "GET /api/calls/{id}/notes": "record",
    "GET /api/calls/{id}/case": "record",
    "PUT /api/calls/{id}/notes": "record",
    "POST /api/calls/{id}/story": "board",
    "POST /api/beat": "board",
    "PUT /api/presence": "board",
    "POST /api/offers/{id}/ack": "board",
    "POST /api/offers/{id}/accept": "board",
    "POST /api/offers/{id}/decline": "board",
    "POST /api/wrap-up/done": "board",
    "POST /api/wrap-up/extend": "board",
    "PUT /api/recovery": "board",
    "GET /api/calls": "board",
    "GET /api/calls/{id}": "board",
    "GET /api/calls/{id}/number": "board",
    "POST /api/calls/{id}/media": "board",
    "POST /api/calls/{id}/rejoin": "board",
    "POST /api/calls/{id}/leave": "board",
    "POST /api/calls/{id}/end": "board",
    "POST /api/calls/{id}/class": "board",
    "POST /api/calls/{id}/risk": "board",
    "POST /api/calls/{id}/safe-to-call": "board",
    "POST /api/calls/{id}/handoffs": "board",
    "POST /api/calls/{id}/hold": "board",
    "POST /api/calls/{id}/help": "board",
    "POST /api/calls/{id}/ask": "board",
    "POST /api/calls/{id}/unask": "board",
    "POST /api/calls/{id}/hand-over": "board",
    "GET /api/colleagues": "board",
    "POST /api/calls/{id}/interpreter": "board",
    "POST /api/calls/{id}/ring": "board",
    "GET /api/interpreters": "",
    "POST /api/calls/{id}/number-mark": "record",
    "POST /api/calls/{id}/listen": "board",
    "POST /api/calls/{id}/whisper": "board",
    "POST /api/calls/{id}/barge": "board",
    "POST /api/calls/{id}/take-over": "board",
    "POST /api/calls/{id}/go": "board",
    "POST /api/handoffs/{id}/facts": "board",
    "GET /api/board": "board",
    "GET /api/board/today": "record",
    "GET /api/board/handoffs": "record",
    "GET /api/specialists": "record",
    "POST /api/specialists": "record",
    "PATCH /api/specialists/{id}": "record",
    "GET /api/shifts": "record",
    "POST /api/shifts": "record",
    "DELETE /api/shifts": "record",
    "GET /api/shifts/occurrences": "record",
    "POST /api/shifts/changes": "record",
    "DELETE /api/shifts/changes": "record",
    "POST /api/shifts/import": "record",
    "GET /api/shifts/export": "record",
    "GET /api/shifts/coverage": "",
    "GET /api/shifts/on-call": "",
    "GET /api/swaps": "record",
    "POST /api/swaps": "record",
    "POST /api/swaps/{id}/accept": "record",
    "POST /api/swaps/{id}/decline": "record",
    "POST /api/swaps/{id}/withdraw": "record",
    "GET /api/credentials": "record",
    "POST /api/credentials": "record",
    "DELETE /api/credentials": "record",
    "GET /api/credentials/mine": "record",
    "GET /api/credentials/number": "record",
    "GET /api/credentials/warnings": "record",
    "GET /api/audit": "record",
}
#: Tried elsewhere: the stream has no end, and its own tests.
STREAM = "GET /api/live"

CALENDAR = "\r\n".join((
    "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:test", "BEGIN:VEVENT", "UID:u1", "DTSTAMP:20261124T000000Z",
    "DTSTART:20261124T080000", "DTEND:20261124T160000", "END:VEVENT", "END:VCALENDAR", "",
))  # fmt: skip
MOMENT = "2026-11-24T08:00:00"
SHIFT = {"specialist_id": "s1", "weekday": 0, "start": "08:00", "end": "16:00", "zone": "UTC"}
BODIES: dict[str, Any] = {
    "POST /api/beat": {"presence": "available"},
    "PUT /api/presence": {"presence": "available"},
    "PUT /api/recovery": {"on": False},
    "POST /api/calls/{id}/end": {"reason": "done"},
    "PUT /api/calls/{id}/notes": {"id": "note-0000001", "version": 1, "text": "calm"},
    "POST /api/calls/{id}/story": {"whom": "somebody_else"},
    "POST /api/calls/{id}/class": {"id": "class-000009", "cls": "urgent", "why": "assessed"},
    "POST /api/calls/{id}/risk": {"id": "fact-00000031", "judged": "low", "rationale": "calm"},
    "POST /api/calls/{id}/safe-to-call": {"id": "fact-00000032", "safe": "no"},
    "POST /api/calls/{id}/handoffs": {"id": "h0000000002", "to": "+12025550199", "why": "medical", "consent": "given"},
    "POST /api/handoffs/{id}/facts": {"id": "fact-00000033", "contact": "by_hand"},
    "PUT /api/lines/{id}/plan": {"version": 0, "why": "a test", **RIGHT},
    "POST /api/specialists": {"login": "new", "name": "New", "password": "a long enough password"},
    "PATCH /api/specialists/{id}": {"name": "Other"},
    "POST /api/shifts": SHIFT,
    "POST /api/shifts/changes": {"shift_id": 1, "original": MOMENT, "cancelled": True},
    "POST /api/shifts/import": {"specialist_id": "s1", "ics": CALENDAR, "zone": "UTC"},
    "POST /api/swaps": {"to": "s2", "give": {"shift_id": 1, "original": MOMENT}},
    "POST /api/credentials": {"specialist_id": "s1", "kind": "licence"},
    "POST /api/calls/{id}/ask": {"kind": "transfer", "to": "line"},
    "POST /api/calls/{id}/hand-over": {"to": "s1"},
    "POST /api/calls/{id}/interpreter": {"language": "fr"},
    "POST /api/calls/{id}/number-mark": {"id": "mark-0000001", "mark": "shared", "why": "a shelter's telephone"},
}
QUERIES = {
    "DELETE /api/shifts": "?id=1",
    "DELETE /api/shifts/changes": f"?shift_id=1&original={MOMENT}",
    "DELETE /api/credentials": "?id=1",
    "GET /api/credentials/number": "?id=1",
}
#: Facts of S4: saved although nothing can be recorded.
SAVED = (
    "POST /api/calls/{id}/class", "POST /api/calls/{id}/risk", "POST /api/calls/{id}/safe-to-call",
    "POST /api/calls/{id}/handoffs", "POST /api/handoffs/{id}/facts",
)  # fmt: skip


def test_every_route_says_which_store_it_needs() -> None:
    assert NEEDS.keys() == ALLOWED.keys() - {STREAM}


class Desk:
    """A specialist in a call with an open handoff, a lead, an admin and an auditor."""

    def __init__(self, hotline) -> None:
        self.hotline, self.consoles, self.ids = hotline, {}, {}

    async def begins(self) -> None:
        self.consoles = {role: await self.hotline.person(role) for role in Role}
        person = self.consoles[Role.specialist]
        await person.beat()
        call = await self.hotline.caller()
        offer = (await person.beat())["offers"][0]["offer"]
        await person.post(f"offers/{offer}/accept", {"tab": "t"})
        handoff = {"id": "h0000000001", "to": "+12025550199", "why": "medical", "consent": "given"}
        await person.post(f"calls/{call.id}/handoffs", handoff)
        self.ids = {"calls": call.id, "offers": offer, "handoffs": "h0000000001", "specialists": person.spec}
        self.ids["lines"] = "main"

    async def asks(self, route: str) -> tuple[int, Any]:
        """By the least privileged role that may; ids are real ones."""
        method, path = route.split()
        role = next(role for role in (Role.specialist, Role.lead, Role.auditor, Role.admin) if role in ALLOWED[route])
        url = path.replace("{id}", self.ids.get(path.split("/")[2], "x"))
        url += QUERIES.get(route, "")
        body = BODIES.get(route, {}) if method != "GET" else None
        answer = await self.consoles[role].http.request(method, url, json=body)
        return answer.status_code, answer.json() if "json" in answer.headers.get("content-type", "") else {}


@pytest.fixture
async def desk(hotline):
    made = Desk(hotline)
    await made.begins()
    async with made.consoles[Role.specialist].live() as stream:
        await stream.of("call", id=made.ids["calls"])
        yield made


#: What ends the call comes last.
ORDER = sorted(NEEDS, key=lambda route: route.endswith(("/leave", "/end", "/wrap-up/done")))


async def test_S4_with_postgres_away_calls_and_facts_go_on_and_forms_are_drafts(desk, stores) -> None:
    await stores.postgres.stop()
    try:
        said = {route: await desk.asks(route) for route in ORDER}
    finally:
        await stores.postgres.start()
    for route, (status, body) in said.items():
        if NEEDS[route] == "record":
            assert (status, body.get("error", {}).get("code")) == (503, "record_away"), route
            assert "send it again" in body["error"]["message"]
        else:
            assert status < 500, (route, body)
    for route in SAVED:
        assert (said[route][0], said[route][1]["saved"], said[route][1]["recorded"]) == (200, True, False), route


async def test_S5_with_redis_away_nobody_is_logged_off_and_forms_are_taken(desk, stores) -> None:
    fact = {"id": "fact-00000034", "contact": "by_hand"}
    await stores.valkey.stop()
    try:
        said = {route: await desk.asks(route) for route in ORDER}
        unopened = await desk.consoles[Role.specialist].post("handoffs/h0000000009/facts", fact)
    finally:
        await stores.valkey.start()
    assert unopened.status_code == 503, "its opening may be on its way: nothing that the console gives up"
    for route, (status, body) in said.items():
        if NEEDS[route] == "board":
            assert (status, body["error"]["code"]) == (503, "board_away"), route
        else:
            assert status < 500, (route, body)
    assert said["GET /api/session"][0] == 200
    assert (await desk.consoles[Role.specialist].get("session")).status_code == 200


async def test_S5_with_both_away_a_session_is_still_verified(desk, stores) -> None:
    await stores.valkey.stop()
    await stores.postgres.stop()
    try:
        for route in ("GET /api/session", "POST /api/softphone-token", "GET /api/directory"):
            assert (await desk.asks(route))[0] == 200, route
        mine = desk.consoles[Role.specialist].http.cookies[sessions.COOKIE]
        async with httpx.AsyncClient(base_url=desk.hotline.url) as other:
            forged = await other.get("/api/session", headers={"Cookie": f"{sessions.COOKIE}={mine[:-2]}xx"})
            carried = await other.get("/api/session", headers={"Cookie": f"{sessions.COOKIE}={mine}"})
    finally:
        await stores.postgres.start()
        await stores.valkey.start()
    assert (forged.status_code, carried.status_code) == (401, 200)


async def test_S5_an_emptied_redis_logs_nobody_off(desk) -> None:
    await desk.hotline.desk.redis.flushall()
    for console in desk.consoles.values():
        assert (await console.get("session")).status_code == 200
