"""T2: switches that break one thing, so that each counter of the demo's judge is seen to count.

Used by `tests/demo/test_sabotage.py`, and by hand: `hotline demo --virtual --sabotage
tests.support.sabotage:no_rescind`.
A switch is a context manager that gets the composed hotline before it starts; with an attribute `edit` it also changes
the source of the board's scripts.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any
from unittest import mock

from app import flow, recorder
from app.api.hub import Hub
from app.demo.world import Parts
from routing.board import Event
from routing.board.scripts import library

#: Every so many events the broken recorder drops one.
DROPS_EVERY = 50
#: From which request of callers to which nothing is said: longer than all tries of one.
FAILS = (40, 80)
#: What the script asks of a person's duty before an offer.
IDLE = "s.duty == 'idle'"
#: Milliseconds by which the broken stamps are off.
OFF_MS = 2_000

Middleware = Callable[[Any, Any, Any], Awaitable[None]]


@contextlib.contextmanager
def no_rescind(_: Parts) -> Iterator[None]:
    """Consoles are not told that an offer was rescinded, nor that it has gone."""
    send = Hub._send
    on_screen: dict[str, set[str]] = {}

    def deaf(hub: Hub, spec: str, message: Mapping[str, Any], at_ms: int = 0) -> None:
        shown = on_screen.setdefault(spec, set())
        if message["type"] == "offer":
            shown.add(message["offer"])
        elif message["type"] == "offer_over":
            if message["state"] == "rescinded":
                return
            shown.discard(message["offer"])
        elif message["type"] == "me":
            message = {**message, "offers": [{"offer": offer} for offer in shown]}
        send(hub, spec, message, at_ms)

    with mock.patch.object(Hub, "_send", deaf):
        yield


@contextlib.contextmanager
def drops_events(_: Parts) -> Iterator[None]:
    """The recorder loses every fiftieth event."""
    record, seen = recorder.record, 0

    async def forgetful(engine: Any, hotline: str, events: Sequence[Event], *more: Any) -> Any:
        nonlocal seen
        kept = []
        for event in events:
            seen += 1
            if seen % DROPS_EVERY:
                kept.append(event)
        return await record(engine, hotline, kept, *more)

    with mock.patch.object(recorder, "record", forgetful):
        yield


@contextlib.contextmanager
def ignores_hang_ups(_: Parts) -> Iterator[None]:
    """The carrier's word that a caller has hung up is answered and forgotten."""
    told = flow.leg_changed

    async def deaf(ctx: Any, progress: Any) -> None:
        own = not progress.query.get("call") and progress.query.get("app") is None
        if not (own and progress.final):
            await told(ctx, progress)

    with mock.patch.object(flow, "leg_changed", deaf):
        yield


@contextlib.contextmanager
def says_nothing(parts: Parts) -> Iterator[None]:
    """For a while callers' requests are answered with 500 and no words, the fallback's too."""
    with _wrapped(parts, _fails):
        yield


@contextlib.contextmanager
def wrong_stamps(_: Parts) -> Iterator[None]:
    """The carrier's stamps are read two seconds late."""
    read = flow.ms

    def late(at: float | None) -> int | None:
        ms = read(at)
        return None if ms is None else ms + OFF_MS

    with mock.patch.object(flow, "ms", late):
        yield


@contextlib.contextmanager
def offers_to_the_busy(_: Parts) -> Iterator[None]:
    """The board's scripts take people who are talking for idle ones."""
    assert any(IDLE in part.text for part in library())
    yield


def _busy_is_idle(source: str) -> str:
    return source.replace(f"return {IDLE}", f"return ({IDLE} or s.duty == 'talking')")


offers_to_the_busy.edit = _busy_is_idle  # type: ignore[attr-defined]


@contextlib.contextmanager
def _wrapped(parts: Parts, wrap: Callable[[Any], Middleware]) -> Iterator[None]:
    """Something between the server and the application."""
    parts.app.add_middleware(_Between, wrap=wrap)
    yield


class _Between:
    def __init__(self, app: Any, wrap: Callable[[Any], Middleware]) -> None:
        self._call = wrap(app)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self._call(scope, receive, send)


def _fails(app: Any) -> Middleware:
    asked = 0

    async def call(scope: Any, receive: Any, send: Any) -> None:
        nonlocal asked
        if scope["type"] == "http" and scope["path"] in ("/twilio/hold", "/twilio/return"):
            asked += 1
            if FAILS[0] <= asked < FAILS[1]:
                await send({"type": "http.response.start", "status": 500, "headers": []})
                await send({"type": "http.response.body", "body": b""})
                return
        await app(scope, receive, send)

    return call
