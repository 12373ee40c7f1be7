"""Composition: what one process is made of, and what runs in it while it serves."""

from __future__ import annotations

import asyncio
import secrets as random_source
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager

from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker

from app import console, logs, metrics, missed, outbox, reconciler, recorder, ticker, webhooks
from app import lines as lines_data
from app.api import demo, mount
from app.context import Context
from app.links import Links
from app.numbers import follow as numbers
from app.partners import asked as partner_routes
from app.plan import follow
from app.reconciler import forgotten
from app.records.engine import connect
from app.secrets import Secrets
from app.settings import Settings
from routing.board import Board, stream_order
from telephony.carrier import Carrier
from telephony.clock import Clock, RealClock, VirtualClock
from telephony.twilio import Inbound, TwilioCarrier

log = logs.get(__name__)

Loop = Callable[[Context], Awaitable[None]]

#: Every process runs all of them: moves are compare-and-set and leases say who works (P5, S3).
LOOPS: dict[str, Loop] = {
    "ticker": ticker.run,
    "outbox": outbox.run,
    "reconciler": reconciler.run,
    "forgotten": forgotten.run,
    "recorder": recorder.run,
    "missed": missed.run,
    "lines": follow.run,
    "numbers": numbers.run,
}
#: Seconds before a crashed loop starts again.
RESTART_AFTER_S = 1.0
#: Seconds after which a loop that has not ended is cancelled again.
END_AGAIN_S = 0.5
#: Where a store is looked for when none is named and no embedded one was started: it is simply away.
NO_DATABASE, NO_REDIS = "postgresql://127.0.0.1/hotline", "redis://127.0.0.1:6379/0"


def new_id() -> str:
    return random_source.token_hex(6)


def compose(
    settings: Settings,
    *,
    clock: Clock | None = None,
    board: Board | None = None,
    carrier: Carrier | None = None,
    engine: AsyncEngine | None = None,
    new_id: Callable[[], str] = new_id,
) -> Context:
    """The parts of one process. Asks no store and no network: a hotline starts and answers without them (S5).

    A board given no server clock (`now_ms`) uses the server's; with a virtual `clock` it is handed that one's time.
    """
    settings = with_stores(settings)
    secrets = Secrets(settings)
    clock = clock or RealClock()
    now_ms = None if isinstance(clock, RealClock) else lambda: int(clock.now() * 1000)
    engine = engine or connect(settings.database_url)
    tokens = (settings.twilio_auth_token, settings.twilio_auth_token_previous)
    return Context(
        settings=settings,
        clock=clock,
        board=board or Board(settings.redis_url, hotline=settings.name, new_id=new_id, now_ms=now_ms),
        carrier=carrier or open_carrier(settings, clock),
        inbound=Inbound(settings.public_url, [token.get_secret_value() for token in tokens]),
        engine=engine,
        sessions=async_sessionmaker(engine, expire_on_commit=False),
        secrets=secrets,
        lines=lines_data.load(settings, secrets),
        new_id=new_id,
        worker=f"w{new_id()}",
    )


def with_stores(settings: Settings) -> Settings:
    """Settings with an address for each store, so that a process without one starts all the same (S5)."""
    addresses = {
        "database_url": settings.database_url or NO_DATABASE,
        "redis_url": settings.redis_url or NO_REDIS,
        "public_url": settings.public_url.rstrip("/"),
    }
    return settings.model_copy(update=addresses)


def open_carrier(settings: Settings, clock: Clock) -> Carrier:
    return TwilioCarrier(
        account_sid=settings.twilio_account_sid,
        auth_token=settings.twilio_auth_token.get_secret_value(),
        api_key=settings.twilio_api_key,
        api_secret=settings.twilio_api_secret.get_secret_value(),
        app_sid=settings.twilio_app_sid,
        api_url=settings.twilio_api_url,
        room_callback=Links(settings.public_url).room(),
        clock=clock,
    )


def create_app(
    settings: Settings | None = None,
    *,
    clock: Clock | None = None,
    carrier: Carrier | None = None,
    board: Board | None = None,
    context: Context | None = None,
    loops: bool = True,
) -> FastAPI:
    """The web application of one process. `loops=False` leaves the background work to another one."""
    settings = settings or (context.settings if context else Settings())
    logs.configure(settings.log_level)
    ctx = context or compose(settings, clock=clock, carrier=carrier, board=board)
    app = FastAPI(
        title="Crisis hotline",
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lambda app: _lifespan(app, loops=loops),
    )
    app.state.context = ctx
    app.include_router(webhooks.router)
    app.include_router(partner_routes.router)
    app.include_router(metrics.router)
    app.include_router(console.router)
    app.include_router(demo.door)
    mount(app, ctx)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI, *, loops: bool) -> AsyncIterator[None]:
    ctx: Context = app.state.context
    running = {**(LOOPS if loops else {"lines": follow.run}), "desk": lambda _: app.state.desk.run()}
    if isinstance(ctx.clock, VirtualClock):
        ctx.clock.probes.append(lambda: quiet(app))
    await reconciler.learn_epochs(ctx)
    tasks = [asyncio.create_task(supervised(name, ctx, loop), name=name) for name, loop in running.items()]
    try:
        yield
    finally:
        ctx.state["draining"] = True
        await _end(tasks)
        await app.state.desk.aclose()
        await aclose(ctx)


async def _end(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Cancel until all have ended: a driver may turn a cancellation into an error of its own, and the loop goes on."""
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=END_AGAIN_S)


def quiet(app: FastAPI) -> bool:
    """Nothing that this process has caused is still on its way to the record or to a console: time may jump (T4)."""
    ctx: Context = app.state.context
    last = ctx.board.last_event_id
    kept: recorder.Recorder | None = ctx.state.get("recorder")
    recorded = kept is None or kept.degraded or kept.gathering or stream_order(kept.cursor) >= stream_order(last)
    return recorded and app.state.desk.hub.caught_up(last)


async def aclose(ctx: Context) -> None:
    for part in (ctx.carrier.aclose, ctx.board.aclose, ctx.engine.dispose):
        await asyncio.gather(part(), return_exceptions=True)


async def supervised(name: str, ctx: Context, loop: Loop) -> None:
    """Run a loop for ever: a crash is logged, counted and the loop started again."""
    while True:
        try:
            await loop(ctx)
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001  the one place where a loop's failure ends
            metrics.LOOP_CRASHES.labels(name).inc()
            log.error("loop crashed", loop=name, error=type(error).__name__)
        await ctx.clock.sleep(RESTART_AFTER_S)
