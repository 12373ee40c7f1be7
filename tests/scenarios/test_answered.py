"""Callers wait and are answered."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.hotline import Hotline

pytestmark = pytest.mark.anyio


async def test_a_caller_is_greeted_waits_and_is_answered(h: Hotline) -> None:
    caller = await h.caller()
    await caller.hears("crisis line", within=1)
    await caller.hears("looking for someone", within=15)
    maria = await h.specialist()
    assert await h.until_talking(caller, within=15) is maria
    await h.passes(30)
    assert h.talking(caller, maria)
    await caller.hangs_up()
    closed = await h.until_state(caller, "closed", within=2)
    assert closed.cause == "caller_gone"
    await h.eventually(lambda: not maria.leg.live, within=10, what="the room's end")


async def test_three_callers_and_three_specialists_at_once(h: Hotline) -> None:
    """Three conversations, each person in exactly one (promise 2)."""
    for _ in range(3):
        await h.specialist()
    callers = await asyncio.gather(*(h.caller() for _ in range(3)))
    with_whom = [await h.until_talking(caller) for caller in callers]
    assert len(set(with_whom)) == 3
    await h.passes(20)
    for caller, person in zip(callers, with_whom, strict=True):
        assert [p for p in h.people if h.talking(caller, p)] == [person]
        assert caller.leg.can_hear() == {person.leg.sid}
    owners = [event.data["to_spec"] for event in await h.events("engagement.owner")]
    assert sorted(owners) == sorted(person.spec for person in h.people)


async def test_the_first_caller_is_the_first_answered(h: Hotline) -> None:
    first = await h.caller()
    await h.until_state(first, "waiting")
    second = await h.caller()
    await h.until_state(second, "waiting")
    maria = await h.specialist()
    assert await h.until_talking(first) is maria
    assert await h.state_of(second) == "waiting"
    await first.hangs_up()
    assert await h.until_talking(second) is maria


async def test_withheld_callers_are_two_people(h: Hotline) -> None:
    one, other = await h.caller(withheld=True), await h.caller(withheld=True)
    views = [await h.until_state(phone, "waiting") for phone in (one, other)]
    assert views[0].id != views[1].id
    assert not any(view.returning for view in views)
    secret = await h.ctx.board.secret(views[0].id)
    assert secret
    assert (secret.number_hash, secret.withheld) == ("", True)


async def test_a_number_is_on_the_board_only_as_ciphertext_and_hash(h: Hotline) -> None:
    """S7: and the log of what happened does not show it either."""
    caller = await h.caller()
    view = await h.until_state(caller, "waiting")
    secret = await h.ctx.board.secret(view.id)
    assert secret
    assert h.ctx.secrets.decrypt(secret.number_cipher, "number") == caller.address
    assert not any(caller.address[1:] in str(event) for event in await h.events())


async def test_spanish_is_chosen_by_key_and_kept(h: Hotline) -> None:
    caller = await h.caller()
    await caller.hears("para español", within=10)
    await caller.presses("2")
    await caller.hears("seguimos en español", within=5)
    view = await h.until_state(caller, "waiting", "offered")
    assert view.language == "es"
    await h.specialist(languages=("en",))
    await h.passes(10)
    assert await h.state_of(caller) == "waiting", "somebody without Spanish is not asked yet"
    pilar = await h.specialist(languages=("es",))
    assert await h.until_talking(caller, within=15) is pilar


async def test_a_wrong_key_still_leads_to_a_person(h: Hotline) -> None:
    caller = await h.caller()
    await caller.hears("crisis line", within=1)
    await caller.presses("9")
    maria = await h.specialist()
    assert await h.until_talking(caller, within=15) is maria
