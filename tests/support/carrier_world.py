"""The emulator with a tiny application under it, on the virtual clock: for tests from the carrier's documentation."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from twilio.jwt.access_token import AccessToken
from twilio.jwt.access_token.grants import VoiceGrant
from twilio.request_validator import RequestValidator

from telephony.clock import Clock, VirtualClock
from telephony.emulator import Assumptions, Faults, Leg, Network, Phone, Softphone

LINE = "+12025550100"
CALLER = "+12025550123"
BACKUP = "+12025550177"
APPLICATION = "AP" + "1" * 32
ALL_EVENTS = "start end join leave mute hold modify announcement"


@dataclass
class Asked:
    """One request that reached the application."""

    path: str
    method: str
    query: dict[str, str]
    form: dict[str, str]
    headers: dict[str, str]
    signed: bool
    at: float

    @property
    def event(self) -> str:
        return self.form.get("StatusCallbackEvent") or self.form.get("CallStatus", "")


Reply = str | web.Response | Callable[[Asked], Any]


def twiml(body: str, **options: Any) -> web.Response:
    return web.Response(text=f"<Response>{body}</Response>", content_type="text/xml", **options)


def conference(
    name: str = "room", label: str = "", dial: str = "", tail: str = "", events: str = ALL_EVENTS, **flags: str
) -> str:
    attributes = {"waitUrl": "", "participantLabel": label} | flags
    said = "".join(f' {k}="{v}"' for k, v in attributes.items() if v or k == "waitUrl")
    noun = f'<Conference{said} statusCallback="/room" statusCallbackEvent="{events}">{name}</Conference>'
    return f"<Dial {dial}>{noun}</Dial>{tail}"


@dataclass
class World:
    """Everything a test touches. `docs[path]` is what the application answers there (a list: in turn)."""

    net: Network
    clock: Clock
    docs: dict[str, Any]
    asked: list[Asked] = field(default_factory=list[Asked])
    base: str = ""
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def url(self, path: str) -> str:
        return path if "://" in path else self.base + path

    def to(self, path: str) -> list[Asked]:
        return [a for a in self.asked if a.path == path]

    def events(self, path: str) -> list[str]:
        return [a.event for a in self.to(path)]

    def warnings(self) -> list[int]:
        return [e.data["code"] for e in self.net.ledger.of("warning")]

    def ended(self, leg: Leg) -> dict[str, Any]:
        return self.net.ledger.of("leg.ended", leg.sid)[0].data

    def heard(self, leg: Leg) -> list[str]:
        return [h.text for h in leg.heard]

    def said(self, leg: Leg, text: str) -> float:
        """When it was heard."""
        return next(h.at for h in leg.heard if text in h.text)

    async def until(self, condition: Callable[[], Any], within: float = 60.0) -> None:
        """Wait until the application has been asked what makes the condition true (domain time)."""
        deadline = self.clock.now() + within
        while not condition():
            assert self.clock.now() < deadline, (
                f"not within {within} s; asked was {[(a.path, a.event) for a in self.asked]}"
            )
            await self.clock.sleep(0.05)

    async def calls(self, first: Reply | None = None, **number: str) -> tuple[Phone, Leg]:
        """A caller dials the line, whose voice URL answers with `first`."""
        if first is not None:
            self.docs["/voice"] = first
        phone = self.net.phone(CALLER)
        self.line(**number)
        return phone, await phone.dials(LINE)

    def line(self, **number: str) -> None:
        for owned in [n.sid for n in self.net.numbers.values() if n.phone_number == LINE]:
            del self.net.numbers[owned]
        urls = {k: v if k.endswith("method") else self.url(v) for k, v in ({"voice_url": "/voice"} | number).items()}
        self.net.add_number(LINE, **urls)

    def softphone(self, identity: str = "s1", path: str = "/leg", **application: str) -> tuple[Softphone, str]:
        """A softphone, and a token with which it may dial the application at `path`."""
        if APPLICATION not in self.net.applications:
            self.net.add_application(APPLICATION, voice_url=self.url(path), **application)
        return self.net.softphone(identity), self.token(identity)

    def token(self, identity: str, secret: str = "", app: str = APPLICATION, until: int = 2_000_000_000) -> str:
        token = AccessToken(
            self.net.account_sid, self.net.api_key, secret or self.net.api_secret, identity=identity, valid_until=until
        )
        token.add_grant(VoiceGrant(incoming_allow=True, outgoing_application_sid=app))
        return token.to_jwt()

    async def in_room(self, identity: str, doc: str) -> Leg:
        """A specialist dials in and is in the room that the document names."""
        soft, token = self.softphone(identity)
        self.docs["/leg"] = doc
        leg = await soft.connect(token, {"offer": "o1"})
        await leg.wait_in_room()
        return leg

    async def reply(self, request: web.Request) -> web.StreamResponse:
        form = {k: str(v) for k, v in (await request.post()).items()}
        url = self.base + request.path_qs
        signature = request.headers.get("X-Twilio-Signature", "")
        signed = RequestValidator(self.net.auth_token).validate(url, form, signature)
        asked = Asked(
            request.path, request.method, dict(request.query), form, dict(request.headers), signed, self.clock.now()
        )
        self.asked.append(asked)
        reply: Any = self.docs.get(request.path, web.Response(status=204))
        if isinstance(reply, list):
            reply = reply.pop(0) if len(reply) > 1 else reply[0]
        if callable(reply):
            reply = reply(asked)
        if isinstance(reply, Awaitable):
            reply = await reply
        if isinstance(reply, str):
            return twiml(reply)
        return reply if not isinstance(reply, web.Response) else _fresh(reply)


def _fresh(reply: web.Response) -> web.Response:
    return web.Response(status=reply.status, headers=reply.headers, body=reply.body)


@contextlib.asynccontextmanager
async def carrier_world(
    assumptions: Assumptions | None = None,
    faults: Faults | None = None,
    seed: int = 1,
    clock: Clock | None = None,
    **options: Any,
) -> AsyncIterator[World]:
    """Run the emulator and the tiny application; nothing may have crashed, and every request was signed."""
    clock = clock or VirtualClock()
    ticking = asyncio.create_task(clock.run()) if isinstance(clock, VirtualClock) else None
    net = Network(clock=clock, rng=random.Random(seed), assumptions=assumptions, faults=faults, **options)
    world = World(net, clock, {})
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", world.reply)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    world.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield world
        assert net.crashes == []
        assert all(a.signed for a in world.asked)
    finally:
        await net.stop()
        await runner.cleanup()
        if ticking is not None:
            ticking.cancel()
