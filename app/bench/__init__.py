"""The measurements: each with its yardstick in the same run, interleaved, medians of rounds."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any


async def show(what: str, *, as_json: bool) -> str:
    """Run one bench and give its figures as text; `KeyError` for one that is not there."""
    from app.bench import console, match, route, webhook

    benches: Mapping[str, Callable[[], Awaitable[dict[str, Any]]]] = {
        "webhook": webhook.bench,
        "match": match.bench,
        "route": route.bench,
        "console": console.bench,
    }
    figures = await benches[what]()
    return json.dumps(figures) if as_json else "\n".join(_lines(figures))


def _lines(figures: Mapping[str, Any]) -> list[str]:
    return [
        f"{name}: " + (", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else str(value))
        for name, value in figures.items()
    ]
