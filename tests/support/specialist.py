"""A simulated specialist: a console's beats, offers and softphone, through the public API only."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any

import httpx

from app.context import Context
from telephony.emulator import Network
from telephony.emulator.legs import Leg

#: Seconds between beats, idle and in a call (section P).
IDLE_BEAT_S, CALL_BEAT_S = 5.0, 2.0
#: Seconds of real time that one request may take.
REQUEST_S = 10


class Specialist:
    """One person at one console. `plan` says what they do with an offer: `answer`, `decline`, `ignore` or `silent`
    (does not even acknowledge)."""

    def __init__(self, ctx: Context, net: Network, spec: str, login: str, password: str) -> None:
        self.spec, self.plan, self.reaction_s = spec, "answer", 1.0
        self.presence = "available"
        self.wraps_after: float | None = 2.0
        self.offers: list[dict[str, Any]] = []
        self.over: list[dict[str, Any]] = []
        self.messages: list[dict[str, Any]] = []
        self.leg: Leg | None = None
        self.call = ""
        self._ctx, self._login, self._password = ctx, login, password
        self._told: dict[str, Any] | None = None
        self._on_screen = ""
        self._soft = net.softphone(spec)
        self._http = httpx.AsyncClient(base_url=ctx.settings.public_url, timeout=REQUEST_S)
        self._tasks: set[asyncio.Task[None]] = set()

    # -- the console
    async def signs_in(self, *, ready: bool = True) -> None:
        who = await self.asks("POST", "/api/session", login=self._login, password=self._password)
        self._http.headers["X-CSRF"] = who["csrf"]
        self.presence = "available" if ready else "offline"
        await self.asks("PUT", "/api/presence", presence=self.presence)
        listening = asyncio.Event()
        self._begin(self._listen(listening))
        await listening.wait()
        await self._beat()
        self._begin(self._beats())

    async def asks(self, method: str, path: str, **body: Any) -> dict[str, Any]:
        """One request; a refusal is an `httpx.HTTPStatusError`."""
        with self._ctx.clock.busy():
            answer = await self._http.request(method, path, json=body if method != "GET" else None)
            answer.raise_for_status()
            return answer.json() if answer.content else {}

    async def is_now(self, presence: str) -> None:
        self.presence = presence
        await self.asks("PUT", "/api/presence", presence=presence)

    async def _beats(self) -> None:
        while True:
            await self._ctx.clock.sleep(CALL_BEAT_S if self.call else IDLE_BEAT_S)
            with contextlib.suppress(httpx.HTTPError):
                await self._beat()

    async def _beat(self) -> None:
        hears = 0 if self.leg is not None and self.leg.live and not self.leg.dead and self.leg.room else None
        await self.asks(
            "POST",
            "/api/beat",
            presence=self.presence,
            offer=self._on_screen,
            call=self.call,
            rtp_age_ms=hears,
            told=self._told if self.call else None,
            touched=True,
        )

    async def _listen(self, listening: asyncio.Event) -> None:
        async with self._http.stream("GET", "/api/live", timeout=None) as stream:
            listening.set()
            async for line in stream.aiter_lines():
                if line.startswith("data:"):
                    self._hear(json.loads(line[5:]))

    def _hear(self, message: dict[str, Any]) -> None:
        self.messages.append(message)
        if message["type"] == "offer" and all(o["offer"] != message["offer"] for o in self.offers):
            self.offers.append(message)
            self._on_screen = message["offer"]
            self._begin(self._deal_with(message["offer"]))
        elif message["type"] == "offer_over":
            self.over.append(message)
            self._on_screen = "" if self._on_screen == message["offer"] else self._on_screen
        elif message["type"] == "call":
            self._know(message)

    def _know(self, call: dict[str, Any]) -> None:
        """What goes back in beats (P4)."""
        if call.get("id") == self.call and call.get("told"):
            self._told = call["told"]

    # -- offers and calls
    async def _deal_with(self, offer: str) -> None:
        with contextlib.suppress(httpx.HTTPStatusError):
            if self.plan == "silent":
                return
            await self.asks("POST", f"/api/offers/{offer}/ack")
            await self._ctx.clock.sleep(self.reaction_s)
            if self.plan == "decline":
                await self.asks("POST", f"/api/offers/{offer}/decline", reason="not_now")
            elif self.plan == "answer":
                await self.answers(offer)

    async def answers(self, offer: str) -> None:
        """Accept, dial in, say that the room is heard, and wrap up when the leg is over."""
        won = await self.asks("POST", f"/api/offers/{offer}/accept", tab="tab")
        await self.comes_in(won)

    async def rejoins(self) -> None:
        """After the device has come back: a new leg for the same engagement (L6)."""
        await self.comes_in(await self.asks("POST", f"/api/calls/{self.call}/rejoin", tab="tab"))

    async def comes_in(self, won: dict[str, Any]) -> None:
        self.call, self._on_screen = won["call"], ""
        token = (await self.asks("POST", "/api/softphone-token"))["token"]
        self.leg = leg = await self._soft.connect(token, won["app_params"])
        self._begin(self._afterwards(leg))
        await leg.wait_in_room()
        if leg.room:
            await self.asks("POST", f"/api/calls/{self.call}/media")
            await self._beat()

    async def _afterwards(self, leg: Leg) -> None:
        await leg.wait_ended()
        if self.leg is not leg or leg.dead or self.wraps_after is None:
            return
        await self._ctx.clock.sleep(self.wraps_after)
        with contextlib.suppress(httpx.HTTPStatusError):
            await self.asks("POST", "/api/wrap-up/done")
        if self.leg is leg:
            self.call, self._told = "", None

    async def hangs_up(self) -> None:
        assert self.leg
        await self.leg.hangs_up()

    async def device_dies(self) -> None:
        """No goodbye: the leg hangs in the network, the beats stop."""
        assert self.leg
        self.leg.dies()
        await self.goes_away()

    async def goes_away(self) -> None:
        """The console is closed."""
        tasks, self._tasks = self._tasks, set()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _begin(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
