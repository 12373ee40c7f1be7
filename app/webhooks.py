"""The carrier's requests: proven, read, answered. Nothing is decided here.

A missing or wrong signature is 403, a body that cannot be read 400, and nothing has changed. Any other failure is words
and a way back, since callers always hear something; a failed callback is counted and healed by the reconciler.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping

from fastapi import APIRouter, Request, Response

from app import flow, logs, metrics, prompts
from app.context import Context, Ctx
from app.links import Links, held_since
from telephony.carrier import (
    BadBody,
    BadSignature,
    Document,
    Hangup,
    LegRequest,
    Play,
    Redirect,
)
from telephony.twilio import Signed, leg_progress, leg_request, room_event, write
from telephony.twiml_check import Use

log = logs.get(__name__)
router = APIRouter(prefix="/twilio", include_in_schema=False)

#: Seconds that a caller's route may take before it speaks without an answer (the carrier waits 2.5, H3).
ANSWER_S = 2.0
#: Seconds that a browser or a carrier may keep a piece of music.
MUSIC_AGE_S = 86_400

#: Routes whose documents are not for a leg of its own.
PLAYED_BY: Mapping[str, Use] = {"screen": "screen", "screen-key": "screen"}

Story = Callable[[Context, LegRequest], Awaitable[Document]]
Otherwise = Callable[[Context, LegRequest], Document]


@router.post("/voice")
async def voice(request: Request, ctx: Ctx) -> Response:
    return await _heard(request, ctx, "voice", flow.incoming, flow.greeted)


@router.post("/hold")
async def hold(request: Request, ctx: Ctx) -> Response:
    return await _heard(request, ctx, "hold", flow.held, flow.astray)


@router.post("/return")
async def come_back(request: Request, ctx: Ctx) -> Response:
    return await _heard(request, ctx, "return", flow.returned, flow.astray)


@router.post("/leg")
async def leg(request: Request, ctx: Ctx) -> Response:
    return await _heard(request, ctx, "leg", flow.specialist_leg, _apologise)


@router.post("/leg-out")
async def leg_out(request: Request, ctx: Ctx) -> Response:
    """A specialist's leg has left its room; the console dials in again where it must."""
    return await _heard(request, ctx, "leg-out", flow.specialist_gone, _apologise)


@router.post("/screen")
async def screen(request: Request, ctx: Ctx) -> Response:
    return await _heard(request, ctx, "screen", flow.backup_asked, _apologise)


@router.post("/screen-key")
async def screen_key(request: Request, ctx: Ctx) -> Response:
    return await _heard(request, ctx, "screen-key", flow.backup_pressed, _connect)


@router.post("/rung")
async def rung(request: Request, ctx: Ctx) -> Response:
    """Somebody answers whom a specialist has rung back."""
    return await _heard(request, ctx, "rung", flow.rung, flow.unrung)


@router.post("/say")
async def say(request: Request, ctx: Ctx) -> Response:
    """Words for a room; asked by the room itself, without a leg."""
    with ctx.clock.busy():
        try:
            signed = await _signed(request, ctx)
        except (BadSignature, BadBody) as error:
            return _refused("say", error)
        body = write(flow.announced(ctx, signed.query), "room")
    metrics.WEBHOOKS.labels("say", "document").inc()
    return Response(body, media_type="text/xml")


@router.post("/status")
async def status(request: Request, ctx: Ctx) -> Response:
    return await _told(request, ctx, "status", lambda s: flow.leg_changed(ctx, leg_progress(s.form, s.query)))


@router.post("/room")
async def room(request: Request, ctx: Ctx) -> Response:
    return await _told(request, ctx, "room", lambda s: flow.room_changed(ctx, room_event(s.form, s.query)))


@router.get("/music/{piece}.wav")
async def music(piece: int, seconds: str = "") -> Response:
    """Hold music is nobody's secret: no signature. A whole piece, or the shorter one after words."""
    length = prompts.AFTER_WORDS_S if seconds == str(prompts.AFTER_WORDS_S) else prompts.PIECE_S
    body = await asyncio.to_thread(prompts.music, piece % prompts.PIECES, length)
    return Response(body, media_type="audio/wav", headers={"Cache-Control": f"public, max-age={MUSIC_AGE_S}"})


async def _heard(request: Request, ctx: Context, route: str, story: Story, otherwise: Otherwise) -> Response:
    """A leg asks for its document: what the story says, and in time."""
    started = time.perf_counter()
    with ctx.clock.busy():
        try:
            signed = await _signed(request, ctx)
            asked = leg_request(signed.form, signed.query, idempotency_token=signed.idempotency_token)
        except (BadSignature, BadBody) as error:
            return _refused(route, error)
        try:
            async with asyncio.timeout(ANSWER_S):
                body = write(await story(ctx, asked), PLAYED_BY.get(route, "call"))
            answer = "document"
        except Exception as error:  # noqa: BLE001  whatever has failed, somebody is listening
            log.error("story failed", route=route, call=flow.call_id(ctx.settings, asked.sid), error=_kind(error))
            body, answer = _instead(ctx, asked, otherwise), "failed"
        ctx.effects_due()
    metrics.WEBHOOKS.labels(route, answer).inc()
    metrics.WEBHOOK_SECONDS.labels(route).observe(time.perf_counter() - started)
    return Response(body, media_type="text/xml")


async def _told(request: Request, ctx: Context, route: str, story: Callable[[Signed], Awaitable[None]]) -> Response:
    """A callback: nobody listens, so a failure is counted and left to the reconciler."""
    started = time.perf_counter()
    with ctx.clock.busy():
        try:
            signed = await _signed(request, ctx)
            await story(signed)
            answer = "noted"
        except (BadSignature, BadBody) as error:
            return _refused(route, error)
        except Exception as error:  # noqa: BLE001  a callback is never repeated: the reconciler looks instead
            log.warning("callback not noted", route=route, error=_kind(error))
            ctx.reconcile_due()
            answer = "failed"
        ctx.effects_due()
    metrics.WEBHOOKS.labels(route, answer).inc()
    metrics.WEBHOOK_SECONDS.labels(route).observe(time.perf_counter() - started)
    return Response(status_code=204)


async def _signed(request: Request, ctx: Context) -> Signed:
    scope = request.scope
    return ctx.inbound.read(
        raw_path=scope.get("raw_path") or scope["path"].encode(),
        raw_query=scope.get("query_string", b""),
        headers=request.headers,
        body=await request.body(),
    )


def _refused(route: str, error: BadSignature | BadBody) -> Response:
    code = 403 if isinstance(error, BadSignature) else 400
    metrics.WEBHOOKS.labels(route, str(code)).inc()
    return Response(status_code=code)


def _kind(error: Exception) -> str:
    metrics.BOARD_ERRORS.labels(type(error).__name__).inc()
    return type(error).__name__


def _instead(ctx: Context, asked: LegRequest, otherwise: Otherwise) -> bytes:
    """Never a 500: it would be the carrier's error, and the end of the call."""
    try:
        return write(otherwise(ctx, asked))
    except Exception as error:  # noqa: BLE001  whatever is wrong with the words themselves
        log.error("no words either", error=_kind(error))
        return write(_come_back(ctx, asked))


def _come_back(ctx: Context, asked: LegRequest) -> Document:
    """Words, a little music so that nothing spins, and the route that needs no memory."""
    line, links = ctx.lines.line(""), Links(ctx.settings.public_url)
    words = prompts.say(line, line.languages[0], "moment")
    home = links.home(held_since(asked.query) or ctx.now_ms())
    return Document((words, Play(links.music(0)), Redirect(home)))


def _apologise(ctx: Context, _: LegRequest) -> Document:
    """Our own people: their console tries again."""
    line = ctx.lines.line("")
    return Document((prompts.say(line, line.languages[0], "try_again"), Hangup()))


def _connect(_: Context, __: LegRequest) -> Document:
    """Nothing in the way of two people who are about to speak."""
    return Document()
