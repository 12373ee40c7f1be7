"""Means of a simulation with their confidence limits."""

from __future__ import annotations

import heapq
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

BATCHES = 20
"""Batch means: calls close to one another wait alike, means of long batches hardly."""
T_99 = 2.861
"""Student's t of `BATCHES` - 1 degrees of freedom, 99 % two-sided."""


@dataclass(frozen=True)
class Estimate:
    """A mean, and how far off the truth may be with 99 % confidence."""

    mean: float
    limit: float

    def agrees(self, truth: float) -> bool:
        return abs(self.mean - truth) <= self.limit

    def __str__(self) -> str:
        return f"{self.mean:.4f} ± {self.limit:.4f}"


def estimate(values: Sequence[float], *, warm: float = 0.05) -> Estimate:
    """By batch means, without the first part, in which the line was still emptier than it is in the long run."""
    kept = values[round(len(values) * warm) :]
    size = len(kept) // BATCHES
    means = [statistics.fmean(kept[n * size : (n + 1) * size]) for n in range(BATCHES)]
    return Estimate(statistics.fmean(means), T_99 * statistics.stdev(means) / math.sqrt(BATCHES))


def first_come(served: Sequence[tuple[int, int]], staff: int) -> list[int]:
    """The waits of the same callers, ms, at a counter with one queue: each in turn to whoever is free first (the
    recursion of J. Kiefer and J. Wolfowitz, On the Theory of Queues with Many Servers, 1955)."""
    free, waits = [0] * staff, []
    for at, service in served:
        start = max(at, heapq.heappop(free))
        heapq.heappush(free, start + service)
        waits.append(start - at)
    return waits
