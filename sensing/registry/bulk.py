"""Many rows of one table at the speed of its driver: past SQLAlchemy's handling of each row, which would be half the time of an import."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Table


def insert_rows(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows with a value for each column, in the table's order; JSON columns as text."""
    if rows:
        connection.exec_driver_sql(_statement(table, connection.dialect.name), list(rows))


@cache
def _statement(table: Table, dialect: str) -> str:
    mark = "?" if dialect == "sqlite" else "%s"
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    return f"INSERT INTO {table.name} ({names}) VALUES ({', '.join([mark] * len(table.columns))})"  # noqa: S608 our own names
