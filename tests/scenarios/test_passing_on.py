"""A caller is passed on to a partner hotline, with first arrival time; whatever fails, nobody is dropped."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from app.embedded import Stores
from app.partners import asking, signing
from tests.support.neighbours import NUMBERS, PAIR_KEY, Neighbour, Two, plain_lines, two_hotlines

pytestmark = pytest.mark.anyio

#: Seconds after which the plan of `a` asks `b`, and rings its own backup line.
PASS_S, BACKUP_S = 10, 100
#: Who takes callers of the hotline's own and those of the partner.
BOTH = ("main", "passed")
#: Seconds in which whatever the plan's step brings has come.
SOON_S = 45


def agreed(name: str, addresses: Mapping[str, str]) -> dict[str, Any]:
    """`a` passes callers on to `b`; `b` would pass the same callers back, if it could."""
    raw, other = plain_lines(name, addresses), "b" if name == "a" else "a"
    raw["plan"] = [
        {"at_s": PASS_S, "step": "partner", "partner": other},
        {"at_s": BACKUP_S, "step": "backup"},
    ]
    raw["lines"]["passed"] = {**raw["lines"]["main"], "number": NUMBERS[name][1]}
    raw["partners"] = {
        other: {
            "url": addresses.get(other, "http://127.0.0.1:9"),
            "number": NUMBERS[other][1],
            "shows": NUMBERS[other][0],
            "known_as": name,
            "line": "passed",
        }
    }
    return raw


@pytest.fixture
async def two(hotline_stores: Stores, tmp_path: Path) -> AsyncIterator[Two]:
    async with two_hotlines(hotline_stores, tmp_path, agreed) as hotlines:
        yield hotlines


async def _there(b: Neighbour) -> Any:
    """The call at `b` of a caller who was passed on."""

    async def seen() -> Any:
        calls = await b.ctx.moved(b.ctx.board.live_calls)
        return next((view for view in calls if view.via), None)

    return await b.eventually(seen, within=SOON_S, what="a caller who is passed on")


async def _row(h: Neighbour, call: str) -> dict[str, Any]:
    async def found() -> Any:
        async with h.ctx.sessions() as store:
            row = (await store.execute(text("SELECT * FROM calls WHERE id = :id"), {"id": call})).mappings().first()
        return dict(row) if row and row["ended_at"] else None

    return await h.eventually(found, what="the record of the call's end")


def _with(person: Any, sid: str) -> bool:
    return person.leg is not None and sid in person.leg.can_hear()


async def test_a_caller_nobody_takes_here_talks_with_somebody_there(two: Two) -> None:
    a, b = two.values()
    pilar = await b.specialist(lines=BOTH)
    caller = await a.caller()
    mine = await a.until_state(caller, "waiting")
    await caller.hears("connecting you with our partner line", within=SOON_S)
    theirs = await _there(b)
    assert theirs.arrived_ms == mine.arrived_ms, "first arrival goes with the caller"
    assert (theirs.cls, theirs.language, theirs.via) == (mine.cls, mine.language, "a")
    await b.eventually(lambda: _with(pilar, theirs.sid), what="a conversation at the partner's")
    assert await a.state_of(caller) == "backup_talking"
    secret = await b.ctx.board.secret(theirs.id)
    assert secret
    assert (secret.number_hash, secret.withheld) == ("", True), "the number stays with the hotline that was called"
    await a.passes(20)
    await caller.hangs_up()
    here, there = await _row(a, mine.id), await _row(b, theirs.id)
    assert (here["outcome"], here["passed_on"], here["backup_answered_at"]) == ("rolled_over", "b", None)
    assert (there["outcome"], there["passed_from"]) == ("answered", "a")
    assert there["arrived_at"] == here["arrived_at"]


async def test_after_a_goodbye_there_the_caller_is_asked_here(two: Two) -> None:
    a, b = two.values()
    pilar = await b.specialist(lines=BOTH)
    caller = await a.caller()
    theirs = await _there(b)
    await b.eventually(lambda: _with(pilar, theirs.sid), what="a conversation at the partner's")
    await b.passes(10)
    await pilar.asks("POST", f"/api/calls/{theirs.id}/end", reason="done")
    await caller.hears("still need someone", within=SOON_S)
    maria = await a.specialist(lines=BOTH)
    await caller.presses("1")
    assert await a.until_talking(caller) is maria


async def test_a_partner_with_nobody_free_declines_and_the_caller_notices_nothing(two: Two) -> None:
    a, b = two.values()
    caller = await a.caller()
    mine = await a.until_state(caller, "waiting")
    await a.eventually(lambda: a.events("partner.declined", mine.id), within=SOON_S, what="an answer")
    assert (await a.state_of(caller), await b.ctx.moved(b.ctx.board.live_calls)) == ("waiting", [])
    assert not await a.events("partner.ringing")
    maria = await a.specialist(lines=BOTH)
    assert await a.until_talking(caller) is maria


async def test_H6_who_is_in_danger_is_not_passed_on(two: Two) -> None:
    a, b = two.values()
    await b.specialist(lines=BOTH)
    caller = await a.caller()
    await caller.hears("crisis line", within=1)
    await caller.presses("1")
    await caller.hears("ringing a partner line", within=60)
    view = await a.until_state(caller, "backup_ringing")
    assert (view.cls, view.partner, view.backup_index) == ("danger", "", 0)
    assert not await b.events("partner.")


async def test_a_partner_who_is_away_costs_no_place_and_the_backup_line_rings_in_time(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = two.values()
    await b.specialist(lines=BOTH)
    monkeypatch.setattr(asking, "ASK_S", 0.0)  # no answer comes in time
    backup = a.backup_phone()
    backup.will_answer(after=1.0, then=a.presses_one(backup))
    caller = await a.caller()
    mine = await a.until_state(caller, "waiting")
    await a.eventually(lambda: a.events("partner.declined", mine.id), within=SOON_S, what="giving up")
    (given_up,) = await a.events("partner.declined", mine.id)
    assert given_up.data["cause"] == "away"
    await a.until_state(caller, "backup_talking", within=BACKUP_S + SOON_S)
    view = await a.call_of(caller)
    assert view
    assert not view.partner


async def test_who_was_kept_free_goes_and_the_caller_waits_there_at_the_first_arrival(two: Two) -> None:
    a, b = two.values()
    pilar = await b.specialist(lines=BOTH)
    pilar.plan = "ignore"
    caller = await a.caller()
    mine = await a.until_state(caller, "waiting")
    theirs = await _there(b)
    later = await b.caller()
    await b.until_state(later, "waiting", "offered")
    await pilar.is_now("offline")
    await b.eventually(lambda: b.ctx.moved(lambda: b.ctx.board.call(theirs.id)), what="the call")
    carla = await b.specialist(lines=BOTH)
    await b.eventually(lambda: _with(carla, theirs.sid), within=60, what="the first by first arrival")
    assert theirs.arrived_ms == mine.arrived_ms
    assert await b.state_of(later) in ("waiting", "offered")


async def test_a_caller_who_hangs_up_before_the_yes_leaves_nothing_behind(two: Two) -> None:
    a, b = two.values()
    pilar = await b.specialist(lines=BOTH)
    caller = await a.caller()
    mine = await a.until_state(caller, "waiting")
    await a.until_state(caller, "backup_ringing", within=SOON_S)
    await caller.hangs_up()
    here = await _row(a, mine.id)
    assert (here["outcome"], here["side"], here["passed_on"]) == ("abandoned", "caller", None)
    await b.passes(20)
    assert await b.ctx.moved(b.ctx.board.live_calls) == []
    own = await b.caller()
    assert await b.until_talking(own) is pilar, "who was kept free is there for others again"


async def test_a_number_that_fails_brings_the_caller_back_to_the_first_place(two: Two) -> None:
    a, b = two.values()
    await b.specialist(lines=BOTH)
    a.net.connect(NUMBERS["b"][1], a.net.phone("+12025550199"))
    a.net.phone("+12025550199").will_be_busy()
    caller = await a.caller()
    mine = await a.until_state(caller, "waiting")
    await caller.hears("could not take your call", within=SOON_S)
    back = await a.until_state(caller, "waiting", "offered")
    assert back.arrived_ms == mine.arrived_ms
    maria = await a.specialist(lines=BOTH)
    assert await a.until_talking(caller) is maria


async def test_somebody_here_may_still_be_first_while_it_rings_there(two: Two) -> None:
    a, b = two.values()
    await b.specialist(lines=BOTH)
    a.net.connect(NUMBERS["b"][1], a.net.phone("+12025550199"))
    a.net.phone("+12025550199").will_not_answer()
    caller = await a.caller()
    await a.until_state(caller, "backup_ringing", within=SOON_S)
    maria = await a.specialist(lines=BOTH)
    assert await a.until_talking(caller) is maria
    assert await a.events("partner.failed")


async def test_nobody_is_passed_on_twice_or_back(two: Two) -> None:
    """The plan of `b` would ask `a` in its turn, and somebody is free there by then."""
    a, b = two.values()
    pilar = await b.specialist(lines=BOTH)
    pilar.plan = "ignore"
    await a.caller()
    await _there(b)
    maria = await a.specialist(lines=BOTH)
    await b.passes(60)
    assert {event.kind for event in await b.events("partner.")} == {"partner.asked"}
    assert maria.leg is None


async def test_only_the_partners_own_fresh_requests_are_heard_once(two: Two) -> None:
    ctx, body, path, key = two["b"].ctx, b'{"token": "0123456789abcdef"}', "/partner/look", PAIR_KEY.encode()
    now_ms, old_ms = ctx.now_ms(), ctx.now_ms() - signing.FRESH_MS - 1000
    good = signing.signed(key, "a", path, body, now_ms=now_ms, nonce="the first of all")
    wrong = {
        "key": (body, signing.signed(b"another key " * 4, "a", path, body, now_ms=now_ms, nonce="0123456789")),
        "time": (body, signing.signed(key, "a", path, body, now_ms=old_ms, nonce="0123456789")),
        "path": (body, signing.signed(key, "a", "/partner/ask", body, now_ms=now_ms, nonce="0123456789")),
        "name": (body, {**good, signing.WHO: "c"}),
        "body": (body + b" ", good),
        "none": (body, {}),
    }
    with ctx.clock.busy():
        async with httpx.AsyncClient(base_url=ctx.settings.public_url, trust_env=False) as http:
            for what, (sent, headers) in wrong.items():
                assert (await http.post(path, content=sent, headers=headers)).status_code == 403, what
            assert (await http.post(path, content=body, headers=good)).status_code == 200
            assert (await http.post(path, content=body, headers=good)).status_code == 403, "twice"
