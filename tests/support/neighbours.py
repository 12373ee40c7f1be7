"""Two hotlines in one process, their accounts joined by a trunk: databases, folders and keys of their own."""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from app.demo.world import Front, running
from app.embedded import Stores
from app.lines import SHIPPED
from app.links import Links
from app.main import compose, create_app
from telephony.clock import VirtualClock
from telephony.emulator import Network
from telephony.emulator.rest_server import LoopServer
from telephony.emulator.trunk import Trunk
from tests.conftest import NUMBERS as UNUSED
from tests.conftest import TEMPLATE, admin, url_of
from tests.support.hotline import BACKUP, Hotline, _test_clock, settings_for

#: Of each: what callers ring, what partners ring, what agencies see.
NUMBERS = {
    "a": ("+12025550100", "+12025550103", "+12025550109"),
    "b": ("+12025550101", "+12025550102", "+12025550108"),
}
ACCOUNTS = {"a": "AC" + "a" * 32, "b": "AC" + "b" * 32}
APPS = {"a": "AP" + "a" * 32, "b": "AP" + "b" * 32}


#: What the operators of the two have agreed on.
PAIR_KEY = "a key that only these two hotlines share 0123456789"


class Neighbour(Hotline):
    """One of two hotlines; its callers ring its own number."""

    number = ""

    async def caller(self, *, to: str = "", withheld: bool = False) -> Any:
        return await super().caller(to=to or self.number, withheld=withheld)


Two = dict[str, Neighbour]
Lines = Callable[[str, Mapping[str, str]], dict[str, Any]]
"""The lines file of a hotline, by its name and all public addresses."""


def plain_lines(name: str, _addresses: Mapping[str, str]) -> dict[str, Any]:
    """The lines that ship, on the hotline's own number."""
    raw = json.loads(SHIPPED.read_text())
    raw["lines"]["main"]["number"] = NUMBERS[name][0]
    return raw


def _lines_file(path: Path, raw: Mapping[str, Any]) -> Path:
    path.write_text(json.dumps(raw))
    return path


@asynccontextmanager
async def two_hotlines(stores: Stores, folder: Path, lines: Lines = plain_lines) -> AsyncIterator[Two]:
    """Hotlines `a` and `b`, each with a database of its own on the shared server."""
    names = {name: f"{name}{next(UNUSED)}" for name in NUMBERS}
    databases = {name: url_of(stores, f"hotline_{of}") for name, of in names.items()}
    for of in names.values():
        await admin(stores, f"CREATE DATABASE hotline_{of} TEMPLATE {TEMPLATE}")
    async with neighbours(stores, databases, folder, names, lines) as hotlines:
        yield hotlines
    for of in names.values():
        await admin(stores, f"DROP DATABASE IF EXISTS hotline_{of} WITH (FORCE)")


@asynccontextmanager
async def neighbours(
    stores: Stores,
    databases: Mapping[str, str],
    folder: Path,
    names: Mapping[str, str],
    lines: Lines,
) -> AsyncIterator[Two]:
    """Hotlines `a` and `b` on databases that are there."""
    clock, rng = VirtualClock(), random.Random(7)
    nets = {name: Network(clock=clock, rng=rng, account_sid=account) for name, account in ACCOUNTS.items()}
    nets["a"].connect(NUMBERS["b"][1], Trunk(nets["b"]))
    nets["b"].connect(NUMBERS["a"][1], Trunk(nets["a"]))
    fronts, hotlines = dict[str, Front](), Two()
    servers: list[LoopServer] = []
    addresses: dict[str, str] = {}
    for name in NUMBERS:
        fronts[name] = Front()
        servers.append(LoopServer(fronts[name]))
        addresses[name] = await servers[-1].start()
    for name, (number, passed, agencies) in NUMBERS.items():
        net = nets[name]
        api_url = await net.start("127.0.0.1", 0)
        made = settings_for(net, api_url, addresses[name], stores, databases[name], names[name], folder / name, BACKUP)
        own: dict[str, Any] = {
            "secret_key": SecretStr(f"a key that only hotline {name} would ever use 0123456789"),
            "twilio_app_sid": APPS[name],
            "emergency_caller_id": agencies,
            "outbound_caller_id": number,
            "lines_file": _lines_file(folder / f"{name}.json", lines(name, addresses)),
            "partner_keys": SecretStr(json.dumps({other: PAIR_KEY for other in NUMBERS if other != name})),
        }
        ctx = compose(made.model_copy(update=own), clock=clock)
        await _test_clock(ctx)
        _own_numbers(net, Links(addresses[name]), tuple(n for n in (number, passed, agencies) if n), APPS[name])
        fronts[name].app = create_app(context=ctx)
        hotlines[name] = Neighbour(ctx, net, stores, rng)
        hotlines[name].number = number
        hotlines[name]._numbers = iter(range(*{"a": (10, 50), "b": (50, 90)}[name]))
    async with AsyncExitStack() as stack:
        for front in fronts.values():
            await stack.enter_async_context(front.app.router.lifespan_context(front.app))
        await stack.enter_async_context(running(clock))
        await clock.sleep(2)  # connections are made: one that is cut off while it is made keeps a loop from ending
        try:
            yield hotlines
        finally:
            for person in (person for hotline in hotlines.values() for person in hotline.people):
                await person.goes_away()
            for net in nets.values():
                await net.stop()
    for server in servers:
        await server.stop()


def _own_numbers(net: Network, links: Links, numbers: tuple[str, ...], app: str) -> None:
    for number in numbers:
        net.add_number(number, voice_url=links.voice(), voice_fallback_url=links.home(), status_callback=links.status())
    net.add_application(app, voice_url=links.leg(), status_callback=links.status(app=1))
