"""A console on a hotline whose parts are killed: it connects and sends again, as a browser's does."""

from __future__ import annotations

import asyncio
import secrets
from typing import Any

import httpx

from app.demo.log import Log, Shown, Told, Won
from app.demo.world import World
from tests.support.specialist import Specialist

#: Seconds, real ones, until a request or stream that broke is tried again, and for how long.
AGAIN_S, PATIENCE_S = 0.3, 40.0
#: What is not sent again: the next beat comes anyway.
ONCE = frozenset({"/api/beat", "/api/board"})


class Console(Specialist):
    """Like its base, and what it saw is written into the run's log for the judge."""

    def __init__(self, world: World, log: Log, spec: str, login: str, password: str) -> None:
        super().__init__(world, world.net, spec, login, password)  # type: ignore[arg-type]  settings and clock are enough
        self.clock, self.log = world.clock, log
        self.logged_off = 0
        """How often a request was refused as signed out (S5)."""
        self._shown: dict[str, Shown] = {}

    async def asks(self, method: str, path: str, **body: Any) -> dict[str, Any]:
        end = self.clock.now() + PATIENCE_S
        while True:
            try:
                return await super().asks(method, path, **body)
            except httpx.HTTPStatusError as error:
                self.logged_off += error.response.status_code == 401
                if error.response.status_code != 503 or path in ONCE or self.clock.now() > end:
                    raise
            except httpx.TransportError:
                if path in ONCE or self.clock.now() > end:
                    raise
            await asyncio.sleep(AGAIN_S)

    async def tries(self, method: str, path: str, **body: Any) -> httpx.Response:
        """One request, once, with whatever comes of it."""
        return await self._http.request(method, path, json=body or None)

    async def _listen(self, listening: asyncio.Event) -> None:
        while True:
            try:
                await super()._listen(listening)
            except httpx.HTTPStatusError as error:
                self.logged_off += error.response.status_code == 401
            except httpx.TransportError:
                pass
            await asyncio.sleep(AGAIN_S)

    def _hear(self, message: dict[str, Any]) -> None:
        if message["type"] == "offer" and message["offer"] not in self._shown:
            shown = Shown(self.spec, message["offer"], message["kind"], self.clock.now())
            self._shown[message["offer"]] = shown
            self.log.shown.append(shown)
        elif message["type"] == "offer_over":
            self._over(message["offer"], message["state"])
        super()._hear(message)

    def _over(self, offer: str, how: str) -> None:
        shown = self._shown.get(offer)
        if shown and shown.until is None:
            shown.until, shown.how = self.clock.now(), how

    async def comes_in(self, won: dict[str, Any]) -> None:
        if won["offer"]:
            self._over(won["offer"], "accepted")
            self.log.won.append(Won(self.spec, won["offer"], won["call"], self.clock.now()))
        await super().comes_in(won)

    async def records_risk(self, call: str) -> bool:
        """A judgement, saved by the board; whether it was already in the record when that was answered."""
        fact = "x" + secrets.token_hex(6)
        said = {"at": "during", "screened": "moderate", "judged": "low", "imminent": False, "rationale": "simulated"}
        saved = await self.asks("POST", f"/api/calls/{call}/risk", id=fact, **said)
        assert saved["saved"]
        self.log.told.append(Told(fact, "risk", call, self.spec, self.clock.now()))
        return saved["recorded"]

    @property
    def recorded(self) -> set[str]:
        """Facts that the live stream has called recorded."""
        return {fact for m in self.messages if m["type"] == "recorded" for fact in m["ids"]}
