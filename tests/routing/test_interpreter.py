"""An interpreter in the room: by the owner's wish, beside somebody of ours, never alone with the caller (L10)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from routing.board import CallView
from tests.routing.test_colleagues import conversation, view
from tests.routing.world import World

pytestmark = pytest.mark.anyio


async def wanted(world: World, language: str = "fr", spec: str = "s1") -> Any:
    return await world.board.interpreter("c1", spec, language, ["first", "second"], nonce=world.sid("n"))


async def rung(world: World) -> Mapping[str, Any]:
    """Asked for, and about to be rung."""
    assert (await wanted(world)).ok
    [(kind, data)] = await world.effects()
    assert kind == "dial_interpreter"
    return data


async def comes(world: World, sid: str = "IN1") -> str:
    """Rung, and in the room; the label."""
    label = (await rung(world))["label"]
    await world.board.leg_status("c1", sid, label, status="in-progress", at_ms=world.ms)
    await world.board.leg_joined("c1", sid, label, world.room("c1"), world.ms)
    return label


async def completed(world: World) -> list[str]:
    return [data["sid"] for kind, data in await world.effects() if kind == "complete_leg"]


async def said(world: World) -> list[str]:
    return [d["state"] for d in await world.events_of("call.interpreter")]


async def test_L10_the_owner_has_an_interpreter_beside_the_caller(world: World) -> None:
    await conversation(world)
    label = await comes(world)
    assert label.startswith("interpreter_fr_")
    seen: CallView = await view(world)
    assert seen.interpreter is not None
    assert (seen.interpreter.language, seen.interpreter.there, seen.state, seen.owner) == ("fr", True, "talking", "s1")
    assert (await world.board.interpreter("c1", "s1", "", [], nonce="n")).ok
    assert await completed(world) == ["IN1"]
    assert (await view(world)).interpreter is None
    assert await said(world) == ["ringing", "there", "off"]


async def test_L10_asked_again_it_is_the_same_and_after_no_answer_the_next_number(world: World) -> None:
    await conversation(world)
    data = await rung(world)
    assert data["to_cipher"] == "first"
    before = await world.board.last_cursor()
    assert (await wanted(world)).ok
    assert (await wanted(world, "zh")).reason == "ringing"
    assert (await wanted(world, spec="s2")).reason == "not_yours"
    assert await world.board.last_cursor() == before
    await world.board.leg_status("c1", "IN1", data["label"], status="no-answer", at_ms=world.ms)
    assert (await view(world)).interpreter is None
    assert (await rung(world))["to_cipher"] == "second"
    assert await said(world) == ["ringing", "unanswered", "ringing"]


@pytest.mark.parametrize("way", ["leaves", "leg dies", "caller hangs up"])
async def test_L10_an_interpreter_is_nobody_who_is_with_the_caller(world: World, way: str) -> None:
    sid, seat = await conversation(world)
    await comes(world)
    room = world.room("c1")
    if way == "leaves":
        await world.board.leave("c1", "s1")
    elif way == "leg dies":
        await world.board.leg_left("c1", sid, seat.label, world.ms, room_sid=room)
        assert not (await view(world)).room_open, "the caller belongs in no room with an interpreter alone"
        assert "move_caller" in [kind for kind, _ in await world.effects()]
        await world.later(16)
    else:
        await world.caller_leaves("c1")
        await world.hangs_up("c1")
    assert "IN1" in await completed(world)
    assert await world.state("c1") == ("closed" if way == "caller hangs up" else "waiting")


async def test_L10_who_comes_while_nobody_of_ours_is_there_goes_at_once(world: World) -> None:
    sid, seat = await conversation(world)
    label = (await rung(world))["label"]
    await world.board.leg_left("c1", sid, seat.label, world.ms, room_sid=world.room("c1"))
    await world.board.leg_joined("c1", "IN1", label, world.room("c1"), world.ms)
    assert await completed(world) == ["IN1"]
    assert (await said(world))[-1] == "alone"


async def test_L3_a_telephone_that_rings_for_nobody_is_let_go(world: World) -> None:
    """The caller has gone before its first callback; or two executors have rung."""
    await conversation(world)
    label = (await rung(world))["label"]
    await world.hangs_up("c1")
    await world.effects()
    await world.board.leg_status("c1", "IN1", label, status="ringing", at_ms=world.ms)
    assert await completed(world) == ["IN1"]


async def test_L3_the_second_telephone_under_one_label_is_let_go(world: World) -> None:
    await conversation(world)
    label = await comes(world)
    await world.board.leg_status("c1", "IN2", label, status="ringing", at_ms=world.ms)
    assert await completed(world) == ["IN2"]
    assert (await view(world)).interpreter is not None


async def test_L3_a_request_that_is_out_of_date_is_not_carried_out(world: World) -> None:
    await conversation(world)
    assert (await wanted(world)).ok
    await world.board.interpreter("c1", "s1", "", [], nonce="n")
    assert await world.effects() == []
    assert (await wanted(world)).ok
    await world.alive(61, "s1", call="c1")
    assert (await said(world))[-1] == "unanswered", "it does not ring for ever"


async def test_L10_refused_out_of_a_conversation(world: World) -> None:
    sid, seat = await conversation(world)
    await world.board.leg_left("c1", sid, seat.label, world.ms, room_sid=world.room("c1"))
    assert (await wanted(world)).reason == "wrong_state"
