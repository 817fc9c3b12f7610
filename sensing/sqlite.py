"""Opening SQLite files: one way, so that durability is decided in one place (DESIGN section 5 "SQLite").

WAL with synchronous=FULL: a commit that returned survives a power cut. The writer checkpoints; readers never do.
apsw bundles its own SQLite: a distribution's may be old enough to have the WAL-reset bug.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import apsw

from .errors import NotFoundError, UnreachableError

BUSY_MS = 5_000
_TOGETHER = 64
"""Rows of one INSERT, where there are so many."""


def writer(path: Path, checkpoint_pages: int = 4_000) -> apsw.Connection:
    """The one writing connection of a file, made (mode 0600) when absent."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
        keep_names(path.parent)
    connection = apsw.Connection(str(path))
    connection.set_busy_timeout(BUSY_MS)
    connection.pragma("journal_mode", "wal")
    connection.pragma("synchronous", "full")
    connection.pragma("wal_autocheckpoint", checkpoint_pages)
    connection.pragma("journal_size_limit", 64 * 1024 * 1024)
    connection.pragma("temp_store", "memory")
    connection.pragma("cache_size", -32_768)
    if sys.platform == "darwin":
        connection.pragma("fullfsync", True)
        connection.pragma("checkpoint_fullfsync", True)
    return connection


def insert(
    connection: apsw.Connection, into: str, columns: int, count: int, values: Callable[[int, int], Sequence[Any]], then: str = ""
) -> None:
    """Insert `count` rows. into: the statement up to VALUES. values(first, end): those of rows first to end, one after the other.

    then: what follows the VALUES. Many rows a statement: what a statement costs by itself, whatever it does, is a third of the cost of a row.
    """
    row = f"({','.join('?' * columns)})"
    whole = count // _TOGETHER * _TOGETHER
    if whole:
        many = f"{into} VALUES{','.join([row] * _TOGETHER)} {then}"
        connection.executemany(many, (values(at, at + _TOGETHER) for at in range(0, whole, _TOGETHER)))
    connection.executemany(f"{into} VALUES{row} {then}", (values(at, at + 1) for at in range(whole, count)))


def keep_names(folder: Path) -> None:
    """Make the names of new files survive a power cut: the directory needs an fsync of its own."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def reader(path: Path) -> apsw.Connection:
    """A read-only connection. Keep its snapshots short: a long one lets the WAL grow.

    Raises NotFoundError when the file is not there yet, UnreachableError when it cannot be opened.
    """
    if not path.exists():
        raise NotFoundError(f"{path} is not there", "has the service run in this data folder? `sensing up` starts it")
    try:
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        connection.set_busy_timeout(BUSY_MS)
        connection.pragma("query_only", True)
    except apsw.Error as error:
        raise UnreachableError(f"{path}: {error}", "check the owner and mode of the data folder") from None
    return connection
