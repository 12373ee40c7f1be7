"""Real sound between real WebRTC devices through the emulator: what is heard is what the ledger's graph says (T5)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest

from telephony.clock import RealClock
from telephony.emulator import Assumptions
from telephony.emulator.media import Exchange, open_audio
from telephony.emulator.media.signalling import EXPIRED, INVALID
from tests.support.carrier_world import APPLICATION, BACKUP, CALLER, LINE, World, carrier_world, conference
from tests.support.sound import FAINT, Device, Devices, PageDevice, SdkDevice, devices_at

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.timeout(90),
    pytest.mark.xdist_group("browser"),
]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with carrier_world(clock=RealClock(), assumptions=Assumptions(crashed_leg_ends_after_s=0.0)) as world:
        open_audio(world.net)
        await world.net.start()
        world.softphone()
        world.line()
        yield world


@pytest.fixture
async def devices(world: World) -> AsyncIterator[Devices]:
    async with devices_at(world.net.url) as devices:
        yield devices


def audio(world: World) -> Exchange:
    assert world.net.audio is not None
    return world.net.audio


async def softphone(world: World, devices: Devices, identity: str, doc: str) -> SdkDevice:
    """Dials in as a specialist does, and is answered by this document."""
    device = await devices.sdk()
    await device.listens(world.token(identity))
    world.docs["/leg"] = doc
    await device.connects()
    return device


async def telephone(world: World, devices: Devices, doc: str, number: str = CALLER) -> PageDevice:
    world.docs["/voice"] = doc
    device = await devices.page(number)
    await device.told("ready", number=number, lines=[LINE])
    await device.dials(LINE)
    return device


async def heard(world: World, people: dict[str, Device], **hears: str) -> None:
    """By label: the ledger's graph is this (labels in a row of words), and so is what is measured."""
    inside = {p.label: p.leg for room in world.net.rooms.values() for p in room.participants}
    for listener in people:
        graph = {label for label, leg in inside.items() if leg.sid in inside[listener].can_hear()}
        assert graph == set(hears[listener].split()), listener
    others = {name: [people[n] for n in words.split()] for name, words in hears.items()}
    await asyncio.gather(*(device.hears_just(others[name], people.values()) for name, device in people.items()))


async def test_T5_two_hear_each_other_and_not_before_the_second_has_come(world: World, devices: Devices) -> None:
    caller = await telephone(world, devices, conference(label="caller", startConferenceOnEnter="false"))
    owner = await devices.sdk()
    await owner.listens(world.token("s1"))
    assert await caller.hears_now(owner) < FAINT
    world.docs["/leg"] = conference(label="owner")
    sid = await owner.connects("offer=o1&token=t%26x")
    await caller.hears(owner)
    await owner.hears(caller)
    assert await caller.hears_now(caller) < FAINT
    asked = world.to("/leg")[0].form
    assert (asked["CallSid"], asked["offer"], asked["token"], asked["From"]) == (sid, "o1", "t&x", "client:s1")
    await owner.say("hangup", callsid=sid)
    await caller.hears_not(owner)


async def test_T5_mute_hold_and_coaching_are_heard_as_the_graph_says(world: World, devices: Devices) -> None:
    caller = await telephone(world, devices, conference(label="caller"))
    owner = await softphone(world, devices, "s1", conference(label="owner"))
    room = next(iter(world.net.rooms.values()))
    inside = room.inside("owner")
    assert inside is not None
    lead = await softphone(world, devices, "s2", conference(label="lead", coach=inside.leg.sid))
    people = {"caller": caller, "owner": owner, "lead": lead}
    await heard(world, people, caller="owner", owner="caller lead", lead="caller owner")
    await world.net.update_participant(room.sid, "lead", coaching=False)
    await heard(world, people, caller="owner lead", owner="caller lead", lead="caller owner")
    await world.net.update_participant(room.sid, "lead", muted=True)
    await heard(world, people, caller="owner", owner="caller", lead="caller owner")
    await world.net.update_participant(room.sid, "caller", hold=True)
    await heard(world, people, caller="", owner="", lead="owner")
    assert await caller.loudness() > FAINT  # the carrier's music
    await world.net.update_participant(room.sid, "caller", hold=False)
    await heard(world, people, caller="owner", owner="caller", lead="caller owner")


async def test_prompts_are_heard_for_as_long_as_their_words_take_and_a_key_cuts_them_off(
    world: World, devices: Devices
) -> None:
    words = "You have reached the line. If you are in danger, press 1. Please stay with us, somebody comes soon."
    world.docs["/key"] = conference(label="caller")
    caller = await telephone(world, devices, f'<Gather numDigits="1" action="/key"><Say>{words}</Say></Gather>')
    await caller.told("caption", what="say", text=words)
    leg = next(iter(world.net.legs.values()))
    length = Exchange.seconds(await audio(world).sound("say", words, ""))
    assert world.net.ledger.of("heard", leg.sid)[0].data["seconds"] == pytest.approx(length)
    await caller.say("key", digit="x")
    await caller.say("key", digit="1")
    room = await leg.wait_in_room()
    assert world.to("/key")[0].form["Digits"] == "1"
    assert room.participants[0].created_at - leg.heard[0].at < length
    assert world.net.ledger.of("key", leg.sid)[0].data["digit"] == "1"


async def test_somebody_rung_at_a_page_answers_or_declines(world: World, devices: Devices) -> None:
    backup = await devices.page(BACKUP)
    await backup.told("ready")
    doc = f'<Dial callerId="{LINE}"><Number>{BACKUP}</Number></Dial><Say>nobody</Say>'
    caller = await telephone(world, devices, doc)
    await backup.told("incoming", number=LINE)
    await backup.say("decline")
    await backup.told("over", status="busy")
    await caller.told("caption", text="nobody")
    await caller.told("over", status="completed")
    again = await devices.page("+12025550124")
    await again.told("ready")
    await again.dials(LINE)
    backup.said.clear()
    await backup.told("incoming", number=LINE)
    await backup.accepts()
    await again.hears(backup)
    await backup.hears(again)
    await again.say("hangup")
    await backup.told("over", status="completed")
    await again.told("over", status="completed")


async def test_somebody_dialled_into_the_room_by_REST_is_heard_by_both(world: World, devices: Devices) -> None:
    agency = await devices.page(BACKUP)
    await agency.told("ready")
    caller = await telephone(world, devices, conference(label="caller"))
    owner = await softphone(world, devices, "s1", conference(label="owner"))
    room = next(iter(world.net.rooms.values()))
    await world.net.create_participant(room.sid, to=BACKUP, from_=LINE, label="agency")
    await agency.told("incoming", number=LINE)
    await agency.accepts()
    people = {"caller": caller, "owner": owner, "agency": agency}
    await agency.hears(caller)
    await heard(world, people, caller="owner agency", owner="caller agency", agency="caller owner")
    await agency.say("hangup")
    await caller.hears_not(agency)
    await caller.hears(owner)


async def test_T5_a_fifth_line_with_sound_is_refused_in_words(world: World, devices: Devices) -> None:
    for name in ("s1", "s2", "s3", "s4"):
        await softphone(world, devices, name, conference(label=name))
    fifth = await devices.sdk()
    await fifth.listens(world.token("s5"))
    await fifth.say("invite", callsid="TJ5", sdp=await fifth.offer(), twilio={"params": ""})
    refused = await fifth.told("hangup", callsid="TJ5")
    assert "at a time" in refused["error"]["message"]
    page = await devices.page(CALLER)
    await page.say("dial", to=LINE, sdp=await page.offer())
    await page.told("refused", why="full")
    assert len(world.net.legs) == 4


async def test_L8_a_dead_softphones_place_is_free_for_its_return(world: World, devices: Devices) -> None:
    world.net.assumptions = Assumptions(crashed_leg_ends_after_s=None)
    four = [await softphone(world, devices, f"s{n}", conference(label=f"s{n}")) for n in range(4)]
    dead = world.net.legs[(await four[0].told("answer"))["callsid"]]
    await four[0].close()
    await world.until(lambda: dead.dead)
    back = await softphone(world, devices, "s0", conference(label="again"))
    await back.hears(four[1])
    await four[1].hears(back)
    assert dead.live


async def test_a_softphone_that_is_killed_is_dead_and_one_that_only_lost_its_connection_is_not(
    world: World, devices: Devices
) -> None:
    caller = await telephone(world, devices, conference(label="caller"))
    owner = await softphone(world, devices, "s1", conference(label="owner"))
    answer = await owner.told("answer")
    await caller.hears(owner)
    await owner.socket.close()
    await caller.hears(owner)  # the sound goes on without signalling
    back = await devices.sdk()
    await back.listens(world.token("s1"))
    await back.say("invite", callsid=answer["callsid"], sdp="", reconnect="no such token", twilio={})
    assert (await back.told("hangup"))["error"]["code"] == 31005
    await back.say("invite", callsid=answer["callsid"], sdp="", reconnect=answer["reconnect"], twilio={})
    await back.told("answer", callsid=answer["callsid"])
    assert world.net.ledger.of("leg.died") == []
    leg = world.net.legs[answer["callsid"]]
    await back.close()
    await owner.close()
    await asyncio.wait_for(leg.wait_ended(), 10)
    assert [e.sid for e in world.net.ledger.of("leg.died")] == [leg.sid]
    await caller.hears_not(owner)


async def test_a_page_that_is_closed_has_hung_up(world: World, devices: Devices) -> None:
    caller = await telephone(world, devices, conference(label="caller"))
    leg = next(iter(world.net.legs.values()))
    await caller.close()
    await asyncio.wait_for(leg.wait_ended(), 10)
    assert world.ended(leg)["by"] == "caller"


async def test_a_reinvite_takes_the_sound_along(world: World, devices: Devices) -> None:
    caller = await telephone(world, devices, conference(label="caller"))
    owner = await softphone(world, devices, "s1", conference(label="owner"))
    sid = (await owner.told("answer"))["callsid"]
    await caller.hears(owner)
    moved = await devices.sdk()  # the same browser on another network: new media, the same connection
    await owner.say("reinvite", callsid=sid, sdp=await moved.offer())
    owner.said.clear()
    await moved.answered((await owner.told("answer", callsid=sid))["sdp"])
    await caller.hears(moved)
    await moved.hears(caller)
    await caller.hears_not(owner)


async def test_tokens_are_checked_as_the_carrier_does(world: World, devices: Devices) -> None:
    for token, code in (
        (world.token("s1", secret="x" * 32), INVALID),
        (world.token("s1", until=1_700_000_000), EXPIRED),
        ("nonsense", INVALID),
    ):
        device = await devices.sdk()
        await device.say("listen", token=token)
        assert (await device.told("error"))["error"]["code"] == code
        await device.say("invite", callsid="TJ1", sdp="", twilio={})
        await device.told("error", callsid="TJ1")
    device = await devices.sdk()
    about = await device.listens(world.token("s1"))
    assert about["token"]["identity"] == "s1"
    await device.say("register", media={"audio": True})
    await device.told("ready")
    device.said.clear()
    await device.listens(world.token("s1", app=APPLICATION))  # renewed
    assert world.net.legs == {}


@pytest.mark.parametrize(("number", "code"), [(LINE, 4409), ("911", 4409), ("", 4409), ("+12", 4409), (CALLER, 4403)])
async def test_a_page_has_only_a_number_of_its_own(devices: Devices, number: str, code: int) -> None:
    page = await devices.page(number, "" if code == 4409 else "http://somewhere.example")
    await page.closed()
    assert page.socket.close_code == code


async def test_C7_nothing_outside_the_account_can_be_dialled(world: World, devices: Devices) -> None:
    page = await devices.page(CALLER)
    for number in ("911", "+1911", "112", BACKUP, ""):
        page.said.clear()
        await page.say("dial", to=number, sdp="")
        await page.told("refused", why="nobody")
    assert world.net.legs == {}


async def test_the_page_may_reach_nothing_but_its_server(world: World) -> None:
    async with aiohttp.ClientSession() as session:
        for path in ("/telephone", "/telephone/telephone.js", "/telephone/texts.js", "/telephone/telephone.css"):
            async with session.get(world.net.url + path) as answer:
                text = await answer.text()
                assert answer.status == 200
                assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
                assert "unsafe" not in answer.headers["Content-Security-Policy"]
                assert "://" not in text
        async with session.get(f"{world.net.url}/2010-04-01/Accounts/{world.net.account_sid}/Calls.json") as answer:
            assert answer.status == 401
