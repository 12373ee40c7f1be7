"""The operator's commands against the emulated carrier and real stores: provision, check, user, migrate."""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import uvicorn
from redis.asyncio import Redis
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app import lines as lines_data
from app.commands import user
from app.commands.check import Finding, check
from app.commands.provision import ProvisionError, provision
from app.commands.stores import beside, reachable
from app.embedded import Stores
from app.fallback import static_document
from app.main import create_app
from app.secrets import Secrets
from app.settings import Settings
from telephony.clock import RealClock
from telephony.emulator import Network

pytestmark = pytest.mark.anyio

ACCOUNT, KEY = "AC" + "0" * 32, "SK" + "0" * 32
NUMBER = "+12025550100"
RINGS_BACK = "+12025550199"
"""What agencies see and ring back (C2)."""
BACKUP = "+12025550140"


@pytest.fixture
async def net() -> AsyncGenerator[Network]:
    network = Network(
        clock=RealClock(),
        rng=random.Random(1),
        account_sid=ACCOUNT,
        auth_token="token",
        api_key=KEY,
        api_secret="s" * 32,
    )
    await network.start("127.0.0.1", 0)
    yield network
    await network.stop()


async def _served(app: object, sock: socket.socket) -> uvicorn.Server:
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))  # type: ignore[arg-type]
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    asyncio.get_running_loop().create_task(server.serve(sockets=[sock]))
    async with asyncio.timeout(20):
        while not server.started:  # noqa: ASYNC110  the server has no event for it
            await asyncio.sleep(0.01)
    return server


def _socket(host: str = "127.0.0.1") -> socket.socket:
    sock = socket.socket()
    sock.bind((host, 0))
    return sock


@pytest.fixture
async def settings(
    net: Network, hotline_stores: Stores, hotline_database: str, hotline_name: str, tmp_path: Path
) -> AsyncGenerator[Settings]:
    """Everything as it should be, and the application answering on its public address."""
    sock = _socket()
    made = Settings(
        name=hotline_name,
        public_url=f"http://127.0.0.1:{sock.getsockname()[1]}",
        database_url=hotline_database,
        redis_url=hotline_stores.redis_url,
        data_dir=tmp_path,
        secret_key="k" * 40,  # type: ignore[arg-type]
        twilio_account_sid=ACCOUNT,
        twilio_auth_token="token",  # type: ignore[arg-type]
        twilio_api_key=KEY,
        twilio_api_secret="s" * 32,  # type: ignore[arg-type]
        twilio_app_sid="AP" + "0" * 32,
        twilio_api_url=net.url,
        emergency_caller_id=RINGS_BACK,
        backup_numbers=[BACKUP],
    )
    net.add_number(NUMBER)
    net.add_number(RINGS_BACK)
    net.add_application(made.twilio_app_sid)
    server = await _served(create_app(made, loops=False), sock)
    yield made
    server.should_exit = True


@pytest.fixture
async def elsewhere(settings: Settings) -> AsyncGenerator[str]:
    """Another host, with the static document."""
    lines = lines_data.load(settings, Secrets(settings))
    document = static_document(settings, lines.by_id[lines.default])

    async def answer(_: Request) -> Response:
        return Response(document, media_type="text/xml")

    sock = _socket("127.0.0.2")
    server = await _served(Starlette(routes=[Route("/", answer, methods=["GET", "POST"])]), sock)
    yield f"http://127.0.0.2:{sock.getsockname()[1]}/"
    server.should_exit = True


def _bad(findings: list[Finding]) -> list[str]:
    return [finding.subject for finding in findings if not finding.ok]


async def test_H5_provision_points_everything_here_and_check_proves_it(
    settings: Settings, net: Network, elsewhere: str
) -> None:
    unreached = [
        subject for number in (NUMBER, RINGS_BACK) for subject in (number, f"{number}, when all of ours is down")
    ]
    moved = "callers whom we have moved (HOTLINE_FALLBACK_URL), when all of ours is down"
    assert _bad(await check(settings)) == [*unreached, moved]
    settings = settings.model_copy(update={"fallback_url": elsewhere})
    report = await provision(settings, [], "")
    assert f"HOTLINE_FALLBACK_URL={elsewhere}" in report
    assert f"HOTLINE_TWILIO_APP_SID={settings.twilio_app_sid}" in report
    assert f"<Number>{BACKUP}</Number>" in report, "the static document to host elsewhere"
    number = net.number(NUMBER)
    assert number
    assert number.voice_url.startswith(f"{settings.public_url}/twilio/voice#ct=1000&rt=2500")
    assert (number.voice_fallback_url, number.status_callback) == (elsewhere, f"{settings.public_url}/twilio/status")
    await provision(settings.model_copy(update={"fallback_url": ""}), [NUMBER], "")
    assert number.voice_fallback_url == elsewhere, "again and without an address: the one that is set stays"
    assert _bad(await check(settings)) == []


async def test_provision_makes_the_softphones_application_once(settings: Settings) -> None:
    fresh = settings.model_copy(update={"twilio_app_sid": ""})
    first, second = [(await provision(fresh, [], "")).splitlines()[0] for _ in range(2)]
    assert first == second
    assert first.removeprefix("HOTLINE_TWILIO_APP_SID=").startswith("AP")
    assert first != f"HOTLINE_TWILIO_APP_SID={settings.twilio_app_sid}"


async def test_provision_says_what_it_could_not_do(settings: Settings) -> None:
    with pytest.raises(ProvisionError, match=r"no number \+12025550177"):
        await provision(settings, ["+12025550177"], "")
    with pytest.raises(ProvisionError, match="cannot be dialled"):
        await provision(settings.model_copy(update={"backup_numbers": ["911"]}), [], "")
    with pytest.raises(ProvisionError, match="the carrier says"):
        await provision(settings.model_copy(update={"twilio_api_key": "SK" + "1" * 32}), [], "")


async def test_S2_check_refuses_a_store_that_evicts(settings: Settings) -> None:
    client = Redis.from_url(settings.redis_url)
    await client.config_set("maxmemory-policy", "allkeys-lru")
    try:
        findings = {finding.subject: finding for finding in await check(settings)}
    finally:
        await client.config_set("maxmemory-policy", "noeviction")
        await client.aclose()
    assert not findings["Redis"].ok
    assert "evicts (allkeys-lru)" in findings["Redis"].text


@pytest.mark.parametrize(
    ("wrong", "subject"),
    [
        ({"public_url": "http://line.example.org"}, "public address"),
        ({"twilio_auth_token": ""}, "carrier account"),
        ({"twilio_app_sid": ""}, "softphones"),
        ({"backup_numbers": []}, "backup line"),
        ({"backup_numbers": ["911"]}, "backup line"),
        ({"emergency_caller_id": ""}, "emergency caller ID"),
        ({"database_url": "postgresql://127.0.0.1:1/none"}, "PostgreSQL"),
        ({"redis_url": "redis://127.0.0.1:1/0"}, "Redis"),
        ({"twilio_auth_token": "another"}, "signed request through the public address"),
        ({"public_url": "http://127.0.0.1:1"}, "signed request through the public address"),
    ],
)
async def test_check_finds_what_is_wrong(settings: Settings, wrong: dict[str, object], subject: str) -> None:
    broken = Settings(**{**settings.model_dump(), **wrong})  # type: ignore[arg-type]
    assert subject in _bad(await check(broken))


async def test_people_are_added_with_details_that_are_checked(settings: Settings) -> None:
    details = {"name": "A. Person", "role": "admin", "level": "senior", "languages": ["en"]}
    assert (await user.add(settings, "admin", password="long enough words", **details)).startswith("s")
    with pytest.raises(ValueError, match="signs in as admin already"):
        await user.add(settings, "admin", password="long enough words", **details)
    with pytest.raises(ValueError, match="characters"):
        await user.add(settings, "other", password="short", **details)
    with pytest.raises(ValueError, match="boss"):
        await user.add(settings, "other", password="long enough words", **{**details, "role": "boss"})


async def test_commands_find_the_stores_of_a_running_service(store_folder: Path) -> None:
    alone = Settings(data_dir=store_folder / "var", database_url="postgresql://elsewhere/db")
    assert beside(alone).redis_url == ""
    async with reachable(alone) as first:
        assert first.redis_url.startswith("redis://")
        assert first.database_url == "postgresql://elsewhere/db"
        async with reachable(alone) as second:
            assert second == first == beside(alone)
