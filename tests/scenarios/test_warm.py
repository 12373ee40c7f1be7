"""The warm line, as its callers hear it: a peer, a day's limit that sends nobody away, one key to crisis (issue 4)."""

from __future__ import annotations

import copy
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from app.embedded import Stores
from app.lines import SHIPPED, parse
from app.links import Links
from app.numbers import follow
from app.records.models import Call
from telephony.emulator import Phone
from tests.scenarios.test_closed import closed_now
from tests.support.hotline import Hotline, running_hotline

pytestmark = pytest.mark.anyio

NUMBER = "+12025550105"
WARM: dict[str, Any] = {
    "kind": "warm",
    "crisis": "main",
    "number": NUMBER,
    "languages": ["en", "es"],
    "keys": {"1": "danger", "2": "language:es", "0": "crisis"},
    "emergency_words": {"en": "9 1 1", "es": "9 1 1"},
}


def give(h: Hotline, **changes: Any) -> None:
    """The hotline has a warm line now."""
    raw = copy.deepcopy(json.loads(SHIPPED.read_text()))
    raw["lines"]["warm"] = {**WARM, **changes}
    h.ctx.lines.become(parse(raw))


@pytest.fixture
async def h(
    hotline_stores: Stores, hotline_database: str, hotline_name: str, hotline_folder: Path
) -> AsyncIterator[Hotline]:
    async with running_hotline(hotline_stores, hotline_database, hotline_name, hotline_folder) as hotline:
        links = Links(hotline.ctx.settings.public_url)
        hotline.net.add_number(
            NUMBER, voice_url=links.voice(), voice_fallback_url=links.home(), status_callback=links.status()
        )
        give(hotline)
        await hotline.ctx.moved(lambda: hotline.ctx.board.configure(hotline.ctx.lines.board_config(2)))
        yield hotline


async def test_a_peer_answers_a_warm_call_and_no_crisis_call(h: Hotline) -> None:
    peer = await h.specialist(lines=("warm",))
    crisis = await h.caller()
    warm = await h.caller(to=NUMBER)
    await warm.hears("warm line", within=1)
    assert await h.until_talking(warm, within=40) is peer
    assert not h.talking(crisis, peer)


async def test_one_key_leads_from_hold_to_the_crisis_line_with_the_place_kept(h: Hotline) -> None:
    maria = await h.specialist(lines=("main",))
    caller = await h.caller(to=NUMBER)
    rang = (await h.until_state(caller, "waiting", within=30)).arrived_ms
    await caller.hears("press 0 at any time", within=45)
    await caller.presses("0")
    await caller.hears("crisis line now", within=3)
    assert await h.until_talking(caller, within=30) is maria
    view = await h.call_of(caller)
    assert view is not None
    assert (view.line, view.cls, view.arrived_ms) == ("main", "standard", rang)


async def test_the_danger_key_in_the_greeting_leads_there_as_danger(h: Hotline) -> None:
    await h.specialist(lines=("main",))
    caller = await h.caller(to=NUMBER)
    await caller.hears("warm line", within=1)
    await caller.presses("1")
    await caller.hears("9 1 1", within=3)
    await h.until_talking(caller, within=30)
    view = await h.call_of(caller)
    assert view is not None
    assert (view.line, view.cls) == ("main", "danger")


async def test_outside_its_hours_a_warm_line_says_when_it_opens_and_the_key_to_crisis_works(h: Hotline) -> None:
    give(h, hours=closed_now(h.clock.now()))
    maria = await h.specialist(lines=("main",))
    caller = await h.caller(to=NUMBER)
    await caller.hears("open again on ", within=1)
    await caller.presses("0")
    assert await h.until_talking(caller, within=30) is maria


async def test_H5_outside_its_hours_who_stays_comes_to_a_human_line(h: Hotline) -> None:
    give(h, hours=closed_now(h.clock.now()))
    await h.ctx.moved(lambda: h.ctx.board.configure(h.ctx.lines.board_config(2)))
    backup = h.backup_phone()
    backup.will_answer(after=2.0, then=h.presses_one(backup))
    caller = await h.caller(to=NUMBER)
    await caller.hears("ring a partner line", within=5)
    await h.until_state(caller, "backup_talking", within=90)


async def told(h: Hotline, phone_number: str, times: int) -> None:
    """The record has had as many conversations of this number today."""
    hash_ = h.ctx.secrets.number_hash(phone_number)
    met = [("warm", hash_, f"earlier{n}", h.ctx.now_ms()) for n in range(times)]
    await h.ctx.moved(lambda: h.ctx.board.numbers([], met))


async def test_beyond_the_days_limit_a_caller_hears_so_waits_and_can_go_to_crisis(h: Hotline) -> None:
    await h.passes(6)
    phone = h.net.phone("+12025550177")
    await told(h, phone.address, 2)
    await phone.dials(NUMBER)
    await phone.hears("others are first", within=1)
    peer = await h.specialist(lines=("warm",))
    assert await h.until_talking(phone, within=60) is peer, "never a block"
    await phone.hangs_up()
    again = h.net.phone("+12025550178")
    await told(h, again.address, 2)
    await again.dials(NUMBER)
    await again.hears("others are first", within=1)
    maria = await h.specialist(lines=("main",))
    await again.presses("0")
    assert await h.until_talking(again, within=30) is maria


async def test_C6_a_withheld_number_is_never_limited(h: Hotline) -> None:
    await h.passes(6)
    phone = h.net.phone("+12025550179")
    await told(h, phone.address, 9)
    await phone.dials(NUMBER, withheld=True)
    await phone.hears("A peer will answer you", within=1)


async def test_C6_a_second_call_of_one_number_waits_behind_the_first_until_somebody_says_it_is_shared(
    h: Hotline,
) -> None:
    await h.passes(6)
    one = h.net.phone("+12025550177")
    two = Phone(h.net, one.address)
    maria, jonas = await h.specialist(), await h.specialist()
    await one.dials("+12025550100")
    await h.until_talking(one, within=30)
    await two.dials("+12025550100")
    view = await h.until_state(two, "waiting", within=30)
    await h.passes(30)
    assert not any(h.talking(two, person) for person in (maria, jonas))
    first = maria if h.talking(one, maria) else jonas
    view = await h.call_of(one)
    assert view is not None
    said = {"id": "mark-00000001", "mark": "shared", "why": "the telephone of a shelter"}
    await first.asks("POST", f"/api/calls/{view.id}/number-mark", **said)
    assert await h.until_talking(two, within=30) is not first


async def test_L10_a_peer_brings_a_crisis_specialist_in_and_hands_the_call_up_with_its_story(h: Hotline) -> None:
    peer = await h.specialist(lines=("warm",))
    caller = await h.caller(to=NUMBER)
    assert await h.until_talking(caller, within=40) is peer
    maria = await h.specialist(lines=("main",))
    arrived = (await h.call_of(caller)).arrived_ms
    await peer.asks("POST", f"/api/calls/{peer.call}/safe-to-call", id="fact-00000001", safe="no")
    await peer.asks("POST", f"/api/calls/{peer.call}/ask", kind="transfer", to="crisis")
    await h.eventually(lambda: maria.leg and peer.leg.sid in maria.leg.can_hear(), within=10, what="company")
    await peer.asks("POST", f"/api/calls/{peer.call}/hand-over", to=maria.spec)
    await peer.asks("POST", f"/api/calls/{peer.call}/leave")
    await h.eventually(lambda: caller.leg.can_hear() == {maria.leg.sid}, within=10, what="the peer's leave")
    view = await h.call_of(caller)
    assert (view.line, view.cls, view.owner, view.arrived_ms) == ("main", "standard", maria.spec, arrived)
    case = await maria.asks("GET", f"/api/calls/{view.id}/case")
    assert case["safe_to_call"] == "no", "what the peer asked is not asked again"
    with pytest.raises(httpx.HTTPStatusError) as refused:
        await maria.asks("POST", f"/api/calls/{view.id}/ask", kind="transfer", to="person", person=peer.spec)
    assert refused.value.response.status_code == 409, "nothing leads down again"
    await caller.hangs_up()

    async def recorded() -> Call | None:
        async with h.ctx.sessions() as store:
            return await store.scalar(select(Call).where(Call.id == view.id, Call.outcome.is_not(None)))

    row = await h.eventually(recorded, within=20, what="the record")
    assert (row.line, row.cls, row.first_cls) == ("main", "standard", "warm")


async def test_P4_a_days_conversations_are_counted_and_learnt_again_from_the_record(h: Hotline) -> None:
    give(h, limit_a_day=1)
    await h.ctx.moved(lambda: h.ctx.board.configure({**h.ctx.lines.board_config(2), "revision": 1}))
    peer = await h.specialist(lines=("warm",))
    phone = await h.caller(to=NUMBER)
    assert await h.until_talking(phone, within=40) is peer
    await h.passes(5)
    await phone.hangs_up()
    call = await h.until_state(phone, "closed", within=10)

    async def recorded() -> bool:
        async with h.ctx.sessions() as store:
            row = await store.get(Call, call.id)
            return row is not None and row.answered_at is not None

    await h.eventually(recorded, within=20, what="the record")
    await phone.dials(NUMBER)
    await phone.hears("others are first", within=1)
    await phone.hangs_up()
    store, hash_ = h.ctx.board._store, h.ctx.secrets.number_hash(phone.address)
    assert await store.plain("DEL", f"{store.tag}met:warm|{hash_}") == 1
    h.ctx.state.pop("numbers_told")
    await follow.refresh(h.ctx)
    await phone.dials(NUMBER)
    await phone.hears("others are first", within=1)
