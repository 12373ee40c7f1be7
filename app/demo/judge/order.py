"""P1 in the record's log: every match of the run took the least score among those the person surely might take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.demo.evidence import Evidence
from routing.order import Order


@dataclass(frozen=True)
class Logged:
    """A row of the record's log as an entry of the stream."""

    call: str
    at_ms: int
    kind: str
    data: Mapping[str, Any]


def out_of_order(e: Evidence) -> list[str]:
    """Each match that passed over somebody who was ahead."""
    rows = sorted(e.rows.events, key=lambda row: (_epoch(row["epoch"]), row["id"]))
    log = (Logged(r["call_id"] or "", round(r["at"].timestamp() * 1000), r["kind"], r["data"]) for r in rows)
    return list(Order().broken(log))


def _epoch(epoch: str) -> tuple[int, str]:
    ms, _, rest = epoch.partition("-")
    return int(ms or 0), rest
