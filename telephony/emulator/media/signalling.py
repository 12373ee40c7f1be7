"""The far side of the carrier's browser SDK: its messages over a WebSocket at `/signal`.

Each message is `{"type", "version", "payload"}`. The SDK says `listen` (with its token, again whenever it is renewed),
`register`, `invite` (an offer and the parameters of `connect`; with a `reconnect` token after a lost connection),
`reinvite` (a new offer in mid-call), `hangup`, `dtmf` and `message`; we say `connected`, `ready`, `ringing`, `answer`,
`hangup`, `ack` and `error`.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl

from starlette.routing import BaseRoute, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from telephony.emulator.media.exchange import FULL
from telephony.emulator.media.line import Line
from telephony.emulator.softphones import Softphone, TokenRefused, identity_in

if TYPE_CHECKING:
    from telephony.emulator.legs import Leg
    from telephony.emulator.media.exchange import Exchange

VERSION = "1.6"
#: Seconds between two heartbeats; the SDK gives a silent connection up after 15.
HEARTBEAT_S = 5.0
#: Seconds without a connection and without a packet after which a softphone is taken for dead, and how often is looked.
DEAD_AFTER_S, LOOK_S = 2.0, 0.25
#: The SDK's codes: a token that is no good or has expired, a call that cannot be connected, no line free.
INVALID, EXPIRED, NOT_CONNECTED, BUSY = 31204, 31205, 31005, 31486

Payload = dict[str, Any]


@dataclass(eq=False)
class Call:
    """One call of a softphone, which may outlive the connection that began it."""

    leg: Leg
    line: Line
    owner: Connection | None
    reconnect: str = field(default_factory=lambda: secrets.token_hex(8))
    answer: str = ""


class Signalling:
    """All softphones' calls of one network."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.net = exchange.net
        self.calls: dict[str, Call] = {}
        """By CallSid."""

    async def serve(self, socket: WebSocket) -> None:
        """One browser's connection, until it closes."""
        await socket.accept()
        connection = Connection(self, socket)
        beating = asyncio.ensure_future(connection.beat())
        try:
            while True:
                await connection.receive(await socket.receive_text())
        except (WebSocketDisconnect, RuntimeError):
            pass  # its calls go on without it, until they are silent too
        finally:
            beating.cancel()
            for call in self.calls.values():
                if call.owner is connection:
                    call.owner = None

    def begin(self, call: Call) -> None:
        """Keep a call until its leg is over."""
        self.calls[call.leg.sid] = call
        self.exchange.connect(call.leg, call.line)
        self.net.spawn(self._until_over(call))

    async def _until_over(self, call: Call) -> None:
        dying = self.net.spawn(self._watch(call))
        try:
            await call.leg.wait_ended()
        finally:
            dying.cancel()
        if call.owner is not None:
            await call.owner.say("hangup", callsid=call.leg.sid)
        del self.calls[call.leg.sid]
        await self.exchange.disconnect(call.leg)

    async def _watch(self, call: Call) -> None:
        """A browser that is killed says no goodbye: neither its connection nor its sound goes on."""
        while call.owner is not None or call.line.silent_s() < DEAD_AFTER_S:  # noqa: ASYNC110 - silence is no event
            await asyncio.sleep(LOOK_S)
        call.leg.dies()
        await self.exchange.disconnect(call.leg)  # its place is free for who comes back, however long the leg stays


class Connection:
    """One WebSocket of one softphone."""

    def __init__(self, signalling: Signalling, socket: WebSocket) -> None:
        self._all = signalling
        self._socket = socket
        self._phone: Softphone | None = None
        self._token = ""
        self._does: dict[str, Callable[[Payload], Awaitable[None]]] = {
            "listen": self._listen,
            "register": self._register,
            "invite": self._invite,
            "reinvite": self._reinvite,
            "hangup": self._hangup,
            "reject": self._hangup,
            "dtmf": self._dtmf,
            "message": self._message,
        }

    async def say(self, what: str, **payload: object) -> None:
        """Send a message; nothing where nobody listens any more."""
        text = json.dumps({"type": what, "version": VERSION, "payload": payload})
        try:
            await self._socket.send_text(text)
        except (WebSocketDisconnect, RuntimeError):
            return

    async def beat(self) -> None:
        """Heartbeats, which the SDK answers in kind."""
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            try:
                await self._socket.send_text("\n")
            except (WebSocketDisconnect, RuntimeError):
                return

    async def receive(self, text: str) -> None:
        """Do what a message says."""
        if not text.strip():
            return
        try:
            message = json.loads(text)
            what, payload = str(message["type"]), cast("Payload", message.get("payload") or {})
            payload.get("callsid")
        except (ValueError, KeyError, TypeError, AttributeError):
            return
        does = self._does.get(what)
        if does is None:
            return
        try:
            await does(payload)
        except TokenRefused as refused:
            await self._refuse(EXPIRED if refused.code == 20104 else INVALID, str(refused), payload.get("callsid"))

    async def _refuse(self, code: int, words: str, callsid: object = None) -> None:
        error = {"code": code, "message": words}
        await (self.say("error", error=error, callsid=callsid) if callsid else self.say("error", error=error))

    # ------------------------------------------------------------ tokens

    async def _listen(self, payload: Payload) -> None:
        token = str(payload.get("token", ""))
        phone = self._all.net.softphone(identity_in(token))
        left = phone.seconds_left(token)
        self._phone, self._token = phone, token
        about = {"identity": phone.identity, "ttl": int(left), "accountSid": self._all.net.account_sid}
        await self.say("connected", token=about, edge="emulator", region="emulator", gateway="emulator")

    async def _register(self, payload: Payload) -> None:
        if self._phone is None:
            raise TokenRefused(31204, "listen first")
        if not payload.get("media", {}).get("audio"):
            self._phone.registered = False
            await self.say("offline")
            return
        self._phone.register(self._token)
        await self.say("ready")

    # ------------------------------------------------------------ calls

    async def _invite(self, payload: Payload) -> None:
        if payload.get("reconnect"):
            await self._take_up(payload)
            return
        if self._phone is None:
            raise TokenRefused(31204, "listen first")
        if self._all.exchange.full:
            await self.say("hangup", callsid=payload.get("callsid"), error={"code": BUSY, "message": FULL})
            return
        params = dict(parse_qsl(str(payload.get("twilio", {}).get("params", "")), keep_blank_values=True))
        leg = await self._phone.connect(self._token, params)
        call = Call(leg, Line(), self)
        self._all.begin(call)
        await self.say("ringing", callsid=leg.sid)
        self._all.net.spawn(self._answered(call, str(payload.get("sdp", ""))))

    async def _answered(self, call: Call, offer: str) -> None:
        await call.leg.wait_answered()
        if not call.leg.live:
            return
        try:
            call.answer = await call.line.answer(offer)
        except ValueError as error:
            self._all.net.ledger.add("warning", call.leg.sid, code=NOT_CONNECTED, words=str(error))
            call.leg.finish(by="network", cause="no media", status="failed")
            return
        if call.owner is not None:
            await call.owner.say("answer", callsid=call.leg.sid, sdp=call.answer, reconnect=call.reconnect)

    async def _take_up(self, payload: Payload) -> None:
        """A softphone that lost its connection in mid-call is here again."""
        call = self._all.calls.get(str(payload.get("callsid")))
        if call is None or call.reconnect != payload["reconnect"]:
            gone = {"code": NOT_CONNECTED, "message": "The call is over"}
            await self.say("hangup", callsid=payload.get("callsid"), error=gone)
            return
        call.owner = self
        await self.say("answer", callsid=call.leg.sid, sdp=call.answer, reconnect=call.reconnect)

    async def _reinvite(self, payload: Payload) -> None:
        """New media in mid-call: the network has changed. A new line takes the old one's place."""
        call = self._mine(payload)
        if call is None:
            return
        line = Line()
        try:
            call.answer = await line.answer(str(payload.get("sdp", "")))
        except ValueError:
            await line.close()
            return  # the SDK tries again by itself
        old, call.line = call.line, line
        self._all.exchange.connect(call.leg, call.line)
        await self.say("answer", callsid=call.leg.sid, sdp=call.answer, reconnect=call.reconnect)
        await old.close()

    async def _hangup(self, payload: Payload) -> None:
        call = self._mine(payload)
        if call is not None:
            call.owner = None
            await call.leg.hangs_up()

    async def _dtmf(self, payload: Payload) -> None:
        call = self._mine(payload)
        if call is not None:
            await call.leg.presses(str(payload.get("dtmf", "")).replace("w", ""))

    async def _message(self, payload: Payload) -> None:
        if self._mine(payload) is not None:
            await self.say(
                "ack", acktype="message", callsid=payload["callsid"], voiceeventsid=payload.get("voiceeventsid")
            )

    def _mine(self, payload: Payload) -> Call | None:
        call = self._all.calls.get(str(payload.get("callsid")))
        return call if call is not None and call.owner is self else None


def routes(exchange: Exchange) -> list[BaseRoute]:
    """The SDK's address."""
    return [WebSocketRoute("/signal", Signalling(exchange).serve)]
