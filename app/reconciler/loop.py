"""When a pass is made, and by which process: about every ten seconds, and at once after an epoch change."""

from __future__ import annotations

import asyncio

from app import logs
from app.context import Context
from app.outbox import nudged_or
from app.reconciler.memory import Memory
from app.reconciler.passes import one_pass
from app.records import queries
from routing.board import BoardAway
from telephony.carrier import CarrierError

log = logs.get(__name__)

#: Seconds between two passes; a lost callback is healed within six of them (R3: 60 s).
EVERY_S = 10.0
#: Seconds until the next try where the board or the carrier was away: right again within 5 s of its return (R3).
AWAY_S = 0.5
#: Lease of the one process that compares, ms, and seconds between its renewals: short, so that a killed worker's is
#: free again long before the queue must be right (R3).
LEASE_MS, RENEW_S = 5_000, 1.5
#: Seconds that the record may take to name the epochs it knows.
EPOCHS_S = 0.3


async def run(ctx: Context) -> None:
    """For ever; whatever goes wrong, the next pass is made."""
    memory, leads = Memory(), asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_keep_lease(ctx, leads))
        pause = 0.0
        while True:
            await nudged_or(ctx, ctx.reconcile_due, pause)
            await leads.wait()
            pause = await _try(ctx, memory)


async def _keep_lease(ctx: Context, leads: asyncio.Event) -> None:
    """Take and renew the lease, also while a pass is on."""
    while True:
        with ctx.clock.busy():
            try:
                held = await ctx.moved(lambda: ctx.board.lease("reconciler", ctx.worker, LEASE_MS))
                leads.set() if held else leads.clear()
            except BoardAway:
                pass  # nobody else can take it either; a pass finds out for itself
            except Exception as error:  # noqa: BLE001  a lease is only economy
                log.warning("no lease", error=type(error).__name__)
        await ctx.clock.sleep(RENEW_S)


async def _try(ctx: Context, memory: Memory) -> float:
    """Make a pass; seconds until the next one."""
    with ctx.clock.busy():
        await learn_epochs(ctx)
        try:
            await one_pass(ctx, memory)
        except (BoardAway, CarrierError) as error:
            log.warning("no pass", error=type(error).__name__)
            return AWAY_S
        except Exception as error:  # noqa: BLE001  one odd answer must not end the comparing
            log.error("pass broke", error=type(error).__name__)
            return AWAY_S
    return EVERY_S


async def learn_epochs(ctx: Context) -> None:
    """Epochs that the record knows: a new one must be later than all of them (S2)."""
    try:
        async with asyncio.timeout(EPOCHS_S):
            known = await queries.epochs(ctx.sessions, ctx.settings.name)
            ctx.state.setdefault("epochs", set()).update(known)
    except Exception as error:  # noqa: BLE001  without the record, those that this process has seen must do
        log.info("record not asked", error=type(error).__name__)
