"""Two accounts on one telephone network: what one dials rings at the other, and both legs end together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telephony.emulator.legs import Leg

if TYPE_CHECKING:
    from telephony.emulator.network import Network


class Trunk:
    """A number that belongs to another account. Both networks run on one clock, in one loop."""

    def __init__(self, there: Network) -> None:
        self._there = there
        self._far: dict[str, Leg] = {}

    def rings(self, leg: Leg) -> None:
        """Our account has dialled it: there it is an incoming call, from the number that our side shows."""
        if self._there.number(leg.to) is None:
            leg.decline("failed")
            return
        far = self._far[leg.sid] = self._there.incoming(_End(leg), leg.from_, leg.to, {})
        leg.settled.set()
        leg.net.spawn(self._answered(leg, far))

    async def _answered(self, leg: Leg, far: Leg) -> None:
        await far.wait_answered()
        if far.live:
            leg.accept()

    def leg_over(self, leg: Leg) -> None:
        """Our side has hung up."""
        if far := self._far.pop(leg.sid, None):
            far.finish(by="caller", cause="hung up")

    def far_of(self, leg: Leg) -> Leg | None:
        """The other account's leg of a call that is still on."""
        return self._far.get(leg.sid)


class _End:
    """What the other account sees as the caller's telephone."""

    def __init__(self, near: Leg) -> None:
        self._near = near

    def rings(self, leg: Leg) -> None:
        """Nobody rings back through it."""
        leg.decline("failed")

    def leg_over(self, leg: Leg) -> None:
        """The other account's side has ended."""
        self._near.finish(by="callee", cause="hung up", status="" if self._near.answered_at else leg.status)
