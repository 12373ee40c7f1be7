"""A board that was emptied, or is older than what was seen of it, learns again what is true (P4, S2, H1)."""

from __future__ import annotations

from typing import Any

import pytest

from routing.board import Caller, EpochChanged
from tests.routing.world import World

pytestmark = pytest.mark.anyio

KNOWN = Caller("hash", "cipher", False, "A")
TOLD: dict[str, Any] = {"line": "main", "language": "en", "class": "standard", "counter": 1, "owner": True}


async def told_by_s1(world: World, **more: Any) -> None:
    """s1's console says that it is in c9, which nobody else has told of."""
    await world.person("s1")
    told = {**TOLD, "arrived_ms": world.ms, **more}
    await world.beat("s1", call="c9", rtp_age_ms=0, told=told)


async def restored(
    world: World, *, told: dict[str, Any], labels: tuple[str, ...] = ("caller_c9_1", "owner_s1_x")
) -> None:
    await world.board.restore("c9", "CA9", told=told, room_sid="CF9", labels=labels)


async def test_P4_a_call_of_which_only_the_room_is_known_has_a_line(world: World) -> None:
    await restored(world, told={})
    views = await world.board.live_calls()
    assert [(v.id, v.line, v.language, v.state, v.owner) for v in views] == [("c9", "main", "en", "talking", "s1")]


async def test_P4_a_line_that_is_gone_becomes_the_first_one(world: World) -> None:
    await restored(world, told={"line": "closed last year", "language": "es"})
    view = await world.board.call("c9")
    assert view is not None
    assert (view.line, view.language) == ("main", "es")


@pytest.mark.parametrize("knows", ["restore", "turn"])
async def test_S7_a_call_rebuilt_by_a_beat_learns_who_rings(world: World, knows: str) -> None:
    await told_by_s1(world, sid="CA9", room="c9-a")
    assert await world.board.secret("c9") is None
    assert ["withheld" in d for d in await world.events_of("call.arrived")] == [False], "unknown is not withheld"
    number = {"number_hash": KNOWN.number_hash, "number_cipher": KNOWN.number_cipher, "withheld": False}
    if knows == "restore":
        await restored(world, told=number)
        await restored(world, told=number)
    else:
        where: dict[str, Any] = dict(line="main", language="en", cls="standard", arrived_ms=world.ms, counter=1, turn=1)
        await world.board.turn("c9", "CA9", caller=KNOWN, **where)
    secret = await world.board.secret("c9")
    assert secret is not None
    assert (secret.number_hash, secret.number_cipher, secret.withheld) == ("hash", "cipher", False)
    arrivals = [(d["number_hash"], d.get("withheld"), d["resurrected"]) for d in await world.events_of("call.arrived")]
    assert arrivals == [("", None, True), ("hash", False, True)], "told once more, and once only"


async def test_S7_a_number_once_known_is_not_replaced(world: World) -> None:
    await world.rings("c1", caller=KNOWN)
    await world.turn("c1", caller=Caller("other", "other", False, ""))
    secret = await world.board.secret("c1")
    assert secret is not None
    assert secret.number_hash == "hash"
    assert len(await world.events_of("call.arrived")) == 1


@pytest.mark.parametrize("by", ["turn", "end"])
async def test_H1_a_rebuilt_call_without_a_leg_adopts_the_one_that_speaks(world: World, by: str) -> None:
    await told_by_s1(world, room="c9-a")
    if by == "turn":
        where: dict[str, Any] = dict(line="main", language="en", cls="standard", arrived_ms=world.ms, counter=1, turn=1)
        assert (await world.board.turn("c9", "CA9", **where)).sid == "CA9"
    view = await world.board.caller_gone("c9", "CA9", status="completed", side="caller", at_ms=None)
    assert view is not None
    assert (view.state, view.sid) == ("closed", "CA9")


async def test_L5_a_rebuilt_call_takes_its_rooms_name_from_the_carrier(world: World) -> None:
    await told_by_s1(world, sid="CA9")
    await world.board.leg_joined("c9", "CA9", "caller_c9_3", "CF9", world.ms, room="c9-a")
    view = await world.board.call("c9")
    assert view is not None
    assert (view.room, view.room_sid, view.caller_in_room) == ("c9-a", "CF9", True)
    assert await world.effects() == [], "nobody is fetched out of the conversation"


async def test_S2_older_data_under_the_same_epoch_are_noticed_and_distrusted(world: World) -> None:
    await world.person("s1")
    await world.waits("c1")
    assert await world.has_offer("s1") == "c1"
    epoch, seen = world.board.epoch, world.board.last_event_id
    store = world.board._store
    store.saw(f"{int(seen.partition('-')[0]) + 5000}-0")  # another copy of the data had gone on
    with pytest.raises(EpochChanged):
        await world.board.accept("any", "s1", "t")
    assert await world.board.open(world.config) != epoch
    assert await world.has_offer("s1") == "", "an offer of the older data"
    assert await world.state("c1") == "doubtful"
    assert world.board.last_event_id > seen, "the stream never goes back behind what was seen of it"
    await world.board.end_verify()
    await world.turn("c1")
    await world.beat("s1")
    assert await world.has_offer("s1") == "c1"


async def test_R3_a_caller_who_waits_by_an_older_board_catches_up_with_the_carrier(world: World) -> None:
    await world.person("s1")
    await world.person("s2", presence="break")
    await world.waits("c1")
    assert await world.has_offer("s1") == "c1"
    labels = ["caller_c1_1", "owner_s2_x"]
    sid = world.phones["c1"].sid
    await world.board.restore("c1", sid, told={"room": "c1-a"}, room_sid="CFc1", labels=labels)
    view = await world.board.call("c1")
    assert view is not None
    assert (view.state, view.owner) == ("talking", "s2")
    assert await world.has_offer("s1") == ""


@pytest.mark.parametrize("believed", ["offered", "wrapping", "recovering"])
async def test_R3_whatever_an_older_board_believes_of_a_person_the_carrier_shows_is_over(
    world: World, believed: str
) -> None:
    await world.person("s1")
    await world.person("s2", presence="break")
    if believed == "recovering":
        await world.board.recover("s1", True)
    else:
        await world.waits("c1")
    if believed == "wrapping":
        await world.talks("c1", "s1")
        await world.board.end_call("c1", "s1", "done")
    assert await world.duty("s1") == believed
    await restored(world, told={"room": "c9-a"})
    view = await world.board.call("c9")
    assert view is not None
    assert (view.state, view.owner) == ("talking", "s1")
    if believed == "offered":
        assert await world.state("c1") == "waiting"
        await world.person("s3")
        assert await world.has_offer("s3") == "c1"


async def test_P4_a_rebuilt_calls_next_stay_has_a_label_of_its_own(world: World) -> None:
    """The number in the caller's label is its turn: the carrier shows how far those of before had come."""
    await restored(world, told={**TOLD, "room": "c9-a"}, labels=("caller_c9_4", "owner_s1_x"))
    await world.board.leg_joined("c9", "CA9", "caller_c9_4", "CF9", world.ms, room="c9-a")
    view = await world.board.call("c9")
    assert view is not None
    assert view.turn == 4


async def test_P4_a_rebuilt_call_still_learns_from_the_callers_own_url(world: World) -> None:
    await restored(world, told={**TOLD, "room": "c9-a", "arrived_ms": world.ms})
    await world.board.leg_joined("c9", "CA9", "caller_c9_4", "CF9", world.ms, room="c9-a")
    where: dict[str, Any] = dict(line="main", language="en", cls="danger", arrived_ms=world.ms - 9000, counter=1)
    view = await world.board.turn("c9", "CA9", turn=5, **where)
    assert (view.cls, view.arrived_ms) == ("danger", world.ms - 9000)


async def test_P4_the_late_leave_of_an_earlier_leg_takes_nobody_out_of_the_room(world: World) -> None:
    await told_by_s1(world, sid="CA9", room="c9-a", room_sid="CF9")
    await world.board.leg_left("c9", "CS1", "owner_s1_old", world.ms - 5000, room_sid="CF9")
    view = await world.board.call("c9")
    assert view is not None
    assert (view.state, view.owner, view.room_open) == ("talking", "s1", True)


async def test_S4_a_handoff_by_hand_in_a_call_that_the_board_has_forgotten_is_told_all_the_same(world: World) -> None:
    decided: dict[str, Any] = dict(handoff="h1", to_cipher="x", facts={"why": "medical"}, cipher="y")
    assert (await world.board.handoff_open("c9", "s1", **decided, dial=True)).reason == "unknown"
    assert (await world.board.handoff_open("c9", "s1", **decided, dial=False)).ok
    assert [d["handoff"] for d in await world.events_of("handoff.opened")] == ["h1"]
    assert await world.board.call("c9") is None
    assert (await world.board.handoff_fact("h1", "s1", id="f1", facts={"contact": "by_hand"}, cipher="", call="c9")).ok
