"""We ask: would the partner take this caller, and has somebody there spoken with them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import httpx

from app import logs
from app.context import Context
from app.partners import agreed, signing
from app.partners.agreed import Partner
from routing.board import CallView, Effect
from telephony.carrier import CarrierAway

log = logs.get(__name__)

ASK_S = 2.0
"""Seconds (real) that a partner may take to answer."""
LOOK_S = 1.0
"""The same while a caller or the carrier waits for our own answer."""
FAILS, OPEN_S = 3, 30.0
"""After so many failures in a row a partner is not asked for so many seconds of the clock."""


class PartnerAway(Exception):
    """No usable answer in time."""


def known(ctx: Context, name: str) -> tuple[Partner, bytes] | None:
    """A partner and the pair's key, where both are there."""
    try:
        partner, key = agreed.partners(ctx.lines.raw).get(name), agreed.keys(ctx.settings).get(name)
    except ValueError:  # said at the start; on a live call there is simply no such partner
        return None
    return (partner, key) if partner and key else None


async def ask(ctx: Context, effect: Effect) -> Mapping[str, Any]:
    """The effect of a plan's step: the partner's yes sends the caller's leg there, its no changes nothing."""
    call, name = effect.call, effect.data["partner"]
    view, pair = await ctx.moved(lambda: ctx.board.call(call)), known(ctx, name)
    if view is None:
        return {}
    if pair is None or not pair[0].url or view.cls not in pair[0].classes:
        await ctx.moved(lambda: ctx.board.pass_on(call, name, yes=False, cause="not_agreed"))
        return {"cause": "not_agreed"}
    about = {"language": view.language, "cls": view.cls, "arrived_ms": view.arrived_ms}
    try:
        said = await _post(ctx, pair, "ask", call, ASK_S, **about)
    except PartnerAway:
        raise CarrierAway("the partner is away") from None  # tried again until the effect runs out
    cause = str(said.get("reason", ""))[:20]
    done = await ctx.moved(lambda: ctx.board.pass_on(call, name, yes=bool(said.get("ok")), cause=cause))
    if said.get("ok") and not done.ok:  # answered here, or gone: whoever is kept free there is let go
        await _quietly(ctx, pair, "withdraw", call)
    return {"ok": bool(said.get("ok"))}


async def look(ctx: Context, view: CallView) -> None:
    """The partner's Dial is over, or the caller has gone: did a person there speak with them? Unknown stays no."""
    pair = known(ctx, view.partner)
    if pair is None:
        return
    said = await _quietly(ctx, pair, "look", view.id)
    if said.get("served"):
        await ctx.moved(lambda: ctx.board.pass_served(view.id))


async def _quietly(ctx: Context, pair: tuple[Partner, bytes], what: str, call: str) -> Mapping[str, Any]:
    try:
        said = await _post(ctx, pair, what, call, LOOK_S)
        return said.get("data") or {}
    except PartnerAway:
        return {}


async def _post(
    ctx: Context, pair: tuple[Partner, bytes], what: str, call: str, seconds: float, **about: Any
) -> Mapping[str, Any]:
    partner, key = pair
    fails: dict[str, tuple[int, float]] = ctx.state.setdefault("partners", {})
    count, last = fails.get(partner.name, (0, 0.0))
    if count >= FAILS and ctx.clock.now() - last < OPEN_S:
        raise PartnerAway
    body = json.dumps({"token": signing.token(key, call), **about}).encode()
    path = f"/partner/{what}"
    headers = signing.signed(key, partner.known_as, path, body, now_ms=ctx.now_ms(), nonce=ctx.new_id() + ctx.new_id())
    try:
        async with asyncio.timeout(seconds), httpx.AsyncClient(trust_env=False) as http:
            answer = await http.post(
                partner.url + path, content=body, headers={"Content-Type": "application/json", **headers}
            )
        answer.raise_for_status()
        said = answer.json()
    except (httpx.HTTPError, ValueError, TimeoutError) as error:
        fails[partner.name] = (count + 1, ctx.clock.now())
        log.warning("partner not asked", kind=what, error=type(error).__name__)
        raise PartnerAway from None
    fails.pop(partner.name, None)
    return said if isinstance(said, dict) else {}
