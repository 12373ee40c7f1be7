"""The API as it is served: a real uvicorn on embedded stores, and consoles that speak HTTP to it."""

from __future__ import annotations

import asyncio
import itertools
import json
import secrets as random_source
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import asyncpg
import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import async_sessionmaker

from app import lines as lines_data
from app.api import mount
from app.context import Context
from app.embedded import Stores
from app.people.admin import create_person
from app.people.passwords import hash_now
from app.people.roles import Role
from app.records import migrate
from app.records.engine import connect
from app.secrets import NUMBER, Secrets
from app.settings import Settings
from routing.board import Board, Caller, CallView
from telephony.clock import RealClock
from telephony.twilio import TwilioCarrier

NUMBERS = itertools.count()
PASSWORD = "a long enough password"
CALLER = "+12025550123"
HASHED = hash_now(PASSWORD)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
async def stores(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stores]:
    folder = tmp_path_factory.mktemp("api")
    for parent in (folder, *folder.parents[:3]):
        parent.chmod(parent.stat().st_mode | 0o011)  # under root PostgreSQL is another user
    running = Stores(folder, durable=False)
    await running.start()
    await _admin(running, "CREATE DATABASE template_api")
    await migrate.upgrade(_url(running, "template_api"))
    yield running
    await running.stop()


@pytest.fixture
async def ctx(stores: Stores, tmp_path) -> AsyncIterator[Context]:
    name = f"t{next(NUMBERS)}"
    await _admin(stores, f"CREATE DATABASE {name} TEMPLATE template_api")
    settings = Settings(
        name=name,
        database_url=_url(stores, name),
        redis_url=stores.redis_url,
        data_dir=tmp_path,
        secret_key=SecretStr("k" * 40),
    )
    made = context(settings)
    await made.open_board()
    await made.board.end_verify()
    yield made
    await made.board.aclose()
    await made.carrier.aclose()
    await made.engine.dispose()


def context(settings: Settings) -> Context:
    """One process's parts, as `app.main.compose` makes them."""
    secrets, new_id = Secrets(settings), lambda: random_source.token_hex(6)
    engine = connect(settings.database_url)
    return Context(
        settings=settings,
        clock=RealClock(),
        board=Board(settings.redis_url, hotline=settings.name, new_id=new_id),
        carrier=TwilioCarrier(account_sid="AC" + "0" * 32, api_key="SK" + "0" * 32, api_secret="s" * 32),
        inbound=cast(Any, None),
        engine=engine,
        sessions=async_sessionmaker(engine, expire_on_commit=False),
        secrets=secrets,
        lines=lines_data.load(settings, secrets),
        new_id=new_id,
        worker="w" + new_id(),
    )


@dataclass
class Live:
    """One open stream, read in the background."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def read(self, response: httpx.Response) -> None:
        async for line in response.aiter_lines():
            if line.startswith("data: "):
                self.messages.append(json.loads(line[6:]))
                self.changed.set()

    async def until(self, right: Callable[[dict[str, Any]], bool], within: float = 8.0) -> dict[str, Any]:
        """The first message, past or to come, that is right."""
        async with asyncio.timeout(within):
            while True:
                self.changed.clear()
                for message in self.messages:
                    if right(message):
                        return message
                await self.changed.wait()

    async def of(self, type: str, **fields: Any) -> dict[str, Any]:
        return await self.until(lambda m: m["type"] == type and all(m.get(k) == v for k, v in fields.items()))

    def kinds(self) -> list[str]:
        return [message["type"] for message in self.messages]


class Console:
    """A browser of one person."""

    def __init__(self, base: str, spec: str, login: str) -> None:
        self.http = httpx.AsyncClient(base_url=base, timeout=10)
        self.spec, self.login = spec, login

    async def sign_in(self, password: str = PASSWORD) -> httpx.Response:
        answer = await self.http.post("/api/session", json={"login": self.login, "password": password})
        if answer.status_code == 200:
            self.http.headers["X-CSRF"] = answer.json()["csrf"]
        return answer

    async def post(self, path: str, body: Any = None) -> httpx.Response:
        return await self.http.post(f"/api/{path}", json={} if body is None else body)

    async def get(self, path: str) -> httpx.Response:
        return await self.http.get(f"/api/{path}")

    async def beat(self, presence: str = "available", **fields: Any) -> dict[str, Any]:
        answer = await self.post("beat", {"presence": presence, **fields})
        assert answer.status_code == 200, answer.text
        return answer.json()

    @asynccontextmanager
    async def live(self) -> AsyncIterator[Live]:
        async with self.http.stream("GET", "/api/live") as response:
            assert response.status_code == 200
            stream = Live()
            reader = asyncio.create_task(stream.read(response))
            try:
                yield stream
            finally:
                reader.cancel()
                await asyncio.gather(reader, return_exceptions=True)


class Hotline:
    """A served API with people to sign in."""

    def __init__(self, ctx: Context, app: FastAPI, url: str) -> None:
        self.ctx, self.app, self.url = ctx, app, url
        self.consoles: list[Console] = []

    @property
    def desk(self):
        return self.app.state.desk

    async def person(self, role: Role = Role.specialist, *, signed_in: bool = True, **fields: Any) -> Console:
        fields = {"languages": ["en", "es"], "level": "senior", "always_on": True} | fields
        login = fields.pop("login", f"{role}{len(self.consoles)}")
        async with self.ctx.sessions.begin() as store:
            row = await create_person(
                store, self.ctx.secrets, login=login, name="Sam Sample", role=role, password_hash=HASHED, **fields
            )
        await self.desk.roster.load()
        console = Console(self.url, row.id, login)
        self.consoles.append(console)
        if signed_in:
            assert (await console.sign_in()).status_code == 200
        return console

    async def caller(self, number: str = CALLER) -> CallView:
        """Somebody rings and waits."""
        tag = random_source.token_hex(10)
        secrets, call, sid = self.ctx.secrets, "c" + tag, "CA" + tag.ljust(32, "0")
        who = Caller(secrets.number_hash(number), secrets.encrypt(number, NUMBER), withheld=False)
        view = await self.ctx.board.arrive(call, sid, "main", "en", who)
        return await self.ctx.board.turn(
            call,
            sid,
            line="main",
            language="en",
            cls=view.cls,
            arrived_ms=view.arrived_ms,
            counter=view.counter,
            turn=1,
        )


@pytest.fixture
async def hotline(ctx: Context) -> AsyncIterator[Hotline]:
    async with served(ctx) as running:
        yield running


@asynccontextmanager
async def served(ctx: Context) -> AsyncIterator[Hotline]:
    """The API on a real port, with its background work."""
    app = application(ctx)
    # Opened again from its number, so that the protocol is known and asyncio turns Nagle off: 40 ms less an answer.
    listening = socket.socket(fileno=socket.create_server(("127.0.0.1", 0)).detach())
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1))
    tasks = [asyncio.create_task(server.serve([listening])), asyncio.create_task(app.state.desk.run())]
    running = Hotline(ctx, app, f"http://127.0.0.1:{listening.getsockname()[1]}")
    yield running
    for console in running.consoles:
        await console.http.aclose()
    tasks[1].cancel()
    server.should_exit = True
    await asyncio.gather(*tasks, return_exceptions=True)
    await app.state.desk.aclose()


def application(ctx: Context) -> FastAPI:
    app = FastAPI(title="Crisis hotline", openapi_url="/api/openapi.json", docs_url=None, redoc_url=None)
    app.state.context = ctx
    mount(app, ctx)
    return app


def _url(stores: Stores, name: str) -> str:
    return make_url(stores.database_url).set(database=name).render_as_string(hide_password=False)


async def _admin(stores: Stores, statement: str) -> None:
    host = make_url(stores.database_url).query["host"]
    connection = await asyncpg.connect(host=host, user="postgres", database="postgres", timeout=5)
    await connection.execute(statement)
    await connection.close()
