"""L8: a specialist's leg that dies, step by step; relief, return, rejoin; and the emptied board (P4, S2)."""

from __future__ import annotations

import pytest

from routing.board import Accepted
from tests.routing.world import START, World

pytestmark = pytest.mark.anyio


async def talking(world: World) -> tuple[str, str]:
    """c1 talks with s1; s2's console beats beside it. Returns s1's leg and its label."""
    await world.person("s1")
    await world.waits("c1")
    sid, seat = await world.talks("c1", "s1")
    await world.beat("s1", call="c1", rtp_age_ms=0)
    await world.effects()
    await world.person("s2", presence="break")
    return sid, seat.label


async def announcements(world: World) -> int:
    return len([data for kind, data in await world.effects() if kind == "announce"])


async def test_L8_after_6_s_the_room_hears_it_every_8_s_and_the_lead_is_alarmed(world: World) -> None:
    await talking(world)
    await world.alive(6, "s2")
    assert await world.state("c1") == "talking"
    await world.alive(1, "s2")
    assert await world.state("c1") == "reconnecting"
    assert await world.duty("s1") == "reconnecting"
    assert {"kind": "lost_specialist", "call": "c1", "spec": "s1"} in await world.events_of("alarm")
    assert await announcements(world) == 1
    await world.alive(7, "s2")
    assert await announcements(world) == 0
    await world.alive(1, "s2")
    assert await announcements(world) == 1


async def test_L8_old_rtp_counts_as_a_dead_beat(world: World) -> None:
    await talking(world)
    for _ in range(4):
        world.ms += 2000
        await world.beat("s2")
        await world.beat("s1", call="c1", rtp_age_ms=world.ms - START)
        await world.tick()
    assert await world.state("c1") == "reconnecting"


async def test_L8_when_nobody_reaches_us_the_silence_may_be_ours(world: World) -> None:
    await talking(world)
    await world.later(20)
    assert await world.state("c1") == "talking"
    await world.beat("s2")
    await world.later(1)
    assert await world.state("c1") == "talking", "after our own absence there is time for a beat"
    await world.alive(2, "s2")
    assert await world.state("c1") == "reconnecting"


async def test_L8_after_our_own_absence_nobody_is_taken_for_lost(world: World) -> None:
    await talking(world)
    await world.later(20)
    await world.beat("s2")
    await world.later(2)
    await world.beat("s1", call="c1", rtp_age_ms=0)
    await world.alive(4, "s2")
    assert await world.state("c1") == "talking"
    assert await announcements(world) == 0


async def test_L8_a_beat_again_and_it_goes_on(world: World) -> None:
    await talking(world)
    await world.alive(8, "s2")
    await world.beat("s1", call="c1", rtp_age_ms=0)
    assert (await world.state("c1"), await world.duty("s1")) == ("talking", "talking")
    await world.alive(30, "s2", "s1", call="c1")
    assert await announcements(world) == 0


async def test_L8_after_12_s_relief_and_the_relief_is_owner_in_that_script(world: World) -> None:
    await talking(world)
    await world.board.set_presence(world.people["s2"], "available")
    await world.alive(11, "s2")
    assert await world.has_offer("s2") == ""
    await world.alive(2, "s2")
    offer = await world.offer_to("s2")
    assert (offer.kind, offer.call) == ("relief", "c1")
    won = await world.accepts("s2")
    assert won.kind == "relief"
    assert await world.state("c1") == "reconnecting"
    sid, seat = await world.sits("s2", won)
    assert seat.label.startswith("relief_s2_")
    view = await world.board.leg_joined("c1", sid, seat.label, "CFc1", world.ms)
    assert view is not None
    assert view.owner == "s2"
    await world.board.media_up("c1", "s2")
    assert await world.state("c1") == "talking"
    owners = [(d["from_spec"], d["to_spec"], d["reason"]) for d in await world.events_of("engagement.owner")]
    assert owners == [("", "s1", "accept"), ("s1", "s2", "relief")]


async def test_L8_the_first_person_coming_back_is_a_second_helper(world: World) -> None:
    await test_L8_after_12_s_relief_and_the_relief_is_owner_in_that_script(world)
    await world.beat("s1", call="c1", rtp_age_ms=0)
    view = await world.board.specialist("s1")
    assert view is not None
    assert (view.duty, view.role) == ("talking", "consult")
    await world.board.leave("c1", "s2")
    found = await world.board.call("c1")
    assert found is not None
    assert (found.state, found.owner) == ("talking", "s1")


async def test_L8_a_first_person_who_never_comes_back_is_let_go(world: World) -> None:
    await test_L8_after_12_s_relief_and_the_relief_is_owner_in_that_script(world)
    await world.alive(20, "s2", call="c1")
    assert await world.duty("s1") == "wrapping"
    assert "complete_leg" in [kind for kind, _ in await world.effects()]
    assert await world.state("c1") == "talking"


async def test_L8_who_returns_before_the_relief_rescinds_it(world: World) -> None:
    await talking(world)
    await world.board.set_presence(world.people["s2"], "available")
    await world.alive(13, "s2")
    won = await world.accepts("s2")
    await world.sits("s2", won)
    await world.beat("s1", call="c1", rtp_age_ms=0)
    assert await world.state("c1") == "talking"
    assert (await world.duty("s2"), await world.duty("s1")) == ("idle", "talking")


async def test_L8_at_30_s_the_caller_is_moved_then_15_s_then_waits_first_at_least_urgent(world: World) -> None:
    sid, _ = await talking(world)
    await world.alive(29, "s2")
    await world.effects()
    await world.alive(2, "s2")
    view = await world.board.call("c1")
    assert view is not None
    assert (view.state, view.room_open) == ("reconnecting", False)
    effects = await world.effects()
    assert ("complete_leg", {"sid": sid, "role": "owner"}) in effects
    assert ("move_caller", {"sid": world.phones["c1"].sid, "why": "reconnect"}) in effects
    await world.caller_leaves("c1")
    await world.turn("c1")
    await world.alive(13, "s2")
    assert await world.state("c1") == "reconnecting"
    await world.alive(1, "s2")
    view = await world.board.call("c1")
    assert view is not None
    assert (view.state, view.cause, view.cls, view.arrived_ms, view.owner) == ("waiting", "lost", "urgent", START, "")
    assert [(d["to"], d["who"], d["why"]) for d in await world.events_of("call.class")] == [
        ("urgent", "system", "dropped by us")
    ]
    await world.alive(2, "s2")
    assert len(await world.events_of("call.plan")) >= 1, "the wait plan goes on from the first arrival"
    await world.hangs_up("c1")
    assert [d["outcome"] for d in await world.events_of("call.ended")] == ["answered"]


async def test_L8_when_the_leg_has_left_the_caller_is_moved_at_once_and_one_click_rejoins(world: World) -> None:
    sid, label = await talking(world)
    await world.board.leg_left("c1", sid, label, world.ms)
    view = await world.board.call("c1")
    assert view is not None
    assert (view.state, view.room_open) == ("reconnecting", False)
    assert [data.get("why") for kind, data in await world.effects() if kind == "move_caller"] == ["reconnect"]
    await world.caller_leaves("c1")
    await world.turn("c1")
    won = await world.board.rejoin("c1", "s1", "t2")
    assert isinstance(won, Accepted)
    await world.joins("s1", won)
    assert [data.get("why") for kind, data in await world.effects() if kind == "move_caller"] == ["connect"]
    assert (await world.caller_joins("c1")).state == "talking"
    assert [d["reason"] for d in await world.events_of("engagement.owner")] == ["accept"]
    assert len(await world.events_of("offer.connected")) == 1


async def test_L6_a_rejoin_kills_unused_tokens_and_the_old_leg_is_completed_by_sid(world: World) -> None:
    old, _ = await talking(world)
    first = await world.board.rejoin("c1", "s1", "t2")
    second = await world.board.rejoin("c1", "s1", "t3")
    assert isinstance(first, Accepted)
    assert isinstance(second, Accepted)
    assert not (await world.board.seat("s1", call="c1", token=first.token, sid="CBx")).ok
    await world.joins("s1", second)
    assert ("complete_leg", {"sid": old, "role": "owner"}) in await world.effects()
    assert await world.state("c1") == "talking"


async def test_L8_with_an_agency_in_the_room_nobody_is_moved_and_relief_goes_on(world: World) -> None:
    await talking(world)
    await world.board.handoff_open("c1", "s1", handoff="h1", to_cipher="x", facts={}, cipher="", dial=True)
    await world.board.leg_joined("c1", "AG1", "agency_h1_x", "CFc1", world.ms)
    await world.hangs_up("c1")
    await world.alive(31, "s2")
    assert await world.state("c1") == "agency_only"
    assert "move_caller" not in [kind for kind, _ in await world.effects()]
    await world.board.set_presence(world.people["s2"], "available")
    assert (await world.offer_to("s2")).kind == "relief"
    await world.joins("s2", await world.accepts("s2"))
    view = await world.board.call("c1")
    assert view is not None
    assert (view.state, view.owner) == ("agency_only", "s2")


async def emptied(world: World) -> None:
    """Redis comes back with nothing."""
    store = world.board._store
    for key in await store.plain("KEYS", f"{store.tag}*"):
        if not key.endswith(":test"):
            await store.plain("DEL", key)
    await world.board.open(world.config, known=[world.board.epoch])
    world.cursor = "0-0"


TOLD = {"line": "main", "language": "en", "class": "urgent", "arrived_ms": START, "counter": 5, "role": "owner"}


async def test_P4_an_emptied_board_is_refilled_by_beats_and_turns(world: World) -> None:
    await talking(world)
    await world.waits("c2")
    await emptied(world)
    told = {**TOLD, "owner": True, "sid": world.phones["c1"].sid, "room": "c1-x", "room_sid": "CFc1"}
    await world.beat("s1", call="c1", rtp_age_ms=0, told=told)
    view = await world.board.call("c1")
    assert view is not None
    assert (view.state, view.owner, view.cls, view.arrived_ms, view.room_open) == (
        "talking",
        "s1",
        "urgent",
        START,
        True,
    )
    assert await world.duty("s1") == "talking"
    await world.turn("c2")
    await world.person("s2")
    assert await world.has_offer("s2") == "", "no offer in verify mode"
    await world.turn("c2")
    await world.alive(10, "s2")
    assert await world.has_offer("s2") == "c2"
    await world.hangs_up("c1")
    assert await world.duty("s1") == "wrapping"


async def test_P4_the_carriers_labels_restore_a_room_the_board_does_not_know(world: World) -> None:
    await world.board.restore(
        "c7", "CA7", told={**TOLD, "room": "c7-x"}, room_sid="CF7", labels=["caller_c7_3", "owner_s7_x"]
    )
    view = await world.board.call("c7")
    assert view is not None
    assert (view.state, view.owner, view.caller_in_room) == ("talking", "s7", True)
    await world.board.leg_left("c7", "CB7", "owner_s7_x", world.ms)
    assert await world.state("c7") == "reconnecting"


async def test_P4_a_restored_caller_who_is_alone_goes_to_hold(world: World) -> None:
    await world.board.restore("c7", "CA7", told=TOLD, room_sid="CF7", labels=["caller_c7_3"])
    assert await world.state("c7") == "waiting"
    assert [data.get("why") for _, data in await world.effects()] == ["hold"]


async def test_R2_a_fetch_that_agrees_makes_doubtful_waiting(world: World) -> None:
    await world.waits("c1")
    await world.later(46)
    await world.board.verified("c1")
    assert await world.state("c1") == "waiting"
