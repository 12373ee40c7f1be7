"""The server inside the loop, and the stand-alone emulator."""

from __future__ import annotations

import asyncio
import signal
import socket

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from telephony.emulator import serve
from telephony.emulator.rest_server import LoopServer
from tests.support.official_client import client

pytestmark = pytest.mark.anyio

HANG_S = 30.0
"""Seconds after which something will not come; no measure of speed. Connections are kept for two minutes."""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def hello(_request: Request) -> PlainTextResponse:
    return PlainTextResponse("hello")


async def test_it_starts_and_stops_at_once_and_leaves_signals_alone() -> None:
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    server = LoopServer(Starlette(routes=[Route("/", hello)]))
    url = await server.start()
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == handlers
    async with httpx.AsyncClient(trust_env=False) as http:
        assert (await http.get(url)).text == "hello"
        async with asyncio.timeout(HANG_S):
            await server.stop()  # with an idle connection open
        with pytest.raises(httpx.TransportError):
            await http.get(url)
    await server.stop()


async def test_answers_do_not_wait_for_the_clients_acknowledgements() -> None:
    """With Nagle's algorithm on, each one may take 40 ms."""
    server = LoopServer(Starlette(routes=[Route("/", hello)]))
    url = await server.start()
    async with httpx.AsyncClient(trust_env=False) as http:
        await http.get(url)
        assert server._server
        (connection,) = server._server.server_state.connections
        taken = connection.transport.get_extra_info("socket")
        assert taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    await server.stop()


async def test_a_port_that_is_taken_is_an_error_and_a_given_port_is_used() -> None:
    first = LoopServer(Starlette())
    url = await first.start()
    port = int(url.rpartition(":")[2])
    with pytest.raises(OSError, match="in use"):
        await LoopServer(Starlette()).start("127.0.0.1", port)
    await first.stop()
    again = LoopServer(Starlette())
    assert await again.start("127.0.0.1", port) == url
    await again.stop()


async def test_the_stand_alone_emulator_says_how_to_use_it_and_is_configured_by_rest() -> None:
    said: list[str] = []
    stop = asyncio.Event()
    running = asyncio.create_task(serve.run(telephones=["+12025550123"], seed=1, say=said.append, stop=stop))
    while len(said) < 6:
        await asyncio.sleep(0)
        assert not running.done()
    settings = dict(line.split("=", 1) for line in said if not line.startswith("#"))
    assert said[-1] == f"# telephone page: {settings['HOTLINE_TWILIO_API_URL']}/telephone"
    account = settings["HOTLINE_TWILIO_ACCOUNT_SID"]
    driver = client(settings["HOTLINE_TWILIO_API_URL"], account, settings["HOTLINE_TWILIO_AUTH_TOKEN"])
    numbers = driver.api.v2010.accounts(account).incoming_phone_numbers
    bought = await asyncio.to_thread(lambda: numbers.create(phone_number="+12025550100"))
    assert (bought.phone_number, bought.account_sid) == ("+12025550100", account)
    stop.set()
    await running


async def test_the_emulators_credentials_are_the_given_ones_or_made_up() -> None:
    given = serve.Account(account_sid="AC" + "1" * 32, auth_token="token").complete()
    assert (given.account_sid, given.auth_token) == ("AC" + "1" * 32, "token")
    assert given.api_key.startswith("SK")
    assert serve.Account().complete() != serve.Account().complete()
