"""Dial to telephones and softphones: ringing, screening, bridging, results, callbacks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from telephony.emulator import Leg
from tests.support.carrier_world import BACKUP, CALLER, LINE, World, carrier_world

pytestmark = pytest.mark.anyio

NUMBER = (
    '<Dial action="/after" timeout="20" {dial}><Number statusCallback="/leg" '
    'statusCallbackEvent="initiated ringing answered completed" {noun}>' + BACKUP + "</Number></Dial>"
)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with carrier_world() as running:
        yield running


def child(world: World) -> Leg:
    return next(leg for leg in world.net.legs.values() if leg.direction == "outbound-dial")


async def test_a_dialled_telephone_is_put_through_and_the_action_says_how_it_ended(world: World) -> None:
    backup = world.net.phone(BACKUP)
    backup.will_answer(after=4)
    _, caller = await world.calls(NUMBER.format(dial="", noun=""))
    await world.until(lambda: "in-progress" in world.events("/leg"))
    far = child(world)
    assert (far.parent_sid, far.from_, far.to) == (caller.sid, CALLER, BACKUP)
    assert (caller.can_hear(), far.can_hear()) == ({far.sid}, {caller.sid})
    await world.clock.sleep(10)
    await backup.hangs_up()
    await world.until(lambda: world.to("/after"))
    form = world.to("/after")[0].form
    result = {k: form[k] for k in ("DialCallStatus", "DialBridged", "DialCallSid")}
    assert result == {"DialCallStatus": "completed", "DialBridged": "true", "DialCallSid": far.sid}
    assert int(form["DialCallDuration"]) == pytest.approx(10, abs=1)
    assert world.ended(far)["by"] == "callee"
    assert world.events("/leg") == ["initiated", "ringing", "in-progress", "completed"]
    last = world.to("/leg")[-1].form
    assert (last["ParentCallSid"], last["CallbackSource"]) == (caller.sid, "call-progress-events")
    assert (last["SequenceNumber"], last["Direction"], last["Duration"]) == ("3", "outbound-dial", "1")
    assert int(last["CallDuration"]) == far.duration
    assert (await_silences(world, caller)) < 0.1


def await_silences(world: World, leg: Leg) -> float:
    """Seconds of silence up to the end of the conversation: the ringing tone is something to hear."""
    return sum(span.seconds for span in world.net.ledger.silences(leg.sid))


@pytest.mark.parametrize(("policy", "status"), [("busy", "busy"), ("deaf", "no-answer"), ("nobody", "failed")])
async def test_a_dial_that_reaches_nobody(world: World, policy: str, status: str) -> None:
    if policy != "nobody":
        phone = world.net.phone(BACKUP)
        phone.will_be_busy() if policy == "busy" else phone.will_not_answer()
    _, caller = await world.calls(NUMBER.format(dial="", noun=""))
    await world.until(lambda: world.to("/after"))
    form = world.to("/after")[0].form
    assert (form["DialCallStatus"], form["DialBridged"]) == (status, "false")
    if policy == "deaf":
        assert world.to("/after")[0].at - (caller.answered_at or 0) == pytest.approx(20, abs=0.3)


async def test_a_screen_is_heard_by_who_answered_while_the_caller_still_hears_ringing(world: World) -> None:
    world.docs["/screen"] = '<Gather numDigits="1" action="/key" timeout="8"><Say>Press one</Say></Gather><Hangup/>'
    world.docs["/key"] = ""
    backup = world.net.phone(BACKUP)
    backup.will_answer(after=1)
    _, caller = await world.calls(NUMBER.format(dial="", noun='url="/screen"'))
    await world.until(lambda: world.to("/screen"))
    far = child(world)
    await backup.hears("press one")
    assert (world.heard(caller), caller.can_hear()) == ([], set())
    await backup.presses("1")
    await world.until(caller.can_hear)
    assert caller.can_hear() == {far.sid}
    assert world.to("/screen")[0].form["CallSid"] == far.sid
    assert world.to("/key")[0].form["ParentCallSid"] == caller.sid
    assert await_silences(world, caller) < 0.1
    await caller.hangs_up()
    await far.wait_ended()


async def test_who_does_not_press_is_never_put_through(world: World) -> None:
    world.docs["/screen"] = '<Gather numDigits="1" action="/key"><Say>Press one</Say></Gather><Hangup/>'
    world.net.phone(BACKUP).will_answer(after=1)
    _, caller = await world.calls(NUMBER.format(dial="", noun='url="/screen"'))
    await world.until(lambda: world.to("/after"))
    assert world.to("/after")[0].form["DialBridged"] == "false"
    assert world.net.ledger.together(caller.sid, child(world).sid) == []
    assert world.ended(child(world))["by"] == "document"


async def test_a_caller_who_hangs_up_stops_the_ringing(world: World) -> None:
    world.net.phone(BACKUP).will_not_answer()
    phone, _ = await world.calls(NUMBER.format(dial="", noun=""))
    await world.until(lambda: "ringing" in world.events("/leg"))
    await phone.hangs_up()
    await world.until(lambda: "canceled" in world.events("/leg"))
    assert world.to("/leg")[-1].form["SipResponseCode"] == "487"
    assert world.to("/after") == []


async def test_all_targets_ring_and_the_first_to_answer_wins(world: World) -> None:
    slow, fast = world.net.phone(BACKUP), world.net.phone("+12025550178")
    slow.will_answer(after=5)
    fast.will_answer(after=2)
    _, caller = await world.calls(
        f'<Dial action="/after"><Number>{BACKUP}</Number><Number>+12025550178</Number></Dial>'
    )
    await world.until(caller.can_hear)
    assert fast.leg is not None
    assert slow.leg is not None
    assert caller.can_hear() == {fast.leg.sid}
    assert slow.leg.status == "canceled"


async def test_sequential_targets_ring_one_after_the_other(world: World) -> None:
    first, second = world.net.phone(BACKUP), world.net.phone("+12025550178")
    first.will_not_answer()
    second.will_answer(after=1)
    _, caller = await world.calls(
        f'<Dial sequential="true" timeout="10"><Number>{BACKUP}</Number><Number>+12025550178</Number></Dial>'
    )
    await world.until(caller.can_hear)
    assert second.leg is not None
    assert first.leg is not None
    assert second.leg.created_at >= (first.leg.ended_at or 0)


async def test_a_registered_softphone_is_rung_by_its_identity(world: World) -> None:
    soft, token = world.softphone("s7")
    soft.register(token)
    soft.will_answer(after=1)
    _, caller = await world.calls("<Dial><Client><Identity>s7</Identity></Client></Dial>")
    await world.until(caller.can_hear)
    assert (child(world).to, caller.can_hear()) == ("client:s7", {child(world).sid})


async def test_a_caller_id_that_is_not_ours_fails(world: World) -> None:
    world.net.phone(BACKUP).will_answer(after=1)
    await world.calls(NUMBER.format(dial='callerId="+12025550199"', noun=""))
    await world.until(lambda: world.to("/after"))
    assert world.to("/after")[0].form["DialCallStatus"] == "failed"
    assert world.warnings() == [13214]


async def test_an_owned_caller_id_is_shown_and_without_action_the_next_verb_runs(world: World) -> None:
    world.net.phone(BACKUP).will_be_busy()
    phone, _ = await world.calls(f'<Dial callerId="{LINE}">{BACKUP}</Dial><Say>nobody there</Say>')
    await phone.hears("nobody there")
    assert child(world).from_ == LINE


async def test_answer_on_bridge_answers_the_caller_late(world: World) -> None:
    world.net.phone(BACKUP).will_answer(after=5)
    _, caller = await world.calls(f'<Dial answerOnBridge="true">{BACKUP}</Dial>')
    await asyncio.wait_for(caller.wait_answered(), 5)
    assert (caller.answered_at or 0) - caller.created_at == pytest.approx(5.2)


async def test_a_time_limit_and_a_star_end_the_conversation(world: World) -> None:
    world.net.phone(BACKUP).will_answer(after=1)
    phone, caller = await world.calls(NUMBER.format(dial='timeLimit="60" hangupOnStar="true"', noun=""))
    await world.until(lambda: world.to("/after"), within=90)
    assert world.net.ledger.together(caller.sid, child(world).sid)[0].seconds == pytest.approx(60)
    await phone.hangs_up()
    phone, caller = await world.calls(NUMBER.format(dial='hangupOnStar="true"', noun=""))
    await world.until(caller.can_hear)
    await phone.presses("*")
    await world.until(lambda: len(world.to("/after")) == 2)


async def test_rest_moves_the_far_end_of_a_bridge_and_the_caller_goes_on(world: World) -> None:
    world.docs |= {"/moved": "<Say>you were moved</Say><Pause length='30'/>", "/after": "<Pause length='30'/>"}
    backup = world.net.phone(BACKUP)
    backup.will_answer(after=1)
    _, caller = await world.calls(NUMBER.format(dial="", noun=""))
    await world.until(caller.can_hear)
    await world.net.update_call(child(world).sid, url=world.url("/moved"))
    await backup.hears("you were moved")
    await world.until(lambda: world.to("/after"))
    assert caller.can_hear() == set()
    assert child(world).live
