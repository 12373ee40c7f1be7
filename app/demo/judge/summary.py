"""The one object that a run ends with (design.md, contract), and whether the run is good."""

from __future__ import annotations

from collections import Counter
from typing import Any

from app.demo.evidence import Evidence
from app.demo.judge import figures
from app.demo.judge.assigned import double_assigned, ghost_offers
from app.demo.judge.buckets import bucket
from app.demo.judge.order import out_of_order
from app.demo.judge.record import mismatched, unrecorded

#: What must be 0.
COUNTERS = ("lost", "double_assigned", "ghost_offers", "unrecorded", "mismatched", "out_of_order")


def summary(e: Evidence) -> dict[str, Any]:
    """Counters, figures and what happened; `details` names each thing counted."""
    verdicts = {caller.sid: bucket(e, caller) for caller in e.callers}
    buckets = Counter(verdict.bucket for verdict in verdicts.values())
    details = {
        "lost": [f"{sid}: {v.why}" for sid, v in verdicts.items() if v.bucket == "lost"],
        "double_assigned": double_assigned(e),
        "ghost_offers": ghost_offers(e),
        "unrecorded": unrecorded(e),
        "mismatched": mismatched(e),
        "out_of_order": out_of_order(e),
    }
    events = figures.happened(e)
    return {
        "callers": len(verdicts),
        **{name: buckets[name] for name in ("answered", "abandoned", "rolled_over", "callback")},
        **{name: len(found) for name, found in details.items()},
        **_times(e),
        "happened": events,
        "did_not_happen": figures.missing(e, lambda kind: events[kind]),
        "details": {name: found for name, found in details.items() if found},
    }


def _times(e: Evidence) -> dict[str, float | None]:
    waits, everybody, routes = figures.waits(e), figures.waits_of_all(e), figures.routes_ms(e)
    times: dict[str, float | None] = {}
    for name, values, unit in (("wait", waits, "s"), ("wait_all", everybody, "s"), ("route", routes, "ms")):
        for share in (50, 99):
            value = figures.percentile(values, share / 100)
            times[f"{name}_p{share}_{unit}"] = None if value is None else round(value, 2)
    return times


def verdict(result: dict[str, Any]) -> bool:
    """Good: nothing counted that must be 0, and every scripted kind of event has happened."""
    return not any(result[name] for name in COUNTERS) and not result["did_not_happen"]
