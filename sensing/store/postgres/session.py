"""A connection to PostgreSQL that speaks as apsw's does: `execute(...).get`, `executemany`, `with` for a transaction.

What is written for SQLite runs here as it is, where it keeps to what both engines know (schema.WORDS has the few functions that only
SQLite knows). `?` and `?1` are placeholders. Values come and go as SQLite would have them, so that both stores hold the same:

    NaN is NULL, -0.0 is 0.0, a boolean is read as 0 or 1, a sum is an integer
    U+0000, which PostgreSQL does not hold in text, is written as U+E000 "0", and U+E000 itself as U+E000 "e"

A server that is away, full or busy is StoreBusyError. What was lost outside of a transaction is asked again, once, over a new connection.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, Self

import psycopg
from psycopg import ClientCursor, sql
from psycopg.adapt import Loader

from sensing.store import StoreBusyError

_PLACEHOLDER = re.compile(r"(json_each\()?\?(\d*)|%")
_ESCAPE = "\ue000"
_TOGETHER = 500
"""Statements sent in one message."""
_OPTIONS: dict[str, Any] = {
    "connect_timeout": 5, "application_name": "sensing", "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3,
    "tcp_user_timeout": 20_000, "client_encoding": "utf8",
}  # fmt: skip


class _Text(Loader):
    def load(self, data: Any) -> str:
        text = bytes(data).decode()
        return unescaped(text) if _ESCAPE in text else text


class _Flag(Loader):
    def load(self, data: Any) -> int:
        return int(bytes(data) == b"t")


class _Whole(Loader):
    def load(self, data: Any) -> int:
        return int(bytes(data))


def escaped(text: str) -> str:
    """Text as PostgreSQL can hold it."""
    return text.replace(_ESCAPE, _ESCAPE + "e").replace("\x00", _ESCAPE + "0")


def unescaped(text: str) -> str:
    """Text as it was before `escaped`."""
    return text.replace(_ESCAPE + "0", "\x00").replace(_ESCAPE + "e", _ESCAPE)


def given(value: Any) -> Any:
    """A value as SQLite would keep it, and PostgreSQL can."""
    if isinstance(value, float):
        return value + 0.0 if value == value else None  # noqa: PLR0124 only NaN differs from itself
    if isinstance(value, str) and ("\x00" in value or _ESCAPE in value):
        return escaped(value)
    return value


@lru_cache(maxsize=1_000)
def _translated(query: str) -> tuple[str, tuple[tuple[int, bool], ...]]:
    """A query with psycopg's placeholders, and which value each of them takes; whether that is a list as JSON."""
    order: list[tuple[int, bool]] = []

    def place(found: re.Match[str]) -> str:
        if found[0] == "%":
            return "%%"
        last = max((place for place, _ in order), default=-1)
        order.append((int(found[2]) - 1 if found[2] else last + 1, bool(found[1])))
        return f"{found[1] or ''}%s"

    return _PLACEHOLDER.sub(place, query), tuple(order)


def _arguments(values: Sequence[Any], order: Sequence[tuple[int, bool]]) -> list[Any]:
    return [_listed(values[place]) if listed else given(values[place]) for place, listed in order]


def _listed(text: str) -> str:
    """A list as JSON, its texts as PostgreSQL can hold them."""
    return text if "\\" not in text else json.dumps([given(each) for each in json.loads(text)])


class Answer:
    """The rows of a statement, all of them here."""

    def __init__(self, names: Sequence[str], rows: list[tuple[Any, ...]], changed: int) -> None:
        self.changed = changed
        self._names = names
        self._rows = iter(rows)

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return self._rows

    @property
    def get(self) -> Any:
        """The first row, or its one column; None when there is none."""
        row = next(self._rows, None)
        return row[0] if row is not None and len(row) == 1 else row

    def fetchone(self) -> tuple[Any, ...] | None:
        """The next row."""
        return next(self._rows, None)

    def fetchall(self) -> list[tuple[Any, ...]]:
        """What is left."""
        return list(self._rows)

    def get_description(self) -> list[tuple[str]]:
        """Names of the columns, each in a tuple."""
        return [(name,) for name in self._names]


class Session:
    """One connection, opened when it is needed. Use it from one thread at a time. Raises StoreBusyError.

    url: postgresql://user@host:port/database; password: "" leaves it to libpq (PGPASSFILE, PGPASSWORD, pg_service).
    schemas: where names are looked up. first: a statement that every new connection begins with.
    """

    def __init__(self, url: str, password: str, schemas: Sequence[str], first: str = "", *, write: bool = False) -> None:
        self._url = url
        self._password = password
        self._first = f"SET search_path = {', '.join(schemas)};{first}"
        self._write = write
        self._connection: psycopg.Connection[Any] | None = None
        self._depth = 0
        self._changed = 0

    def execute(self, query: str, values: Sequence[Any] = ()) -> Answer:
        """Run one statement and fetch what it gives."""
        template, order = _translated(query)
        arguments = _arguments(values, order)
        found: Answer = self._run(lambda connection: _answer(connection, template, arguments))
        self._changed = found.changed
        return found

    def changes(self) -> int:
        """How many rows the last `execute` changed."""
        return self._changed

    def executemany(self, query: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run a statement once for each row, some hundred in one message."""
        template, order = _translated(query)
        lines = [_arguments(row, order) for row in rows]
        for start in range(0, len(lines), _TOGETHER):
            self._run(lambda connection, some=lines[start : start + _TOGETHER]: _together(connection, template, some))

    def copy(self, into: str, types: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Rows into a table (`name(columns)`), in PostgreSQL's own binary form. types: of the columns."""
        self._run(lambda connection: _copy(connection, into, types, rows))

    def stream(self, query: str, values: Sequence[Any], size: int) -> Iterator[list[tuple[Any, ...]]]:
        """What a query gives, `size` rows at a time, held by the server in between. Inside `with`."""
        template, order = _translated(query)
        try:
            with self._open().cursor("streamed") as cursor:
                text = ClientCursor(self._open()).mogrify(template, _arguments(values, order))
                cursor.execute(sql.SQL(text))  # our own words, values quoted by psycopg
                while rows := cursor.fetchmany(size):
                    yield rows
        except psycopg.Error as error:
            raise self._judged(error) from error

    def __enter__(self) -> Self:
        """Begin a transaction: of a reader one snapshot. Inside another it is part of that."""
        if not self._depth:
            self._run(lambda connection: connection.execute("BEGIN" if self._write else "BEGIN ISOLATION LEVEL REPEATABLE READ"))
        self._depth += 1
        return self

    def __exit__(self, kind: type[BaseException] | None, *_error: object) -> None:
        self._depth -= 1
        if self._depth:
            return
        if kind is None:
            self._depth = 1  # what fails now must not be tried again on another connection
            try:
                self._run(lambda connection: connection.execute("COMMIT"))
            finally:
                self._depth = 0
        elif self._connection is not None:
            try:
                self._connection.execute("ROLLBACK")
            except psycopg.Error:
                self.close()

    def close(self) -> None:
        """Let go of the connection; the next statement opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self) -> psycopg.Connection[Any]:
        if self._connection is None:
            options = _OPTIONS if self._write else {**_OPTIONS, "options": "-c default_transaction_read_only=on"}
            secret: dict[str, Any] = {"password": self._password} if self._password else {}
            connection = psycopg.connect(self._url, autocommit=True, cursor_factory=ClientCursor, **options, **secret)
            for kind, loader in (("text", _Text), ("bool", _Flag), ("numeric", _Whole)):
                connection.adapters.register_loader(kind, loader)
            connection.execute(self._first)
            self._connection = connection
        return self._connection

    def _run(self, act: Any) -> Any:
        again = not self._depth and self._connection is not None
        try:
            return act(self._open())
        except psycopg.Error as error:
            judged = self._judged(error)
            if not again or self._connection is not None:
                raise judged from error
        try:
            return act(self._open())
        except psycopg.Error as error:
            raise self._judged(error) from error

    def _judged(self, error: psycopg.Error) -> Exception:
        """The server's state and the network are waited for; anything else is about what was asked."""
        if self._connection is not None and (self._connection.closed or self._connection.broken):
            self.close()
        if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError) or self._connection is None:
            text = str(error).strip().splitlines()[0][:300] if str(error).strip() else type(error).__name__
            return StoreBusyError(f"PostgreSQL: {text}", "what is not stored yet is safe in the log; work goes on by itself")
        return error


def _answer(connection: psycopg.Connection[Any], template: str, arguments: Sequence[Any]) -> Answer:
    cursor = connection.execute(template, arguments)
    if cursor.description is None:
        return Answer((), [], cursor.rowcount)
    return Answer([column.name for column in cursor.description], cursor.fetchall(), cursor.rowcount)


def _together(connection: psycopg.Connection[Any], template: str, lines: Sequence[Sequence[Any]]) -> None:
    cursor = ClientCursor(connection)
    cursor.execute(sql.SQL(";".join(cursor.mogrify(template, line) for line in lines)))


def _copy(connection: psycopg.Connection[Any], into: str, types: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    with psycopg.Cursor(connection).copy(f"COPY {into} FROM STDIN (FORMAT BINARY)") as copy:
        copy.set_types(types)
        for row in rows:
            copy.write_row(row)
