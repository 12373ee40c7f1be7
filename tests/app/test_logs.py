"""Nothing personal reaches a log, whoever writes it and whatever breaks."""

from __future__ import annotations

import json
import logging

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app import logs
from app.records.engine import connect

pytestmark = pytest.mark.anyio

#: What must be found nowhere, as a caller's words would be.
MARK = "she-said-this-and-it-is-hers"


@pytest.fixture(autouse=True)
def configured() -> None:
    logs.configure()


async def broken(url: str) -> Exception:
    """A statement that the database refuses, with words in its parameters, which the server's answer quotes."""
    engine = connect(url)
    try:
        async with engine.begin() as connection:
            await connection.execute(text("select cast(cast(:words as text) as integer)"), {"words": MARK})
    except SQLAlchemyError as error:
        return error
    finally:
        await engine.dispose()
    raise AssertionError("the database took it")


async def test_an_error_of_the_database_hides_what_was_sent_but_not_what_it_choked_on(
    hotline_database,
) -> None:
    error = await broken(hotline_database)
    assert "[SQL parameters hidden" in str(error)
    assert MARK in str(error)  # the server quotes it: such a text must never be written


async def test_neither_our_loggers_nor_a_library_s_write_it(hotline_database, capfd) -> None:
    error = await broken(hotline_database)
    logs.get("app.test").error("refused", error=str(error)[:0], narrative=MARK, kind="x")
    for name in ("app.api.errors", "uvicorn.error", "asyncio", "sqlalchemy.pool", "anything"):
        logging.getLogger(name).error("Exception in application", exc_info=error)
        logging.getLogger(name).error("Exception %s", MARK, exc_info=error)
    logging.getLogger("asyncio").error(f"Task exception was never retrieved: {error!r}")
    written = capfd.readouterr().err
    assert MARK not in written
    assert "DBAPIError" in written
    assert "broken" in written  # where it was raised is told


def test_our_own_messages_are_written_whole(capfd) -> None:
    logging.getLogger("app.lines").warning("snapshot not written (%s)", "OSError")
    assert json.loads(capfd.readouterr().err.splitlines()[-1])["event"] == "snapshot not written (OSError)"
