"""The caller's side of the board: arriving, holding, keys, the plan, the backup line, the end."""

from __future__ import annotations

import pytest

from routing.board import Caller
from tests.routing.world import START, World

pytestmark = pytest.mark.anyio


async def test_H1_an_unknown_call_comes_back_at_its_own_place_and_is_doubtful_for_one_turn(world: World) -> None:
    phone = dict(line="main", language="en", cls="urgent", arrived_ms=START - 300_000, counter=41)
    view = await world.board.turn("c9", "CA9", turn=7, **phone)
    assert (view.state, view.arrived_ms, view.cls, view.fresh) == ("doubtful", START - 300_000, "urgent", True)
    await world.person("s1")
    assert await world.has_offer("s1") == ""
    await world.board.turn("c9", "CA9", turn=8, **phone)
    assert await world.has_offer("s1") == "c9"
    assert (await world.rings("c2")).counter == 42


async def test_H2_an_older_turn_changes_nothing_but_its_key(world: World) -> None:
    await world.waits("c1")
    await world.turn("c1", turn=5)
    await world.news()
    view = await world.turn("c1", turn=3)
    assert view.turn == 5
    assert await world.news() == []
    view = await world.turn("c1", turn=2, danger=True)
    assert (view.cls, view.turn) == ("danger", 5)


async def test_H2_two_missing_turns_make_doubtful_and_the_next_turn_mends_it(world: World) -> None:
    await world.waits("c1")
    await world.later(44)
    assert await world.state("c1") == "waiting"
    await world.later(2)
    assert await world.state("c1") == "doubtful"
    await world.person("s1")
    assert await world.has_offer("s1") == ""
    await world.turn("c1")
    assert await world.has_offer("s1") == "c1"


async def test_H2_with_a_human_nobody_is_doubtful(world: World) -> None:
    await world.waits("c1")
    await world.person("s1")
    await world.talks("c1", "s1")
    await world.alive(60, "s1", call="c1")
    assert await world.state("c1") == "talking"


async def test_H2_only_a_terminal_status_closes_and_it_is_sticky(world: World) -> None:
    await world.waits("c1")
    assert (await world.hangs_up("c1")).state == "closed"
    assert (await world.turn("c1")).state == "closed"
    assert (await world.events_of("call.ended")) == [
        {
            "outcome": "abandoned",
            "side": "caller",
            "cause": "caller_gone",
            "ended_ms": START,
            "carrier_status": "completed",
        }
    ]


async def test_a_language_key_moves_the_caller_to_other_lanes(world: World) -> None:
    await world.person("s1", languages=("es",))
    await world.waits("c1")
    assert await world.has_offer("s1") == ""
    await world.turn("c1", language="es")
    assert await world.has_offer("s1") == "c1"


async def test_H6_the_danger_key_pages_raises_and_offers_to_three(world: World) -> None:
    for spec in ("s1", "s2", "s3", "s4"):
        await world.person(spec)
    await world.waits("c1")
    assert [await world.has_offer(s) for s in ("s1", "s2", "s3", "s4")] == ["c1", "", "", ""]
    view = await world.turn("c1", danger=True)
    assert view.cls == "danger"
    assert [await world.has_offer(s) for s in ("s1", "s2", "s3", "s4")] == ["c1", "c1", "c1", ""]
    assert {"kind": "danger", "call": "c1"} in await world.events_of("alarm")
    won = await world.accepts("s2")
    assert won.call == "c1"
    assert [await world.has_offer(s) for s in ("s1", "s3")] == ["", ""]
    assert [await world.duty(s) for s in ("s1", "s3")] == ["idle", "idle"]


async def test_H6_the_backup_line_rings_30_s_after_the_press(world: World) -> None:
    await world.waits("c1")
    await world.turn("c1", danger=True)
    await world.later(29)
    assert await world.state("c1") == "waiting"
    await world.later(2)
    assert await world.state("c1") == "backup_ringing"


async def test_H6_no_backup_line_while_an_accept_is_open_and_at_once_when_it_fails(world: World) -> None:
    await world.waits("c1")
    await world.person("s1")
    await world.later(25)
    await world.turn("c1", danger=True)
    await world.beat("s1", touched=True)
    await world.later(28)
    await world.beat("s1", touched=True)
    await world.turn("c1")
    await world.accepts("s1")
    await world.later(4)
    assert await world.state("c1") == "connecting"
    await world.later(5)
    assert await world.state("c1") == "backup_ringing"


async def test_P2_for_danger_anyone_on_shift_and_the_lead_after_10_s(world: World) -> None:
    await world.person("lead", role="lead", tier=0, languages=())
    await world.waits("c1")
    await world.turn("c1", danger=True)
    await world.alive(9, "lead")
    assert await world.has_offer("lead") == ""
    await world.alive(2, "lead")
    assert await world.has_offer("lead") == "c1"


async def test_the_wait_plan_opens_tiers_interpreters_page_and_backup(world: World) -> None:
    await world.person("s2", tier=2, presence="break")
    await world.person("s3", languages=("es",), presence="break")
    await world.waits("c1")
    for _ in range(0, 180, 15):
        await world.turn("c1")
        await world.later(15)
    steps = [(data["step"], data["at_s"]) for data in await world.events_of("call.plan")]
    assert steps == [("tier", 20), ("interpreter", 40), ("page", 60), ("backup", 180)]
    assert await world.state("c1") == "backup_ringing"
    assert ("move_caller", {"sid": world.phones["c1"].sid, "why": "backup"}) in await world.effects()
    world.presence["s2"] = "available"
    await world.board.set_presence(world.people["s2"], "available")
    assert await world.has_offer("s2") == "c1"


async def test_tier_2_is_offered_when_the_plan_widens(world: World) -> None:
    await world.person("s2", tier=2)
    await world.waits("c1")
    await world.alive(19, "s2")
    assert await world.has_offer("s2") == ""
    await world.alive(2, "s2")
    assert await world.has_offer("s2") == "c1"


async def backup_rings(world: World, call: str = "c1") -> None:
    await world.waits(call)
    await world.turn(call, danger=True)
    await world.later(31)
    assert await world.state(call) == "backup_ringing"


async def test_H5_ringing_keeps_the_place_and_an_accept_wins_until_the_key(world: World) -> None:
    await backup_rings(world)
    await world.person("s1")
    assert await world.has_offer("s1") == "c1"
    await world.accepts("s1")
    assert await world.state("c1") == "connecting"
    assert (await world.board.backup_answered("c1", "BK")).reason == "not_yours"


async def test_H5_key_1_rescinds_offers_in_the_same_script_and_ends_rolled_over(world: World) -> None:
    await backup_rings(world)
    await world.person("s1")
    offer = await world.offer_to("s1")
    assert (await world.board.backup_answered("c1", "BK")).ok
    assert await world.state("c1") == "backup_talking"
    assert (await world.board.accept(offer.id, "s1", "t")).reason == "not_yours"
    view = await world.board.backup_over("c1", dialled_index=0)
    assert (view.state, view.backup_done) == ("waiting", True)
    assert await world.has_offer("s1") == "", "nobody is offered until the caller asks for somebody"
    await world.hangs_up("c1")
    ended = (await world.events_of("call.ended"))[0]
    assert (ended["outcome"], ended["side"]) == ("rolled_over", "backup")


async def test_H5_who_presses_1_after_the_backup_waits_again_at_the_first_arrival(world: World) -> None:
    await backup_rings(world)
    await world.board.backup_answered("c1", "BK")
    await world.board.backup_over("c1", dialled_index=0)
    await world.person("s1")
    view = await world.turn("c1", still_needed=True)
    assert (view.backup_done, view.arrived_ms) == (False, START)
    assert await world.has_offer("s1") == "c1"


async def test_H5_without_the_key_the_next_number_then_hold_with_an_alarm_and_again(world: World) -> None:
    await backup_rings(world)
    assert (await world.board.backup_over("c1", dialled_index=0)).backup_index == 1
    assert (await world.board.backup_over("c1", dialled_index=0)).backup_index == 1, "a repeated end changes nothing"
    view = await world.board.backup_over("c1", dialled_index=1)
    assert (view.state, view.cause, view.arrived_ms) == ("waiting", "backup_failed", START)
    assert "backup_failed" in [data["kind"] for data in await world.events_of("alarm")]
    for _ in range(5):
        await world.later(15)
        await world.turn("c1")
    assert await world.state("c1") == "backup_ringing", "it is tried again"


async def test_H5_a_dial_made_without_the_board_is_taken_over(world: World) -> None:
    await world.waits("c1")
    assert (await world.board.backup_answered("c1", "BK")).ok
    assert await world.state("c1") == "backup_talking"


async def test_a_returning_number_is_marked_and_withheld_callers_are_all_different(world: World) -> None:
    known = Caller("hash", "cipher", False, "A")
    assert not (await world.rings("c1", caller=known)).returning
    assert (await world.rings("c2", caller=known)).returning
    await world.rings("c3")
    assert not (await world.rings("c4")).returning
    assert await world.board.secret("c1") == known


async def test_lowering_a_class_needs_a_reason_and_reorders_at_once(world: World) -> None:
    await world.waits("c1")
    await world.later(1)
    await world.waits("c2")
    assert (await world.board.set_class("c1", "warm", who="s1", why="")).reason == "needs_reason"
    assert (await world.board.set_class("c1", "warm", who="s1", why="said so")).ok
    await world.person("s1")
    assert await world.has_offer("s1") == "c2"


async def test_outcome_answered_needs_a_second_together(world: World) -> None:
    for call, spec, together_ms in (("c1", "s1", 999), ("c2", "s2", 1000)):
        await world.person(spec)
        await world.waits(call)
        await world.talks(call, spec)
        world.ms += together_ms
        await world.hangs_up(call)
        await world.board.set_presence(world.people[spec], "break")
    assert [data["outcome"] for data in await world.events_of("call.ended")] == ["abandoned", "answered"]


async def test_C6_a_second_simultaneous_call_of_a_number_waits_behind_the_first_and_is_never_blocked(
    world: World,
) -> None:
    number = Caller("hash", "cipher", False, "A")
    await world.waits("c1", caller=number)
    await world.waits("c2", caller=number)
    await world.person("s1")
    await world.person("s2")
    assert [await world.has_offer(spec) for spec in ("s1", "s2")] == ["c1", "c2"], "behind, not refused"


async def test_C6_one_key_leads_to_crisis_from_the_second_call_too(world: World) -> None:
    number = Caller("hash", "cipher", False, "A")
    await world.waits("c1", caller=number)
    await world.waits("c2", caller=number)
    await world.turn("c2", danger=True)
    await world.person("s1")
    assert await world.has_offer("s1") == "c2"
