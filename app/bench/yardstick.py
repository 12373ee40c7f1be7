"""What `bench webhook` is compared with: a bare FastAPI route that verifies the signature and answers fixed words.

For `bench route` it also makes one round trip to Redis and writes one event to one open stream before it answers.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator

from fastapi import FastAPI, Request, Response
from fastapi.responses import StreamingResponse
from redis.asyncio import Redis
from twilio.request_validator import RequestValidator

DOCUMENT = (
    "<?xml version='1.0' encoding='UTF-8'?><Response><Say>One moment please.</Say><Redirect>/</Redirect></Response>"
)


def create_app() -> FastAPI:
    app = FastAPI()
    validator = RequestValidator(os.environ["YARDSTICK_TOKEN"])
    public_url = os.environ["YARDSTICK_URL"]

    @app.post("/twilio/hold")
    async def hold(request: Request) -> Response:
        form = dict(await request.form())
        url = f"{public_url}{request.url.path}?{request.url.query}"
        if not validator.validate(url, form, request.headers.get("X-Twilio-Signature", "")):
            return Response(status_code=403)
        return Response(DOCUMENT, media_type="text/xml")

    return app


def create_route_app() -> FastAPI:
    app, redis = create_app(), Redis.from_url(os.environ["YARDSTICK_REDIS"])
    streams: list[asyncio.Queue[bytes]] = []

    async def events(queue: asyncio.Queue[bytes]) -> AsyncIterator[bytes]:
        while True:
            yield await queue.get()

    @app.get("/api/live")
    async def live() -> Response:
        streams.append(asyncio.Queue())
        return StreamingResponse(events(streams[-1]), media_type="text/event-stream")

    @app.middleware("http")
    async def tell(request: Request, go_on):  # type: ignore[no-untyped-def]
        if request.method == "POST":
            number = await redis.incr("yardstick")
            arrived = request.headers["X-Arrived"]
            event = f'data: {{"type":"offer","offer":"o{number}","arrived_ms":{arrived},"at_ms":0}}\n\n'
            streams[number % len(streams)].put_nowait(event.encode())
        return await go_on(request)

    return app
