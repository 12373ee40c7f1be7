"""What was pressed or answered while the board was away, or after a mistake, counts (H5, H6, S1)."""

from __future__ import annotations

import pytest

from tests.routing.world import World

pytestmark = pytest.mark.anyio


async def pressed(world: World) -> list[str]:
    return [d["meaning"] for d in await world.events_of("call.key")]


async def cls(world: World) -> str:
    view = await world.board.call("c1")
    assert view is not None
    return view.cls


async def test_H6_a_danger_key_pressed_while_the_board_was_away_counts(world: World) -> None:
    await world.waits("c1")
    await world.person("s1", presence="break")
    view = await world.turn("c1", cls="danger", away=True)
    assert view.cls == "danger"
    assert await pressed(world) == ["danger"]
    assert "danger" in [d["kind"] for d in await world.events_of("alarm")]
    await world.turn("c1", cls="danger", away=True)
    assert await pressed(world) == ["danger"], "once"
    for _ in range(30):
        world.ms += 1000
        await world.tick()
    assert await world.state("c1") == "backup_ringing"


async def test_H6_also_when_the_turn_itself_comes_late(world: World) -> None:
    await world.waits("c1")
    await world.turn("c1")
    await world.turn("c1", turn=1, cls="danger", away=True)
    assert await cls(world) == "danger"


async def test_H6_also_of_a_call_that_the_board_has_lost(world: World) -> None:
    await world.waits("c1")
    await world.board._store.plain("FLUSHALL")
    await world.open()
    view = await world.turn("c1", cls="danger", away=True)
    assert view.fresh
    assert await pressed(world) == ["danger"]
    assert "danger" in [d["kind"] for d in await world.events_of("alarm")]


async def test_H6_a_url_held_by_the_board_changes_no_class(world: World) -> None:
    await world.waits("c1")
    await world.turn("c1", cls="danger")
    assert await cls(world) == "standard"
    await world.turn("c1", cls="nonsense", away=True)
    assert await cls(world) == "standard"


async def test_S1_a_graver_class_of_a_url_held_without_the_board_applies_and_a_lesser_one_does_not(
    world: World,
) -> None:
    await world.waits("c1")
    await world.turn("c1", cls="urgent", away=True)
    assert await cls(world) == "urgent"
    await world.turn("c1", cls="warm", away=True)
    assert await cls(world) == "urgent"
    assert await pressed(world) == []


async def test_H6_the_danger_key_counts_again_after_a_person_has_lowered_the_class(world: World) -> None:
    await world.waits("c1")
    await world.turn("c1", danger=True)
    await world.board.set_class("c1", "standard", who="s1", why="pressed by mistake")
    await world.repeat_turn("c1", danger=True)
    assert await cls(world) == "standard", "the same press, told again"
    await world.turn("c1", danger=True)
    assert await cls(world) == "danger"
    assert await pressed(world) == ["danger", "danger"]


async def test_H5_a_live_caller_whose_call_was_closed_by_mistake_is_answered_at_the_backup_line(world: World) -> None:
    await world.waits("c1")
    await world.hangs_up("c1")
    assert (await world.board.backup_answered("c1", "BK1")).ok
    assert (await world.board.backup_answered("c1", "BK1")).ok
    assert (await world.board.backup_answered("c1", "BK2")).reason == "not_yours"
    assert await world.state("c1") == "closed", "an end is final"
    assert [d["sid"] for d in await world.events_of("backup.answered")] == ["BK1"]


async def test_H5_a_call_that_a_person_has_ended_is_not(world: World) -> None:
    await world.person("s1")
    await world.waits("c1")
    await world.talks("c1", "s1")
    await world.board.end_call("c1", "s1", "done")
    assert (await world.board.backup_answered("c1", "BK1")).reason == "not_yours"


async def test_H5_the_end_of_a_dial_for_an_unknown_call_is_answered_with_a_human(world: World) -> None:
    view = await world.board.backup_over("c1", dialled_index=0)
    assert (view.state, view.cause, view.sid) == ("closed", "caller_gone", "")


async def test_S4_a_partial_statement_about_risk_lowers_nothing(world: World) -> None:
    await world.person("s1")
    await world.waits("c1")
    await world.talks("c1", "s1")

    async def says(id: str, **facts: str | bool) -> str:
        await world.board.clinical("c1", "s1", kind="risk", id=id, facts=facts, cipher="")
        view = await world.board.call("c1")
        assert view is not None
        return "high" if view.risk_high else "not high"

    assert await says("k1", judged="high") == "high"
    assert await says("k2", screened="low") == "high"
    assert await says("k3", imminent=False) == "high"
    assert await says("k4", imminent=True, judged="low") == "high"
    assert await says("k5", screened="low") == "high"
    assert await says("k6", imminent=False) == "not high"
    alarms = [d["kind"] for d in await world.events_of("alarm")]
    assert alarms.count("declared_high") == 1
