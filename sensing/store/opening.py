"""Which store a data folder has: the file `store.db`, or the database that `[store] url` names. The only place that decides it."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from sensing.errors import NotFoundError, UnreachableError
from sensing.paths import config_dir

from .reader import StoreReader

if TYPE_CHECKING:
    from sensing.settings import Settings
    from sensing.settings import Store as StoreSettings

    from .postgres.store import PostgresStore
    from .sqlite import SqliteStore

FILE = "store.db"


def kind(settings: Settings) -> str:
    """`postgresql` or `sqlite`."""
    return "postgresql" if settings.store.url else "sqlite"


def open_store(data: Path, settings: Settings) -> SqliteStore | PostgresStore:
    """The store of a data folder, for work. Raises ConflictError on one of a newer version; StoreBusyError, UnreachableError."""
    if settings.store.url:
        from .postgres.store import PostgresStore

        return PostgresStore(settings.store.url, password(settings.store), identity(data))
    from .sqlite import SqliteStore

    return SqliteStore(data / FILE)


def open_reader(data: Path, settings: Settings | None = None) -> StoreReader:
    """The store of a data folder, for reading; settings: read from the folder when not at hand.

    Raises NotFoundError while there is none; StoreBusyError, UnreachableError.
    """
    if settings is None and _is_silent(data):
        return StoreReader(data / FILE)
    if settings is None:
        from sensing.settings import load

        settings = load(data).settings
    store = settings.store
    if not store.url:
        return StoreReader(data / FILE)
    from .postgres.reader import PostgresReader

    return PostgresReader(store.url, password(store), identity(data), data)


def _is_silent(data: Path) -> bool:
    """Whether no layer of the settings can say anything of a store: reading them properly would take longer than a short answer does."""
    if any(name.startswith("SENSING_STORE__") for name in os.environ):
        return False
    return not any(
        b"store" in path.read_bytes() for path in (config_dir() / "default.toml", data / "config.toml") if path.is_file()
    )


def identity(data: Path) -> int:
    """What tells the log of a data folder from all others. Raises NotFoundError."""
    from sensing.framelog.sqlite import SqliteLog  # late: a query of a file has no use for it

    with closing(SqliteLog(data / "log.db", write=False)) as log:
        found = log.identity()
    if not found:
        raise NotFoundError(f"{data / 'log.db'} has no identity yet", "`sensing up` gives it one")
    return found


def password(store: StoreSettings) -> str:
    """The password of the database; "" where libpq finds it (PGPASSFILE). Raises UnreachableError when it is not where it should be."""
    if store.password_file is not None:
        try:
            return store.password_file.read_text("utf-8").strip()
        except OSError as error:
            raise UnreachableError(f"store.password_file: {error}", "write the password into it, mode 0600") from None
    if store.password_env and store.password_env not in os.environ:
        raise UnreachableError(f"store.password_env: {store.password_env} is not set", "set it where the service is started")
    return os.environ[store.password_env] if store.password_env else ""
