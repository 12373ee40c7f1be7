"""Bad input gets a message and changes nothing; with the stores up nothing that anybody sends is a 5xx."""

from __future__ import annotations

import contextlib
from typing import Any

import anyio.to_thread
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode, openapi

from app.people.roles import Role
from tests.app.api.test_routes import ALLOWED

pytestmark = pytest.mark.anyio

BODIES = [
    b"", b"null", b"[]", b"1", b'"text"', b"{", b"\xff\xfe", b'{"login": "\\u0000", "password": "x"}',
    b'{"a":' * 2000 + b"1" + b"}" * 2000, b"[" * 100_000, b'{"presence": ' + b"9" * 5000 + b"}",
    b'{"presence": "available", "rtp_age_ms": ' + b"9" * 400 + b"}", b'{"presence": "\\ud800"}', b'{"presence": NaN}',
    b'{"presence": "available", "told": {"counter": 1e400}}',
    b'{"id": "aaaaaaaaaa", "imminent": true, "rationale": "\\ud800\\u0000"}',
]  # fmt: skip


def shape(answer: Any) -> None:
    assert answer.status_code < 500, answer.text
    error = answer.json()["error"]
    assert error["code"]
    assert error["message"][0].isupper()
    assert error["message"].endswith(".")


async def test_bodies_that_are_none_get_words(hotline) -> None:
    person = await hotline.person()
    for path in ("session", "beat", "calls/x/risk", "calls/x/handoffs", "offers/x/accept"):
        for body in BODIES:
            headers = {"content-type": "application/json"}
            shape(await person.http.post(f"/api/{path}", content=body, headers=headers))


async def test_ids_that_are_none_get_words(hotline) -> None:
    person = await hotline.person()
    for id in ("%00", "%20", "..%2f", "a" * 5000, "%ed%a0%80", "'; drop table calls", "{hl:x}", "💥", "x"):
        for path in ("calls/{}", "calls/{}/number", "offers/{}/accept"):
            method = "POST" if "offers" in path else "GET"
            shape(await person.http.request(method, "/api/" + path.format(id), json={} if method == "POST" else None))


async def test_too_much_text_is_refused_before_it_is_read(hotline) -> None:
    person = await hotline.person()
    answer = await person.post("calls/x/risk", {"id": "a" * 10, "rationale": "x" * 70_000})
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")
    long = await person.post("calls/x/risk", {"id": "a" * 10, "judged": "low", "rationale": "x" * 9_000})
    assert long.status_code == 422
    assert "rationale" in long.json()["error"]["fields"]


async def test_an_error_never_repeats_what_was_sent(hotline) -> None:
    person = await hotline.person()
    for body in (
        {"id": "a" * 10, "judged": "SECRET-WORDS"},
        {"id": "a" * 10, "judged": 5, "rationale": ["SECRET-WORDS"]},
    ):
        answer = await person.post("calls/x/risk", body)
        assert "SECRET" not in answer.text


async def test_unknown_addresses_and_methods_have_the_same_shape(hotline) -> None:
    person = await hotline.person()
    for method, path in (("GET", "nothing"), ("DELETE", "beat"), ("POST", "live")):
        shape(await person.http.request(method, f"/api/{path}"))


#: Requests of each kind to each operation: the whole stays under a minute on two busy cores.
EXAMPLES = 8
#: The one streams for ever, the other ends the session that the rest needs.
LEFT_OUT = {"GET /api/live", "DELETE /api/session"}


async def test_schemathesis_finds_no_5xx(hotline) -> None:
    """Right and wrong requests made from our own description, on real ids, by somebody who may send them."""
    consoles = {role: await hotline.person(role) for role in (Role.lead, Role.admin)}
    lead = consoles[Role.lead]
    await lead.beat()
    call = await hotline.caller()
    offer = (await lead.beat())["offers"][0]["offer"]
    ids = {"calls": call.id, "offers": offer, "handoffs": "h0000000001", "specialists": (await hotline.person()).spec}
    document = (await lead.http.get("/api/openapi.json")).json()
    statuses = await anyio.to_thread.run_sync(_try_everything, hotline.url, document, consoles, ids)
    assert len(statuses) == sum(map(len, document["paths"].values())) - len(LEFT_OUT)
    bad = {name: seen for name, seen in statuses.items() if max(seen) >= 500}
    assert not bad
    assert sum(200 in seen or 201 in seen or 204 in seen for seen in statuses.values()) >= 12


def _try_everything(url: str, document: Any, consoles: dict, ids: dict[str, str]) -> dict[str, set[int]]:
    """In a thread of its own: hypothesis and the generated client are synchronous, the server runs in our loop."""
    schema, statuses = openapi.from_dict(document), {}
    for result in schema.get_all_operations():
        operation = result.ok()
        if operation.label not in LEFT_OUT:
            console = consoles[Role.admin if Role.lead not in ALLOWED.get(operation.label, set(Role)) else Role.lead]
            real = ids.get(operation.path.split("/")[2])
            statuses[operation.label] = _try(operation, url, console, real)
    return statuses


def _try(operation: Any, url: str, console: Any, real: str | None) -> set[int]:
    seen: set[int] = set()
    headers, cookies = {"X-CSRF": console.http.headers["X-CSRF"]}, dict(console.http.cookies)

    def send(case: Any) -> None:
        if real and "id" in case.path_parameters:
            case.path_parameters["id"] = real
        seen.add(case.call(base_url=url, headers=headers, cookies=cookies).status_code)

    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
        rules = settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        with contextlib.suppress(Unsatisfiable):  # an operation without parameters has no wrong ones
            rules(given(operation.as_strategy(generation_mode=mode))(send))()
    return seen
