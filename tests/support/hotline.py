"""The whole thing in one process: the hotline, its stores, the emulated carrier, telephones and simulated specialists.

    async with running_hotline(stores, database_url, name, folder) as h:
        maria = await h.specialist()
        caller = await h.caller()
        await caller.hears("crisis line")

Everything goes over real HTTP; with `virtual=True` (the default) time jumps when nothing is in flight (T4).
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from app.context import Context
from app.demo.world import Front, running
from app.embedded import Stores
from app.links import Links
from app.main import compose, create_app
from app.people.admin import create_person
from app.people.passwords import hash_now
from app.settings import Settings
from routing.board import BoardAway, CallView
from telephony.clock import Clock, RealClock, VirtualClock
from telephony.emulator import Assumptions, Faults, Network, Phone
from telephony.emulator.rest_server import LoopServer
from tests.support.specialist import Specialist

NUMBER = "+12025550100"
AGENCY_SEES = "+12025550109"
BACKUP = ("+12025550190", "+12025550191")
APP = "AP" + "a" * 32
PASSWORD = "correct horse battery staple"
HASH = hash_now(PASSWORD)
#: Seconds of the clock between two looks of `eventually`.
LOOK_S = 0.1
#: Real seconds for the test's Redis to answer at all.
FIRST_S = 30.0


class Hotline:
    """A running hotline and its carrier."""

    def __init__(self, ctx: Context, net: Network, stores: Stores, rng: random.Random) -> None:
        self.ctx, self.net, self.stores, self.rng = ctx, net, stores, rng
        self.clock: Clock = ctx.clock
        self.people: list[Specialist] = []
        self._numbers = iter(range(10, 90))

    # -- who takes part
    async def caller(self, *, to: str = NUMBER, withheld: bool = False) -> Phone:
        """Somebody with a telephone of their own rings the hotline."""
        phone = self.net.phone(f"+120255501{next(self._numbers):02}")
        await phone.dials(to, withheld=withheld)
        return phone

    async def specialist(self, *, role: str = "specialist", ready: bool = True, **about: Any) -> Specialist:
        """Somebody who has signed in at a console; `ready` to be offered calls."""
        login = f"person{len(self.people) + 1}"
        fields = {"level": "senior", "languages": ("en", "es"), "always_on": True, **about}
        async with self.ctx.sessions() as store:
            person = await create_person(
                store, self.ctx.secrets, login=login, name=login, role=role, password_hash=HASH, **fields
            )
            await store.commit()
        someone = Specialist(self.ctx, self.net, person.id, login, PASSWORD)
        self.people.append(someone)
        await someone.signs_in(ready=ready)
        return someone

    def backup_phone(self, index: int = 0) -> Phone:
        """A telephone of the backup line."""
        return self.net.phone(BACKUP[index])

    def presses_one(self, phone: Phone) -> Callable[[Any], Coroutine[Any, Any, None]]:
        """What a human at the backup line does with the screening words."""

        async def listen(_leg: Any) -> None:
            await phone.hears("press 1", within=20)
            await phone.presses("1")

        return listen

    @staticmethod
    def handoff(number: str) -> dict[str, Any]:
        """A handoff that a specialist opens and has dialled."""
        return {"id": "h0123456789ab", "to": number, "dial": True, "why": "attempt_in_progress", "consent": "given"}

    # -- looking
    async def call_of(self, phone: Phone) -> CallView | None:
        from app.flow import call_id

        assert phone.leg
        call = call_id(self.ctx.settings, phone.leg.sid)
        return await self.ctx.moved(lambda: self.ctx.board.call(call))

    async def state_of(self, phone: Phone) -> str:
        view = await self.call_of(phone)
        return view.state if view else "unknown"

    async def until_state(self, phone: Phone, *states: str, within: float = 60.0) -> CallView:
        async def reached() -> CallView | None:
            view = await self.call_of(phone)
            return view if view and view.state in states else None

        found = await self.eventually(reached, within=within, what=f"state {states}")
        assert isinstance(found, CallView)
        return found

    async def eventually(
        self, condition: Callable[[], Any | Awaitable[Any]], *, within: float = 30.0, what: str = "it"
    ) -> Any:
        """Wait (domain time) until the condition is true, and return what it gave."""
        end = self.clock.now() + within
        while True:
            with self.clock.busy():
                try:
                    seen = condition()
                    seen = await seen if asyncio.iscoroutine(seen) else seen
                except BoardAway:
                    seen = None
            if seen:
                return seen
            assert self.clock.now() < end, f"{what} did not happen within {within} s"
            await self.clock.sleep(LOOK_S)

    def talking(self, phone: Phone, specialist: Specialist) -> bool:
        """The two hear each other now."""
        mine, theirs = phone.leg, specialist.leg
        if mine is None or theirs is None:
            return False
        return theirs.sid in mine.can_hear() and mine.sid in theirs.can_hear()

    async def until_talking(self, phone: Phone, within: float = 60.0) -> Specialist:
        """Whoever comes to talk with that caller."""
        return await self.eventually(
            lambda: next((s for s in self.people if self.talking(phone, s)), None),
            within=within,
            what="a conversation",
        )

    def ledger(self, *kinds: str) -> list[Any]:
        return [entry for entry in self.net.ledger.entries if not kinds or entry.kind in kinds]

    async def events(self, kind: str = "", call: str = "") -> list[Any]:
        found = await self.ctx.board.events("0", count=100_000)
        return [e for e in found if e.kind.startswith(kind) and call in ("", e.call)]

    async def passes(self, seconds: float) -> None:
        await self.clock.sleep(seconds)


@asynccontextmanager
async def running_hotline(
    stores: Stores,
    database_url: str,
    name: str,
    folder: Path,
    *,
    virtual: bool = True,
    seed: int = 7,
    assumptions: Assumptions | None = None,
    faults: Faults | None = None,
    backup: tuple[str, ...] = BACKUP,
    **settings: Any,
) -> AsyncIterator[Hotline]:
    """A hotline with its carrier; everything has ended when the block is left."""
    rng = random.Random(seed)
    clock: Clock = VirtualClock() if virtual else RealClock()
    net = Network(clock=clock, rng=rng, assumptions=assumptions or Assumptions(), faults=faults or Faults())
    front = Front()
    server = LoopServer(front)
    public_url = await server.start()
    made = settings_for(net, await net.start("127.0.0.1", 0), public_url, stores, database_url, name, folder, backup)
    ctx = compose(made.model_copy(update=settings), clock=clock)
    if virtual:
        await _test_clock(ctx)
    own_numbers(net, Links(public_url))
    front.app = create_app(context=ctx)
    hotline = Hotline(ctx, net, stores, rng)
    async with front.app.router.lifespan_context(front.app), running(clock):
        try:
            yield hotline
        finally:
            for person in hotline.people:
                await person.goes_away()
            await net.stop()
    await server.stop()


async def _test_clock(ctx: Context) -> None:
    """The very first exchange with the server: on a busy machine it may miss its 0.8 s (S1) more than once."""
    async with asyncio.timeout(FIRST_S):
        while True:
            try:
                return await ctx.board.allow_test_clock()
            except BoardAway:
                await asyncio.sleep(LOOK_S)


def settings_for(
    net: Network,
    api_url: str,
    public_url: str,
    stores: Stores,
    database_url: str,
    name: str,
    folder: Path,
    backup: tuple[str, ...],
) -> Settings:
    return Settings(
        name=name,
        public_url=public_url,
        database_url=database_url,
        redis_url=stores.redis_url,
        data_dir=folder,
        secret_key=SecretStr("a key that only tests would ever use 0123456789"),
        twilio_account_sid=net.account_sid,
        twilio_auth_token=SecretStr(net.auth_token),
        twilio_api_key=net.api_key,
        twilio_api_secret=SecretStr(net.api_secret),
        twilio_app_sid=APP,
        twilio_api_url=api_url,
        emergency_caller_id=AGENCY_SEES,
        outbound_caller_id=NUMBER,
        backup_numbers=list(backup),
        log_level="warning",
    )


def own_numbers(net: Network, links: Links) -> None:
    """What `hotline provision` sets at the carrier."""
    for number in (NUMBER, AGENCY_SEES):
        net.add_number(number, voice_url=links.voice(), voice_fallback_url=links.home(), status_callback=links.status())
    net.add_application(APP, voice_url=links.leg(), status_callback=links.status(app=1))
