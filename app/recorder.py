"""Stream to Postgres (S3). One recorder per hotline by lease; what makes it correct is the fence in Postgres.

It reads the board's stream after the cursor that Postgres holds, and writes log, rows and cursor in one transaction,
so that a crash, a redelivery or a second recorder changes nothing. With Postgres away it waits: the stream keeps
everything, and from 60 % of Redis' memory on, entries move to a local synced file, which is read back first. Consoles
learn what is recorded from Postgres itself (`call_events.fact_id`), so no notice can be wrong or lost.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import NoReturn, Protocol

import asyncpg
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from app import logs
from app.context import Context
from app.records import audit
from app.records.ingest import Fenced, Position, Result, record, take_over
from app.records.journal import Journal
from routing.board import BoardAway, EpochChanged, Event, stream_order
from telephony.clock import Clock

log = logs.get(__name__)

#: Entries in one transaction: large enough that its fixed cost vanishes, small enough to take well under a second.
BATCH = 500
#: Milliseconds a read waits for the first entry.
BLOCK_MS = 1_000
#: Milliseconds a lease lasts, and seconds between renewals: what a dead process has not recorded is in Redis alone
#: until another one takes over.
LEASE_MS, RENEW_S = 3_000, 1.0
#: Shares of Redis' memory: above the first entries move to the file, below the second they stop.
SPILL_FROM, SPILL_TO = 0.60, 0.50
#: Seconds between two tries while a store is away: the first and the longest.
RETRY_S, RETRY_MAX_S = 0.1, 2.0
#: What Postgres away looks like; a closed or stopped server, a pool that gives nothing, a schema that is not there yet.
AWAY = (SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)


async def run(ctx: Context) -> NoReturn:
    """The background loop of a process; `ctx.state["recorder"]` shows how far it is."""
    folder = ctx.settings.data_dir / "spill"
    recorder = Recorder(
        ctx.board,
        ctx.engine,
        ctx.clock,
        hotline=ctx.settings.name,
        holder=ctx.worker,
        spill_dir=folder,
        reopen=ctx.open_board,
        gather_s=ctx.state.get("gather_s", 0.0),
    )
    ctx.state["recorder"] = recorder
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(audit.keep_delivering(ctx))
        await recorder.run()


class Source(Protocol):
    """What the recorder needs of the board."""

    def saw(self, cursor: str) -> None: ...
    async def events(self, after: str, *, count: int = 500, block_ms: int = 0) -> Sequence[Event]: ...
    async def last_cursor(self) -> str: ...
    async def lease(self, name: str, holder: str, ttl_ms: int) -> int: ...
    async def trim_events(self, before: str) -> int: ...
    async def memory_share(self) -> float: ...


class Recorder:
    """Run `run` in the background of any process; at most one of all records at a time."""

    def __init__(
        self,
        board: Source,
        engine: AsyncEngine,
        clock: Clock,
        *,
        hotline: str,
        holder: str,
        spill_dir: Path,
        reopen: Callable[[], Awaitable[object]] | None = None,
        gather_s: float = 0.0,
        on_recorded: Callable[[Sequence[str]], None] | None = None,
    ) -> None:
        """`reopen` adopts a new epoch for this process; `on_recorded` hears ids of facts after their commit.

        `gather_s`: seconds after a small batch in which more may come; 0 on a real hotline, since what is not on
        record yet is lost with Redis."""
        self._board, self._engine, self._clock = board, engine, clock
        self._hotline, self._holder = hotline, holder
        self._reopen, self._gather_s, self._on_recorded = reopen, gather_s, on_recorded
        self._file = Journal(spill_dir / f"recorder-{hotline}.jsonl")
        self._position: Position | None = None
        self._spilled_to: str | None = None
        self._leased_until = float("-inf")
        self._trimmed: str | None = None
        self._pause = RETRY_S
        self.caught_up = False
        """The last read found nothing more (for a virtual clock's probe)."""
        self._gathers = self.gathering = False
        """A few more entries may come before they are read (a virtual clock goes on)."""
        self.degraded = False
        """Postgres does not take what is there: consoles say "saved, not yet recorded"."""

    @property
    def cursor(self) -> str:
        """The last entry recorded, as far as this process knows."""
        return self._position.cursor if self._position else ""

    @property
    def last_id(self) -> int:
        return self._position.last_id if self._position else 0

    async def run(self) -> NoReturn:
        while True:
            await self.step()
            await self._gather()

    async def step(self) -> None:
        """One turn: at most one batch. Waits and returns where something is away."""
        try:
            await self._turn()
            self._pause = RETRY_S
        except BoardAway:
            await self._wait()
        except EpochChanged:
            await self._adopt()
        except Fenced:
            log.info("recorder overtaken")
            self._position, self._leased_until = None, float("-inf")
        except AWAY as error:
            await self._postgres_away(error)

    async def _turn(self) -> None:
        if self._file:
            await self._read_back()
        if not await self._leads():
            self.caught_up = True
            await self._clock.sleep(RENEW_S)
            return
        if self._position is None:
            self._position = await take_over(self._engine, self._hotline)
            self._board.saw(self._position.cursor)
        events = await self._board.events(self._position.cursor, count=BATCH, block_ms=BLOCK_MS)
        self.caught_up = not events
        if not events:
            await self._idle(self._position)
        elif not self._is_new_epoch(events, self._position):
            with self._clock.busy():
                await self._record(events, self._position)
            self._gathers = self._gather_s > 0 and len(events) < BATCH

    async def _gather(self) -> None:
        """After a small batch: let a few more entries come."""
        self.gathering, self._gathers = self._gathers, False
        if self.gathering:
            await self._clock.sleep(self._gather_s)
            self.gathering = False

    async def _adopt(self) -> None:
        with contextlib.suppress(BoardAway, EpochChanged):
            if self._reopen:
                await self._reopen()
                return
        await self._wait()

    async def _leads(self) -> bool:
        """Hold the lease; on losing it, forget the position, which somebody else now moves."""
        if self._clock.now() < self._leased_until:
            return True
        if not await self._board.lease("recorder", self._holder, LEASE_MS):
            self._position = None
            return False
        self._leased_until = self._clock.now() + RENEW_S
        return True

    def _is_new_epoch(self, events: Sequence[Event], position: Position) -> bool:
        """Other data than before: its entries may stand anywhere, so all are read again, and the known ones pass by."""
        newest = max(event.epoch for event in events)
        if not position.epoch or newest <= position.epoch or position.cursor == "0":
            return False
        log.info("new epoch", epoch=newest)
        self._position = replace(position, epoch=newest, cursor="0")
        return True

    async def _record(self, events: Sequence[Event], position: Position) -> None:
        after = position.after(events, int(self._clock.now() * 1000))
        self._tell(await record(self._engine, self._hotline, events, after, position.fence))
        self._position, self.degraded = after, False
        await self._trim(after)

    def _tell(self, result: Result) -> None:
        if result.conflicts or result.problems:
            log.error("entries disagree", count=result.conflicts, what=", ".join(result.problems))
        if result.fact_ids and self._on_recorded:
            self._on_recorded(result.fact_ids)

    async def _idle(self, position: Position) -> None:
        """Nothing new: trim what is old, and notice a stream that has gone back behind the cursor."""
        await self._trim(position)
        if stream_order(await self._board.last_cursor()) < stream_order(position.cursor):
            self._position = replace(position, cursor="0")

    async def _trim(self, position: Position) -> None:
        """Drop what was recorded long ago, at most once a minute, also under a load that never ends; never what this
        recorder has still to read again."""
        until = position.trimmable(int(self._clock.now() * 1000))
        if until and until != self._trimmed and stream_order(until) <= stream_order(position.cursor):
            await self._board.trim_events(until)
            self._trimmed = until

    # -- stores away

    async def _postgres_away(self, error: Exception) -> None:
        if not self.degraded:
            log.warning("postgres away", error=type(error).__name__)
        self.degraded = True
        with contextlib.suppress(BoardAway, EpochChanged):
            if await self._leads_still() and await self._board.memory_share() >= SPILL_FROM:
                await self._spill()
        await self._wait()

    async def _leads_still(self) -> bool:
        """Keep the lease while waiting, but not the position's loss: nobody else can record either."""
        return self._clock.now() < self._leased_until or await self._renew()

    async def _renew(self) -> bool:
        held = await self._board.lease("recorder", self._holder, LEASE_MS) > 0
        self._leased_until = self._clock.now() + RENEW_S if held else float("-inf")
        return held

    async def _wait(self) -> None:
        """Real time: stores come back by the machine's clock, not by the domain's."""
        await asyncio.sleep(self._pause)
        self._pause = min(self._pause * 2, RETRY_MAX_S)

    # -- the file

    async def _spill(self) -> None:
        """Move entries from Redis to the file until there is room; an entry leaves Redis when it is on the disk."""
        after = self._spilled_to or self._last_in_file() or self.cursor or "0"
        while await self._board.memory_share() > SPILL_TO:
            events = await self._board.events(after, count=BATCH)
            if not events:
                break
            await asyncio.to_thread(self._file.append, [asdict(event) for event in events])
            after = self._spilled_to = events[-1].cursor
            await self._board.trim_events(after)

    def _last_in_file(self) -> str | None:
        last = self._file.last()
        return last["cursor"] if last else None

    async def _read_back(self) -> None:
        """What was spilled goes first; no lease is needed, since a file is nobody else's."""
        entries = await asyncio.to_thread(self._file.read)
        for start in range(0, len(entries), BATCH):
            events = [Event(**entry) for entry in entries[start : start + BATCH]]
            with self._clock.busy():
                self._tell(await record(self._engine, self._hotline, events, None, None))
        await asyncio.to_thread(self._file.forget, entries)
        self._spilled_to, self.degraded = None, False
