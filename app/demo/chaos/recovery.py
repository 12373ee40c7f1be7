"""How soon after a fault everything was right again: the emulator's ledger against board and record (R3)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from app.demo.chaos.truth import WAITING, agrees, board_order, board_phase, score, true_phase
from app.demo.evidence import Evidence
from app.demo.judge.figures import percentile
from app.demo.judge.record import recorded_legs
from telephony.clock import Clock
from telephony.emulator import Leg, Network

#: R3's bounds, seconds.
BOUNDS_S = {"store_back": 5.0, "redis_emptied": 25.0, "callback_lost": 60.0}
#: Seconds between two looks (R3), and after a bound until a look is the last.
SAMPLE_S, GIVE_UP_S = 0.2, 15.0
#: Seconds between two rings that may come to the board in the other order.
SAME_TIME_S = 0.5
#: Seconds in which a lost callback may make the board differ for a reason of its own.
LOST_S = BOUNDS_S["callback_lost"]
#: What the record has of a callback, where it came or was supplied.
TELLS = {"participant-join": "leg.joined", "participant-leave": "leg.left", "completed": "leg.ended"}
#: Seconds by which the record may have known of it before the callback was due.
BEFORE_S = 1.0

Calls = Sequence[Mapping[str, Any]]
Read = Callable[[], Awaitable[Calls | None]]


@dataclass
class Recoveries:
    """Seconds until right, by kind; `not_yet` names what was not right when the looking ended."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    not_yet: list[str] = field(default_factory=list[str])

    def p99(self) -> dict[str, float | None]:
        worst = {kind: percentile(self.seconds.get(kind, ()), 0.99) for kind in BOUNDS_S}
        return {kind: None if value is None else round(value, 2) for kind, value in worst.items()}

    def over_bound(self) -> list[str]:
        """What took longer than R3 allows, in words."""
        slow = [
            f"{kind}: {seconds:.1f} s, may take {BOUNDS_S[kind]:.0f} s"
            for kind, found in self.seconds.items()
            for seconds in found
            if seconds > BOUNDS_S[kind]
        ]
        return [*slow, *self.not_yet]


class Watch:
    """Looks at the callers who were on the line when a store came back, until the board is right about each."""

    def __init__(self, net: Network, clock: Clock, read: Read, into: Recoveries) -> None:
        self._net, self._clock, self._read, self._into = net, clock, read, into

    async def until_right(self, kind: str, since: float) -> None:
        """One figure a caller, and one for the order of those who wait."""
        callers = [leg for leg in self._callers() if not self._untold(leg)]
        left, ordered = {leg.sid: leg for leg in callers}, False
        while (left or not ordered) and self._clock.now() < since + BOUNDS_S[kind] + GIVE_UP_S:
            at, calls = self._clock.now(), await self._read()
            if calls is not None:
                for sid in self._right(left.values(), calls):
                    del left[sid]
                    self._into.seconds[kind].append(at - since)
                left = {sid: leg for sid, leg in left.items() if leg.live and not self._untold(leg)}
                if not left and not ordered and self._in_order(callers, calls):
                    ordered = True
                    self._into.seconds[kind].append(at - since)
            await self._clock.sleep(SAMPLE_S)
        self._give_up(kind, since, [*left, *([] if ordered else ["the order"])])

    def _give_up(self, kind: str, since: float, wrong: Iterable[str]) -> None:
        for name in wrong:
            self._into.seconds[kind].append(self._clock.now() - since)
            self._into.not_yet.append(f"{kind}: {name} was not right again")

    def _callers(self) -> list[Leg]:
        return [leg for leg in self._net.legs.values() if leg.live and leg.direction == "inbound" and _telephone(leg)]

    def _untold(self, leg: Leg) -> bool:
        """A callback about this caller's room was lost, or its specialist's device died: other bounds hold for them."""
        room = leg.room.sid if leg.room else ""
        since = self._clock.now() - LOST_S
        lost = (e for e in self._net.ledger.of("webhook.dropped") if e.at > since)
        if any(entry.sid == leg.sid or (room and entry.room == room) for entry in lost):
            return True
        return any(other.dead and other.live and other.room is leg.room for other in self._net.legs.values() if room)

    def _right(self, legs: Iterable[Leg], calls: Calls) -> list[str]:
        said = {call["sid"]: board_phase(call) for call in calls}
        return [leg.sid for leg in legs if leg.live and agrees(true_phase(self._net, leg), said.get(leg.sid))]

    def _in_order(self, legs: Iterable[Leg], calls: Calls) -> bool:
        """Callers who have met nobody yet are in the line by declared class and first ring."""
        ledger = self._net.ledger
        met = {entry.sid for entry in ledger.of("room.joined")}
        pressed = {entry.sid for entry in ledger.of("key") if entry.data["digit"] == "1"}
        new = {
            leg.sid: leg for leg in legs if leg.live and true_phase(self._net, leg) == WAITING and leg.sid not in met
        }
        line = [(new[sid], cls) for sid, cls in board_order(calls) if sid in new]
        if any(leg.sid in pressed and cls != "danger" for leg, cls in line):
            return False
        scores = [score(leg, cls) for leg, cls in line]
        return all(worst <= own + SAME_TIME_S for worst, own in zip(accumulate(scores, max), scores, strict=True))


def _telephone(leg: Leg) -> bool:
    return not leg.from_.startswith("client:")


def lost_callbacks(e: Evidence) -> Iterator[float]:
    """For each callback that never came: seconds until the record had what it would have told."""
    recorded = {leg.sid for leg in recorded_legs(e)}
    for entry in e.ledger.of("webhook.dropped"):
        kind = TELLS.get(entry.data.get("event", ""))
        if kind is None or entry.sid not in recorded:
            continue
        known = [
            ev["at"].timestamp() for ev in e.rows.events if ev["kind"] == kind and ev["data"].get("sid") == entry.sid
        ]
        later = [at for at in known if at >= entry.at - BEFORE_S]
        if later or not known:
            yield max(0.0, min(later, default=e.now) - entry.at)
