"""A telephone in a page, at `/telephone`: a person dials, is rung, listens, presses keys and talks.

The page and this module talk over a WebSocket at `/telephone/line?number=…`, in JSON. The page says `dial` (with an
offer), `accept` (with an offer), `decline`, `key` and `hangup`; we say `ready`, `incoming`, `answer`, `state`,
`caption`, `over` and `refused`.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from starlette.routing import BaseRoute, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from telephony.emulator.media import pages, tones
from telephony.emulator.media.line import Line

if TYPE_CHECKING:
    from telephony.emulator.legs import Leg
    from telephony.emulator.media.exchange import Exchange
    from telephony.emulator.phones import Phone

#: A number as the page may have or dial it.
NUMBER = re.compile(r"\+[1-9]\d{6,14}")
#: Seconds between two looks at who is heard: a room does not tell the legs that are in it already.
LOOK_S = 0.2
#: Seconds that a page's last connection may take to close when it is loaded again.
RELOAD_S = 1.0
#: A WebSocket's closing codes: not allowed, and what was asked is not possible.
_FORBIDDEN, _IMPOSSIBLE = 4403, 4409

Message = dict[str, Any]


class Telephones:
    """The telephone pages of one network: one page a number."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._taken: set[str] = set()

    async def serve(self, socket: WebSocket) -> None:
        """One page, until it is closed."""
        number = socket.query_params.get("number", "")
        await socket.accept()
        net = self._exchange.net
        if urlsplit(socket.headers.get("origin", "")).netloc != socket.headers.get("host"):
            await socket.close(_FORBIDDEN, "another site's page")
        elif not NUMBER.fullmatch(number) or net.number(number) is not None:
            await socket.close(_IMPOSSIBLE, "not a number that a telephone here can have")
        elif not await self._free(number):
            await socket.close(_IMPOSSIBLE, "another page is this telephone")
        else:
            self._taken.add(number)
            try:
                await Telephone(self._exchange, socket, net.phone(number)).run()
            finally:
                self._taken.discard(number)

    async def _free(self, number: str) -> bool:
        """Whether no other page is this telephone; one that is being reloaded is given time to go."""
        deadline = time.monotonic() + RELOAD_S
        while number in self._taken and time.monotonic() < deadline:  # noqa: ASYNC110 - a second at most, and rarely
            await asyncio.sleep(LOOK_S)
        return number not in self._taken


class Telephone:
    """One page's telephone."""

    def __init__(self, exchange: Exchange, socket: WebSocket, phone: Phone) -> None:
        self._exchange = exchange
        self._net = exchange.net
        self._socket = socket
        self._phone = phone
        self._leg: Leg | None = None
        """The call it rings for, or is in."""
        self._does: dict[str, Callable[[Message], Awaitable[None]]] = {
            "dial": self._dial,
            "accept": self._accept,
            "decline": self._decline,
            "key": self._key,
            "hangup": self._hangup,
        }

    async def run(self) -> None:
        """Be this telephone until the page closes; then the receiver is put down."""
        await self._say(
            "ready", number=self._phone.address, lines=sorted(n.phone_number for n in self._net.numbers.values())
        )
        try:
            with self._phone.attended(self._rings):
                while True:
                    await self._receive(await self._socket.receive_text())
        except (WebSocketDisconnect, RuntimeError):
            return
        finally:
            if self._leg is not None:
                await self._end(self._leg)

    async def _receive(self, text: str) -> None:
        try:
            message = cast("Message", json.loads(text))
            does = self._does[message["type"]]
        except (ValueError, KeyError, TypeError):
            return
        await does(message)

    async def _say(self, kind: str, /, **facts: object) -> None:
        try:
            await self._socket.send_text(json.dumps({"type": kind, **facts}))
        except (WebSocketDisconnect, RuntimeError):
            return

    # ------------------------------------------------------------ what the person does

    async def _dial(self, message: Message) -> None:
        to = re.sub(r"[^+\d]", "", str(message.get("to", "")))
        if self._exchange.full:
            await self._say("refused", why="full")
        elif self._net.number(to) is None:
            await self._say("refused", why="nobody")
        elif self._leg is None:
            leg = await self._phone.dials(to, withheld=bool(message.get("withheld")))
            await self._connect(leg, str(message.get("sdp", "")))

    async def _accept(self, message: Message) -> None:
        leg = self._leg
        if leg is None or leg.status != "ringing":
            return
        if self._exchange.full:
            await self._say("refused", why="full")
            return
        await self._connect(leg, str(message.get("sdp", "")))
        leg.accept()

    async def _decline(self, _: Message) -> None:
        if self._leg is not None and self._leg.status == "ringing":
            self._leg.decline("busy")

    async def _key(self, message: Message) -> None:
        digit = str(message.get("digit", ""))
        if self._leg is not None and digit in tones.KEYS:
            await self._leg.presses(digit)

    async def _hangup(self, _: Message) -> None:
        if self._leg is not None:
            await self._leg.hangs_up()

    async def _end(self, leg: Leg) -> None:
        if leg.status == "ringing" and leg.direction != "inbound":
            leg.decline("busy")
        else:
            await leg.hangs_up()

    # ------------------------------------------------------------ calls

    def _rings(self, leg: Leg) -> None:
        leg.settled.set()
        self._leg = leg
        self._net.spawn(self._told_of_ringing(leg))

    async def _told_of_ringing(self, leg: Leg) -> None:
        await self._say("incoming", number=leg.from_)
        await leg.wait_answered()
        if not leg.live:
            await self._over(leg)

    async def _connect(self, leg: Leg, offer: str) -> None:
        """Give the call its sound, and tell the page about it until it is over."""
        self._leg, line = leg, Line()
        self._exchange.connect(leg, line)
        self._net.spawn(self._follow(leg))
        try:
            await self._say("answer", sdp=await line.answer(offer))
        except ValueError:
            await self._say("refused", why="media")
            await self._end(leg)

    async def _follow(self, leg: Leg) -> None:
        telling, ringing = self._net.spawn(self._tell(leg)), self._net.spawn(self._ring(leg))
        await leg.wait_ended()
        telling.cancel()
        ringing.cancel()
        await self._exchange.disconnect(leg)
        await self._over(leg)

    async def _over(self, leg: Leg) -> None:
        if self._leg is leg:
            self._leg = None
        await self._say("over", status=leg.status)

    async def _ring(self, leg: Leg) -> None:
        """The ringing tone, until the far end answers."""
        if leg.direction == "inbound":
            with self._exchange.playing(leg, tones.ringing(), 0):
                await leg.wait_answered()

    async def _tell(self, leg: Leg) -> None:
        """Captions of what is heard, and whether somebody is there."""
        told, state = 0, ("", 0)
        while True:
            for heard in leg.heard[told:]:
                await self._say("caption", what=heard.what, text=heard.text if heard.what != "play" else "")
            told = len(leg.heard)
            now = (leg.status, len(leg.can_hear()))
            if now != state:
                state = now
                await self._say("state", status=now[0], people=now[1])
            await asyncio.sleep(LOOK_S)


def routes(exchange: Exchange) -> list[BaseRoute]:
    """The page, its files and its line."""
    return [WebSocketRoute("/telephone/line", Telephones(exchange).serve), *pages.routes()]
