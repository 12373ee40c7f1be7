"""What one process holds, built once by `app.main.compose` and passed on: no globals, no container.

A route gets it with `ctx: Ctx`; a background loop is an `async def run(ctx: Context)` that `app.main` supervises.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from app.lines import Lines
from app.secrets import Secrets
from app.settings import Settings
from routing.board import Board, BoardAway, EpochChanged
from telephony.carrier import Carrier
from telephony.clock import Clock

if TYPE_CHECKING:
    from telephony.twilio import Inbound

T = TypeVar("T")


class Nudge:
    """Wakes a loop before its next poll; level-triggered, so that a nudge while it works is not lost."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def __call__(self) -> None:
        self._event.set()

    def take(self) -> bool:
        """True once after a nudge."""
        was = self._event.is_set()
        self._event.clear()
        return was

    async def wait(self) -> None:
        await self._event.wait()


@dataclass(frozen=True)
class Context:
    """The per-process parts; every one can be replaced by a test or the demo."""

    settings: Settings
    clock: Clock
    board: Board
    """A move that meets another epoch raises `EpochChanged` and changed nothing: `open_board`, then once more (S2)."""
    carrier: Carrier
    inbound: Inbound
    """Proves that a request is the carrier's."""
    engine: AsyncEngine
    sessions: async_sessionmaker[AsyncSession]
    secrets: Secrets
    lines: Lines
    """Lines, words, wait plans: known at start-up without a store (S5), and whatever leads edit since."""
    new_id: Callable[[], str]
    """Random hex, 12 digits; ids put their letter before it."""
    worker: str
    """This process, as the holder of leases."""
    effects_due: Nudge = field(default_factory=Nudge)
    """Call it after a board move that may have appended effects; the outbox then need not wait for its poll."""
    reconcile_due: Nudge = field(default_factory=Nudge)
    """Call it when something looks wrong: the reconciler passes at once."""
    state: dict[str, Any] = field(default_factory=dict[str, Any])
    """What loops tell each other in this process (`draining`, known epochs); nothing that decides about a call."""

    def now_ms(self) -> int:
        return int(self.clock.now() * 1000)

    async def open_board(self) -> str:
        """Adopt the board's epoch, or begin one later than every one this process knows, and have a pass made (S2)."""
        known: set[str] = self.state.setdefault("epochs", set())
        epoch = await self.board.open(self.lines.board_config(len(self.settings.backup_numbers)), known=sorted(known))
        known.add(epoch)
        self.reconcile_due()
        return epoch

    async def moved(self, move: Callable[[], Awaitable[T]]) -> T:
        """A board move, repeated once on a newly opened board where it met another epoch; one that changes its epoch
        again in between is as good as away."""
        try:
            return await move()
        except EpochChanged:
            await self.open_board()
        try:
            return await move()
        except EpochChanged as error:
            raise BoardAway("the board changes its epoch") from error


async def get_context(request: Request) -> Context:
    return request.app.state.context


Ctx = Annotated[Context, Depends(get_context)]
