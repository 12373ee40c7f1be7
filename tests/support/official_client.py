"""The emulator's REST API behind the carrier's own Python client, with everything on the wire kept and judged."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from telephony.clock import VirtualClock
from telephony.emulator.network import Network
from telephony.emulator.rest import create_app
from telephony.emulator.rest_server import LoopServer
from tests.support.carrier_spec import Recorder, faults

T = TypeVar("T")

#: Non-empty, so that the client does not read the process's own `TWILIO_*` variables.
NO_ENVIRONMENT = {"none": ""}
ACCOUNT = "AC" + "5" * 32
TOKEN = "an-auth-token"
KEY = "SK" + "6" * 32
SECRET = "an-api-secret"
OURS = "+12025550100"
CALLER = "+12025550123"


@dataclass
class Carrier:
    """A running network, its address, and what went over the wire."""

    net: Network
    url: str
    wire: Recorder
    sync: Client
    asynchronous: Client

    async def run(self, work: Callable[[Client], T]) -> T:
        """Do something with the synchronous client, in a thread; domain time stands still meanwhile."""
        with self.net.clock.busy():
            return await asyncio.to_thread(work, self.sync)

    async def wait(self, work: Awaitable[T]) -> T:
        """Do something with the asynchronous client; domain time stands still meanwhile."""
        with self.net.clock.busy():
            return await work

    async def heard(self, number: str, words: str) -> None:
        """Wait until the telephone of this number rings and hears these words."""
        phone = self.net.phone(number)
        await self.until(lambda: phone.leg is not None)
        await phone.hears(words)

    async def until(self, condition: Callable[[], bool], within: float = 60.0) -> None:
        """Let domain time pass until something holds."""
        deadline = self.net.clock.now() + within
        while not condition():
            assert self.net.clock.now() < deadline, f"not within {within} s"
            await self.net.clock.sleep(0.1)


def client(url: str, user: str = ACCOUNT, password: str = TOKEN, http: Any = None) -> Client:
    """The official client, pointed at the emulator."""
    if http is None:
        http = TwilioHttpClient(timeout=10)
        http.session.trust_env = False
    made = Client(user, password, ACCOUNT, http_client=http, environment=NO_ENVIRONMENT)
    made.api.base_url = url
    return made


@asynccontextmanager
async def emulated(**settings: Any) -> AsyncIterator[Carrier]:
    """A network on the virtual clock with one number; at the end the official description judges the wire."""
    clock = VirtualClock()
    net = Network(
        clock=clock,
        rng=random.Random(7),
        account_sid=ACCOUNT,
        auth_token=TOKEN,
        api_key=KEY,
        api_secret=SECRET,
        **settings,
    )
    net.add_number(OURS)
    wire = Recorder(create_app(net))
    server, running = LoopServer(wire), asyncio.create_task(clock.run())
    url = await server.start()
    async with AsyncTwilioHttpClient() as http:
        yield Carrier(net, url, wire, client(url), client(url, http=http))
    await server.stop()
    await net.stop()
    running.cancel()
    wrong = faults(wire.exchanges)
    assert not wrong, "\n".join(wrong)
    assert not net.crashes, net.crashes


def refused(work: Any, code: int, status: int) -> Any:
    """Wrap work for a client: it must be refused with this code and HTTP status."""

    def run(client: Client) -> None:
        with pytest.raises(TwilioRestException) as refusal:
            work(client)
        assert (refusal.value.code, refusal.value.status) == (code, status)

    return run
