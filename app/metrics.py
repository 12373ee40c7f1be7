"""`/metrics`, `/healthz`, `/readyz`: counts without anybody in them.

What belongs to the hotline (callers by state, the longest wait) is read from the board when asked, so that every worker
says the same; what belongs to a process is counted in it, or in the folder `PROMETHEUS_MULTIPROC_DIR` names.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter as Tally

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
)
from sqlalchemy import text

from app.context import Context, Ctx
from routing.board import CallView
from routing.states import Call

#: Seconds; the first is what a webhook should need, the last is where the carrier gives up on a caller's route.
LATENCY_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.8, 1.0, 2.5)
#: Seconds that a probe gives a store.
PROBE_S = 0.8
WAITING = frozenset({Call.greeting, Call.waiting, Call.doubtful, Call.offered, Call.connecting, Call.backup_ringing})

WEBHOOK_SECONDS = Histogram("hotline_webhook_seconds", "Time to answer the carrier", ["route"], buckets=LATENCY_BUCKETS)
WEBHOOKS = Counter("hotline_webhooks_total", "Carrier requests by how they were answered", ["route", "answer"])
BOARD_ERRORS = Counter("hotline_board_errors_total", "Board moves that failed", ["error"])
EFFECTS = Counter("hotline_effects_total", "Effects carried out at the carrier", ["kind", "result"])
LOOP_CRASHES = Counter("hotline_loop_crashes_total", "Background loops that were started again", ["loop"])
HEALED = Counter("hotline_healed_total", "What the reconciler put right", ["kind"])

router = APIRouter()


@router.get("/healthz", include_in_schema=False)
async def healthz() -> dict[str, str]:
    return {"status": "ok"}


@router.get("/readyz", include_in_schema=False)
async def readyz(ctx: Ctx) -> JSONResponse:
    """200 while callers are served, also without a store (`degraded` says which); 503 only while draining."""
    if ctx.state.get("draining"):
        return JSONResponse({"status": "draining"}, 503)
    down = await stores_down(ctx)
    return JSONResponse({"status": "degraded" if down else "ok", "down": down})


async def stores_down(ctx: Context) -> list[str]:
    answers = await asyncio.gather(_answers(_redis(ctx)), _answers(_postgres(ctx)))
    return [name for name, answered in zip(("redis", "postgres"), answers, strict=True) if not answered]


async def _answers(question) -> bool:
    try:
        async with asyncio.timeout(PROBE_S):
            await question
    except Exception:  # noqa: BLE001  whatever it is, the store did not answer
        return False
    return True


async def _redis(ctx: Context) -> None:
    await ctx.board.last_cursor()


async def _postgres(ctx: Context) -> None:
    async with ctx.engine.connect() as connection:
        await connection.execute(text("select 1"))


@router.get("/metrics", include_in_schema=False)
async def metrics(ctx: Ctx) -> Response:
    body = generate_latest(_process_registry()) + generate_latest(await _hotline_registry(ctx))
    return Response(body, media_type=CONTENT_TYPE_LATEST)


def _process_registry() -> CollectorRegistry:
    if not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        return REGISTRY
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)
    return registry


async def _hotline_registry(ctx: Context) -> CollectorRegistry:
    registry = CollectorRegistry()
    up = Gauge("hotline_board_up", "1 while the board answers", registry=registry)
    try:
        async with asyncio.timeout(PROBE_S):
            calls = await ctx.board.live_calls()
    except Exception:  # noqa: BLE001  a board that is away is a figure here, not a failure
        up.set(0)
        return registry
    up.set(1)
    _count(calls, ctx.now_ms(), registry)
    return registry


def _count(calls, now_ms: int, registry: CollectorRegistry) -> None:
    by_state = Gauge("hotline_calls", "Live calls", ["state", "line", "cls"], registry=registry)
    for (state, line, cls), count in Tally((c.state, c.line, c.cls) for c in calls).items():
        by_state.labels(state, line, cls).set(count)
    longest = Gauge("hotline_longest_wait_seconds", "Since first ring, of callers without a human", registry=registry)
    longest.set(max((_wait(call, now_ms) for call in calls if call.state in WAITING), default=0.0))


def _wait(call: CallView, now_ms: int) -> float:
    return max(0.0, (now_ms - call.arrived_ms) / 1000)
