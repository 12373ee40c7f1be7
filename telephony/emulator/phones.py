"""Scripted telephones: they dial, ring, answer, listen, press keys and hang up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from telephony.emulator.legs import Leg
from telephony.emulator.waits import within as within_time

if TYPE_CHECKING:
    from telephony.emulator.network import Network

#: How a carrier writes a caller who withholds the number.
WITHHELD = ("anonymous", "unknown", "ANONYMOUS", "", "+266696687")
_ATTESTATIONS = (
    "TN-Validation-Passed-A",
    "TN-Validation-Passed-B",
    "TN-Validation-Passed-C",
    "TN-Validation-Failed-C",
    "No-TN-Validation",
)
Then = Callable[[Leg], Coroutine[Any, Any, None]]


class Handset:
    """What telephones and softphones have in common: one person at one device."""

    def __init__(self, net: Network, address: str) -> None:
        self.net = net
        self.address = address
        """Its number, or `client:identity`."""
        self.leg: Leg | None = None
        """The call it is in, or was in last."""
        self._policy: Callable[[Leg], None] = lambda leg: leg.settled.set()
        self._listened = 0

    # ------------------------------------------------------------ when it rings

    def will_answer(self, after: float = 3.0, then: Then | None = None) -> None:
        """Answer every call `after` seconds of ringing, then do `then`."""

        def policy(leg: Leg) -> None:
            if after <= 0:
                self._answer(leg, then)
                return
            leg.settled.set()
            leg.later(after, lambda: self._answer(leg, then))

        self._policy = policy

    def will_not_answer(self) -> None:
        """Let it ring."""
        self._policy = lambda leg: leg.settled.set()

    def will_be_busy(self) -> None:
        """Refuse every call as busy."""
        self._policy = lambda leg: leg.decline("busy")

    @contextmanager
    def attended(self, rings: Callable[[Leg], None]) -> Generator[None]:
        """Inside, a person decides about every call (the leg is theirs to accept or decline), not the script."""
        scripted, self._policy = self._policy, rings
        try:
            yield
        finally:
            self._policy = scripted

    def rings(self, leg: Leg) -> None:
        """A call comes in; who is talking is busy."""
        if self.leg is not None and self.leg.live and not self.leg.dead:
            leg.decline("busy")
            return
        self._take(leg)
        self._policy(leg)

    def leg_over(self, leg: Leg) -> None:
        """Its call has ended."""

    def _answer(self, leg: Leg, then: Then | None) -> None:
        if leg.status != "ringing":
            return
        leg.accept()
        if then is not None:
            self.net.spawn(then(leg))

    def _take(self, leg: Leg) -> None:
        self.leg = leg
        self._listened = 0

    # ------------------------------------------------------------ what a person does

    async def hears(self, text: str, within: float = 20.0) -> None:
        """Wait (domain time) until something with these words begins to be heard, later than what was matched last."""
        leg = self._call()
        waiting = asyncio.ensure_future(self._until_heard(leg, text.lower()))
        if not await within_time(self.net.clock, within, waiting) or not waiting.result():
            heard = [f"{h.what}: {h.text}" for h in leg.heard]
            raise AssertionError(f"{text!r} was not heard within {within} s; heard was {heard}, leg {leg.status}")

    async def _until_heard(self, leg: Leg, words: str) -> bool:
        while True:
            for index in range(self._listened, len(leg.heard)):
                if words in leg.heard[index].text.lower() or words == leg.heard[index].what:
                    self._listened = index + 1
                    return True
            if not leg.live:
                return False
            await leg.news()

    async def presses(self, digits: str) -> None:
        """Press keys."""
        await self._call().presses(digits)

    async def hangs_up(self) -> None:
        """Hang up; nothing where the call is already over."""
        await self._call().hangs_up()

    def _call(self) -> Leg:
        if self.leg is None:
            raise AssertionError(f"{type(self).__name__} is in no call")
        return self.leg


class Phone(Handset):
    """A telephone with a number."""

    async def dials(self, to: str, withheld: bool | str = False) -> Leg:
        """Call a number; `withheld` hides the own one, in one of the carrier's spellings (or the given one)."""
        hidden = self.net.rng.choice(WITHHELD) if withheld is True else withheld
        from_ = self.address if hidden is False else str(hidden)
        extras = {"StirVerstat": self.net.rng.choice(_ATTESTATIONS)} if from_ == self.address else {}
        leg = self.net.incoming(self, from_, to, extras)
        self._take(leg)
        return leg
