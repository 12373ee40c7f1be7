"""The rows that a batch of events touches: read at once, changed in memory, written at once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Table, TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.records.models import Base

Row = dict[str, Any]

#: Tables in the order in which foreign keys allow them to be written.
ORDER = [
    "contacts",
    "calls",
    "call_aliases",
    "offers",
    "engagements",
    "ownerships",
    "class_changes",
    "legs",
    "risk_assessments",
    "emergency_handoffs",
    "handoff_facts",
]
#: What a new row holds where NULL is not allowed.
BLANK: Mapping[str, Any] = {"resurrected": False, "joins": 0, "last_epoch": "", "last_n": 0}
#: Set by the database alone.
SERVER = frozenset({"recorded_at"})


class Pages:
    """Rows by table and key. A key is the primary key's value, or their tuple."""

    def __init__(self) -> None:
        self._rows: dict[str, dict[Any, Row]] = {name: {} for name in ORDER}
        self._changed: dict[str, dict[Any, None]] = {name: {} for name in ORDER}

    def get(self, table: str, key: Any) -> Row | None:
        return self._rows[table].get(key)

    def all(self, table: str) -> Iterable[Row]:
        return self._rows[table].values()

    def change(self, table: str, key: Any) -> Row:
        """The row to write into; made where there is none."""
        self._changed[table][key] = None
        if key not in self._rows[table]:
            self._rows[table][key] = _blank(table, key)
        return self._rows[table][key]

    async def load(self, connection: AsyncConnection, table: str, column: str, values: Iterable[str]) -> None:
        """Read the rows with one of these values in this column."""
        if wanted := sorted({value for value in values if value}):
            found = await connection.execute(_query(table, column), {"wanted": wanted})
            self.hold(table, found.mappings())

    def hold(self, table: str, rows: Iterable[Mapping[Any, Any]]) -> None:
        for row in rows:
            self._rows[table].setdefault(_key(table, row), dict(row))

    async def save(self, connection: AsyncConnection) -> None:
        for table in ORDER:
            if keys := self._changed[table]:
                await upsert(connection, table, [self._rows[table][key] for key in keys])
                keys.clear()


async def upsert(connection: AsyncConnection, table: str, rows: Sequence[Row]) -> None:
    await connection.execute(_statement(table, update=True), {"rows": as_json(rows)})


async def insert_new(connection: AsyncConnection, table: str, rows: Sequence[Row]) -> set[Any]:
    """Insert what is not there yet; the keys of the rows that were new."""
    done = await connection.execute(_statement(table, update=False), {"rows": as_json(rows)})
    return {tuple(row) if len(row) > 1 else row[0] for row in done}


def as_json(rows: Any) -> str:
    return json.dumps(rows, default=datetime.isoformat, separators=(",", ":"))


@cache
def _query(table: str, column: str) -> TextClause:
    return text(f"SELECT * FROM {table} WHERE {column} = ANY(:wanted)")


@cache
def _statement(table: str, *, update: bool) -> TextClause:
    """One statement for any number of rows, sent as one JSON document: the database casts them by its own types."""
    made = Base.metadata.tables[table]
    columns = [column.name for column in made.columns if column.name not in SERVER]
    key = _key_columns(made)
    changes = ", ".join(f'"{name}" = EXCLUDED."{name}"' for name in columns if name not in key)
    names, keys = ", ".join(f'"{name}"' for name in columns), ", ".join(key)
    source = f"SELECT {names} FROM jsonb_populate_recordset(NULL::{table}, CAST(:rows AS jsonb))"
    action = f"DO UPDATE SET {changes}" if update and changes else f"DO NOTHING RETURNING {keys}"
    return text(f"INSERT INTO {table} ({names}) {source} ON CONFLICT ({keys}) {action}")


@cache
def _key_columns(table: Table) -> tuple[str, ...]:
    return tuple(column.name for column in table.primary_key.columns)


def _key(table: str, row: Mapping[Any, Any]) -> Any:
    names = _key_columns(Base.metadata.tables[table])
    return row[names[0]] if len(names) == 1 else tuple(row[name] for name in names)


def _blank(table: str, key: Any) -> Row:
    made = Base.metadata.tables[table]
    row: Row = {column.name: BLANK.get(column.name) for column in made.columns if column.name not in SERVER}
    if "facts" in row:
        row["facts"] = {}
    names = _key_columns(made)
    row.update(zip(names, key if len(names) > 1 else (key,), strict=True))
    return row
