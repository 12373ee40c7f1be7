"""Callbacks that come late, twice, out of order or never: what is true now stays true (L1, L5, L8, H2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from routing.board import Accepted
from tests.routing.world import World

pytestmark = pytest.mark.anyio


async def talking(world: World) -> tuple[str, str]:
    """c1 talks with s1. Returns s1's leg and its label."""
    await world.person("s1")
    await world.waits("c1")
    sid, seat = await world.talks("c1", "s1")
    await world.beat("s1", call="c1", rtp_age_ms=0)
    await world.effects()
    return sid, seat.label


async def whys(world: World) -> list[str]:
    """Why the caller is moved."""
    return [data["why"] for kind, data in await world.effects() if kind == "move_caller"]


async def owners(world: World) -> list[tuple[str, str]]:
    """Who owned the call, one after the other, and why it changed."""
    return [(d["to_spec"], d["reason"]) for d in await world.events_of("engagement.owner")]


async def stamps(world: World, kind: str, sid: str) -> Sequence[tuple[Any, ...]]:
    """Relative to the world's beginning: the stamp, and its span where it was supplied."""
    names = ("at_ms", "earliest_ms", "latest_ms")
    found: list[Mapping[str, Any]] = [d for d in await world.events_of(kind) if d["sid"] == sid]
    return [tuple(d[name] - world.ms for name in names if d.get(name) is not None) for d in found]


# -- legs of people who have gone


async def test_L2_a_dismissed_persons_leg_is_nobody_in_the_room(world: World) -> None:
    await talking(world)
    await world.board.leave("c1", "s1")
    view = await world.turn("c1")
    assert (view.state, view.room_open) == ("waiting", False), "whatever the carrier has not yet said of the old leg"


async def test_L8_a_given_up_persons_leg_is_nobody_in_the_room(world: World) -> None:
    await talking(world)
    await world.person("s2", presence="break")
    await world.alive(46, "s2")
    assert await world.state("c1") == "waiting"
    assert not (await world.turn("c1")).room_open


async def test_S2_a_presumed_persons_leg_is_nobody_in_the_room_once_they_are_dismissed(world: World) -> None:
    await world.person("s1")
    told = {"line": "main", "language": "en", "class": "standard", "arrived_ms": world.ms, "counter": 1, "owner": True}
    await world.beat("s1", call="c9", rtp_age_ms=0, told={**told, "sid": "CA9", "room": "c9-a"})
    await world.board.leave("c9", "s1")
    view = await world.board.call("c9")
    assert view is not None
    assert (view.state, view.room_open) == ("waiting", False)


async def test_recovery_out_of_wrap_up_completes_the_leg_that_is_still_there(world: World) -> None:
    sid, _ = await talking(world)
    await world.board.end_call("c1", "s1", "done")
    await world.effects()
    assert await world.duty("s1") == "wrapping"
    assert (await world.board.recover("s1", True)).ok
    assert ("complete_leg", {"sid": sid, "role": "owner"}) in await world.effects()


# -- callers whom nobody has told of


async def test_L5_a_caller_alone_in_a_room_is_asked_out_of_it_until_they_are_out(world: World) -> None:
    await talking(world)
    await world.board.leave("c1", "s1")
    asked: list[str] = []
    for _ in range(40):
        for claimed in await world.board.claim_effects(100):
            effect = await world.board.still_due(claimed)
            assert effect is not None
            asked += [effect.data["why"]] if effect.kind == "move_caller" and effect.attempt == 1 else []
            await world.board.effect_done(effect, ok=False, result={})
        world.ms += 1000
        await world.tick()
    assert asked == ["left", "hold"], "REST was away for longer than an effect lives"
    await world.turn("c1")
    assert await whys(world) == [], "out"


async def test_H2_a_caller_who_asks_for_no_document_any_more_is_fetched_back(world: World) -> None:
    await world.waits("c1")
    await world.later(46)
    assert await world.state("c1") == "doubtful"
    await world.board.verified("c1")
    assert await whys(world) == []
    await world.later(50)
    await world.board.verified("c1")
    assert await whys(world) == ["hold"], "somewhere, and not in the hold loop"


async def test_L5_a_late_join_of_the_room_before_says_nothing_about_the_present_one(world: World) -> None:
    """Of the old room no callback has come: only its name tells."""
    await world.person("s1")
    await world.waits("c1")
    first = await world.accepts("s1")
    await world.sits("s1", first)
    await world.board.media_up("c1", "s1")
    old = await world.board.call("c1")
    await world.board.leave("c1", "s1")
    await world.turn("c1")
    await world.person("s2")
    sid, seat = await world.sits("s2", await world.accepts("s2"))
    await world.board.media_up("c1", "s2")
    await world.effects()
    assert old is not None
    caller = world.phones["c1"].sid
    view = await world.board.leg_joined("c1", caller, "caller_c1_1", "CFold", world.ms, room=old.room)
    assert view is not None
    assert (view.state, view.caller_in_room, view.room_sid) == ("connecting", False, "")
    assert await whys(world) == ["connect"], "fetched out of the old room into the present one"
    await world.board.leg_joined("c1", sid, seat.label, "CFnew", world.ms, room=view.room)
    view = await world.board.leg_joined("c1", caller, "caller_c1_2", "CFnew", world.ms, room=view.room)
    assert view is not None
    assert (view.state, view.room_sid) == ("talking", "CFnew")


async def test_H2_a_caller_out_of_the_lanes_is_in_them_again_after_the_next_turn(world: World) -> None:
    await world.waits("c1")
    world.ms += 50_000  # we were away: no turn, no timer
    await world.board.set_class("c1", "urgent", who="s1", why="x")
    await world.turn("c1")
    await world.person("s1")
    assert await world.has_offer("s1") == "c1"


async def test_H2_a_caller_whose_timer_is_late_is_not_offered(world: World) -> None:
    await world.waits("c1")
    world.ms += 50_000
    await world.person("s1")
    assert await world.has_offer("s1") == ""
    assert await world.state("c1") == "doubtful"
    await world.turn("c1")
    assert await world.has_offer("s1") == "c1"


# -- life


async def test_L8_a_beat_that_knows_of_no_sound_is_no_life_of_the_leg(world: World) -> None:
    await talking(world)
    await world.person("s2", presence="break")
    for _ in range(4):
        await world.beat("s1", call="c1")  # a reloaded tab
        await world.alive(2, "s2")
    assert await world.state("c1") == "reconnecting"


async def test_L8_before_media_is_up_any_beat_is_life(world: World) -> None:
    await world.person("s1")
    await world.waits("c1")
    sid, seat = await world.sits("s1", await world.accepts("s1"))
    await world.board.leg_joined("c1", sid, seat.label, "CFc1", world.ms)
    await world.alive(3, "s1", call="c1", rtp=None)
    assert await world.state("c1") == "connecting"


async def relieved(world: World) -> tuple[str, str]:
    """s1 was lost, s2 is the relief and the owner. Returns s2's leg and label."""
    await talking(world)
    await world.person("s2")
    await world.alive(13, "s2")
    sid, seat = await world.joins("s2", await world.accepts("s2"))
    assert await owners(world) == [("s1", "accept"), ("s2", "relief")]
    await world.effects()
    return sid, seat.label


async def test_L8_who_was_lost_and_inherited_from_does_not_stay_reconnecting(world: World) -> None:
    sid, label = await relieved(world)
    await world.beat("s1", call="c1", rtp_age_ms=0)
    assert await world.duty("s1") == "talking", "a second helper"
    await world.board.leg_left("c1", sid, label, world.ms)
    assert await owners(world) == [("s1", "accept"), ("s2", "relief"), ("s1", "relief")]
    assert await world.duty("s2") == "reconnecting"
    await world.alive(31, "s1", call="c1")
    assert await world.duty("s2") == "wrapping"
    assert await world.state("c1") == "talking"


async def test_L8_the_old_legs_leave_does_not_end_the_new_leg_that_is_on_its_way(world: World) -> None:
    """A reload: the new leg has asked, the old one is gone, and only then the new one is in."""
    old, label = await talking(world)
    await world.person("s2", presence="break")
    won = await world.board.rejoin("c1", "s1", "t2")
    assert isinstance(won, Accepted)
    sid, seat = await world.sits("s1", won)
    await world.board.leg_left("c1", old, label, world.ms)
    await world.board.leg_status("c1", old, label, status="completed", at_ms=world.ms)
    await world.alive(2, "s2")
    assert await world.effects() == [], "nobody is moved, no leg is ended"
    await world.board.leg_joined("c1", sid, seat.label, "CFc1", world.ms)
    await world.alive(2, "s2")
    await world.board.media_up("c1", "s1")
    assert await world.state("c1") == "talking"
    assert await owners(world) == [("s1", "accept")]
    assert [kind for kind, _ in await world.effects() if kind == "move_caller"] == []


async def test_L8_a_new_leg_that_does_not_come_is_given_up(world: World) -> None:
    old, label = await talking(world)
    await world.person("s2", presence="break")
    won = await world.board.rejoin("c1", "s1", "t2")
    assert isinstance(won, Accepted)
    sid, _ = await world.sits("s1", won)
    await world.board.leg_left("c1", old, label, world.ms)
    await world.alive(6, "s2")
    effects = await world.effects()
    assert ("complete_leg", {"sid": sid, "role": "owner"}) in effects
    assert [data["why"] for kind, data in effects if kind == "move_caller"] == ["reconnect"]


# -- ownership is what is true


async def test_L10_a_late_leave_of_the_lost_leg_changes_no_owner(world: World) -> None:
    old, label = await talking(world)
    await world.person("s2")
    await world.alive(13, "s2")
    await world.joins("s2", await world.accepts("s2"))
    at = world.ms - 10_000
    await world.board.leg_left("c1", old, label, at)
    await world.board.leg_status("c1", old, label, status="completed", at_ms=at)
    await world.board.leg_joined("c1", old, label, "CFc1", at - 5_000)
    assert await owners(world) == [("s1", "accept"), ("s2", "relief")]
    assert await world.state("c1") == "talking"


async def test_L10_nobody_inherits_a_caller_who_has_left_the_room(world: World) -> None:
    """The word of the caller's end is late, and the relief hangs up meanwhile."""
    sid, label = await relieved(world)
    await world.beat("s1", call="c1", rtp_age_ms=0)
    await world.caller_leaves("c1")
    at = world.ms
    world.ms += 1000
    await world.board.leg_left("c1", sid, label, world.ms)
    await world.board.leg_status("c1", sid, label, status="completed", at_ms=world.ms)
    world.ms += 1000
    await world.hangs_up("c1", at_ms=at)
    assert await owners(world) == [("s1", "accept"), ("s2", "relief")]
    assert await world.state("c1") == "closed"
    assert [await world.duty(spec) for spec in ("s1", "s2")] == ["wrapping", "wrapping"]


async def test_L10_the_helper_inherits_when_the_caller_comes_back(world: World) -> None:
    sid, label = await relieved(world)
    await world.beat("s1", call="c1", rtp_age_ms=0)
    await world.caller_leaves("c1")
    await world.board.leg_left("c1", sid, label, world.ms)
    assert await owners(world) == [("s1", "accept"), ("s2", "relief")]
    await world.turn("c1")
    await world.caller_joins("c1")
    assert await owners(world) == [("s1", "accept"), ("s2", "relief"), ("s1", "relief")]
    assert await world.state("c1") == "talking"


# -- stamps that were supplied


def supplied(world: World, earliest: int, latest: int) -> dict[str, int]:
    return {"earliest_ms": world.ms + earliest, "latest_ms": world.ms + latest}


async def test_R3_a_supplied_end_keeps_its_span_and_the_carriers_own_stamp_stands_over_it(world: World) -> None:
    await talking(world)
    sid = world.phones["c1"].sid
    gone: dict[str, Any] = dict(status="completed", side="caller")
    await world.board.caller_gone("c1", sid, **gone, at_ms=None, **supplied(world, -9000, -1000))
    await world.board.caller_gone("c1", sid, **gone, at_ms=None, **supplied(world, -8000, 0))
    assert await stamps(world, "leg.ended", sid) == [(-1000, -9000, -1000)]
    assert [(d["earliest_ms"], d["latest_ms"]) for d in await world.events_of("call.ended")] == [
        (world.ms - 9000, world.ms - 1000)
    ]
    await world.board.caller_gone("c1", sid, **gone, at_ms=world.ms - 7000)
    await world.board.caller_gone("c1", sid, **gone, at_ms=world.ms - 7000)
    assert await stamps(world, "leg.ended", sid) == [(-1000, -9000, -1000), (-7000,)]
    assert len(await world.events_of("call.ended")) == 1


async def test_R3_after_the_carriers_own_stamp_a_supplied_one_is_nothing(world: World) -> None:
    sid, label = await talking(world)
    await world.board.leg_left("c1", sid, label, world.ms - 2000, room_sid="CFc1")
    await world.board.leg_left("c1", sid, label, world.ms, room_sid="CFc1", **supplied(world, -9000, 0))
    await world.board.leg_joined("c1", sid, label, "CFc1", world.ms, **supplied(world, -9000, 0))
    assert await stamps(world, "leg.left", sid) == [(-2000,)]
    assert await stamps(world, "leg.joined", sid) == [(0,)]


async def test_R3_a_supplied_coming_is_put_right_by_the_late_callback(world: World) -> None:
    await world.person("s1")
    await world.waits("c1")
    await world.joins("s1", await world.accepts("s1"))
    sid, label = world.phones["c1"].sid, "caller_c1_1"
    world.ms += 2000
    await world.board.leg_joined("c1", sid, label, "CFc1", world.ms, **supplied(world, -2000, 0))
    assert await world.state("c1") == "talking"
    await world.board.leg_joined("c1", sid, label, "CFc1", world.ms - 1500)
    assert await stamps(world, "leg.joined", sid) == [(0, -2000, 0), (-1500,)]
    assert await whys(world) == [], "and moves nobody"
    world.ms += 1000
    await world.hangs_up("c1", at_ms=world.ms)
    assert [d["answered_ms"] - world.ms for d in await world.events_of("call.ended")] == [-2500]


async def test_R3_an_end_without_its_leave_gives_the_leave_a_span(world: World) -> None:
    sid, label = await talking(world)
    world.ms += 60_000
    await world.board.leg_status("c1", sid, label, status="completed", at_ms=world.ms)
    assert await stamps(world, "leg.left", sid) == [(0, -30_000, 1000)]
    await world.board.leg_left("c1", sid, label, world.ms - 200)
    assert await stamps(world, "leg.left", sid) == [(0, -30_000, 1000), (-200,)]
