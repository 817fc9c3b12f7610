"""cap.db: CAP messages as they were sent, in order, for ever. The web role writes it; anybody reads it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import apsw
from msgspec import Struct

from sensing import sqlite
from sensing.model import Micros

from .cap import Reference
from .threads import SCHEMA, KeptThreads

VERSION = 1
_TARGET = "cap"
_MESSAGES = f"""CREATE TABLE IF NOT EXISTS messages(
  seq INTEGER PRIMARY KEY, identifier TEXT UNIQUE, thread TEXT, number INTEGER, event TEXT, device TEXT, run TEXT, origin TEXT,
  word TEXT, severity INTEGER, sender TEXT, sent TEXT, at INTEGER, zh TEXT, en TEXT, xml BLOB);
CREATE INDEX IF NOT EXISTS messages_thread ON messages(thread, number);
PRAGMA user_version = {VERSION};
"""
_COLUMNS = "seq, identifier, thread, number, event, device, run, origin, word, severity, sender, sent, at, zh, en"


class Sent(Struct, frozen=True):
    """A message without its XML. at: when it was sent, microseconds. zh, en: headlines. seq: its place in the order of sending."""

    seq: int
    identifier: str
    thread: str
    number: int
    event: str
    device: str
    run: str
    origin: str
    word: str
    severity: int
    sender: str
    sent: str
    at: Micros
    zh: str
    en: str


class CapBook:
    """For writing, by one thread of one process."""

    def __init__(self, path: Path) -> None:
        self.db = sqlite.writer(path)
        with self.db:
            self.db.execute(SCHEMA + _MESSAGES)
        self.threads = KeptThreads(self.db, _TARGET)

    def before(self, thread: str, since: int, number: int) -> list[Reference]:
        """What was sent in a thread from one number on, before another."""
        query = "SELECT sender, identifier, sent FROM messages WHERE thread=? AND number >= ? AND number < ? ORDER BY number"
        return [Reference(*row) for row in self.db.execute(query, (thread, since, number))]

    def add(self, found: Sent, xml: bytes) -> None:
        """Write a message down; `seq` is given here. The same identifier twice is an error, and undoes the transaction."""
        row = [getattr(found, name) for name in _COLUMNS.split(", ")]
        self.db.execute(f"INSERT INTO messages({_COLUMNS}, xml) VALUES({','.join('?' * 16)})", (None, *row[1:], xml))

    def close(self) -> None:
        """Release the file."""
        self.db.close()


class CapReader:
    """Read-only, from any process. Raises NotFoundError before there is a file."""

    def __init__(self, path: Path) -> None:
        self._db: apsw.Connection = sqlite.reader(path)

    def listed(self, runs: Sequence[str] | None, limit: int, before: int | None = None) -> list[Sent]:
        """The newest first; before: a seq."""
        parts, values = ["1=1"], list[Any]()
        if runs is not None:
            parts.append(f"run IN ({','.join('?' * len(runs))})")
            values += runs
        if before is not None:
            parts.append("seq < ?")
            values.append(before)
        query = f"SELECT {_COLUMNS} FROM messages WHERE {' AND '.join(parts)} ORDER BY seq DESC LIMIT ?"
        return [Sent(*row) for row in self._db.execute(query, (*values, limit))]

    def one(self, identifier: str) -> tuple[Sent, bytes] | None:
        """A message and its XML."""
        row = self._db.execute(f"SELECT {_COLUMNS}, xml FROM messages WHERE identifier=?", (identifier,)).fetchone()
        return None if row is None else (Sent(*row[:-1]), bytes(row[-1]))

    def close(self) -> None:
        """Release the file."""
        self._db.close()
