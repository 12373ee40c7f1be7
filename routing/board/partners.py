"""Moves of callers between hotlines: ours whom a partner takes, and a partner's whom we are offered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Literal

from routing.board import reads
from routing.board.views import Answer


class Partners:
    """What `Board` can do for callers who are passed on."""

    _run: Callable[..., Awaitable[Any]]

    async def pass_on(self, call: str, partner: str, *, yes: bool, cause: str = "") -> Answer:
        """What the partner has said. `yes`: somebody is kept free there, and the caller's leg is to ring through. Not
        ok when the caller is not to go there any more: answered, gone, or with the backup line."""
        return reads.answer(await self._run("pass_on", {"call": call, "partner": partner, "yes": yes, "cause": cause}))

    async def pass_served(self, call: str) -> None:
        """The partner says that a person there has spoken with the caller whom we passed on."""
        await self._run("pass_served", {"call": call})

    async def partner(
        self,
        what: Literal["ask", "withdraw", "look"],
        partner: str,
        *,
        token: str,
        nonce: str,
        line: str = "",
        language: str = "",
        cls: str = "",
        arrived_ms: int = 0,
    ) -> Answer:
        """Another hotline speaks of a caller. `ask`: ok when somebody is kept free; else `nobody`, `busy` (another
        caller of that partner's is on the way), `arrived`, `verifying`. `look`: `arrived`, `served`. A nonce is good
        once: `replayed`."""
        about = {"line": line, "language": language, "cls": cls, "arrived_ms": arrived_ms}
        args = {"what": what, "partner": partner, "token": token, "nonce": nonce, **about}
        return reads.answer(await self._run("partner", args))
