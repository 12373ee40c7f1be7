"""The REST client against the emulated carrier: the same requests over real HTTP, judged by the far side."""

from __future__ import annotations

import random
from collections.abc import AsyncGenerator

import pytest

from telephony.carrier import CarrierRefused
from telephony.clock import RealClock
from telephony.emulator import Network
from telephony.twilio import TwilioCarrier
from telephony.twilio.account import TwilioAccount

pytestmark = pytest.mark.anyio

ACCOUNT, KEY, SECRET, APP = "AC" + "0" * 32, "SK" + "0" * 32, "s" * 32, "AP" + "0" * 32
LINE, AGENCY, SHOWN = "+12025550100", "+12025550140", "+12025550199"
NOBODY = "CA" + "f" * 32


@pytest.fixture
async def net() -> AsyncGenerator[Network]:
    network = Network(
        clock=RealClock(), rng=random.Random(7), account_sid=ACCOUNT, auth_token="t", api_key=KEY, api_secret=SECRET
    )
    await network.start("127.0.0.1", 0)
    network.add_number(LINE)
    network.add_number(SHOWN)
    yield network
    await network.stop()


@pytest.fixture
async def account(net: Network) -> AsyncGenerator[TwilioAccount]:
    client = TwilioAccount(account_sid=ACCOUNT, api_key=KEY, api_secret=SECRET, app_sid=APP, api_url=net.url)
    yield client
    await client.aclose()


async def test_L7_an_agency_is_rung_into_a_room_and_everything_is_ended(net: Network, account: TwilioAccount) -> None:
    net.phone(AGENCY).will_answer(after=0)
    sid = await account.dial_into_room(
        "c0-1", to=AGENCY, from_=SHOWN, label="agency_h1_a", callback="http://127.0.0.1:9/s", timeout=30, emergency=True
    )
    leg = net.legs[sid]
    await leg.wait_in_room()
    assert [(info.sid, info.status) for info in await account.live_legs()] == [(sid, "in-progress")]
    assert (await account.leg(sid)).status == "in-progress"  # type: ignore[union-attr]
    room = await account.find_room("c0-1")
    assert room
    assert [r.sid for r in await account.live_rooms()] == [room.sid]
    (person,) = await account.participants(room.sid)
    assert (person.sid, person.label, person.muted, person.hold) == (sid, "agency_h1_a", False, False)
    await account.update_participant(room.sid, "agency_h1_a", hold=True, hold_url="http://127.0.0.1:9/say")
    assert (await account.participants(room.sid))[0].hold
    await account.update_participant(room.sid, sid, hold=False)
    await account.announce(room.sid, "http://127.0.0.1:9/say")
    await account.end_room(room.sid)
    await account.complete(sid)
    await leg.wait_ended()
    await account.complete(sid)
    await account.end_room(room.sid)
    await account.remove_participant(room.sid, sid)
    assert await account.live_legs() == []
    assert await account.live_rooms() == []
    assert await account.find_room("c0-1") is None
    with pytest.raises(CarrierRefused) as refusal:
        await account.move(sid, "http://127.0.0.1:9/hold", "http://127.0.0.1:9/return")
    assert refusal.value.code == 21220


async def test_what_is_unknown_is_none_and_wrong_credentials_are_refused(net: Network, account: TwilioAccount) -> None:
    assert await account.leg(NOBODY) is None
    assert await account.participants("CF" + "f" * 32) == []
    assert await account.number("+12025550177") is None
    assert (await account.number(LINE)) is not None
    stranger = TwilioCarrier(account_sid=ACCOUNT, auth_token="wrong", api_url=net.url)
    with pytest.raises(CarrierRefused) as refusal:
        await stranger.live_legs()
    assert refusal.value.status == 401
    await stranger.aclose()
