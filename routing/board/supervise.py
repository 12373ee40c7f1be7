"""Moves beside a call: a lead listens, whispers, joins or takes over; help is called; the caller is held (L10)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Literal

from routing.board import reads
from routing.board.views import Answer, Profile

Mode = Literal["listen", "whisper", "barge"]
"""Heard by nobody; by the owner alone; by everybody."""


class Supervision:
    """What `Board` can do for leads."""

    _run: Callable[..., Awaitable[Any]]

    async def supervise(self, profile: Profile, call: str, mode: Mode, *, tab: str, token: str) -> Answer:
        """A lead beside a call. `data`: `joined` (the leg is there or on its way, its mode has changed) or the `token`
        with which it dials in as a specialist does. `busy`, `no_room`, `nobody_to_coach` say why not."""
        who: Mapping[str, Any] = {**asdict(profile), "lanes": " ".join(profile.lanes)}
        args = {"call": call, "profile": who, "mode": mode, "tab": tab, "token": token}
        return reads.answer(await self._run("supervise", args))

    async def unsupervise(self, call: str, spec: str) -> Answer:
        """The lead goes; their leg is completed."""
        return reads.answer(await self._run("unsupervise", {"call": call, "spec": spec}))

    async def take_over(self, call: str, spec: str) -> Answer:
        """A lead who is in the room aloud becomes the owner, in one script; else `join_first`."""
        return reads.answer(await self._run("take_over", {"call": call, "spec": spec}))

    async def ask(
        self,
        call: str,
        spec: str,
        *,
        kind: Literal["transfer", "consult"],
        to: str = "",
        lanes: Sequence[str] = (),
        up: bool = False,
    ) -> Answer:
        """The owner asks a colleague in: the one named, or who is idle for longest in `lanes`. `data`: `offer`, `spec`.
        `not_free`, `nobody_free`, `asking` (one at a time) and `verify` say why not. `up`: from a warm line to its
        crisis line's people (else `not_warm`); asked, the call is a crisis call, and nothing leads down again."""
        args = {"call": call, "spec": spec, "kind": kind, "to": to, "lanes": " ".join(lanes), "up": up}
        return reads.answer(await self._run("ask", args))

    async def unask(self, call: str, spec: str) -> Answer:
        """The owner takes back what they have asked of a colleague who has not answered yet."""
        return reads.answer(await self._run("unask", {"call": call, "spec": spec}))

    async def hand_over(self, call: str, spec: str, to: str) -> Answer:
        """The owner gives the call to a colleague who is in the room with media; else `not_there`. A caller on hold is
        taken back; who gave it stays until they leave."""
        return reads.answer(await self._run("hand_over", {"call": call, "spec": spec, "to": to}))

    async def interpreter(self, call: str, spec: str, language: str, numbers: Sequence[str], *, nonce: str) -> Answer:
        """The owner has an interpreter rung into the room: one of `numbers` (ciphertexts), the next one at each try.
        With no `language` they let go whom they have. `ringing`: there is one of another language."""
        args = {"call": call, "spec": spec, "language": language, "numbers": list(numbers), "nonce": nonce}
        return reads.answer(await self._run("interpreter", args))

    async def help(self, call: str, spec: str, on: bool) -> Answer:
        """Somebody in the call wants a lead: leads are alarmed until one has joined."""
        return reads.answer(await self._run("help", {"call": call, "spec": spec, "on": on}))

    async def hold(self, call: str, spec: str, on: bool) -> Answer:
        """The owner puts the caller on hold, or takes them back; leads are alarmed after two minutes."""
        return reads.answer(await self._run("hold", {"call": call, "spec": spec, "on": on}))
