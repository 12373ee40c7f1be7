"""What queueing theory says of one class of callers with exponential times: the oracle of the simulation.

Erlang C (nobody gives up): L. Kleinrock, Queueing Systems I (1975), 3.5. Erlang A (patience is exponential too):
O. Garnett, A. Mandelbaum and M. Reiman, Designing a Call Center with Impatient Customers, Manufacturing & Service
Operations Management 4 (2002); here straight from the balance equations of its birth and death process.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

NEGLIGIBLE = 1e-12
"""Probability below which longer queues are left out."""


@dataclass(frozen=True)
class Staffing:
    """Calls and service per hour and in seconds; `patience_s` 0: nobody gives up."""

    calls_per_hour: float
    service_s: float
    staff: int
    patience_s: float = 0

    @property
    def load(self) -> float:
        """Erlangs offered."""
        return self.calls_per_hour * self.service_s / 3600


def waits(at: Staffing) -> float:
    """Erlang C: the probability that a caller waits at all."""
    a, c = at.load, at.staff
    idle = sum(a**n / math.factorial(n) for n in range(c))
    busy = a**c / math.factorial(c) * c / (c - a)
    return busy / (idle + busy)


def within(at: Staffing, seconds: float) -> float:
    """Erlang C: the share of callers answered within so many seconds."""
    return 1 - waits(at) * math.exp(-(at.staff - at.load) * seconds / at.service_s)


def mean_wait_s(at: Staffing) -> float:
    """Erlang C: seconds that a caller waits in the mean, those who do not wait counted."""
    return waits(at) * at.service_s / (at.staff - at.load)


def abandons(at: Staffing) -> float:
    """Erlang A: the share of callers who give up. In a balance each who waits gives up at the rate 1 / patience."""
    arrive, serve, leave = at.calls_per_hour / 3600, 1 / at.service_s, 1 / at.patience_s
    weight = total = 1.0
    queue = 0.0
    for n in itertools.count(1):
        weight *= arrive / (min(n, at.staff) * serve + max(0, n - at.staff) * leave)
        total += weight
        queue += weight * max(0, n - at.staff)
        if n > at.staff and weight < NEGLIGIBLE * total:
            return queue / total * leave / arrive
    raise AssertionError
