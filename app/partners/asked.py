"""We are asked: the routes for partner hotlines. What is not signed with the pair's key is 403 and changes nothing."""

from __future__ import annotations

import json
from typing import Any, Literal

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, ValidationError

from app import logs
from app.context import Context, Ctx
from app.partners import agreed, signing
from app.partners.agreed import Partner
from app.partners.asking import known
from routing.board import Answer, BoardAway
from telephony.carrier import LegRequest

log = logs.get(__name__)
router = APIRouter(prefix="/partner", include_in_schema=False)

What = Literal["ask", "withdraw", "look"]

BODY_MAX = 2_000
"""Bytes of a request."""
OLDEST_MS = 26 * 3_600_000
"""A first arrival lies no further back: the carrier ends every call after 24 hours (L11)."""


class Asked(BaseModel):
    """A caller of the partner's, with no personal data."""

    token: str = Field(min_length=16, max_length=64, pattern="^[0-9a-f]+$")
    language: str = Field(default="", max_length=10)
    cls: str = Field(default="", max_length=20)
    arrived_ms: int = 0


@router.post("/{what}")
async def asked(what: What, request: Request, ctx: Ctx) -> JSONResponse:
    """`ask`, `withdraw` or `look`, see docs/hotlines.md."""
    with ctx.clock.busy():
        body = await request.body()
        name = request.headers.get(signing.WHO, "")
        try:
            pair = known(ctx, name)
            if pair is None or len(body) > BODY_MAX:
                raise signing.NotSigned
            nonce = signing.check(pair[1], request.headers, f"/partner/{what}", body, now_ms=ctx.now_ms())
            about = Asked.model_validate(json.loads(body))
        except signing.NotSigned:
            return JSONResponse({"error": "not signed"}, 403)
        except (ValidationError, ValueError):
            return JSONResponse({"error": "not of the expected shape"}, 400)
        return await _answer(ctx, what, pair[0], about, nonce)


async def _answer(ctx: Context, what: What, partner: Partner, about: Asked, nonce: str) -> JSONResponse:
    if what == "ask" and (why := refusal(ctx, partner, about)):
        return JSONResponse({"ok": False, "reason": why})
    try:
        done = await ctx.moved(lambda: _told(ctx, what, partner, about, nonce))
    except BoardAway:
        return JSONResponse({"error": "away"}, 503)
    if done.reason == "replayed":
        return JSONResponse({"error": "not signed"}, 403)
    answer: dict[str, Any] = {"ok": done.ok, "reason": done.reason, "data": dict(done.data)}
    log.info("partner", kind=what, state=done.ok)
    return JSONResponse(answer)


async def _told(ctx: Context, what: What, partner: Partner, about: Asked, nonce: str) -> Answer:
    line = ctx.lines.line(partner.line)
    language = about.language if about.language in line.languages else line.languages[0]
    return await ctx.board.partner(
        what,
        partner.name,
        token=about.token,
        nonce=nonce,
        line=line.id,
        language=language,
        cls=about.cls,
        arrived_ms=min(about.arrived_ms, ctx.now_ms()),
    )


def refusal(ctx: Context, partner: Partner, about: Asked) -> str:
    """Why we take no such caller of theirs at all, or nothing."""
    line, now_ms = ctx.lines.by_id.get(partner.line), ctx.now_ms()
    if line is None or about.cls not in partner.classes:
        return "not_agreed"
    if about.language not in line.languages:
        return "language"
    if line.closed_at(now_ms):
        return "closed"
    return "" if now_ms - OLDEST_MS < about.arrived_ms <= now_ms + signing.FRESH_MS else "first_arrival"


def via(ctx: Context, leg: LegRequest) -> str | None:
    """The partner on whose line this caller comes, from the number that the partner shows."""
    found = (
        partner.name
        for partner in agreed.partners(ctx.lines.raw).values()
        if partner.line and ctx.lines.dialled(leg.to).id == partner.line and leg.from_ == partner.shows
    )
    return next(found, None)
