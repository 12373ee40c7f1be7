"""A script carries the parts of the library that it reaches, and no other."""

from __future__ import annotations

import re

import pytest

from routing.board.scripts import library, load, names

CALLED = re.compile(r"\b(B(?:\.\w+)+)\(")
DEFINED = re.compile(r"^function (B[\w.]+)", re.MULTILINE)


@pytest.mark.parametrize("name", names())
def test_P5_a_script_carries_whatever_it_calls(name: str) -> None:
    source = load(name).source
    assert set(CALLED.findall(source)) <= set(DEFINED.findall(source))


def test_the_ticker_carries_every_timer() -> None:
    timers = {part.name for part in library() if part.name.startswith("B.on.")}
    assert timers
    assert timers <= set(DEFINED.findall(load("tick").source))


def test_a_script_leaves_out_what_it_cannot_reach() -> None:
    assert "function B.offer(" not in load("read").source
    assert len(load("set_presence").source) < sum(len(part.text) for part in library()) / 2
