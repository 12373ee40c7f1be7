"""A far side of the REST client's wire that hangs, drips, breaks, refuses and is busy, as each test wants it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from telephony.twilio import TwilioCarrier

ACCOUNT = "AC" + "0" * 32
LEG, OTHER = "CA" + "0a" * 16, "CA" + "0b" * 16
ROOM = "CF" + "0c" * 16
ROOT = f"/2010-04-01/Accounts/{ACCOUNT}"
TIMEOUT_S = 0.3
"""Seconds; short, for the tests of what hangs."""
HANG_S = 15.0
"""Seconds after which a timeout was not the short one; no measure of speed."""
PATIENT_S = 20.0
"""Seconds for every other test: a busy machine is no far side that hangs."""


@dataclass
class Request:
    method: str
    path: str
    query: dict[str, list[str]]
    form: dict[str, list[str]]
    headers: dict[str, str]


Answer = bytes | None
"""Raw bytes to send before the connection is closed; None hangs."""


def answer_of(status: int, body: object) -> bytes:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = f"HTTP/1.1 {status} x\r\ncontent-type: application/json\r\ncontent-length: {len(content)}\r\n"
    return head.encode() + b"connection: close\r\n\r\n" + content


def refused(code: int, status: int = 400) -> bytes:
    return answer_of(status, {"code": code, "message": "no, +12025550123", "more_info": "", "status": status})


OK = answer_of(200, {"sid": LEG, "status": "in-progress"})
CREATED = answer_of(201, {"call_sid": LEG, "status": "queued"})
BUSY = refused(20429, 429)


@dataclass
class FarSide:
    """Gives the scripted answers in order, the last one for ever."""

    url: str = ""
    script: list[Answer] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    before: Callable[[Request], Awaitable[None]] | None = None

    def answers(self, *script: Answer) -> None:
        self.script[:] = script

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = {n.lower(): v for n, _, v in (line.partition(": ") for line in head[1:] if line)}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            method, target, _ = head[0].split(" ")
            parts = urlsplit(target)
            form = parse_qs(body.decode(), keep_blank_values=True)
            self.requests.append(Request(method, parts.path, parse_qs(parts.query), form, headers))
            if self.before:
                await self.before(self.requests[-1])
            answer = self.script.pop(0) if len(self.script) > 1 else self.script[0]
            if answer is None:
                await asyncio.Event().wait()
            else:
                writer.write(answer)
                await writer.drain()
        finally:
            writer.close()


@asynccontextmanager
async def far_side() -> AsyncGenerator[FarSide]:
    far = FarSide()
    server = await asyncio.start_server(far.serve, "127.0.0.1", 0)
    far.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield far
    finally:
        server.close()


def client(url: str, timeout_s: float = PATIENT_S, **more: object) -> TwilioCarrier:
    return TwilioCarrier(
        account_sid=ACCOUNT,
        api_key="SK" + "0" * 32,
        api_secret="secret-of-at-least-thirty-two-bytes",
        app_sid="AP" + "0" * 32,
        api_url=url,
        timeout_s=timeout_s,
        **more,  # type: ignore[arg-type]
    )


def dial(carrier: TwilioCarrier, label: str = "agency_h1_a", *, emergency: bool = True, to: str = "+12025550140"):
    return carrier.dial_into_room(
        "c0-1", to=to, from_="+12025550199", label=label, callback="https://h/status", timeout=30, emergency=emergency
    )


def page_of(name: str, entries: list[dict[str, object]], following: str | None = None) -> bytes:
    return answer_of(200, {name: entries, "next_page_uri": following, "page": 0, "page_size": 1000})
