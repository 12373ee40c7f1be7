"""Injected faults: duplicates, reordering, delay and loss of callbacks, by rate or exactly once.

Documents are never lost, delayed or reordered here (a lost document is a failed one, and the fallback's business); they
may be asked for twice.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field

from telephony.emulator.rest_faults import RestFaults


@dataclass
class Rates:
    """Probabilities, 0 to 1, of what happens to one callback (or document request: `duplicate` alone counts)."""

    drop: float = 0.0
    duplicate: float = 0.0
    delay: float = 0.0
    reorder: float = 0.0


@dataclass(frozen=True)
class Fate:
    """What is to happen to one request. Seconds of domain time."""

    drop: bool = False
    duplicate: bool = False
    delay_s: float = 0.0
    reorder: bool = False


@dataclass
class Faults:
    """Rates by kind (`document`, `status`, `conference`); what is not named never fails. Read from the one rng."""

    rates: dict[str, Rates] = field(default_factory=dict[str, Rates])
    delay_s: tuple[float, float] = (0.5, 8.0)
    """Least and longest delay, seconds of domain time."""
    count: Counter[str] = field(default_factory=Counter[str])
    """How often each fault happened, as `kind.fault`."""
    rest: RestFaults = field(default_factory=RestFaults)
    """What the REST API suffers: lag, refusals, lost answers."""
    _once: list[tuple[str, Fate]] = field(default_factory=list[tuple[str, Fate]])

    def drop_next(self, kind: str) -> None:
        """Lose exactly the next callback of this kind, or of this event (`participant-join`, `completed`)."""
        self._once.append((kind, Fate(drop=True)))

    def duplicate_next(self, kind: str) -> None:
        """Send the next request of this kind or event twice."""
        self._once.append((kind, Fate(duplicate=True)))

    def delay_next(self, kind: str, seconds: float) -> None:
        """Hold the next callback of this kind or event back for that long (domain time)."""
        self._once.append((kind, Fate(delay_s=seconds)))

    def fate(self, kind: str, event: str, rng: random.Random) -> Fate:
        """Decide what happens to one request, and count it."""
        fate = self._ordered(kind, event) or self._drawn(kind, rng)
        for name in ("drop", "duplicate", "delay_s", "reorder"):
            if getattr(fate, name):
                self.count[f"{kind}.{name.removesuffix('_s')}"] += 1
        return fate

    def _ordered(self, kind: str, event: str) -> Fate | None:
        for index, (wanted, fate) in enumerate(self._once):
            if wanted in (kind, event):
                del self._once[index]
                return fate
        return None

    def _drawn(self, kind: str, rng: random.Random) -> Fate:
        rates = self.rates.get(kind)
        if rates is None:
            return Fate()
        duplicate = rng.random() < rates.duplicate
        if kind == "document":
            return Fate(duplicate=duplicate)
        delayed = rng.random() < rates.delay
        return Fate(
            drop=rng.random() < rates.drop,
            duplicate=duplicate,
            delay_s=rng.uniform(*self.delay_s) if delayed else 0.0,
            reorder=rng.random() < rates.reorder,
        )
