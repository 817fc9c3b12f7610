"""How each back end is opened: SQLite's file, or PostgreSQL by its address. Everything else of the registry knows SQLAlchemy only.

A connection opened for `write` is the one writer from its first statement to its last; for `read` it is one snapshot; for `poll` every statement is a
snapshot of its own. SQLite says so with the kind of BEGIN; PostgreSQL with the isolation level, and a lock on the row of `changes`.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, select, text
from sqlalchemy.engine import make_url

from sensing.errors import NotFoundError, ValidationError
from sensing.settings import RegistrySettings

from . import schema

Where = Path | URL | Engine
"""The file of a registry, the address of its database, or an engine that somebody else made and closes."""
FILE = "registry.db"
BUSY_S = 5.0
"""How long a writer waits for the one before it."""
CACHE_KB = 2_000
_MODE = 0o600
_POSTGRES = "postgresql+psycopg"
_MAKING = 0x53454E53


def located(data: Path, settings: RegistrySettings, environ: Any = os.environ) -> Where:
    """Where the registry of a data folder is. Raises ValidationError when the password that its setting names cannot be read."""
    if not settings.url:
        return data / FILE
    password = None
    try:
        if settings.password_file is not None:
            password = settings.password_file.read_text("utf-8").strip()
        elif settings.password_env:
            password = environ[settings.password_env]
    except (OSError, UnicodeDecodeError, KeyError) as error:
        raise ValidationError(
            f"the password of the registry's database cannot be read: {error}", "see `[registry]` in config.toml"
        ) from None
    found = make_url(settings.url).set(drivername=_POSTGRES)
    return found.set(password=password) if password else found


def opened(where: Where, *, writes: bool) -> Engine:
    """An engine. Raises NotFoundError when a reader's file is absent."""
    if isinstance(where, Path):
        return _sqlite(where, writes=writes)
    return _postgres(where) if isinstance(where, URL) else where


def is_sqlite(engine: Engine) -> bool:
    return engine.dialect.name == "sqlite"


def connect(engine: Engine, mode: str) -> Connection:
    """A connection for `read`, `write` or `poll`."""
    if is_sqlite(engine):
        return engine.connect().execution_options(mode=mode)
    level = {"read": "REPEATABLE READ", "write": "READ COMMITTED", "poll": "AUTOCOMMIT"}[mode]
    return engine.connect().execution_options(isolation_level=level)


def take_turn(connection: Connection) -> None:
    """Within a write transaction that has just begun: be the only writer until it ends, on any number of machines."""
    if connection.dialect.name != "sqlite":  # where BEGIN IMMEDIATE has done it
        connection.execute(text(f"SET LOCAL lock_timeout = {int(BUSY_S * 1000)}"))
        connection.execute(select(schema.changes.c.id).with_for_update())


def make_alone(connection: Connection) -> None:
    """Within a write transaction: keep others from making or migrating the tables meanwhile."""
    if connection.dialect.name != "sqlite":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_MAKING})"))


def _postgres(url: URL) -> Engine:
    found = create_engine(
        url, pool_pre_ping=True, pool_size=4, max_overflow=12,
        connect_args={"connect_timeout": 5, "application_name": "sensing", "options": "-c timezone=UTC"},
    )  # fmt: skip

    @event.listens_for(found, "connect")
    def _prepare(driver: Any, _record: Any) -> None:
        driver.prepare_threshold = 3

    return found


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
        driver.execute(f"PRAGMA cache_size=-{CACHE_KB}")
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
