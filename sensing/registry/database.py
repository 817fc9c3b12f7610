"""The registry's database: opened one way, read in snapshots, written in whole transactions (docs/decisions/0003).

SQLite by the standard library's driver, rollback journal, never WAL: that library may be one with the WAL-reset bug, and a rollback
journal is outside it. `synchronous=EXTRA` is FULL plus a sync of the folder when the journal goes, so that a revocation
that was reported stands after a power cut. One process writes; any number read. PostgreSQL: any number of machines, whose writers take turns.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, insert, inspect, select, update
from sqlalchemy.exc import DatabaseError, DataError, DBAPIError, IntegrityError, OperationalError

from sensing import audit
from sensing.audit import Actor
from sensing.errors import ConflictError, NotFoundError, UnreachableError, ValidationError
from sensing.model import Micros
from sensing.times import now

from . import engines, schema
from .engines import Where, connect, is_sqlite
from .labels import new_site

_BULK_KB = 96_000
"""Pages that a bulk import keeps in memory, so that the indexes of ten million things are not read again for each part."""


class Change:
    """One write transaction: its connection, its instant, who makes it, and the version that it will be known by."""

    def __init__(self, connection: Connection, actor: Actor, at: Micros, keys: audit.Keys = ()) -> None:
        self.connection = connection
        self.actor = actor
        self.at = at
        self._keys = keys
        self._version: int | None = None
        self._told = False
        self._entries: list[audit.Entry] = []
        self.abandoned = False
        """Set it to have the transaction rolled back at its end: a preview."""

    @property
    def version(self) -> int:
        """The version after this transaction. Asking for it is what moves it: a transaction that changed nothing moves nothing."""
        if self._version is None:
            table = schema.changes
            self.connection.execute(update(table).values(version=table.c.version + 1))
            self._version = int(self.connection.execute(select(table.c.version)).scalar_one())
        return self._version

    def credentials_moved(self) -> int:
        """Tell the gatekeepers that who may connect has changed; returns `version`."""
        if not self._told:
            self.connection.execute(update(schema.changes).values(credentials=self.version))
            self._told = True
        return self.version

    def record(self, what: str, subject: str, **details: Any) -> None:
        """An audit line of this change, written when it is complete."""
        self._entries.append((what, subject, details))

    def reseal(self, keys: audit.Keys) -> None:
        """Seal the audit lines of this change with these keys."""
        self._keys = keys

    def finish(self) -> None:
        """Write what was recorded."""
        audit.append(self.connection, self.actor, self.at, self._entries, self._keys)


class Database:
    """A registry that somebody may read, and one role writes.

    where: the file, the address of a PostgreSQL database, or an engine. A reader never makes the file and cannot write it. Raises NotFoundError
    when the file is absent, ValidationError when a newer program made it, UnreachableError when an older one did and nobody has brought
    it up to date yet: a writer does so when it opens it.
    """

    def __init__(self, where: Where, clock: Callable[[], Micros] = now, *, writes: bool = False) -> None:
        self.clock = clock
        self.keys: audit.Keys = ()
        """What seals the audit chain."""
        self.engine = engines.opened(where, writes=writes)
        self._owned = not isinstance(where, Engine)
        try:
            if writes:
                self._make()
            _check(self._schema())
        except BaseException:
            self.close()
            raise

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One snapshot. Raises UnreachableError when the database does not answer."""
        with _named_errors(), connect(self.engine, "read") as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self, actor: Actor) -> Iterator[Change]:
        """One transaction, all or nothing. Raises ConflictError when a key is taken, UnreachableError when another writer holds on."""
        with _named_errors(), connect(self.engine, "write") as connection, self._turn(connection, actor) as change:
            yield change

    @contextmanager
    def bulk(self, actor: Actor) -> Iterator[Callable[[], AbstractContextManager[Change]]]:
        """For many large transactions: each call of what it gives is one, as `write` is, on one connection with memory of its own."""
        with _named_errors(), connect(self.engine, "write") as connection:
            if not is_sqlite(self.engine):
                yield lambda: self._turn(connection, actor)
                return
            driver: Any = connection.connection
            driver.execute(f"PRAGMA cache_size=-{_BULK_KB}")
            try:
                yield lambda: self._turn(connection, actor)
            finally:
                driver.execute(f"PRAGMA cache_size=-{engines.CACHE_KB}")
                driver.execute("PRAGMA shrink_memory")

    def poller(self) -> Connection:
        """A connection that stays open, on which every statement is its own snapshot."""
        with _named_errors():
            return connect(self.engine, "poll")

    def close(self) -> None:
        """Release it; an engine that was handed in stays its owner's."""
        if self._owned:
            self.engine.dispose()

    @contextmanager
    def _turn(self, connection: Connection, actor: Actor) -> Iterator[Change]:
        with connection.begin() as whole:
            engines.take_turn(connection)
            change = Change(connection, actor, self.clock(), self.keys)
            yield change
            if change.abandoned:
                whole.rollback()
            else:
                change.finish()

    def _schema(self) -> int | None:
        """The number of the tables' schema; None when there are none."""
        with self.read() as connection:
            if not inspect(connection).has_table(schema.changes.name):
                return None
            return int(connection.execute(select(schema.changes.c.schema)).scalar_one())

    def _make(self) -> None:
        """Make the tables when there are none, and bring them up to date when an older program made them."""
        found = self._schema()
        if found is None or found < schema.SCHEMA:
            with _named_errors(), connect(self.engine, "write") as connection, connection.begin():
                engines.make_alone(connection)
                if not inspect(connection).has_table(schema.changes.name):
                    _create(connection)
                elif (now_found := int(connection.execute(select(schema.changes.c.schema)).scalar_one())) < schema.SCHEMA:
                    self._migrate(connection, now_found)

    def _migrate(self, connection: Connection, found: int) -> None:
        from .migrations import migrate

        if is_sqlite(self.engine):
            _keep_copy(Path(str(self.engine.url.database)), found)
        migrate(connection, found)


def _check(found: int | None) -> None:
    """Raise unless the tables are there and are those of this program."""
    if found is None:
        raise NotFoundError("the registry's database is empty", "`sensing up` makes its tables")
    if found > schema.SCHEMA:
        raise ValidationError(f"the registry has schema {found}, this program knows {schema.SCHEMA}", "install the newer program")
    if found < schema.SCHEMA:
        raise UnreachableError(
            f"the registry has schema {found}, this program needs {schema.SCHEMA}",
            "`sensing up` (or web, when it starts) brings it up to date; then try again",
        )


def _create(connection: Connection) -> None:
    for tables in schema.EVERY:
        tables.create_all(connection)
    connection.execute(insert(schema.changes).values(id=1, version=1, credentials=1, schema=schema.SCHEMA))
    connection.execute(insert(schema.site).values(id=1, code=new_site(), uids=0))
    audit.begin(connection)


def _keep_copy(path: Path, found: int) -> None:
    """A copy of the file beside it before its tables change. The caller holds the write lock, so the copy is whole."""
    copy, part = path.with_name(f"{path.stem}.schema-{found}.db"), path.with_name(f"{path.stem}.schema-{found}.part")
    part.unlink(missing_ok=True)
    part.touch(mode=0o600)
    with closing(sqlite3.connect(path, timeout=engines.BUSY_S)) as source, closing(sqlite3.connect(part)) as target:
        source.backup(target)
    with part.open("rb") as written:
        os.fsync(written.fileno())
    part.replace(copy)


class Poller:
    """The two numbers of `changes`, read cheaply again and again. A connection that broke is opened anew by the next question."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.connection = database.poller()
        self._version = select(schema.changes.c.version)
        self._credentials = select(schema.changes.c.credentials)

    def version(self) -> int:
        return int(self.one(self._version))

    def credentials(self) -> int:
        return int(self.one(self._credentials))

    def one(self, statement: Any, values: Mapping[str, Any] | None = None) -> Any:
        """The one value that a statement gives."""
        return self._asked(statement, values).scalar_one()

    def rows(self, statement: Any, values: Mapping[str, Any] | None = None) -> list[Any]:
        """Every row of a statement, in a snapshot of its own."""
        return list(self._asked(statement, values).all())

    def close(self) -> None:
        self.connection.close()

    def _asked(self, statement: Any, values: Mapping[str, Any] | None) -> Any:
        with _named_errors():
            if self.connection.closed:
                self.connection = self._database.poller()
            try:
                return self.connection.execute(statement, values)
            except DBAPIError as error:
                if error.connection_invalidated:
                    self.connection.close()
                raise


@contextmanager
def _named_errors() -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        raise ConflictError(f"another change came first: {error.orig}", "look again and repeat") from error
    except DataError as error:
        raise ValidationError(
            f"the registry cannot hold that: {error.orig}", "shorten it, or take strange characters out"
        ) from error
    except OperationalError as error:
        hint = "is the disk full, does another program hold it, or is its database away?"
        raise UnreachableError(f"the registry does not answer: {error.orig}", hint) from error
    except DatabaseError as error:
        raise UnreachableError(
            f"the registry is damaged: {error.orig}", "restore it from a backup (`sensing restore`)"
        ) from error
