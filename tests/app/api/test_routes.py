"""Deny by default: every route names who may use it, and only signing in and out is open."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import APIRouter

from app.api import ROUTERS
from app.api.access import Public, Roles, Route, guards
from app.people.roles import Role

pytestmark = pytest.mark.anyio

OPEN = {("POST", "/api/session"), ("DELETE", "/api/session"), ("GET", "/api/hello"), ("GET", "/api/demo")}
#: Who may use what, by role; a route that is missing here fails the test.
SPECIALIST_TOO = {Role.specialist, Role.lead}
ON_THE_ROTA = {Role.specialist, Role.lead, Role.admin}
ALLOWED = {
    "GET /api/session": set(Role),
    "GET /api/live": SPECIALIST_TOO,
    "POST /api/beat": SPECIALIST_TOO,
    "PUT /api/presence": SPECIALIST_TOO,
    "POST /api/offers/{id}/ack": SPECIALIST_TOO,
    "POST /api/offers/{id}/accept": SPECIALIST_TOO,
    "POST /api/offers/{id}/decline": SPECIALIST_TOO,
    "POST /api/wrap-up/done": SPECIALIST_TOO,
    "POST /api/wrap-up/extend": SPECIALIST_TOO,
    "PUT /api/recovery": SPECIALIST_TOO,
    "POST /api/softphone-token": SPECIALIST_TOO,
    "GET /api/calls": {Role.lead},
    "GET /api/calls/{id}": SPECIALIST_TOO,
    "GET /api/calls/{id}/case": SPECIALIST_TOO,
    "POST /api/calls/{id}/media": SPECIALIST_TOO,
    "POST /api/calls/{id}/rejoin": SPECIALIST_TOO,
    "POST /api/calls/{id}/leave": SPECIALIST_TOO,
    "POST /api/calls/{id}/end": SPECIALIST_TOO,
    "GET /api/calls/{id}/number": SPECIALIST_TOO,
    "POST /api/calls/{id}/class": SPECIALIST_TOO,
    "POST /api/calls/{id}/risk": SPECIALIST_TOO,
    "POST /api/calls/{id}/safe-to-call": SPECIALIST_TOO,
    "POST /api/calls/{id}/handoffs": SPECIALIST_TOO,
    "POST /api/calls/{id}/hold": SPECIALIST_TOO,
    "POST /api/calls/{id}/help": SPECIALIST_TOO,
    "POST /api/calls/{id}/ask": SPECIALIST_TOO,
    "POST /api/calls/{id}/unask": SPECIALIST_TOO,
    "POST /api/calls/{id}/hand-over": SPECIALIST_TOO,
    "GET /api/colleagues": SPECIALIST_TOO,
    "POST /api/calls/{id}/interpreter": SPECIALIST_TOO,
    "POST /api/calls/{id}/ring": SPECIALIST_TOO,
    "GET /api/interpreters": SPECIALIST_TOO,
    "POST /api/calls/{id}/number-mark": SPECIALIST_TOO,
    "POST /api/calls/{id}/listen": {Role.lead},
    "POST /api/calls/{id}/whisper": {Role.lead},
    "POST /api/calls/{id}/barge": {Role.lead},
    "POST /api/calls/{id}/take-over": {Role.lead},
    "POST /api/calls/{id}/go": {Role.lead},
    "POST /api/handoffs/{id}/facts": SPECIALIST_TOO,
    "GET /api/board": {Role.lead},
    "GET /api/board/today": {Role.lead},
    "GET /api/board/handoffs": {Role.lead},
    "GET /api/directory": SPECIALIST_TOO,
    "GET /api/specialists": {Role.admin, Role.lead},
    "POST /api/specialists": {Role.admin},
    "PATCH /api/specialists/{id}": {Role.admin},
    "GET /api/shifts": {Role.admin, Role.lead},
    "POST /api/shifts": {Role.admin},
    "DELETE /api/shifts": {Role.admin},
    "GET /api/shifts/occurrences": ON_THE_ROTA,
    "POST /api/shifts/changes": {Role.admin},
    "DELETE /api/shifts/changes": {Role.admin},
    "POST /api/shifts/import": {Role.admin},
    "GET /api/shifts/export": ON_THE_ROTA,
    "GET /api/shifts/coverage": {Role.admin, Role.lead},
    "GET /api/shifts/on-call": ON_THE_ROTA,
    "GET /api/swaps": ON_THE_ROTA,
    "POST /api/swaps": SPECIALIST_TOO,
    "POST /api/swaps/{id}/accept": SPECIALIST_TOO,
    "POST /api/swaps/{id}/decline": SPECIALIST_TOO,
    "POST /api/swaps/{id}/withdraw": SPECIALIST_TOO,
    "GET /api/credentials": {Role.admin, Role.lead},
    "POST /api/credentials": {Role.admin},
    "DELETE /api/credentials": {Role.admin},
    "GET /api/credentials/mine": set(Role),
    "GET /api/credentials/number": {Role.admin},
    "GET /api/credentials/warnings": {Role.admin, Role.lead},
    "PUT /api/calls/{id}/notes": SPECIALIST_TOO,
    "GET /api/calls/{id}/notes": SPECIALIST_TOO,
    "GET /api/draft-key": SPECIALIST_TOO,
    "POST /api/calls/{id}/story": SPECIALIST_TOO,
    "GET /api/lines": {Role.specialist, Role.lead, Role.admin},
    "GET /api/lines/{id}/plan": {Role.specialist, Role.lead, Role.admin},
    "PUT /api/lines/{id}/plan": {Role.lead, Role.admin},
    "GET /api/lines/{id}/plan/versions": {Role.lead, Role.admin, Role.auditor},
    "GET /api/check": {Role.lead, Role.admin},
    "GET /api/audit": {Role.auditor, Role.admin},
}


def routes() -> Iterator[tuple[str, str, Route]]:
    for router in ROUTERS:
        for route in router.routes:
            assert isinstance(route, Route), f"{route} can be defined without naming a role"
            for method in route.methods:
                yield method, route.path, route


def test_every_route_names_its_roles_or_is_one_of_the_open_ones() -> None:
    named = {}
    for method, path, route in routes():
        [guard] = guards(route)
        if isinstance(guard, Public):
            assert (method, path) in OPEN
        else:
            assert isinstance(guard, Roles)
            named[f"{method} {path}"] = set(guard.roles)
    assert named == ALLOWED


def test_a_route_without_a_role_cannot_be_defined() -> None:
    router = APIRouter(route_class=Route)
    with pytest.raises(TypeError, match="names no role"):
        router.get("/forgotten")(lambda: None)


async def test_the_openapi_document_has_exactly_these_routes(hotline) -> None:
    person = await hotline.person()
    paths = (await person.http.get("/api/openapi.json")).json()["paths"]
    served = {f"{method.upper()} {path}" for path, item in paths.items() for method in item}
    assert served == ALLOWED.keys() | {f"{method} {path}" for method, path in OPEN}


async def test_every_role_gets_words_at_every_route_that_is_not_its_own(hotline) -> None:
    consoles = {role: await hotline.person(role) for role in Role}
    for method, path, _ in routes():
        if (method, path) in OPEN:
            continue
        url = path.replace("{id}", "x" * 10)
        for role in set(Role) - ALLOWED[f"{method} {path}"]:
            answer = await consoles[role].http.request(method, url, json={} if method != "GET" else None)
            assert (answer.status_code, answer.json()["error"]["code"]) == (403, "not_allowed"), (role, method, path)


async def test_nobody_gets_anything_without_signing_in(hotline) -> None:
    person = await hotline.person(signed_in=False)
    for method, path, _ in routes():
        if (method, path) in OPEN:
            continue
        answer = await person.http.request(method, path.replace("{id}", "x" * 10), json=None)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "signed_out"), (method, path)
