"""Agencies: rung into the room, kept there, ringing back (L1, L3, C2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from routing import states
from tests.routing.world import World

pytestmark = pytest.mark.anyio


async def handed(world: World, *, dial: bool = True) -> tuple[str, str]:
    """c1 talks with s1, who has opened the handoff h1. Returns s1's leg and its label."""
    await world.person("s1")
    await world.waits("c1")
    sid, seat = await world.talks("c1", "s1")
    await world.beat("s1", call="c1", rtp_age_ms=0)
    await world.effects()
    answer = await world.board.handoff_open("c1", "s1", handoff="h1", to_cipher="x", facts={}, cipher="", dial=dial)
    assert answer.data["dialled"] is dial
    return sid, seat.label


async def dialled(world: World) -> str:
    """The label under which the agency is rung."""
    labels = [data["label"] for kind, data in await world.effects() if kind == "dial_agency"]
    assert len(labels) == 1
    return labels[0]


async def status(world: World, sid: str, label: str, said: str) -> None:
    await world.board.leg_status("c1", sid, label, status=said, at_ms=world.ms)


async def ended(world: World, call: str = "c1") -> Mapping[str, Any]:
    view = await world.board.call(call)
    assert view is not None
    return {"state": view.state, "cause": view.cause}


async def test_L1_an_agency_that_is_still_rung_keeps_the_room_when_the_caller_hangs_up(world: World) -> None:
    await handed(world)
    label = await dialled(world)
    await status(world, "AG1", label, "ringing")
    await world.hangs_up("c1")
    assert (await ended(world))["state"] == "agency_only"
    await world.alive(5, "s1", call="c1")
    assert "end_room" not in [kind for kind, _ in await world.effects()]
    assert await world.duty("s1") == "talking"
    await status(world, "AG1", label, "in-progress")
    await world.board.leg_left("c1", "AG1", label, world.ms)
    assert await ended(world) == {"state": "closed", "cause": "agency_left"}


@pytest.mark.parametrize("failure", ["busy", "no-answer", "failed"])
async def test_L1_an_agency_that_does_not_answer_ends_a_call_without_its_caller(world: World, failure: str) -> None:
    await handed(world)
    label = await dialled(world)
    await world.hangs_up("c1")
    await status(world, "AG1", label, failure)
    assert (await ended(world))["state"] == "closed"
    await world.later(3)
    assert "end_room" in [kind for kind, _ in await world.effects()]


async def test_L1_an_agency_of_whose_ringing_nobody_tells_the_end_is_given_up_in_time(world: World) -> None:
    await handed(world)
    await dialled(world)
    await world.hangs_up("c1")
    await world.alive(134, "s1", call="c1")
    assert (await ended(world))["state"] == "agency_only"
    await world.alive(2, "s1", call="c1")
    assert (await ended(world))["state"] == "closed"


async def test_L1_an_agency_that_could_not_be_rung_ends_a_call_without_its_caller(world: World) -> None:
    await handed(world)
    await world.hangs_up("c1")
    end = world.ms + 62_000
    while world.ms < end:
        for effect in await world.board.claim_effects(100):
            await world.board.effect_done(effect, ok=False, result={})
        world.ms += 1000
        await world.tick()
        await world.beat("s1", call="c1", rtp_age_ms=0)
    assert (await ended(world))["state"] == "closed"


async def test_C1_an_agency_can_be_rung_again_for_a_live_call_only(world: World) -> None:
    await handed(world)
    label = await dialled(world)
    await status(world, "AG1", label, "busy")
    said = dict(facts={"contact": "no_answer"}, cipher="", redial=True)
    assert (await world.board.handoff_fact("h1", "s1", id="k1", **said)).data == {"dialled": True}
    again = await dialled(world)
    assert again != label
    await status(world, "AG2", again, "busy")
    await world.hangs_up("c1")
    assert (await world.board.handoff_fact("h1", "s1", id="k2", **said)).data == {"dialled": False}
    assert [kind for kind, _ in await world.effects() if kind == "dial_agency"] == []


async def test_L1_whose_owner_goes_while_the_agency_is_rung_has_the_same_room_with_the_next(world: World) -> None:
    await handed(world)
    label = await dialled(world)
    before = await world.board.call("c1")
    await world.board.leave("c1", "s1")
    await world.turn("c1")
    await world.person("s2")
    await world.alive(20, "s2")
    await world.turn("c1")
    await world.accepts("s2")
    after = await world.board.call("c1")
    assert before is not None
    assert after is not None
    assert after.room == before.room, "the agency is being rung into it"
    await status(world, "AG1", label, "busy")


async def test_C1_an_agency_that_comes_while_the_caller_waits_again_is_not_alone(world: World) -> None:
    await handed(world)
    label = await dialled(world)
    await world.board.leave("c1", "s1")
    await world.turn("c1")
    await world.effects()
    await world.board.leg_joined("c1", "AG1", label, "CFc1", world.ms)
    moves = [data["why"] for kind, data in await world.effects() if kind == "move_caller"]
    assert moves == ["connect"], "the caller is brought to it"
    assert (await world.turn("c1")).room_open
    await world.caller_joins("c1")
    await world.later(60)
    assert await world.state("c1") == "waiting", "with an agency no turns are made, and nobody doubts"
    await world.person("s2")
    await world.joins("s2", await world.accepts("s2"))
    assert await world.state("c1") == "talking"


@pytest.mark.parametrize("state", ["doubtful", "offered", "backup_ringing"])
async def test_L1_a_caller_who_waits_again_hangs_up_while_the_agency_is_rung(world: World, state: str) -> None:
    await handed(world)
    label = await dialled(world)
    await world.board.leave("c1", "s1")
    await world.turn("c1")
    if state == "doubtful":
        await world.later(46)
    elif state == "offered":
        await world.person("s2")
        await world.alive(20, "s2")
    else:
        await world.turn("c1", danger=True)
        await world.later(31)
    assert await world.state("c1") == state
    await world.hangs_up("c1")
    assert (await ended(world))["state"] == "agency_only"
    changes = [(d["from"], d["to"]) for d in await world.events_of("call.state")]
    assert all(states.Call(to) in states.CALL[states.Call(from_)] for from_, to in changes), changes
    await status(world, "AG1", label, "no-answer")
    assert (await ended(world))["state"] == "closed"


async def test_C1_no_agency_is_rung_into_a_room_that_there_is_not(world: World) -> None:
    await world.waits("c1")
    fact = dict(handoff="h1", to_cipher="x", facts={}, cipher="", dial=True)
    assert (await world.board.handoff_open("c1", "lead", **fact)).data == {"dialled": False}
    assert await world.effects() == []


async def test_L3_an_agency_rung_twice_is_one_and_the_second_leg_is_completed(world: World) -> None:
    await handed(world)
    label = await dialled(world)
    await status(world, "AG1", label, "ringing")
    await status(world, "AG2", label, "ringing")
    assert await world.effects() == [("complete_leg", {"sid": "AG2", "role": "agency"})]
    await status(world, "AG2", label, "in-progress")
    await world.board.leg_joined("c1", "AG2", label, "CFc1", world.ms)
    await status(world, "AG2", label, "completed")
    await world.hangs_up("c1")
    assert (await ended(world))["state"] == "agency_only", "the first still rings"
    await status(world, "AG1", label, "busy")
    assert (await ended(world))["state"] == "closed"
    assert [d["kind"] for d in await world.events_of("alarm")] == ["agency_failed"]


async def test_L3_a_second_leg_that_is_heard_of_in_the_room_is_completed_and_does_not_count(world: World) -> None:
    await handed(world)
    label = await dialled(world)
    await world.board.leg_joined("c1", "AG1", label, "CFc1", world.ms)
    await world.board.leg_joined("c1", "AG2", label, "CFc1", world.ms)
    assert await world.effects() == [("complete_leg", {"sid": "AG2", "role": "agency"})]
    await world.board.leg_left("c1", "AG1", label, world.ms)
    await world.hangs_up("c1")
    assert (await ended(world))["state"] == "closed"


async def test_L3_a_leg_after_the_end_of_the_first_is_no_twin(world: World) -> None:
    await handed(world)
    label = await dialled(world)
    await status(world, "AG1", label, "failed")
    await world.board.leg_joined("c1", "AG2", label, "CFc1", world.ms)
    assert await world.effects() == []
    view = await world.hangs_up("c1")
    assert view is not None
    assert view.state == "agency_only"


async def test_L3_the_ringing_of_an_agency_is_claimed_for_longer_than_the_carrier_may_take(world: World) -> None:
    await handed(world)
    assert [e.kind for e in await world.board.claim_effects()] == ["dial_agency"]
    world.ms += 7_900
    assert await world.board.claim_effects() == []
    world.ms += 200
    assert [e.kind for e in await world.board.claim_effects()] == ["dial_agency"]


async def test_L3_an_agency_is_rung_by_one_executor_at_a_time_however_long_it_has_waited(world: World) -> None:
    await handed(world)
    board = world.board
    [first] = await board.claim_effects()
    world.ms += 8_000  # the claim runs out in a queue
    [second] = await board.claim_effects()
    asked = await board.still_due(second)
    assert asked is not None
    assert asked.attempt == 1, "nobody has rung yet"
    assert await board.still_due(first) is None, "another executor is ringing"
    world.ms += 7_900
    assert await board.claim_effects() == []
    world.ms += 100  # of whom nothing was heard
    again = await board.still_due(first)
    assert again is not None
    assert again.attempt == 2, "may have rung: looked for"
    await board.effect_done(asked, ok=False, result={})
    assert await board.still_due(second) is None, "the end of an earlier try frees nobody"
    await board.effect_done(again, ok=False, result={})
    last = await board.still_due(second)
    assert last is not None
    assert last.attempt == 3


# -- ringing back


async def test_C2_an_agency_that_rings_back_stands_above_an_attempt_that_waited_for_a_day(world: World) -> None:
    await world.waits("c1")
    await world.board.set_class("c1", "attempt", who="s1", why="assessed")
    for _ in range(24):
        world.ms += 3_600_000
    await world.turn("c1")
    await world.rings("c2", ring_back=True)
    view = await world.turn("c2")
    assert view.cls == "agency"
    assert "ring_back" in [d["kind"] for d in await world.events_of("alarm")]
    await world.person("s1")
    assert await world.has_offer("s1") == "c2"
    await world.person("s2")
    assert await world.has_offer("s2") == "c1"


async def test_C2_the_owner_of_the_open_handoff_is_rung_first_then_whoever_may(world: World) -> None:
    await handed(world, dial=False)
    await world.board.end_call("c1", "s1", "done", lead_agrees=True)
    await world.person("s2", level="senior")
    await world.person("lead", role="lead", tier=0)
    await world.board.wrapped("s1")
    assert await world.duty("s1") == "idle"
    await world.waits("c2", ring_back=True)
    assert await world.has_offer("s1") == "c2"
    assert await world.has_offer("s2") == ""
    await world.board.decline((await world.offer_to("s1")).id, "s1", "busy")
    assert await world.has_offer("s2") == "c2"
    await world.board.decline((await world.offer_to("s2")).id, "s2", "busy")
    assert await world.has_offer("lead") == "c2", "at once, not after the wait plan's steps"


async def test_C2_the_owner_of_a_closed_handoff_is_like_everybody(world: World) -> None:
    await handed(world, dial=False)
    await world.board.handoff_fact("h1", "s1", id="k1", facts={"closed": True}, cipher="")
    await world.board.end_call("c1", "s1", "done")
    await world.board.wrapped("s1")
    await world.person("s2", level="senior")
    await world.waits("c2", ring_back=True)
    assert await world.has_offer("s2") == "c2"


async def test_C2_nobody_gives_a_caller_the_class_of_agencies_but_the_board(world: World) -> None:
    await world.waits("c1")
    assert (await world.board.set_class("c1", "agency", who="s1", why="x")).reason == "unknown"


async def test_C2_an_agency_on_an_emptied_board_keeps_its_place_above_all(world: World) -> None:
    await world.waits("c1")
    await world.person("s1", presence="break")
    await world.rings("c2", ring_back=True)
    await world.board._store.plain("FLUSHALL")
    await world.open()
    await world.turn("c2")
    await world.turn("c1")
    for call in ("c2", "c1"):
        await world.turn(call)
    await world.person("s1")
    assert await world.has_offer("s1") == "c2"


# -- facts after the data was lost


async def test_S4_a_handoffs_fact_is_taken_on_a_board_that_lost_the_handoff(world: World) -> None:
    said = dict(facts={"contact": "reached"}, cipher="")
    assert (await world.board.handoff_fact("h9", "s1", id="k1", **said)).reason == "unknown"
    assert (await world.board.handoff_fact("h9", "s1", id="k1", call="c9", **said)).ok
    assert (await world.board.handoff_fact("h9", "s1", id="k1", call="c9", **said)).data == {"repeated": True}
    assert [d["handoff"] for d in await world.events_of("handoff.fact")] == ["h9"]


async def test_L9_an_open_handoff_and_high_risk_outlive_the_boards_data(world: World) -> None:
    await world.person("s1")
    told = {"class": "standard", "arrived_ms": world.ms, "counter": 1, "owner": True, "sid": "CA1", "line": "main"}
    await world.beat("s1", call="c9", rtp_age_ms=0, told={**told, "handoff_open": True})
    assert (await world.board.end_call("c9", "s1", "done")).reason == "needs_lead"
    closed = dict(id="k1", facts={"closed": True}, cipher="")
    assert (await world.board.handoff_fact("h9", "s1", call="c9", **closed)).ok
    assert (await world.board.end_call("c9", "s1", "done")).ok
