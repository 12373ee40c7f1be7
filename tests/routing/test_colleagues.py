"""More than one specialist with a call: asked in, talked with in private, handed over to (L10)."""

from __future__ import annotations

from typing import Any

import pytest

from routing.board import Accepted, CallView, Seat
from routing.policy import lane
from routing.states import DUTY, ENGAGEMENT
from tests.routing.world import World

pytestmark = pytest.mark.anyio

LEADS = (lane("main", "*", "lead", ()),)
ENGLISH = (lane("main", "en", 1, ()),)


async def conversation(world: World) -> tuple[str, Seat]:
    """c1 talks with s1, s2 is idle, l1 is a lead at work."""
    await world.person("s1")
    await world.waits("c1")
    leg = await world.talks("c1", "s1")
    await world.person("s2")
    await world.person("l1", role="lead", tier=0)
    await world.effects()
    return leg


async def asks(world: World, kind: Any = "transfer", to: str = "s2", **how: Any) -> Any:
    return await world.board.ask("c1", "s1", kind=kind, to=to, **how)


async def comes(world: World, kind: Any = "transfer", to: str = "s2") -> tuple[str, Seat]:
    """Asked, accepted, in the room."""
    assert (await asks(world, kind, to)).ok
    return await world.joins(to, await world.accepts(to))


async def view(world: World, call: str = "c1") -> CallView:
    found = await world.board.call(call)
    assert found is not None
    return found


async def owners(world: World) -> list[tuple[str, str, str]]:
    return [(r["from_spec"], r["to_spec"], r["reason"]) for r in await world.events_of("engagement.owner")]


async def test_L10_a_transfer_is_an_offer_that_leaves_the_call_as_it_is(world: World) -> None:
    await conversation(world)
    answer = await asks(world)
    offer = await world.offer_to("s2")
    assert (answer.data["offer"], answer.data["spec"]) == (offer.id, "s2")
    assert (offer.kind, offer.call, offer.by) == ("transfer", "c1", "s1")
    seen = await view(world)
    assert (seen.state, seen.owner) == ("talking", "s1")
    assert seen.asking is not None
    assert (seen.asking.spec, seen.asking.kind) == ("s2", "transfer")
    made = (await world.events_of("offer.made"))[-1]
    assert set(made) >= {"cls", "language", "wait_ms", "returning", "by"}, "what an offer may show (C5)"
    assert await world.effects() == []


async def test_L10_handing_over_changes_the_owner_in_one_script(world: World) -> None:
    await conversation(world)
    _, seat = await comes(world)
    assert (seat.role, seat.label.startswith("consult_s2_")) == ("consult", True)
    before = await view(world)
    assert [(m.spec, m.role, m.state, m.heard) for m in before.team] == [
        ("s1", "owner", "talking", True),
        ("s2", "consult", "talking", True),
    ]
    assert (await world.board.hand_over("c1", "s1", "s2")).ok
    assert (await world.board.hand_over("c1", "s1", "s2")).ok, "asked again"
    assert await owners(world) == [("", "s1", "accept"), ("s1", "s2", "transfer")]
    after = await view(world)
    assert (after.state, after.owner, after.arrived_ms, after.cls) == (
        "talking",
        "s2",
        before.arrived_ms,
        before.cls,
    )
    assert (await world.board.hold("c1", "s1", True)).reason == "not_yours"
    assert (await world.board.leave("c1", "s1")).ok
    assert await world.duty("s1") == "wrapping"
    assert (await view(world)).state == "talking"
    assert "move_caller" not in [kind for kind, _ in await world.effects()]


async def test_L10_nobody_is_handed_a_call_whose_leg_is_not_in_the_room_with_media(world: World) -> None:
    await conversation(world)
    for to in ("s2", "s1", "s9"):
        assert (await world.board.hand_over("c1", "s1", to)).reason in ("not_there", "unknown")
    assert (await asks(world)).ok
    won = await world.accepts("s2")
    assert (await world.board.hand_over("c1", "s1", "s2")).reason == "not_there"
    sid, seat = await world.sits("s2", won)
    await world.board.leg_joined("c1", sid, seat.label, world.room("c1"), world.ms)
    assert (await world.board.hand_over("c1", "s1", "s2")).reason == "not_there", "no media yet"
    await world.board.media_up("c1", "s2")
    assert (await world.board.hand_over("c1", "s2", "s2")).reason == "not_yours"
    await world.board.leg_left("c1", sid, seat.label, world.ms, room_sid=world.room("c1"))
    assert (await world.board.hand_over("c1", "s1", "s2")).reason == "not_there", "gone again"
    assert await owners(world) == [("", "s1", "accept")]


async def test_L10_in_private_the_caller_is_held_with_words_and_comes_back(world: World) -> None:
    await conversation(world)
    assert (await asks(world, "consult")).ok
    won = await world.accepts("s2")
    assert await world.effects() == [], "nobody is put on hold for an empty chair"
    await world.sits("s2", won)
    [(kind, data)] = await world.effects()
    assert (kind, data["what"], data["label"]) == ("hold", "consult", world.label("c1"))
    assert (await view(world)).private
    assert (await world.board.hold("c1", "s1", False)).ok, "all three"
    assert [kind for kind, _ in await world.effects()] == ["unhold"]
    seen = await view(world)
    assert (seen.private, seen.held_ms) == (False, 0)


async def test_L10_a_hand_over_takes_the_caller_off_hold(world: World) -> None:
    await conversation(world)
    await comes(world, "consult")
    await world.effects()
    assert (await world.board.hand_over("c1", "s1", "s2")).ok
    assert [kind for kind, _ in await world.effects()] == ["unhold"]


@pytest.mark.parametrize("way", ["leaves", "leg dies", "no media", "owner leaves"])
async def test_L10_the_caller_comes_back_when_the_private_talk_is_over(world: World, way: str) -> None:
    await conversation(world)
    assert (await asks(world, "consult")).ok
    won = await world.accepts("s2")
    sid, seat = await world.sits("s2", won)
    assert [kind for kind, _ in await world.effects()] == ["hold"]
    if way == "no media":
        await world.alive(9, "s1", call="c1")
    else:
        await world.board.leg_joined("c1", sid, seat.label, world.room("c1"), world.ms)
        await world.board.media_up("c1", "s2")
    if way == "leaves":
        await world.board.leave("c1", "s2")
    if way == "leg dies":
        await world.board.leg_left("c1", sid, seat.label, world.ms, room_sid=world.room("c1"))
    if way == "owner leaves":
        await world.board.leave("c1", "s1")
    assert "unhold" in [kind for kind, _ in await world.effects()]
    seen = await view(world)
    assert (seen.state, seen.held_ms, seen.owner) == ("talking", 0, "s2" if way == "owner leaves" else "s1")


async def test_the_owner_s_own_hold_outlasts_a_consult(world: World) -> None:
    await conversation(world)
    await world.board.hold("c1", "s1", True)
    await comes(world, "consult")
    await world.board.leave("c1", "s2")
    assert (await view(world)).held_ms > 0


@pytest.mark.parametrize(
    ("how", "cause"),
    [("decline", "declined"), ("lapse", "expired"), ("unseen", "unreachable"), ("taken back", "rescinded")],
)
async def test_P3_an_asking_that_comes_to_nothing_changes_nothing_for_the_caller(
    world: World, how: str, cause: str
) -> None:
    await conversation(world)
    assert (await asks(world)).ok
    offer = await world.offer_to("s2")
    if how != "unseen":
        await world.board.ack(offer.id, "s2")
    if how == "decline":
        await world.board.decline(offer.id, "s2", "not_now")
    elif how == "taken back":
        assert (await world.board.unask("c1", "s2")).reason == "not_yours"
        assert (await world.board.unask("c1", "s1")).ok
    else:
        await world.alive(3 if how == "unseen" else 13, "s1", "s2", call="c1")
    over = (await world.events_of(f"offer.{cause}"))[-1]
    assert (over["spec"], over["by"], over["kind"]) == ("s2", "s1", "transfer")
    seen = await view(world)
    assert (seen.state, seen.owner, seen.asking) == ("talking", "s1", None)
    assert await world.duty("s2") == "idle"
    assert not isinstance(await world.board.accept(offer.id, "s2", "t"), Accepted)


async def test_L10_one_is_asked_at_a_time_and_only_by_the_owner(world: World) -> None:
    await conversation(world)
    assert (await world.board.ask("c1", "s2", kind="transfer", to="l1")).reason == "not_yours"
    assert (await world.board.ask("c9", "s1", kind="transfer", to="l1")).reason == "unknown"
    first = await asks(world)
    assert (await asks(world)).data == first.data, "asked the same again"
    assert (await asks(world, to="l1")).reason == "asking"
    assert len(await world.events_of("offer.made")) == 2
    await world.hangs_up("c1")
    assert (await asks(world)).reason in ("not_yours", "wrong_state")


async def test_a_lane_a_lead_or_somebody_named(world: World) -> None:
    await conversation(world)
    assert (await asks(world, to="s9")).reason == "not_free"
    assert (await asks(world, to="s1")).reason == "not_free"
    assert (await asks(world, to="", lanes=LEADS)).data["spec"] == "l1"
    await world.board.unask("c1", "s1")
    world.ms += 1000
    await world.person("s3")
    assert (await asks(world, to="", lanes=ENGLISH)).data["spec"] == "s2", "idle for longest"
    await world.board.decline((await world.offer_to("s2")).id, "s2", "not_now")
    assert (await asks(world)).reason == "not_free", "has just declined"
    assert (await asks(world, to="", lanes=ENGLISH)).data["spec"] == "s3"
    await world.board.unask("c1", "s1")
    assert (await asks(world, to="", lanes=("main|es|1|",))).reason == "nobody_free"


async def test_only_people_let_to_the_line_are_asked(world: World) -> None:
    await conversation(world)
    world.people["s2"] = type(world.people["s2"])("s2", "specialist", "senior", ("other|*|any|",), True)
    await world.beat("s2")
    assert (await asks(world)).reason == "not_free"


async def test_S2_nobody_is_asked_in_verify_mode_and_what_was_open_is_taken_back(world: World) -> None:
    await conversation(world)
    assert (await asks(world)).ok
    await world.board.open(world.config, known=[f"{int(world.board.epoch.partition('-')[0]) + 1}-zz"])
    assert (await view(world)).asking is None
    assert await world.duty("s2") == "idle"
    assert (await asks(world)).reason == "verify"


@pytest.mark.parametrize("stage", ["offered", "accepted", "seated", "joined", "handed over"])
@pytest.mark.parametrize("kind", ["transfer", "consult"])
async def test_P3_the_caller_hangs_up_at_any_stage(world: World, kind: Any, stage: str) -> None:
    await conversation(world)
    await world.board.set_presence(world.people["l1"], "break")
    assert (await asks(world, kind)).ok
    won = await world.accepts("s2") if stage != "offered" else None
    if won and stage == "seated":
        await world.sits("s2", won)
    if won and stage in ("joined", "handed over"):
        await world.joins("s2", won)
    if stage == "handed over":
        assert (await world.board.hand_over("c1", "s1", "s2")).ok
    await world.caller_leaves("c1")
    await world.hangs_up("c1")
    assert await world.state("c1") == "closed"
    assert await world.duty("s1") == "wrapping"
    assert await world.duty("s2") == ("wrapping" if stage in ("joined", "handed over") else "idle")
    [ended] = await world.events_of("call.ended")
    assert ended["outcome"] == "abandoned", "no second has passed"
    await world.alive(4, "s1", "s2")
    assert "end_room" in [k for k, _ in await world.effects()]


@pytest.mark.parametrize("joined", [True, False])
async def test_L8_the_owner_dies_while_a_colleague_comes(world: World, joined: bool) -> None:
    """In the room they are the heir; on the way they are the relief as soon as they are heard."""
    sid, seat = await conversation(world)
    assert (await asks(world, "consult")).ok
    won = await world.accepts("s2")
    if joined:
        await world.joins("s2", won)
    await world.board.leg_left("c1", sid, seat.label, world.ms, room_sid=world.room("c1"))
    if not joined:
        assert await world.state("c1") == "reconnecting"
        await world.joins("s2", won)
    seen = await view(world)
    assert (seen.owner, seen.held_ms) == ("s2", 0)
    assert await owners(world) == [("", "s1", "accept"), ("s1", "s2", "relief")]
    assert await world.state("c1") == "talking"
    assert "move_caller" not in [kind for kind, _ in await world.effects()], "the caller stays where they are"


async def test_L8_a_consult_who_is_lost_is_no_loss_of_the_caller_s(world: World) -> None:
    await conversation(world)
    sid, seat = await comes(world)
    await world.board.leg_left("c1", sid, seat.label, world.ms, room_sid=world.room("c1"))
    assert await world.duty("s2") == "reconnecting"
    await world.alive(20, "s1", call="c1")
    assert (await world.state("c1"), await world.duty("s2")) == ("talking", "wrapping")
    assert await world.effects() == []


async def test_L9_an_owner_who_leaves_gives_the_call_to_who_is_in_the_room(world: World) -> None:
    await conversation(world)
    await comes(world)
    await world.board.leave("c1", "s1")
    assert (await owners(world))[-1] == ("s1", "s2", "relief")
    assert await world.state("c1") == "talking"


async def test_L9_with_nobody_in_the_room_what_was_asked_ends_with_the_owner_s_leave(world: World) -> None:
    await conversation(world)
    await asks(world)
    await world.board.leave("c1", "s1")
    assert (await world.state("c1"), await world.duty("s2")) == ("waiting", "idle")
    assert (await world.events_of("offer.rescinded"))[-1]["cause"] == "left"


async def test_P4_after_a_hand_over_the_latest_record_says_whose_the_call_is(world: World) -> None:
    for spec in ("s1", "s2"):
        await world.person(spec)
    told = {"line": "main", "language": "en", "class": "standard", "owner": "s2", "room": "c1-aa"}
    labels = ("caller_c1_1", "owner_s1_n1", "consult_s2_n2")
    await world.board.restore("c1", "CA1", told=told, room_sid="CFc1", labels=labels)
    seen = await view(world)
    assert (seen.state, seen.owner) == ("talking", "s2")
    assert {m.spec: m.role for m in seen.team} == {"s1": "consult", "s2": "owner"}


async def test_P4_a_consult_s_console_alone_makes_nobody_s_call(world: World) -> None:
    await world.person("s1")
    await world.person("s2")
    told = {
        "line": "main",
        "language": "en",
        "class": "standard",
        "arrived_ms": world.ms,
        "sid": "CA1",
        "room": "c1-aa",
    }
    await world.beat("s2", call="c1", told={**told, "role": "consult", "owner": False})
    assert await world.board.call("c1") is None
    await world.beat("s1", call="c1", told={**told, "role": "owner", "owner": True})
    await world.beat("s2", call="c1", told={**told, "role": "consult", "owner": False})
    seen = await view(world)
    assert {m.spec: m.role for m in seen.team} == {"s1": "owner", "s2": "consult"}


async def test_states_follow_the_tables(world: World) -> None:
    await conversation(world)
    await comes(world, "consult")
    await world.board.hand_over("c1", "s1", "s2")
    await world.hangs_up("c1")
    for d in await world.events_of("engagement.state"):
        assert d["to"] in ENGAGEMENT[d["from"]], d
    for d in await world.events_of("specialist.duty"):
        assert d["to"] in DUTY[d["from"]], d
