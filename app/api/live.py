"""`/api/live`: the stream itself. Written by hand: bytes encoded once for all, per client only the write."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from prometheus_client import Histogram
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.api.access import Route, desk_of, roles
from app.api.client import Client
from app.api.hub import Hub
from app.people.roles import Role
from app.people.sessions import Session
from telephony.clock import Clock

router = APIRouter(route_class=Route, prefix="/api/live", tags=["live"])

#: Seconds that a dropped client's connection gets to close in order.
CLOSE_S = 1.0

OFFER_SECONDS = Histogram(
    "hotline_offer_to_wire_seconds",
    "From an offer's event on the board to its bytes leaving this process.",
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
)

HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]


@router.get("", response_class=Response, responses={200: {"content": {"text/event-stream": {}}}})
async def live(request: Request, session: Annotated[Session, Depends(roles(Role.specialist, Role.lead))]) -> Response:
    """Server-sent events: offers, own call, `me`, alarms and the board for leads, a ping every 5 s."""
    desk = desk_of(request)
    client = Client(session.spec, lead=session.role == Role.lead, alive=lambda: desk.admits(session))
    return Stream(desk.hub, client, desk.ctx.clock)


class Stream(Response):
    """Writes one client's messages until it goes, or is dropped for being slow or logged off."""

    def __init__(self, hub: Hub, client: Client, clock: Clock) -> None:
        super().__init__()
        self._hub, self._client, self._clock = hub, client, clock

    async def __call__(self, _: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        self._hub.join(self._client)
        writer = asyncio.create_task(self._write(send))
        watcher = asyncio.create_task(_gone(receive))
        try:
            await asyncio.wait({writer, watcher, self._client.over}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            slow = self._client.dropped
            self._hub.part(self._client)
            for task in (writer, watcher):
                task.cancel()
            await asyncio.gather(writer, watcher, return_exceptions=True)
        if slow:
            with contextlib.suppress(TimeoutError, OSError):
                await asyncio.wait_for(send({"type": "http.response.body", "body": b""}), CLOSE_S)

    async def _write(self, send: Send) -> None:
        while True:
            data, stamps = await self._client.take()
            if self._client.dropped:
                return
            await send({"type": "http.response.body", "body": data, "more_body": True})
            for at_ms in stamps:
                OFFER_SECONDS.observe(max(0.0, self._clock.now() - at_ms / 1000))


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
