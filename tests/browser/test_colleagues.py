"""A colleague asked in, talked with alone and handed the call; an interpreter rung beside them (L10)."""

from __future__ import annotations

import pytest

from tests.browser.conftest import House, Window, eventually
from tests.browser.test_specialist import in_a_call, ready

pytestmark = pytest.mark.anyio

INTERPRETER = "+12025550170"


async def asks_in(window: Window, how: str, name: str) -> None:
    """K, then what for, then whom: keys alone, but for the name, whose place in the list may be any."""
    await window.page.keyboard.press("k")
    await window.page.keyboard.press(how)
    await window.presses(name)


async def test_L10_a_colleague_is_asked_talked_with_alone_and_handed_the_call(house: House) -> None:
    owner = await ready(house)
    phone = await in_a_call(house, owner)
    other = await ready(house, "specialist2")

    await asks_in(owner, "1", "specialist2")
    await owner.sees("specialist2 is being asked")
    await other.sees("A colleague asks you in")
    await house.shot(other, "consult-offer-night")
    await other.page.keyboard.press("a")
    await owner.sees("You two talk alone")
    await other.sees("You are beside specialist1")
    assert await owner.violations() == []
    await house.shot(owner, "consult-night")
    await house.shot(other, "consult-beside-night")

    await owner.page.keyboard.press("o")
    await owner.sees("You are beside specialist2")
    await other.sees("Hand over to specialist1")
    await house.shot(other, "handed-over-night")
    await owner.page.keyboard.press("l")
    await owner.sees("the caller stays with your colleague")
    await owner.page.keyboard.press("1")
    await eventually(lambda: with_one(phone), "caller and the new owner hear each other")

    french = house.world.net.phone(INTERPRETER)
    french.will_answer(1.0)
    await other.page.keyboard.press("c")
    await other.presses("French")
    await other.sees("An interpreter is with you")
    assert await other.violations() == []
    await house.shot(other, "interpreter-night")
    await other.page.keyboard.press("c")
    await eventually(lambda: over(french), "the interpreter is let go")
    assert phone.leg.live
    assert owner.complaints() == other.complaints() == []


async def with_one(phone) -> bool:
    return sum(sid != phone.leg.sid for sid in phone.leg.can_hear()) == 1


async def over(phone) -> bool:
    return phone.leg is not None and not phone.leg.live
