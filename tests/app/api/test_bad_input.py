"""Bad input gets a message and changes nothing; with the stores up nothing that anybody sends is a 5xx."""

from __future__ import annotations

import contextlib
from typing import Any

import anyio.from_thread
import anyio.to_thread
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode, openapi
from sqlalchemy import text

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


#: Requests of each kind to each operation, of who may and of who may not: the whole stays under a minute on two cores.
EXAMPLES, FOREIGN_EXAMPLES = 5, 1
#: The one streams for ever, the other ends the session that the rest needs.
LEFT_OUT = {"GET /api/live", "DELETE /api/session"}
#: What time alone may do while a request is refused: an offer that was answered too late is over.
TIME_DOES = ("offer.", "specialist.", "call.state", "alarm", "engagement.", "call.ended", "leg.")
#: Tables that a refused request must leave as they are.
TABLES = (
    "audit_log",
    "specialists",
    "shifts",
    "shift_changes",
    "shift_swaps",
    "credentials",
    "revocations",
    "line_versions",
)


async def test_schemathesis_finds_no_5xx_for_any_role_and_what_is_refused_changes_nothing(hotline) -> None:
    """Right and wrong requests made from our own description, on real ids, by everybody who can sign in."""
    consoles = {role: await hotline.person(role) for role in Role}
    ids = await _things(hotline, consoles[Role.specialist])
    document = (await consoles[Role.lead].http.get("/api/openapi.json")).json()
    run = Everything(hotline, document, consoles, ids)
    await anyio.to_thread.run_sync(run.all)
    assert {path for path, _ in run.statuses} == {
        f"{method.upper()} {path}" for path, item in document["paths"].items() for method in item
    } - LEFT_OUT
    assert not {name: seen for name, seen in run.statuses.items() if max(seen) >= 500}
    assert not run.changed
    for (label, role), seen in run.statuses.items():
        if role not in ALLOWED.get(label, set(Role)):
            assert seen <= {400, 403, 422}, (label, role, seen)
    done = {label for (label, _), seen in run.statuses.items() if seen & {200, 201, 204}}
    assert len(done) >= 20, sorted(done)


async def _things(hotline, person) -> dict[str, str]:
    """A call that the specialist is in, another's offer, a handoff and a person."""
    await person.beat()
    call = await hotline.caller()
    offer = (await person.beat())["offers"][0]["offer"]
    won = (await person.post(f"offers/{offer}/accept", {"tab": "t"})).json()
    sid = "CA" + "a" * 32
    seat = await hotline.ctx.board.seat(person.spec, offer=offer, token=won["token"], sid=sid)
    await hotline.ctx.board.leg_joined(call.id, sid, seat.label, "CF1", None)
    await person.post(f"calls/{call.id}/media")
    await hotline.ctx.board.leg_joined(call.id, call.sid, f"caller_{call.id}_1", "CF1", None)
    handoff = {"id": "h0000000001", "to": "+12025550199", "why": "medical", "consent": "given"}
    assert (await person.post(f"calls/{call.id}/handoffs", handoff)).status_code == 200
    other = await hotline.person()
    return {"calls": call.id, "offers": offer, "handoffs": "h0000000001", "specialists": other.spec, "lines": "main"}


class Everything:
    """In a thread of its own: hypothesis and the generated client are synchronous, the server runs in our loop."""

    def __init__(self, hotline, document: Any, consoles: dict, ids: dict[str, str]) -> None:
        self._hotline, self._schema, self._consoles, self._ids = hotline, openapi.from_dict(document), consoles, ids
        self.statuses: dict[tuple[str, Role], set[int]] = {}
        self.changed: list[tuple[str, Role, int, list[str]]] = []

    def all(self) -> None:
        """What ends the call comes last, so that the rest has a call to work on."""
        operations = [result.ok() for result in self._schema.get_all_operations()]
        for operation in sorted(operations, key=lambda o: o.path.rpartition("/")[2] in ("leave", "end")):
            if operation.label not in LEFT_OUT:
                for role, console in self._consoles.items():
                    self._try(operation, role, console)

    def _try(self, operation: Any, role: Role, console: Any) -> None:
        headers, cookies = {"X-CSRF": console.http.headers["X-CSRF"]}, dict(console.http.cookies)
        seen = self.statuses.setdefault((operation.label, role), set())
        real = self._ids.get(operation.path.split("/")[2])
        before = anyio.from_thread.run(self._state)

        def send(case: Any) -> None:
            nonlocal before
            if real and "id" in case.path_parameters:
                case.path_parameters["id"] = real
            status = case.call(base_url=self._hotline.url, headers=headers, cookies=cookies).status_code
            seen.add(status)
            after = anyio.from_thread.run(self._state)
            if status >= 400 and (new := anyio.from_thread.run(self._difference, before, after)):
                self.changed.append((operation.label, role, status, new))
            before = after

        count = EXAMPLES if role in ALLOWED.get(operation.label, set(Role)) else FOREIGN_EXAMPLES
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            rules = settings(max_examples=count, deadline=None, database=None, suppress_health_check=list(HealthCheck))
            with contextlib.suppress(Unsatisfiable):  # an operation without parameters has no wrong ones
                rules(given(operation.as_strategy(generation_mode=mode))(send))()

    async def _state(self) -> tuple[str, list[int]]:
        counts = " union all ".join(f"select count(*), '{table}' as t from {table}" for table in TABLES)
        async with self._hotline.ctx.sessions() as store:
            rows = (await store.execute(text(f"select * from ({counts}) c order by t"))).all()
        return await self._hotline.ctx.board.last_cursor(), [row[0] for row in rows]

    async def _difference(self, before: tuple[str, list[int]], after: tuple[str, list[int]]) -> list[str]:
        events = await self._hotline.ctx.board.events(before[0])
        kinds = [event.kind for event in events if not event.kind.startswith(TIME_DOES)]
        return kinds + (["rows"] if before[1] != after[1] else [])
