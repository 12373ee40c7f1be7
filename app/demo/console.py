"""A console's wire: the session, requests, beats and the live stream, through the public API only."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Coroutine
from typing import Any

import aiohttp

from app.demo.director import Director
from app.demo.log import Shown
from telephony.emulator import Leg

#: Seconds between beats, idle and in a call (section P).
IDLE_BEAT_S, CALL_BEAT_S = 5.0, 2.0
#: Seconds of real time that one request may take.
REQUEST_S = 10.0
#: Bytes of the stream's longest line: the lead's view of some thousand calls.
LINE_BYTES = 4 << 20
#: Seconds, real ones, until a stream that broke is opened again, and until a refused sign-in is tried again.
AGAIN_S = 0.5
#: Seconds for which a person tries again what a store's absence refused (S4); what is not tried: the next comes anyway.
PATIENCE_S = 40.0
#: Seconds after which a clinical fact that is not known to be recorded is sent again (S4).
SEND_AGAIN_S = 5.0
AWAY = frozenset({0, 503})
ONCE = frozenset({"/api/beat", "/api/board", "/api/session"})


class Refused(Exception):
    """The API would not do it."""

    def __init__(self, status: int, *, unsure: bool = False) -> None:
        super().__init__(str(status))
        self.status = status
        self.unsure = unsure
        """An earlier try was not answered, and may have done it."""


class Console:
    """One browser window of one person. Subclasses say what the person does."""

    def __init__(self, director: Director, base_url: str, spec: str, login: str, password: str) -> None:
        self.director, self.clock, self.log = director, director.clock, director.log
        self.spec, self.presence = spec, "available"
        self.leg: Leg | None = None
        self.call, self.duty = "", "idle"
        self.told: dict[str, Any] | None = None
        self.shown: dict[str, Shown] = {}
        self.touched = True
        self.open = False
        self.kept: dict[str, tuple[str, dict[str, Any]]] = {}
        """Facts that are saved and not yet recorded, by id: where each goes, and its copy."""
        self._base_url, self._login, self._password = base_url, login, password
        self._http: aiohttp.ClientSession | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    # -- the window

    async def sign_in(self) -> None:
        """Open the window: a session, presence, the live stream, beats."""
        http = self._http = aiohttp.ClientSession(
            self._base_url,
            timeout=aiohttp.ClientTimeout(REQUEST_S),
            read_bufsize=LINE_BYTES,
            cookie_jar=aiohttp.CookieJar(unsafe=True),  # the hotline's address is a number here
        )
        while True:
            with contextlib.suppress(Refused):
                who = await self.ask("POST", "/api/session", login=self._login, password=self._password)
                http.headers["X-CSRF"] = who["csrf"]
                await self.ask("PUT", "/api/presence", presence=self.presence)
                break
            await asyncio.sleep(AGAIN_S)
        self.open = True
        listening = asyncio.Event()
        self.begin(self._listen(listening))
        await listening.wait()
        await self._beat()
        self.begin(self._beats())
        self.begin(self._send_again())

    async def close(self) -> None:
        """The window is gone: no beats, no stream, nothing on screen."""
        self.open = False
        tasks, self._tasks = self._tasks, set()
        tasks.discard(asyncio.current_task())  # type: ignore[arg-type]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for shown in self.shown.values():
            shown.until = shown.until or self.clock.now()
            shown.how = shown.how or "closed"
        self.shown.clear()
        if self._http:
            await self._http.close()

    def begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(self._quietly(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _quietly(self, work: Coroutine[Any, Any, None]) -> None:
        """A refusal ends what the person was about to do, and is written down."""
        with contextlib.suppress(Refused):
            await work

    async def ask(self, method: str, path: str, **body: Any) -> dict[str, Any]:
        """What a person wants done, tried again while a store or process is away; `Refused` where the API will not."""
        end, unsure = self.clock.now() + PATIENCE_S, False
        while True:
            status, said = await self._asked(method, path, body)
            if 0 < status < 400:
                return said
            self._refused(path, status)
            if status not in AWAY or path in ONCE or self.clock.now() > end:
                raise Refused(status, unsure=unsure)
            unsure = True
            await self.clock.sleep(AGAIN_S)

    async def _asked(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """One request: its status, 0 where nothing answered."""
        assert self._http
        with self.clock.busy():
            try:
                async with self._http.request(method, path, json=body or None) as answer:
                    said = await answer.read()
            except (aiohttp.ClientError, TimeoutError, RuntimeError):  # the last: this window was closed meanwhile
                return 0, {}
        return answer.status, json.loads(said) if said else {}

    def _refused(self, path: str, status: int) -> None:
        self.log.refused.append((self.clock.now(), self.spec, path.rpartition("/")[2], status))

    # -- beats (P4)

    async def _beats(self) -> None:
        while True:
            await self.clock.sleep(CALL_BEAT_S if self.call else IDLE_BEAT_S)
            with contextlib.suppress(Refused):
                await self._beat()

    async def _beat(self) -> None:
        hears = self.leg is not None and self.leg.live and not self.leg.dead and self.leg.room is not None
        touched, self.touched = self.touched, False
        await self.ask(
            "POST",
            "/api/beat",
            presence=self.presence,
            offer=next(iter(self.shown), ""),
            call=self.call,
            rtp_age_ms=0 if hears else None,
            told=self.told if self.call else None,
            touched=touched,
        )

    # -- clinical facts (S4)

    async def save(self, path: str, **body: Any) -> None:
        """A fact under its own id: its copy is kept until it is recorded."""
        answer = await self.ask("POST", path, **body)
        if not answer["recorded"]:
            self.kept[body["id"]] = path, body

    async def _send_again(self) -> None:
        while True:
            before = set(self.kept)
            await self.clock.sleep(SEND_AGAIN_S)
            for fact in before & self.kept.keys():
                path, body = self.kept[fact]
                with contextlib.suppress(Refused):
                    if (await self.ask("POST", path, **body))["recorded"]:
                        self.kept.pop(fact, None)

    # -- the live stream

    async def _listen(self, listening: asyncio.Event) -> None:
        assert self._http
        while True:
            with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                async with self._http.get("/api/live", timeout=aiohttp.ClientTimeout(None)) as stream:
                    async for line in stream.content:
                        listening.set()
                        if line.startswith(b"data:"):
                            with self.clock.busy():
                                self._hear(json.loads(line[5:]))
            await asyncio.sleep(AGAIN_S)

    def _hear(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        if kind == "offer" and message["offer"] not in self.shown:
            if self.sees(message):
                shown = Shown(self.spec, message["offer"], message["kind"], self.clock.now())
                self.shown[shown.offer] = shown
                self.log.shown.append(shown)
                self.on_offer(shown, message["arrived_ms"])
        elif kind == "offer_over":
            self.take_off(message["offer"], message["state"])
        elif kind == "asked":
            self.on_asked(message)
        elif kind == "me":
            self._know_me(message)
        elif kind == "call":
            self._know_call(message)
        elif kind == "board":
            self.on_board(message)
        elif kind == "recorded":
            for fact in message["ids"]:
                self.kept.pop(fact, None)

    def take_off(self, offer: str, how: str) -> None:
        """The offer is no longer on screen."""
        shown = self.shown.pop(offer, None)
        if shown:
            shown.until, shown.how = self.clock.now(), how

    def _know_me(self, me: dict[str, Any]) -> None:
        self.duty, self.call = me["duty"], me["call"]
        open_now = {offer["offer"] for offer in me["offers"]}
        for offer in [o for o in self.shown if o not in open_now]:
            self.take_off(offer, "gone")
        if not self.call:
            self.told = None
        self.on_me()

    def _know_call(self, call: dict[str, Any]) -> None:
        if call.get("id") == self.call and call.get("told"):
            self.told = call["told"]
        self.on_call(call)

    # -- what the person does

    def sees(self, offer: dict[str, Any]) -> bool:
        """Whether the window shows it at all: a tab that hangs does not."""
        return bool(offer)

    def on_offer(self, shown: Shown, arrived_ms: int) -> None:
        """An offer has appeared, of a caller who first rang then."""

    def on_me(self) -> None:
        """How the board sees me has changed."""

    def on_call(self, call: dict[str, Any]) -> None:
        """My call has changed."""

    def on_asked(self, asked: dict[str, Any]) -> None:
        """What has become of my asking a colleague in."""

    def on_board(self, board: dict[str, Any]) -> None:
        """Everything, for leads."""


class LeadConsole(Console):
    """The on-call lead, who watches the board (and so tells the director in which state each caller is)."""

    def on_board(self, board: dict[str, Any]) -> None:
        if "calls" in board:
            self.director.states = {call["sid"]: _state(call) for call in board["calls"]}


def _state(call: dict[str, Any]) -> str:
    """The call's, or that its owner and a colleague talk alone."""
    return "private" if call["private"] else call["state"]
