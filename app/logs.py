"""Structured logs: one JSON object a line, with the call's id and nothing personal.

Only the keys of `ALLOWED` pass: a number, a name or a URL given by mistake is dropped before it is written. Exceptions
are logged by their type, since their texts may quote what they choked on.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

#: Keys that may be in a log line. Everything else is replaced by the count of what was dropped.
ALLOWED = frozenset(
    {
        "spec",
        "part",
        "kind",
        "line",
        "error",
        "timestamp",
        "leg",
        "what",
        "reason",
        "status",
        "code",
        "effect",
        "worker",
        "event",
        "loop",
        "ms",
        "count",
        "route",
        "state",
        "offer",
        "language",
        "level",
        "cls",
        "room",
        "epoch",
        "attempt",
        "call",
    }
)


def configure(level: str = "info") -> None:
    """JSON to standard error; other libraries' loggers keep to warnings, httpx and twilio would print addresses."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_log_level,
            _only_allowed,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper(), logging.INFO)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    for noisy in ("httpx", "httpcore", "twilio", "twilio.http_client", "uvicorn.access", "sqlalchemy.engine"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def get(name: str) -> Any:
    return structlog.get_logger(part=name)


def _only_allowed(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    kept = {key: value for key, value in event.items() if key in ALLOWED}
    if len(kept) < len(event):
        kept["count"] = len(event) - len(kept)
    return kept
