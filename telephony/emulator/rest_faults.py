"""Faults of the REST API: readers that lag behind, too many requests, answers that get lost. Off unless set."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field

from telephony.emulator import rest_errors as errors
from telephony.emulator.rest_errors import Known

BY_NAME: dict[str, Known] = {
    "too_many": errors.TOO_MANY_REQUESTS,
    "unavailable": errors.UNAVAILABLE,
    "lost_answer": errors.INTERNAL,
}


@dataclass
class RestFaults:
    """Rates are probabilities, 0 to 1, of one request; lags are seconds of domain time."""

    list_lag_s: float = 0.0
    """Lists of calls and conferences show the state of so long ago (the documents: "eventually consistent")."""
    fetch_lag_s: float = 0.0
    """So does the fetch of one call; a call that is younger is shown as it was created."""
    too_many: float = 0.0
    """429/20429: never processed, safe to repeat."""
    unavailable: float = 0.0
    """503 before anything was done."""
    lost_answer: float = 0.0
    """500 after everything was done: the client cannot know."""
    max_concurrent: int | None = None
    """More requests than this at once get 429/20429."""
    count: Counter[str] = field(default_factory=Counter[str])
    """How often each fault happened."""
    _once: list[str] = field(default_factory=list[str])

    def next(self, fault: str) -> None:
        """Let the next request suffer `too_many`, `unavailable` or `lost_answer`."""
        if fault not in BY_NAME:
            raise ValueError(f"no REST fault is called {fault}")
        self._once.append(fault)

    def fate(self, rng: random.Random, in_flight: int) -> str:
        """The fault that one request suffers, or nothing; `in_flight` counts it too."""
        if self.max_concurrent is not None and in_flight > self.max_concurrent:
            fault = "too_many"
        elif self._once:
            fault = self._once.pop(0)
        else:
            fault = next((name for name in BY_NAME if getattr(self, name) and rng.random() < getattr(self, name)), "")
        if fault:
            self.count[fault] += 1
        return fault
