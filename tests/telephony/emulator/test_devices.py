"""Telephones and softphones: what simulated people can do, and what the ledger then says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from telephony.emulator import TokenRefused
from tests.support.carrier_world import APPLICATION, BACKUP, LINE, World, carrier_world, conference

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with carrier_world() as running:
        yield running


async def test_a_softphone_dials_the_application_of_its_token_with_its_parameters(world: World) -> None:
    soft, token = world.softphone(status_callback=world.url("/end"))
    world.docs["/leg"] = ["<Redirect>/next</Redirect>"]
    leg = await soft.connect(token, {"offer": "o1", "token": "t2"})
    await leg.wait_ended()
    form = world.to("/leg")[0].form
    assert (form["From"], form["To"], form["Direction"]) == ("client:s1", "", "inbound")
    assert (form["offer"], form["token"], form["CallStatus"]) == ("o1", "t2", "ringing")
    assert "offer" not in world.to("/next")[0].form
    await world.until(lambda: world.to("/end"))
    assert world.to("/end")[0].form["CallStatus"] == "completed"


async def test_a_softphones_failed_document_goes_to_the_applications_fallback(world: World) -> None:
    soft, token = world.softphone(path="/missing", voice_fallback_url=world.url("/plan-b"))
    world.docs["/plan-b"] = "<Say>please try again</Say>"
    await soft.connect(token, {"offer": "o1"})
    await soft.hears("try again")
    assert world.to("/plan-b")[0].form["offer"] == "o1"


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"identity": "s2"}, 20101),
        ({"identity": "s1", "secret": "another secret that is long enough"}, 20101),
        ({"identity": "s1", "until": 1_700_000_000}, 20104),
        ({"identity": "s1", "app": "AP" + "9" * 32}, 31201),
    ],
)
async def test_a_token_that_does_not_fit_opens_nothing(world: World, wrong: dict[str, str], code: int) -> None:
    soft, _ = world.softphone()
    with pytest.raises(TokenRefused) as refused:
        await soft.connect(world.token(**wrong))
    assert (refused.value.code, world.net.legs) == (code, {})
    with pytest.raises(TokenRefused):
        await soft.connect("nonsense")


async def test_a_busy_telephone_refuses_and_a_policy_answers_and_acts(world: World) -> None:
    done = asyncio.Event()
    backup = world.net.phone(BACKUP)

    async def act(_: object) -> None:
        await backup.hears("who is there")
        await backup.presses("1")
        done.set()

    backup.will_answer(after=2, then=act)
    world.docs["/doc"] = "<Say>Who is there?</Say><Pause length='30'/>"
    world.line()
    first = await world.net.create_call(to=BACKUP, from_=LINE, url=world.url("/doc"))
    await asyncio.wait_for(done.wait(), 5)
    second = await world.net.create_call(to=BACKUP, from_=LINE, url=world.url("/doc"))
    await second.wait_ended()
    assert (first.status, second.status) == ("in-progress", "busy")
    assert [e.data["digit"] for e in world.net.ledger.of("key", first.sid)] == ["1"]


async def test_hears_goes_on_from_what_was_matched_last(world: World) -> None:
    phone, _ = await world.calls("<Say>one two</Say><Say>one three</Say><Pause length='9'/>")
    await phone.hears("one")
    await phone.hears("ONE THREE")
    with pytest.raises(AssertionError, match="not heard within 3"):
        await phone.hears("one", within=3)


async def test_a_leg_that_ends_before_a_room_says_so(world: World) -> None:
    _, leg = await world.calls("<Hangup/>")
    with pytest.raises(AssertionError, match="without entering a room"):
        await leg.wait_in_room()


async def test_T5_the_ledger_keeps_who_heard_whom_over_time(world: World) -> None:
    start = world.clock.now()
    owner = await world.in_room("s1", conference(label="owner"))
    _, caller = await world.calls(conference(label="caller"))
    room = await caller.wait_in_room()
    ledger, pair = world.net.ledger, {(caller.sid, owner.sid), (owner.sid, caller.sid)}
    await world.clock.sleep(10)
    await world.net.update_participant(room.sid, "caller", hold=True)
    await world.clock.sleep(5)
    await world.net.update_participant(room.sid, "caller", hold=False)
    await world.net.update_participant(room.sid, "owner", muted=True)
    await world.clock.sleep(4)
    await world.net.update_participant(room.sid, "owner", muted=False)
    await world.clock.sleep(3)
    owner.dies()
    await world.clock.sleep(6)
    assert [round(s.seconds, 3) for s in ledger.together(caller.sid, owner.sid)] == [10, 3]
    assert ledger.hearing(start + 5) == pair
    assert ledger.hearing(start + 12) == set()
    assert ledger.hearing(start + 17) == {(owner.sid, caller.sid)}
    assert ledger.hearing() == set()
    # On hold there was music; muted and dead are silence.
    assert [round(s.seconds, 3) for s in ledger.silences(caller.sid)] == [4, 6]
    joined = [e.data["label"] for e in ledger.of("room.joined")]
    assert joined == ["owner", "caller"]


async def test_T5_every_leg_is_created_and_ended_once_with_its_side(world: World) -> None:
    phone, caller = await world.calls("<Say>hello</Say><Pause length='60'/>")
    await phone.hears("hello")
    await phone.hangs_up()
    await phone.hangs_up()
    legs = [(e.kind, e.data.get("by")) for e in world.net.ledger.of("leg.", caller.sid)]
    assert legs == [("leg.created", None), ("leg.ringing", None), ("leg.answered", None), ("leg.ended", "caller")]
    phone, caller = await world.calls("<Say>hello</Say><Pause length='60'/>")
    await phone.hears("hello")
    await world.net.update_call(caller.sid, status="completed")
    assert world.ended(caller)["by"] == "api"


async def test_T4_an_hour_passes_in_no_time_and_in_order(world: World) -> None:
    world.docs["/hold"] = "<Say>you are in the queue</Say><Pause length='20'/><Redirect>/hold</Redirect>"
    began = asyncio.get_running_loop().time()
    phones = []
    for n in range(5):
        phone = world.net.phone(f"+1202555013{n}")
        world.line(voice_url="/hold")
        phones.append((phone, await phone.dials(LINE)))
        await world.clock.sleep(1)
    await world.clock.sleep(1200)
    assert asyncio.get_running_loop().time() - began < 10
    for phone, leg in phones:
        turns = [h.at for h in leg.heard]
        assert len(turns) == pytest.approx(1200 / (20 + 22 / 14), abs=2)
        assert turns == sorted(turns)
        await phone.hangs_up()
    assert world.asked == sorted(world.asked, key=lambda a: a.at)
    assert APPLICATION not in world.net.applications
