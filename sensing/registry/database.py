"""The registry's database: opened one way, read in snapshots, written in whole transactions (docs/decisions/0003).

SQLite by the standard library's driver, rollback journal, never WAL: that library may be one with the WAL-reset bug, and a rollback
journal is outside it. `synchronous=EXTRA` is FULL plus a sync of the folder when the journal goes, so that a revocation
that was reported stands after a power cut. One process writes; any number read.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, insert, inspect, select, update
from sqlalchemy.exc import DatabaseError, IntegrityError, OperationalError

from sensing import audit
from sensing.audit import Actor
from sensing.errors import ConflictError, NotFoundError, UnreachableError, ValidationError
from sensing.model import Micros
from sensing.times import now

from . import schema

BUSY_S = 5.0
_MODE = 0o600


class Change:
    """One write transaction: its connection, its instant, who makes it, and the version that it will be known by."""

    def __init__(self, connection: Connection, actor: Actor, at: Micros) -> None:
        self.connection = connection
        self.actor = actor
        self.at = at
        self._version: int | None = None
        self._told = False
        self._entries: list[audit.Entry] = []

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

    def finish(self) -> None:
        """Write what was recorded."""
        audit.append(self.connection, self.actor, self.at, self._entries)


class Database:
    """A registry that somebody may read, and one role writes.

    where: the file, or an engine of another back end. A reader never makes the file and cannot write it. Raises NotFoundError when the
    file is absent, ValidationError when a newer program made it.
    """

    def __init__(self, where: Path | Engine, clock: Callable[[], Micros] = now, *, writes: bool = False) -> None:
        self.clock = clock
        self.engine = _sqlite(where, writes=writes) if isinstance(where, Path) else where
        if writes:
            self._make()
        with self.read() as connection:
            found = connection.execute(select(schema.changes.c.schema)).scalar_one()
        if found > schema.SCHEMA:
            raise ValidationError(
                f"the registry has schema {found}, this program knows {schema.SCHEMA}", "install the newer program"
            )

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One snapshot. Raises UnreachableError when the database does not answer."""
        with _named_errors(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def write(self, actor: Actor) -> Iterator[Change]:
        """One transaction, all or nothing. Raises ConflictError when a key is taken, UnreachableError when another writer holds on."""
        with _named_errors(), self.engine.connect().execution_options(mode="write") as connection, connection.begin():
            change = Change(connection, actor, self.clock())
            yield change
            change.finish()

    def poller(self) -> Connection:
        """A connection that stays open, on which every statement is its own snapshot."""
        with _named_errors():
            return self.engine.connect().execution_options(mode="poll")

    def close(self) -> None:
        self.engine.dispose()

    def _make(self) -> None:
        with _named_errors():
            if inspect(self.engine).has_table(schema.changes.name):
                return
        with _named_errors(), self.engine.connect().execution_options(mode="write") as connection, connection.begin():
            for tables in schema.EVERY:
                tables.create_all(connection)
            if connection.execute(select(schema.changes.c.id)).first() is None:
                connection.execute(insert(schema.changes).values(id=1, version=1, credentials=1, schema=schema.SCHEMA))
                audit.begin(connection)


class Poller:
    """The two numbers of `changes`, read cheaply again and again."""

    def __init__(self, database: Database) -> None:
        self.connection = database.poller()
        self._version = select(schema.changes.c.version)
        self._credentials = select(schema.changes.c.credentials)

    def version(self) -> int:
        return int(self.one(self._version))

    def credentials(self) -> int:
        return int(self.one(self._credentials))

    def one(self, statement: Any, values: Mapping[str, Any] | None = None) -> Any:
        """The one value that a statement gives."""
        with _named_errors():
            return self.connection.execute(statement, values).scalar_one()

    def rows(self, statement: Any, values: Mapping[str, Any] | None = None) -> list[Any]:
        """Every row of a statement, in a snapshot of its own."""
        with _named_errors():
            return list(self.connection.execute(statement, values).all())

    def close(self) -> None:
        self.connection.close()


@contextmanager
def _named_errors() -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        raise ConflictError(f"another change came first: {error.orig}", "look again and repeat") from error
    except OperationalError as error:
        hint = "is the disk full, or does another program hold it?"
        raise UnreachableError(f"the registry does not answer: {error.orig}", hint) from error
    except DatabaseError as error:
        raise UnreachableError(
            f"the registry is damaged: {error.orig}", "restore it from a backup (`sensing restore`)"
        ) from error


def _sqlite(path: Path, *, writes: bool) -> Engine:
    _guard_file(path, create=writes)
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": BUSY_S, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _prepare(driver: Any, _record: Any) -> None:
        driver.isolation_level = None  # the driver's own BEGINs come too late and are never IMMEDIATE
        driver.execute("PRAGMA journal_mode=DELETE")
        driver.execute("PRAGMA synchronous=EXTRA")
        driver.execute("PRAGMA foreign_keys=ON")
        driver.execute("PRAGMA cache_spill=OFF")  # a spill takes the exclusive lock in mid-transaction and shuts readers out
        if not writes:
            driver.execute("PRAGMA query_only=ON")  # not mode=ro: a reader must be able to roll back a dead writer's journal
        if sys.platform == "darwin":
            driver.execute("PRAGMA fullfsync=ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        mode = connection.get_execution_options().get("mode")
        if mode != "poll":
            connection.exec_driver_sql("BEGIN IMMEDIATE" if mode == "write" else "BEGIN")

    return engine


def _guard_file(path: Path, *, create: bool) -> None:
    """Make the file ours alone before SQLite sees it; its journal takes the same mode."""
    if create:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(FileExistsError):
            handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, _MODE)
            os.fchmod(handle, _MODE)
            os.close(handle)
        if path.stat().st_mode & 0o077:
            path.chmod(_MODE)
    elif not path.is_file():
        raise NotFoundError(f"{path} is not there", "`sensing up` makes it; --data or SENSING_DATA names the folder")
