"""The warm line: peers, a day's limit, one key to crisis at any time, a transfer that leads up only (issue 4, 9)."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from routing.board import Caller, CallView
from routing.order import Order
from routing.policy import CLOSED_PLAN, WARM_PLAN, Line, lanes_for_person, lanes_of_colleagues
from tests.routing.world import START, World

pytestmark = pytest.mark.anyio

MAIN = Line("main", ("en", "es"))
WARM = Line("warm", ("en",), plan=WARM_PLAN, closed_plan=CLOSED_PLAN, cls="warm", crisis="main", limit=2)
LINES = (MAIN, WARM)
ANN = Caller("hash-ann", "cipher-ann", withheld=False)


@pytest.fixture
async def world(valkey_url: str) -> AsyncIterator[World]:
    made = World(valkey_url, lines=LINES)
    await made.open()
    await made.board.numbers([], [])
    await made.person("peer", on_lines=("warm",))
    yield made
    broken = list(Order().broken(await made.board.events("0", count=10_000)))
    assert not broken, "P1 holds on the log"
    await made.close()


async def calls(world: World, call: str, caller: Caller = ANN) -> CallView:
    """Somebody rings the warm line."""
    return await world.waits(call, line="warm", caller=caller, day_ms=START - 1000)


async def presses_crisis(world: World, call: str, **how: bool) -> CallView:
    world.phones[call].line = "main"  # what the flow makes of the key: the URL names the crisis line
    return await world.turn(call, **how)


async def one_conversation(world: World, call: str, caller: Caller = ANN) -> None:
    await calls(world, call, caller)
    sid, seat = await world.talks(call, "peer")
    await world.alive(5, "peer", call=call)
    await world.hangs_up(call, at_ms=world.ms)
    await world.board.leg_left(call, sid, seat.label, world.ms, room_sid=world.room(call))
    await world.board.leg_status(call, sid, seat.label, status="completed", at_ms=world.ms)
    await world.board.wrapped("peer")
    await world.beat("peer")


def test_a_peer_takes_the_warm_line_only_and_others_take_it_only_where_their_lines_name_it() -> None:
    def lanes(*lines: str, role: str = "specialist") -> set[str]:
        tiers = dict.fromkeys(lines, 1) if lines else None
        found = lanes_for_person(LINES, role=role, languages=("en",), tiers=tiers)
        return {lane.partition("|")[0] for lane in found}

    assert lanes("warm") == {"warm"}, "never offered a crisis call, not even as anyone on shift"
    assert lanes("main") == {"main"}
    assert lanes("main", "warm") == {"main", "warm"}
    assert lanes() == {"main"}
    assert lanes(role="lead") == {"main", "warm"}


async def test_a_warm_call_is_a_peers_and_no_crisis_specialists(world: World) -> None:
    await world.person("s1")
    view = await calls(world, "c1")
    assert view.cls == "warm"
    assert await world.has_offer("peer") == "c1"
    await world.waits("c2", line="warm")
    await world.alive(59, "s1", "peer")
    assert await world.has_offer("s1") == ""


@pytest.mark.parametrize("danger", [False, True])
async def test_one_key_makes_it_a_crisis_call_at_once_with_its_first_arrival(world: World, danger: bool) -> None:
    rang = await calls(world, "c1")
    assert await world.has_offer("peer") == "c1"
    await world.person("s1")
    await world.alive(5, "s1", "peer")
    view = await presses_crisis(world, "c1", danger=danger)
    assert (view.line, view.cls) == ("main", "danger" if danger else "standard")
    assert view.arrived_ms == rang.arrived_ms
    assert await world.has_offer("s1") == "c1"
    assert await world.has_offer("peer") == "", "an offer to a peer ends"
    first, *_ = await world.events_of("call.class")
    assert (first["to"], first["who"], first["why"]) == ("standard", "caller", "key")
    assert [(d["from"], d["to"]) for d in await world.events_of("call.line")] == [("warm", "main")]
    await world.repeat_turn("c1")
    assert len(await world.events_of("call.line")) == 1, "once"


async def test_H2_the_key_counts_in_an_older_turn_too(world: World) -> None:
    await calls(world, "c1")
    await world.turn("c1")
    await world.turn("c1")
    world.phones["c1"].line = "main"
    assert (await world.turn("c1", turn=1)).line == "main"


async def test_a_key_pressed_while_the_board_was_away_counts(world: World) -> None:
    await calls(world, "c1")
    assert (await presses_crisis(world, "c1", away=True)).cls == "standard"


async def test_nothing_leads_down_from_crisis_to_the_warm_line(world: World) -> None:
    await world.waits("c1")
    view = await world.turn("c1", line="warm")
    assert view.line == "main"
    await world.person("s1")
    await world.talks("c1", "s1")
    asked = await world.board.ask("c1", "s1", kind="transfer", lanes=lanes_of_colleagues(WARM, "en"))
    assert (asked.ok, asked.reason) == (False, "nobody_free")
    asked = await world.board.ask("c1", "s1", kind="transfer", to="peer")
    assert (asked.ok, asked.reason) == (False, "not_free")
    asked = await world.board.ask("c1", "s1", kind="transfer", lanes=lanes_of_colleagues(MAIN, "en"), up=True)
    assert (asked.ok, asked.reason) == (False, "not_warm")


async def test_L10_a_transfer_up_makes_it_a_crisis_call_whose_owner_follows(world: World) -> None:
    await calls(world, "c1")
    await world.talks("c1", "peer")
    up = lanes_of_colleagues(MAIN, "en")
    refused = await world.board.ask("c1", "peer", kind="transfer", lanes=up, up=True)
    assert refused.reason == "nobody_free"
    assert (await world.board.call("c1")).cls == "warm", "refused, it changes nothing"
    await world.person("s1")
    asked = await world.board.ask("c1", "peer", kind="transfer", lanes=up, up=True)
    assert asked.data["spec"] == "s1"
    again = await world.board.ask("c1", "peer", kind="transfer", lanes=up, up=True)
    assert again.data == asked.data, "asked the same again it is the same offer"
    view = await world.board.call("c1")
    assert (view.line, view.cls, view.owner) == ("main", "standard", "peer")
    won = await world.accepts("s1")
    await world.joins("s1", won)
    assert (await world.board.hand_over("c1", "peer", "s1")).ok
    view = await world.board.call("c1")
    assert (view.owner, view.cls, view.state) == ("s1", "standard", "talking")
    (changed,) = await world.events_of("call.class")
    assert (changed["from"], changed["to"], changed["who"], changed["why"]) == (
        "warm",
        "standard",
        "peer",
        "transfer up",
    )


async def test_a_person_who_raises_the_class_makes_it_a_crisis_call(world: World) -> None:
    await calls(world, "c1")
    assert (await world.board.set_class("c1", "urgent", who="peer", why="plan", id="k1")).ok
    view = await world.board.call("c1")
    assert (view.line, view.cls) == ("main", "urgent")
    (changed,) = await world.events_of("call.class")
    assert (changed["who"], changed["id"]) == ("peer", "k1")


async def test_beyond_the_limit_others_are_first_and_nobody_is_sent_away(world: World) -> None:
    await one_conversation(world, "c1")
    await one_conversation(world, "c2")
    await world.board.set_presence(world.people["peer"], "break")
    third = await calls(world, "c3")
    assert third.over
    await world.alive(1)
    assert not (await calls(world, "c4", Caller("hash-bob", "x", withheld=False))).over
    world.presence["peer"] = "available"
    await world.beat("peer")
    await world.board.set_presence(world.people["peer"], "available")
    assert await world.has_offer("peer") == "c4", "whoever has not talked today is first"
    offer = await world.offer_to("peer")
    await world.board.decline(offer.id, "peer", "busy")
    assert await world.has_offer("peer") == "c3", "never a block"


async def test_the_limit_is_of_the_lines_day_and_of_connected_calls_only(world: World) -> None:
    for n in range(3):
        await calls(world, f"u{n}")
        await world.hangs_up(f"u{n}", at_ms=world.ms)
    assert not (await calls(world, "c0")).over, "calls that nobody answered do not count"
    await world.hangs_up("c0", at_ms=world.ms)
    await one_conversation(world, "c1")
    await one_conversation(world, "c2")
    assert (await calls(world, "c3")).over
    await world.hangs_up("c3", at_ms=world.ms)
    await world.later(60)
    await world.beat("peer")
    fresh = await world.waits("c4", line="warm", caller=ANN, day_ms=world.ms - 1000)
    assert not fresh.over, "a new day has begun"


@pytest.mark.parametrize(
    ("who", "marks"), [(Caller(), []), (Caller("hash-ann", "x", withheld=True), []), (ANN, ["hash-ann"])]
)
async def test_C6_withheld_and_marked_numbers_are_never_limited(world: World, who: Caller, marks: list[str]) -> None:
    met = [("warm", who.number_hash, f"old{n}", world.ms) for n in range(5)]
    await world.board.numbers(marks, met)
    assert not (await calls(world, "c1", who)).over
    assert not (await calls(world, "c2", who)).behind


async def test_P4_an_emptied_board_limits_nobody_before_it_has_been_told_and_then_those_who_wait(world: World) -> None:
    await world.board.open(world.config, known=["9000000000000-a"])
    await world.board.end_verify()
    await world.beat("peer")
    assert not (await calls(world, "c1")).over
    await world.board.numbers([], [("warm", "hash-ann", f"old{n}", world.ms) for n in range(2)])
    assert (await world.board.call("c1")).over
    await presses_crisis(world, "c1")
    assert not (await world.board.call("c1")).over, "a crisis call knows no limit"


async def test_a_caller_whom_we_dropped_is_no_longer_behind(world: World) -> None:
    await world.board.numbers([], [("warm", "hash-ann", f"old{n}", world.ms) for n in range(2)])
    assert (await calls(world, "c1")).over
    sid, seat = await world.talks("c1", "peer")
    await world.board.leg_left("c1", sid, seat.label, world.ms, room_sid=world.room("c1"))
    await world.board.leg_status("c1", sid, seat.label, status="completed", at_ms=world.ms)
    await world.alive(40)
    view = await world.board.call("c1")
    assert (view.cls, view.over, view.line) == ("urgent", False, "warm"), "a peer is still whom they rang"
