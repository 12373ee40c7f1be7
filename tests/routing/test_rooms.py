"""Connecting, leaving, ending, and the room's own life (L1, L5, L9, agencies)."""

from __future__ import annotations

import pytest

from routing.board import Accepted
from tests.routing.world import World

pytestmark = pytest.mark.anyio


async def connecting(world: World) -> Accepted:
    await world.person("s1")
    await world.waits("c1")
    return await world.accepts("s1")


async def failed(world: World, reason: str) -> None:
    assert await world.state("c1") == "waiting"
    assert [d["reason"] for d in await world.events_of("offer.failed")] == [reason]
    assert [d["reason"] for d in await world.events_of("engagement.owner")] == ["accept", "lost"]
    assert await world.duty("s1") == "idle"
    assert await world.has_offer("s1") == ""


async def test_L5_the_caller_is_moved_when_the_leg_has_joined(world: World) -> None:
    won = await connecting(world)
    sid, seat = await world.sits("s1", won)
    assert await world.effects() == []
    view = await world.board.leg_joined("c1", sid, seat.label, "CFc1", world.ms)
    assert view is not None
    assert view.room_open
    assert await world.effects() == [("move_caller", {"sid": world.phones["c1"].sid, "why": "connect"})]


async def test_L5_or_when_the_console_hears_the_room(world: World) -> None:
    won = await connecting(world)
    await world.sits("s1", won)
    assert (await world.board.media_up("c1", "s1")).ok
    assert [kind for kind, _ in await world.effects()] == ["move_caller"]
    view = await world.caller_joins("c1")
    assert view.state == "talking"


async def test_L5_a_beat_with_rtp_counts_as_media(world: World) -> None:
    won = await connecting(world)
    sid, seat = await world.sits("s1", won)
    await world.board.leg_joined("c1", sid, seat.label, "CFc1", world.ms)
    await world.caller_joins("c1")
    assert await world.state("c1") == "connecting"
    await world.beat("s1", call="c1", rtp_age_ms=200)
    assert await world.state("c1") == "talking"


async def test_L5_no_leg_within_8_s_fails(world: World) -> None:
    await connecting(world)
    await world.alive(7, "s1")
    assert await world.state("c1") == "connecting"
    await world.alive(1, "s1")
    await failed(world, "no_leg")


async def test_L5_no_join_within_4_s_fails_and_the_leg_is_completed(world: World) -> None:
    won = await connecting(world)
    sid, _ = await world.sits("s1", won)
    await world.alive(4, "s1")
    await failed(world, "no_join")
    assert ("complete_leg", {"sid": sid, "role": "owner"}) in await world.effects()


async def test_L5_no_media_within_4_s_fails_and_the_caller_is_moved_back(world: World) -> None:
    won = await connecting(world)
    sid, seat = await world.sits("s1", won)
    await world.board.leg_joined("c1", sid, seat.label, "CFc1", world.ms)
    await world.effects()
    await world.caller_joins("c1")
    await world.alive(4, "s1")
    await failed(world, "no_media")
    assert await world.effects() == [
        ("complete_leg", {"sid": sid, "role": "owner"}),
        ("move_caller", {"sid": world.phones["c1"].sid, "why": "hold"}),
    ]


async def test_L5_a_caller_who_does_not_follow_is_moved_once_more_then_waits_at_the_first_arrival(world: World) -> None:
    won = await connecting(world)
    await world.joins("s1", won)
    assert len(await world.effects()) == 1
    await world.alive(5, "s1", call="c1")
    assert [data["why"] for _, data in await world.effects()] == ["connect"]
    await world.alive(5, "s1", call="c1")
    view = await world.board.call("c1")
    assert view is not None
    assert (view.state, view.arrived_ms) == ("waiting", world.phones["c1"].arrived_ms)
    assert [d["reason"] for d in await world.events_of("offer.failed")] == ["caller"]


async def test_L5_a_caller_in_a_room_without_a_live_owner_goes_to_hold_at_once(world: World) -> None:
    won = await connecting(world)
    await world.joins("s1", won)
    await world.effects()
    await world.board.leave("c1", "s1")
    await world.effects()
    await world.caller_joins("c1")
    assert [data.get("why") for _, data in await world.effects()] == ["hold"]


async def test_a_ghost_leg_that_comes_after_the_end_is_completed(world: World) -> None:
    won = await connecting(world)
    sid, seat = await world.sits("s1", won)
    await world.hangs_up("c1")
    assert await world.duty("s1") == "idle"
    await world.effects()
    await world.board.leg_joined("c1", sid, seat.label, "CFc1", world.ms)
    assert await world.effects() == [("complete_leg", {"sid": sid, "role": "owner"})]


async def test_L1_the_room_ends_a_few_seconds_after_the_caller(world: World) -> None:
    await world.person("s1")
    await world.waits("c1")
    await world.talks("c1", "s1")
    await world.effects()
    await world.hangs_up("c1")
    assert await world.effects() == []
    await world.later(3)
    assert [kind for kind, _ in await world.effects()] == ["end_room"]


async def test_L1_a_connecting_room_is_left_alone(world: World) -> None:
    won = await connecting(world)
    await world.joins("s1", won)
    await world.effects()
    await world.later(4)
    assert "end_room" not in [kind for kind, _ in await world.effects()]


async def test_L1_a_caller_who_vanished_from_the_room_waits_again(world: World) -> None:
    await world.person("s1")
    await world.waits("c1")
    await world.talks("c1", "s1")
    await world.alive(4, "s1", call="c1")
    await world.caller_leaves("c1")
    await world.alive(4, "s1", call="c1")
    assert await world.state("c1") == "waiting"
    assert "end_room" in [kind for kind, _ in await world.effects()]


async def agency_joins(world: World) -> None:
    await world.board.handoff_open("c1", "s1", handoff="h1", to_cipher="x", facts={}, cipher="", dial=True)
    dial = [data for kind, data in await world.effects() if kind == "dial_agency"]
    assert [d["handoff"] for d in dial] == ["h1"]
    await world.board.leg_status("c1", "AG1", dial[0]["label"], status="in-progress", at_ms=world.ms)
    await world.board.leg_joined("c1", "AG1", dial[0]["label"], "CFc1", world.ms)


async def test_L1_the_caller_drops_while_the_agency_is_in_the_room(world: World) -> None:
    await world.person("s1")
    await world.waits("c1")
    await world.talks("c1", "s1")
    await agency_joins(world)
    world.ms += 5000
    view = await world.hangs_up("c1")
    assert view is not None
    assert view.state == "agency_only"
    await world.alive(10, "s1", call="c1")
    assert await world.duty("s1") == "talking"
    assert "end_room" not in [kind for kind, _ in await world.effects()]
    label = (await world.board.legs("c1"))["AG1"]["label"]
    await world.board.leg_left("c1", "AG1", label, world.ms)
    assert await world.state("c1") == "closed"
    assert [d["outcome"] for d in await world.events_of("call.ended")] == ["answered"]
    await world.later(3)
    assert "end_room" in [kind for kind, _ in await world.effects()]


async def test_L9_leave_the_caller_hears_it_and_after_20_s_is_a_new_wait(world: World) -> None:
    await world.person("s1")
    await world.waits("c1")
    await world.talks("c1", "s1")
    await world.effects()
    assert (await world.board.leave("c1", "s1")).ok
    view = await world.board.call("c1")
    assert view is not None
    assert (view.state, view.cause, view.owner) == ("waiting", "left", "")
    assert [data.get("why") for kind, data in await world.effects() if kind == "move_caller"] == ["left"]
    await world.person("s2")
    await world.alive(19, "s2")
    assert await world.has_offer("s2") == ""
    await world.alive(1, "s2")
    assert await world.has_offer("s2") == "c1"
    assert await world.duty("s1") == "wrapping"


async def test_L9_end_call_needs_a_lead_while_risk_is_high_or_a_handoff_open(world: World) -> None:
    await world.person("s1")
    await world.waits("c1")
    await world.talks("c1", "s1")
    world.ms += 2000
    risk = dict(kind="risk", cipher="x")
    await world.board.clinical("c1", "s1", id="k1", facts={"judged": "high"}, **risk)
    assert (await world.board.end_call("c1", "s1", "done")).reason == "needs_lead"
    await world.board.clinical("c1", "s1", id="k2", facts={"judged": "low"}, **risk)
    await world.board.handoff_open("c1", "s1", handoff="h1", to_cipher="x", facts={}, cipher="", dial=False)
    assert (await world.board.end_call("c1", "s1", "done")).reason == "needs_lead"
    closed = dict(id="k3", facts={"closed": True}, cipher="")
    assert (await world.board.handoff_fact("h1", "s1", **closed)).ok
    assert (await world.board.end_call("c1", "s1", "done")).ok
    ended = (await world.events_of("call.ended"))[0]
    assert (ended["outcome"], ended["side"], ended["cause"], ended["reason"]) == (
        "answered",
        "specialist",
        "ended",
        "done",
    )
    assert ("complete_leg", {"sid": world.phones["c1"].sid, "role": "caller"}) in await world.effects()


async def test_L9_a_lead_may_agree_to_the_end(world: World) -> None:
    await world.person("s1")
    await world.waits("c1")
    await world.talks("c1", "s1")
    await world.board.clinical("c1", "s1", id="k1", kind="risk", facts={"judged": "high"}, cipher="x")
    assert (await world.board.end_call("c1", "s1", "done", lead_agrees=True)).ok


async def test_late_and_repeated_callbacks_change_nothing(world: World) -> None:
    await world.person("s1")
    await world.waits("c1")
    sid, seat = await world.talks("c1", "s1")
    await world.news()
    at = world.ms
    await world.board.leg_joined("c1", sid, seat.label, "CFc1", at)
    await world.board.leg_left("c1", world.phones["c1"].sid, "caller_c1_0", at - 9000)
    assert await world.state("c1") == "talking"
    await world.hangs_up("c1", at_ms=at)
    await world.news()
    await world.hangs_up("c1", at_ms=at)
    assert await world.news() == []


async def test_a_softphones_progress_is_found_by_its_leg(world: World) -> None:
    await world.person("s1")
    await world.waits("c1")
    sid, _ = await world.talks("c1", "s1")
    await world.board.leg_status("", sid, "", status="completed", at_ms=world.ms)
    assert sid in [d["sid"] for d in await world.events_of("leg.ended")]
