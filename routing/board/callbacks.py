"""Moves of callbacks: rung by a person, answered, and put back on a board that has lost them (C4)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from routing.board import reads
from routing.board.views import Answer, CallView


class Callbacks:
    """What `Board` can do for callers who are to be rung back."""

    _run: Callable[..., Awaitable[Any]]

    async def ring(self, call: str, spec: str) -> Answer:
        """The owner of a callback has the caller rung. Refused: `unsafe`, `too_soon`, `rung_enough`."""
        return reads.answer(await self._run("ring", {"call": call, "spec": spec}))

    async def rung(self, call: str, sid: str, label: str, *, key: bool) -> CallView | Answer:
        """Who was rung back has answered; with `key` they want to be put through, and the leg is the caller's. An
        answer: nothing is to be said (refused), or the words (agreed)."""
        args = {"call": call, "sid": sid, "label": label, "key": key}
        answer = reads.answer(await self._run("rung", args, source="w"))
        view = answer.data.get("view")
        return reads.call_view(view) if answer.ok and view else answer

    async def call_of_leg(self, sid: str) -> CallView | None:
        """The call whose caller was rung back by this leg."""
        return reads.maybe_call(await self._run("read", {"what": "of_leg", "id": sid}))

    async def keep_callback(self, call: str, sid: str, *, told: Mapping[str, Any]) -> None:
        """The record knows this callback; a board that has lost it has it back at its place (S2)."""
        await self._run("keep", {"call": call, "sid": sid, "told": {k: v for k, v in told.items() if v is not None}})
