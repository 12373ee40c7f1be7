"""Offers: who gets whom, and what every end of an offer means (P1 to P3, L6, L10)."""

from __future__ import annotations

import asyncio

import pytest

from routing.board import Accepted, Answer
from tests.routing.world import World

pytestmark = pytest.mark.anyio


async def test_P1_a_freed_specialist_takes_the_least_score(world: World) -> None:
    await world.waits("c1")
    await world.later(5)
    await world.waits("c2")
    await world.waits("c3")
    await world.board.set_class("c3", "urgent", who="s9", why="x")
    for spec, call in (("s1", "c3"), ("s2", "c1"), ("s3", "c2")):
        await world.person(spec)
        assert await world.has_offer(spec) == call


async def test_P1_ties_are_first_come_first_served(world: World) -> None:
    for call in ("c3", "c1", "c2"):
        await world.waits(call)
    for spec, call in (("s1", "c3"), ("s2", "c1"), ("s3", "c2")):
        await world.person(spec)
        assert await world.has_offer(spec) == call


async def test_P2_an_arrival_finds_the_longest_idle_and_seniors_for_the_gravest(world: World) -> None:
    await world.person("s1", level="junior")
    await world.later(1)
    await world.person("s2", level="senior")
    await world.waits("c1")
    assert await world.has_offer("s1") == "c1"
    await world.board.decline((await world.offer_to("s1")).id, "s1", "x")
    await world.hangs_up("c1")
    await world.rings("c2")
    await world.board.set_class("c2", "urgent", who="s9", why="x")
    await world.turn("c2")
    assert await world.has_offer("s2") == "c2"


async def test_P3_no_acknowledgement_within_2_s_is_unreachable_until_the_next_beat(world: World) -> None:
    await world.person("s1")
    await world.person("s2")
    await world.waits("c1")
    await world.later(2)
    assert await world.has_offer("s2") == "c1"
    await world.board.ack((await world.offer_to("s2")).id, "s2")
    await world.waits("c2")
    assert await world.has_offer("s1") == ""
    await world.beat("s1")
    assert await world.has_offer("s1") == "c2"


async def test_P3_the_deadline_is_12_s_and_the_call_leaves_offered_with_its_last_offer(world: World) -> None:
    await world.person("s1")
    await world.waits("c1")
    await world.board.ack((await world.offer_to("s1")).id, "s1")
    await world.later(11)
    assert await world.state("c1") == "offered"
    await world.later(1)
    assert await world.state("c1") == "waiting"
    assert await world.duty("s1") == "idle"


async def test_P2_an_expiry_sets_the_person_aside_until_touched_30_s_at_most(world: World) -> None:
    await world.person("s1")
    await world.waits("c1")
    await world.beat("s1", offer=(await world.offer_to("s1")).id)
    await world.later(12)
    await world.beat("s1")
    assert await world.has_offer("s1") == ""
    await world.beat("s1", touched=True)
    assert await world.has_offer("s1") == "c1"
    await world.beat("s1", offer=(await world.offer_to("s1")).id)
    await world.turn("c1")
    await world.alive(29, "s1")
    assert await world.has_offer("s1") == ""
    await world.alive(14, "s1")
    assert await world.has_offer("s1") == "c1"


async def test_P2_a_decline_parts_the_pair_for_60_s_or_15_s_when_there_is_nobody_else(world: World) -> None:
    await world.person("s1")
    await world.waits("c1")
    await world.board.decline((await world.offer_to("s1")).id, "s1", "x")
    await world.alive(14, "s1")
    assert await world.has_offer("s1") == ""
    await world.alive(2, "s1")
    assert await world.has_offer("s1") == "c1"
    await world.person("s2")
    await world.board.decline((await world.offer_to("s1")).id, "s1", "x")
    assert await world.has_offer("s2") == "c1"
    await world.board.set_presence(world.people["s2"], "break")
    await world.turn("c1")
    await world.alive(30, "s1")
    await world.turn("c1")
    await world.alive(28, "s1")
    assert await world.has_offer("s1") == ""
    await world.alive(3, "s1")
    assert await world.has_offer("s1") == "c1"


async def test_P2_who_declined_the_first_takes_the_next(world: World) -> None:
    await world.waits("c1")
    await world.later(1)
    await world.waits("c2")
    await world.person("s1")
    await world.board.decline((await world.offer_to("s1")).id, "s1", "x")
    assert await world.has_offer("s1") == "c2"


async def test_P2_a_lane_is_scanned_17_deep_past_16_exclusions(world: World) -> None:
    await world.person("s1")
    for i in range(17):
        await world.waits(f"c{i:02}")
    for _ in range(16):
        await world.board.decline((await world.offer_to("s1")).id, "s1", "x")
    assert await world.has_offer("s1") == "c16"
    await world.board.decline((await world.offer_to("s1")).id, "s1", "x")
    assert await world.has_offer("s1") == "c00", "the oldest of 16 exclusions was dropped"


async def test_a_hang_up_while_an_offer_is_open_rescinds_at_once_and_frees_the_person(world: World) -> None:
    await world.person("s1")
    await world.waits("c1")
    await world.waits("c2")
    assert await world.has_offer("s1") == "c1"
    await world.hangs_up("c1")
    assert await world.has_offer("s1") == "c2"
    assert [d["cause"] for d in await world.events_of("offer.rescinded")] == ["caller_gone"]


async def test_a_stale_beat_takes_a_person_out_of_the_match(world: World) -> None:
    await world.person("s1")
    await world.later(13)
    await world.waits("c1")
    assert await world.has_offer("s1") == ""
    await world.beat("s1")
    assert await world.has_offer("s1") == "c1"


async def test_a_stale_beat_counts_at_the_match_even_before_its_timer(world: World) -> None:
    await world.person("s1")
    world.ms += 12_001
    await world.waits("c1")
    assert await world.has_offer("s1") == ""


async def test_only_the_present_and_on_shift_are_offered(world: World) -> None:
    await world.person("s1", on_shift=False)
    await world.person("s2", presence="break")
    await world.person("s3", presence="training")
    await world.waits("c1")
    assert [await world.has_offer(s) for s in ("s1", "s2", "s3")] == ["", "", ""]


async def test_on_demand_means_one_call(world: World) -> None:
    await world.person("s1", presence="on_demand")
    await world.waits("c1")
    await world.talks("c1", "s1")
    await world.hangs_up("c1")
    view = await world.board.wrapped("s1")
    assert (view.presence, view.duty) == ("offline", "idle")
    await world.waits("c2")
    await world.beat("s1")
    assert await world.has_offer("s1") == ""


async def test_going_on_a_break_declines_the_open_offer(world: World) -> None:
    await world.person("s1")
    await world.waits("c1")
    await world.board.set_presence(world.people["s1"], "break")
    assert await world.state("c1") == "waiting"
    assert [d["reason"] for d in await world.events_of("offer.declined")] == ["presence"]


async def test_L6_first_accept_wins_and_the_same_tab_gets_the_same_token(world: World) -> None:
    await world.person("s1")
    await world.person("s2")
    await world.waits("c1")
    await world.turn("c1", danger=True)
    offers = {spec: (await world.offer_to(spec)).id for spec in ("s1", "s2")}
    first, second = await asyncio.gather(*(world.board.accept(offers[s], s, "t") for s in offers))
    winners = [a for a in (first, second) if isinstance(a, Accepted)]
    losers = [a for a in (first, second) if isinstance(a, Answer)]
    assert len(winners) == 1
    assert [a.reason for a in losers] == ["not_yours"]
    winner = next(s for s in offers if offers[s] == winners[0].offer)
    again = await world.board.accept(winners[0].offer, winner, "t")
    assert again == winners[0]
    other_tab = await world.board.accept(winners[0].offer, winner, "u")
    assert isinstance(other_tab, Answer)
    assert other_tab.reason == "not_yours"


async def test_L6_three_callers_three_specialists_three_conversations(world: World) -> None:
    people, calls = ("s1", "s2", "s3"), ("c1", "c2", "c3")
    await asyncio.gather(*(world.person(s) for s in people), *(world.waits(c) for c in calls))
    pairs = {s: await world.has_offer(s) for s in people}
    assert sorted(pairs.values()) == list(calls)
    await asyncio.gather(*(world.talks(call, spec) for spec, call in pairs.items()))
    assert [await world.state(call) for call in calls] == ["talking"] * 3


async def test_L6_a_token_seats_one_leg(world: World) -> None:
    await world.person("s1")
    await world.waits("c1")
    won = await world.accepts("s1")
    assert (await world.board.seat("s2", offer=won.offer, token=won.token, sid="CBx")).ok is False
    assert (await world.board.seat("s1", offer=won.offer, token="x", sid="CBx")).ok is False
    sid, seat = await world.sits("s1", won)
    assert seat.ok
    assert seat.label.startswith("owner_s1_")
    assert await world.board.seat("s1", offer=won.offer, token=won.token, sid=sid) == seat
    assert (await world.board.seat("s1", offer=won.offer, token=won.token, sid="CBx")).reason == "used"


async def test_an_accept_after_the_deadline_is_refused_before_the_timer_has_run(world: World) -> None:
    await world.person("s1")
    await world.waits("c1")
    offer = await world.offer_to("s1")
    await world.board.ack(offer.id, "s1")
    world.ms += 12_001
    answer = await world.board.accept(offer.id, "s1", "t")
    assert isinstance(answer, Answer)
    assert answer.reason == "not_yours"
    assert await world.state("c1") == "waiting"


async def test_recovery_takes_a_person_out_and_back(world: World) -> None:
    await world.person("s1")
    assert (await world.board.recover("s1", True)).ok
    await world.waits("c1")
    assert await world.has_offer("s1") == ""
    assert (await world.board.recover("s1", False)).ok
    assert await world.has_offer("s1") == "c1"


async def test_wrap_up_ends_by_its_timer(world: World) -> None:
    await world.person("s1")
    await world.waits("c1")
    await world.talks("c1", "s1")
    await world.hangs_up("c1")
    await world.alive(119, "s1")
    assert await world.duty("s1") == "wrapping"
    await world.alive(2, "s1")
    assert await world.duty("s1") == "idle"
