"""The connection to Postgres, with limits so that a stopped server is noticed."""

from __future__ import annotations

from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

#: Seconds to open a connection; a stopped server accepts none.
CONNECT = 2.0
#: Seconds the client waits for any one statement.
COMMAND = 10.0
#: Milliseconds the server gives a statement, and an open transaction that does nothing.
STATEMENT_MS, IDLE_MS = 8_000, 15_000


def connect(url: str, *, pool_size: int = 5, command_s: float | None = COMMAND) -> AsyncEngine:
    """An engine for `postgresql://…`; connections are opened when first used and checked before each use."""
    settings = {
        "application_name": "hotline",
        "statement_timeout": str(STATEMENT_MS),
        "idle_in_transaction_session_timeout": str(IDLE_MS),
    }
    return create_async_engine(
        make_url(url).set(drivername="postgresql+asyncpg"),
        pool_size=pool_size,
        max_overflow=5,
        pool_timeout=CONNECT,
        pool_pre_ping=True,
        hide_parameters=True,  # an error's text quotes the statement: never with what was to be written
        connect_args={"timeout": CONNECT, "command_timeout": command_s, "server_settings": settings},
    )
