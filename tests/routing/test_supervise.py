"""A lead beside a call: heard by nobody, by the owner, by all; taking over; help; hold (L10)."""

from __future__ import annotations

from typing import Any

import pytest

from routing.board import Accepted, Seat
from routing.states import DUTY, ENGAGEMENT
from tests.routing.world import World

pytestmark = pytest.mark.anyio


async def conversation(world: World) -> tuple[str, Seat]:
    """c1 talks with s1; the lead l1 is at work."""
    await world.person("s1")
    await world.person("l1", role="lead", presence="offline")
    await world.waits("c1")
    leg = await world.talks("c1", "s1")
    await world.effects()
    return leg


async def beside(world: World, mode: Any, lead: str = "l1") -> Any:
    return await world.board.supervise(world.people[lead], "c1", mode, tab="t", token=world.sid("T"))


async def comes(world: World, mode: Any, lead: str = "l1") -> tuple[str, Seat]:
    """The lead asks, dials in and is in the room."""
    asked = await beside(world, mode, lead)
    assert asked.ok, asked
    sid = world.sid("CB")
    seat = await world.board.seat(lead, call="c1", token=asked.data["token"], sid=sid)
    assert seat.ok, seat
    await world.board.leg_joined("c1", sid, seat.label, world.room("c1"), world.ms)
    return sid, seat


async def me(world: World, spec: str = "l1") -> Any:
    view = await world.board.specialist(spec)
    assert view is not None
    return view


@pytest.mark.parametrize(
    ("mode", "muted", "coach"), [("listen", True, False), ("whisper", False, True), ("barge", False, False)]
)
async def test_L10_each_way_of_being_heard(world: World, mode: str, muted: bool, coach: bool) -> None:
    owner_sid, _ = await conversation(world)
    _, seat = await comes(world, mode)
    assert (seat.role, seat.muted, seat.coach_sid) == ("lead", muted, owner_sid if coach else "")
    assert seat.label.startswith("lead_l1_")
    view = await world.board.call("c1")
    assert view is not None
    assert (view.state, view.owner, view.watching) == ("talking", "s1", "l1")
    assert ((await me(world)).call, (await me(world)).watch, (await me(world)).duty) == ("c1", mode, "talking")
    assert await world.effects() == []


async def test_L10_the_mode_changes_while_the_leg_is_there(world: World) -> None:
    owner_sid, _ = await conversation(world)
    sid, _ = await comes(world, "listen")
    assert (await beside(world, "whisper")).data["joined"]
    assert (await beside(world, "whisper")).data["joined"]
    [(kind, data)] = await world.effects()
    assert (kind, data["sid"], data["muted"], data["coach_sid"]) == ("supervise", sid, False, owner_sid)
    await beside(world, "barge")
    await beside(world, "listen")
    [(_, data)] = await world.effects()
    assert (data["muted"], data["coach_sid"]) == (True, ""), "what is out of date is not sent"


async def test_L10_a_whisper_follows_the_owner(world: World) -> None:
    await conversation(world)
    lead_sid, _ = await comes(world, "whisper")
    won = await world.board.rejoin("c1", "s1", "another")
    assert isinstance(won, Accepted)
    new_sid, _ = await world.joins("s1", won)
    told = [data for kind, data in await world.effects() if kind == "supervise"]
    assert [(data["sid"], data["coach_sid"]) for data in told] == [(lead_sid, new_sid)]


async def test_L10_a_monitor_is_nobody_who_is_with_the_caller(world: World) -> None:
    sid, seat = await conversation(world)
    await comes(world, "barge")
    await world.board.leg_left("c1", sid, seat.label, world.ms, room_sid=world.room("c1"))
    view = await world.board.call("c1")
    assert view is not None
    assert (view.state, view.owner, view.room_open) == ("reconnecting", "s1", False)
    assert "move_caller" in [kind for kind, _ in await world.effects()]


async def test_L10_a_lead_who_is_not_aloud_in_the_room_takes_nothing_over(world: World) -> None:
    await conversation(world)
    assert (await world.board.take_over("c1", "l1")).reason == "join_first"
    assert (await beside(world, "barge")).ok
    assert (await world.board.take_over("c1", "l1")).reason == "join_first"
    await comes(world, "listen")
    assert (await world.board.take_over("c1", "l1")).reason == "join_first"
    assert (await world.board.take_over("c1", "s9")).reason == "unknown"
    view = await world.board.call("c1")
    assert view is not None
    assert view.owner == "s1"


async def test_L10_take_over_changes_the_owner_in_one_script(world: World) -> None:
    await conversation(world)
    sid, _ = await comes(world, "barge")
    assert (await world.board.take_over("c1", "l1")).ok
    assert (await world.board.take_over("c1", "l1")).ok
    records = await world.events_of("engagement.owner")
    assert [(r["from_spec"], r["to_spec"], r["reason"]) for r in records] == [
        ("", "s1", "accept"),
        ("s1", "l1", "take_over"),
    ]
    lead, old = await me(world), await me(world, "s1")
    assert (lead.role, lead.watch, lead.duty) == ("owner", "", "talking")
    assert (old.role, old.duty, old.call) == ("consult", "talking", "c1")
    view = await world.board.call("c1")
    assert view is not None
    assert (view.state, view.owner, view.room_open, view.watching) == ("talking", "l1", True, "")
    assert (await world.board.leave("c1", "s1")).ok
    view = await world.board.call("c1")
    assert view is not None
    assert (view.state, view.owner, view.room_open) == ("talking", "l1", True), "the lead's leg counts as a human's now"
    await world.board.leg_left("c1", sid, "lead_l1_x", world.ms, room_sid=world.room("c1"))
    assert await world.state("c1") == "talking", "another leg's label"


async def test_L8_who_has_taken_over_is_missed_like_any_owner(world: World) -> None:
    await conversation(world)
    await comes(world, "barge")
    await world.board.take_over("c1", "l1")
    await world.board.leave("c1", "s1")
    await world.person("s2")
    await world.alive(8, "s2")
    assert await world.state("c1") == "reconnecting"


async def test_L8_a_lead_takes_over_from_somebody_who_is_lost(world: World) -> None:
    await conversation(world)
    await comes(world, "barge")
    await world.alive(8, "l1")
    assert await world.state("c1") == "reconnecting"
    assert (await world.board.take_over("c1", "l1")).ok
    assert await world.state("c1") == "talking"
    view = await world.board.call("c1")
    assert view is not None
    assert view.owner == "l1"


async def test_L10_a_lead_who_is_offered_a_caller_gives_them_back(world: World) -> None:
    await conversation(world)
    world.presence["l1"] = "available"
    await world.board.set_presence(world.people["l1"], "available")
    await world.waits("c2")
    await world.turn("c2", cls="danger", danger=True)
    await world.alive(11, "l1")
    assert await world.has_offer("l1") == "c2"
    await comes(world, "listen")
    assert await world.has_offer("l1") == ""
    assert await world.state("c2") == "waiting"
    await world.alive(4, "l1")
    assert await world.has_offer("l1") == "", "not offered while beside a call"


async def test_L10_it_ends_with_the_leg_the_call_or_a_word(world: World) -> None:
    await conversation(world)
    sid, seat = await comes(world, "listen")
    await world.board.leg_left("c1", sid, seat.label, world.ms, room_sid=world.room("c1"))
    assert ((await me(world)).duty, (await me(world)).call) == ("idle", "")
    await comes(world, "listen")
    assert (await world.board.unsupervise("c1", "l1")).ok
    assert (await me(world)).duty == "idle"
    assert "complete_leg" in [kind for kind, _ in await world.effects()]
    await comes(world, "barge")
    await world.hangs_up("c1")
    assert ((await me(world)).duty, (await me(world)).watch) == ("idle", "")
    assert (await beside(world, "listen")).reason == "no_room"
    started = await world.events_of("engagement.started")
    ended = [d["engagement"] for d in await world.events_of("engagement.state") if d["to"] == "done"]
    assert {d["engagement"] for d in started if d["spec"] == "l1"} <= set(ended)


async def test_L6_a_token_lets_one_leg_in_and_a_leg_that_never_comes_is_given_up(world: World) -> None:
    await conversation(world)
    asked = await beside(world, "listen")
    sid = world.sid("CB")
    first = await world.board.seat("l1", call="c1", token=asked.data["token"], sid=sid)
    assert first == await world.board.seat("l1", call="c1", token=asked.data["token"], sid=sid)
    assert (await world.board.seat("l1", call="c1", token=asked.data["token"], sid="CBother")).reason == "used"
    assert not (await world.board.seat("l1", call="c1", token="guessed", sid="CBother")).ok
    assert not (await world.board.seat("s1", call="c1", token=asked.data["token"], sid="CBother")).ok
    await world.alive(9, "l1")
    await world.alive(1, "s1", call="c1")
    assert (await me(world)).duty == "idle"
    await world.board.leg_joined("c1", sid, first.label, world.room("c1"), world.ms)
    assert ("complete_leg", {"sid": sid, "role": "lead"}) in await world.effects(), "a ghost is completed"


async def test_L6_another_tab_brings_its_own_leg_and_the_earlier_one_is_completed(world: World) -> None:
    await conversation(world)
    first, _ = await comes(world, "listen")
    asked = await world.board.supervise(world.people["l1"], "c1", "barge", tab="other", token="T2")
    again = await world.board.supervise(world.people["l1"], "c1", "barge", tab="other", token="T3")
    assert asked.data["token"] == again.data["token"] == "T2"
    sid = world.sid("CB")
    seat = await world.board.seat("l1", call="c1", token="T2", sid=sid)
    assert not seat.muted
    await world.board.leg_joined("c1", sid, seat.label, world.room("c1"), world.ms)
    await world.board.leg_left("c1", first, "lead_l1_x", world.ms, room_sid=world.room("c1"))
    assert ("complete_leg", {"sid": first, "role": "lead"}) in await world.effects()
    assert (await me(world)).watch == "barge"
    assert (await world.board.take_over("c1", "l1")).ok


async def test_the_mode_changes_while_the_leg_is_on_its_way(world: World) -> None:
    await conversation(world)
    asked = await beside(world, "listen")
    sid = world.sid("CB")
    seat = await world.board.seat("l1", call="c1", token=asked.data["token"], sid=sid)
    assert seat.muted
    assert (await beside(world, "barge")).data["joined"], "no second leg"
    await world.board.leg_joined("c1", sid, seat.label, world.room("c1"), world.ms)
    assert [(kind, data["muted"]) for kind, data in await world.effects()] == [("supervise", False)]


async def test_L10_only_leads_and_only_who_is_in_no_call(world: World) -> None:
    await conversation(world)
    await world.person("s2")
    assert (await beside(world, "listen", "s2")).reason == "not_yours"
    assert (await world.board.supervise(world.people["l1"], "c9", "listen", tab="t", token="T")).reason == "unknown"
    await comes(world, "barge")
    await world.board.take_over("c1", "l1")
    assert (await beside(world, "listen")).reason == "busy"


async def test_P5_who_recovers_is_left_alone_and_nothing_changes(world: World) -> None:
    await conversation(world)
    await world.board.recover("l1", True)
    before = await world.board.last_cursor()
    assert (await beside(world, "listen")).reason == "busy"
    assert await world.board.last_cursor() == before


async def test_whispering_needs_somebody_to_whisper_to(world: World) -> None:
    sid, seat = await conversation(world)
    await world.board.leg_left("c1", sid, seat.label, world.ms, room_sid=world.room("c1"))
    assert (await beside(world, "whisper")).reason == "nobody_to_coach"


async def test_L10_help_is_called_until_a_lead_has_come(world: World) -> None:
    await conversation(world)
    assert (await world.board.help("c1", "l1", True)).reason == "not_yours"
    assert (await world.board.help("c1", "s1", True)).ok
    assert (await world.board.help("c1", "s1", True)).ok
    await world.alive(31, "s1", "l1", call="c1")
    alarms = [d for d in await world.events_of("alarm") if d["kind"] == "help"]
    assert [(d["call"], d["spec"]) for d in alarms] == [("c1", "s1")] * 3
    await comes(world, "barge")
    view = await world.board.call("c1")
    assert view is not None
    assert view.help_ms == 0
    await world.alive(31, "s1", call="c1")
    assert len([d for d in await world.events_of("alarm") if d["kind"] == "help"]) == 3
    assert [d["on"] for d in await world.events_of("call.help")] == [True, False]


async def test_L10_the_caller_on_hold_is_a_lead_s_matter_after_two_minutes(world: World) -> None:
    await conversation(world)
    assert (await world.board.hold("c1", "l1", True)).reason == "not_yours"
    assert (await world.board.hold("c1", "s1", True)).ok
    [(kind, data)] = await world.effects()
    assert (kind, data["label"]) == ("hold", world.label("c1"))
    await world.alive(121, "s1", call="c1")
    assert [d["kind"] for d in await world.events_of("alarm")] == ["hold_long"]
    assert (await world.board.hold("c1", "s1", False)).ok
    assert [kind for kind, _ in await world.effects()] == ["unhold"]
    assert [d["on"] for d in await world.events_of("call.hold")] == [True, False]


async def test_L8_a_held_caller_is_unheld_when_the_owner_is_lost(world: World) -> None:
    await conversation(world)
    await world.board.hold("c1", "s1", True)
    await world.effects()
    await world.alive(8, "l1")
    assert await world.state("c1") == "reconnecting"
    assert "unhold" in [kind for kind, _ in await world.effects()]
    view = await world.board.call("c1")
    assert view is not None
    assert view.held_ms == 0


async def test_a_hold_that_is_over_is_not_carried_out(world: World) -> None:
    await conversation(world)
    await world.board.hold("c1", "s1", True)
    await world.board.hold("c1", "s1", False)
    assert [kind for kind, _ in await world.effects()] == ["unhold"]


async def test_states_follow_the_tables(world: World) -> None:
    await conversation(world)
    await comes(world, "listen")
    await world.board.unsupervise("c1", "l1")
    await comes(world, "barge")
    await world.board.take_over("c1", "l1")
    await world.hangs_up("c1")
    for d in await world.events_of("engagement.state"):
        assert d["to"] in ENGAGEMENT[d["from"]], d
    for d in await world.events_of("specialist.duty"):
        assert d["to"] in DUTY[d["from"]], d


LABELS = ("caller_c1_1", "lead_l1_n2", "owner_s1_n1")


@pytest.mark.parametrize("labels", [LABELS, tuple(reversed(LABELS))])
async def test_P4_an_emptied_board_gives_the_call_to_whom_the_latest_transfer_record_names(
    world: World, labels: tuple[str, ...]
) -> None:
    await world.person("s1")
    await world.person("l1", role="lead", presence="offline")
    told = {"line": "main", "language": "en", "class": "standard", "owner": "l1", "room": "c1-aa", "risk_high": True}
    await world.board.restore("c1", "CA1", told=told, room_sid="CFc1", labels=labels)
    view = await world.board.call("c1")
    assert view is not None
    assert (view.state, view.owner, view.risk_high) == ("talking", "l1", True)
    await world.board.leg_joined("c1", "CBl1", "lead_l1_n2", "CFc1", world.ms)
    assert "complete_leg" not in [kind for kind, _ in await world.effects()], "the owner's own leg"
    await world.board.leg_left("c1", "CBl1", "lead_l1_n2", world.ms, room_sid="CFc1")
    view = await world.board.call("c1")
    assert view is not None
    assert view.owner == "s1", "who stayed in the room inherits"


async def test_P4_what_the_record_remembers_is_added_to_a_call_that_came_back_without_it(world: World) -> None:
    await world.person("s1")
    told = {"line": "main", "language": "en", "class": "standard", "owner": "s1", "room": "c1-aa"}
    await world.board.restore("c1", "CA1", told=told, room_sid="CFc1", labels=["owner_s1_n1"])
    grave = {**told, "risk_high": True, "handoff_open": True}
    await world.board.restore("c1", "CA1", told=grave, room_sid="CFc1", labels=["owner_s1_n1"])
    view = await world.board.call("c1")
    assert view is not None
    assert (view.risk_high, view.handoff_open) == (True, True)
    assert (await world.board.end_call("c1", "s1", "done")).reason == "needs_lead"
