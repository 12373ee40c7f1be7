"""The judge: the counters of section T, each a small function over the evidence, and the whole summary of a run."""

from __future__ import annotations

from app.demo.judge.summary import COUNTERS, summary, verdict

__all__ = ["COUNTERS", "summary", "verdict"]
