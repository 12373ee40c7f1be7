"""T2: each guard in the Lua is taken out in turn, and the state machine must fail.

A guard is one line that ends in `-- guard: <name>`; without it the script does something wrong, which the machine sees.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from routing.board import BoardAway
from routing.board.scripts import LUA
from tests.routing.machine import BoardMachine
from tests.routing.stories import STORIES
from tests.routing.stories_callbacks import CALLBACKS
from tests.routing.stories_colleagues import COLLEAGUES
from tests.routing.stories_leads import LEADS
from tests.routing.stories_numbers import NUMBERS
from tests.routing.test_machine import QUICK

OWN = {
    ("lead_", "take_over_", "hold_", "help_", "mode_"): LEADS,
    ("ask_", "unask_", "hand_", "interpreter_"): COLLEAGUES,
    ("callback_", "ring_", "rung_", "keep_", "class_away", "away_"): CALLBACKS,
    ("behind", "marks", "marked"): NUMBERS,
}
"""How the guards of the moves beside a call are named: their own stories are told first."""

GUARD = re.compile(r"^(?P<line>.*\S)\s*-- guard: (?P<name>\w+)$", re.MULTILINE)


def guards() -> list[str]:
    """Every guard's name in the scripts; each name stands once."""
    found = [m["name"] for path in sorted(LUA.rglob("*.lua")) for m in GUARD.finditer(path.read_text())]
    assert len(found) == len(set(found)), "a guard's name stands once"
    return found


def without(name: str) -> Callable[[str], str]:
    """Takes one guard out: a whole statement goes, of a condition that spans lines only its part."""
    return lambda source: re.sub(rf"^.*\S\s*-- guard: {name}$", "", source, flags=re.MULTILINE)


def _first(name: str) -> list[Callable[[Any], None]]:
    """The stories in which this guard matters, more likely than in others."""
    beside = {story for stories in OWN.values() for story in stories}
    own = next((stories for names, stories in OWN.items() if name.startswith(names)), ())
    return [story for story in STORIES if (story in own if own else story not in beside)]


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    made = asyncio.new_event_loop()
    yield made
    made.close()


def tell(story: Callable[[Any], None], namespace: dict[str, Any]) -> None:
    """A story alone, without any steps behind it."""
    machine = type("Machine", (BoardMachine,), namespace)()
    try:
        machine.begin(story)
        machine.holds()
    finally:
        machine.teardown()


@pytest.mark.parametrize("story", STORIES)
def test_T2_with_all_its_guards_the_board_tells_each_story(
    story: Callable[[Any], None], valkey_url: str, loop: asyncio.AbstractEventLoop
) -> None:
    tell(story, {"url": valkey_url, "loop": loop})


@pytest.mark.parametrize("name", guards())
def test_T2_without_this_guard_the_machine_fails(name: str, valkey_url: str, loop: asyncio.AbstractEventLoop) -> None:
    """The stories plainly, which is quick; then one after the other, each with a few steps behind it."""
    namespace = {"url": valkey_url, "loop": loop, "edit": staticmethod(without(name))}

    def stories() -> None:
        for story in _first(name):
            tell(story, namespace)
        for story in STORIES:
            machine = type("Machine", (BoardMachine,), {**namespace, "stories": (story,)})
            run_state_machine_as_test(machine, settings=settings(QUICK, max_examples=1, stateful_step_count=2))

    with pytest.raises((AssertionError, KeyError, ValueError, BoardAway)):
        stories()
