"""Structured logs: one JSON object a line, with the call's id and nothing personal.

Only the keys of `ALLOWED` pass: a number, a name or a URL given by mistake is dropped before it is written. Exceptions
are logged by their type, since their texts may quote what they choked on.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import MutableMapping
from datetime import UTC, datetime
from pathlib import Path
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
        "hotline",
    }
)


#: Whose messages are written as they are: our own, and the server's words about starting and stopping.
OUR_OWN = ("app", "routing", "telephony", "uvicorn")
#: Frames of a traceback that are written: the innermost.
FRAMES = 24


class Plain(logging.Formatter):
    """One JSON object a record of the standard library's logging. Of an exception its type and where it was raised,
    never its text or a library's message: a database quotes the row that it refused."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {"part": record.name, "level": record.levelname.lower()}
        if record.name.partition(".")[0] in OUR_OWN:
            line["event"] = str(record.msg) if record.exc_info else record.getMessage()
        else:
            line["event"] = f"{Path(record.pathname).name}:{record.lineno}"
        if record.exc_info and record.exc_info[0]:
            line["error"] = record.exc_info[0].__name__
            line["where"] = [
                f"{Path(frame.filename).name}:{frame.lineno}:{frame.name}"
                for frame in traceback.extract_tb(record.exc_info[2])[-FRAMES:]
            ]
        line["timestamp"] = datetime.fromtimestamp(record.created, UTC).isoformat()
        return json.dumps(line)


class _ToStandardError(logging.StreamHandler[Any]):
    """Writes to whatever standard error is at the moment."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(Plain())

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


def configure(level: str = "info") -> None:
    """JSON to standard error; other libraries' loggers keep to warnings, httpx and twilio would print addresses."""
    if not any(isinstance(handler, _ToStandardError) for handler in logging.root.handlers):
        logging.root.addHandler(_ToStandardError())
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
