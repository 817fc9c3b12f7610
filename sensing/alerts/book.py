"""alerts.db: what the alerts role knows of its targets. It is the only writer; anybody reads it.

cursors, threads   see threads.py          waiting   messages to be sent, in order, as bytes that no longer change
dead   messages that a target refused      targets   what each is doing          quiet   the last alert of a device and kind
"""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from typing import Any

import apsw
from msgspec import Struct

from sensing import sqlite
from sensing.model import Micros

from .threads import SCHEMA, KeptThreads

VERSION = 1
_TABLES = f"""
CREATE TABLE IF NOT EXISTS targets(
  name TEXT PRIMARY KEY, state TEXT DEFAULT '', reason TEXT DEFAULT '', since INTEGER DEFAULT 0, sent INTEGER DEFAULT 0) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS waiting(
  seq INTEGER PRIMARY KEY AUTOINCREMENT, target TEXT, key TEXT, body BLOB, title TEXT, text TEXT, drill INTEGER, at INTEGER, UNIQUE(target, key));
CREATE TABLE IF NOT EXISTS dead(
  target TEXT, key TEXT, body BLOB, title TEXT, status INTEGER, reason TEXT, at INTEGER, PRIMARY KEY(target, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS quiet(
  target TEXT, run TEXT, device TEXT, kind TEXT, severity INTEGER, at INTEGER, PRIMARY KEY(target, run, device, kind)) WITHOUT ROWID;
PRAGMA user_version = {VERSION};
"""
_WAITING = "seq, key, body, title, text, drill, at"


class Letter(Struct, frozen=True):
    """A message to be sent. key: its idempotency id. body: JSON for webhooks. title, text: for people. at: when it was written."""

    seq: int
    key: str
    body: bytes
    title: str
    text: str
    drill: bool
    at: Micros


class AlertBook:
    """`path` for writing, by one process; its threads take turns with `lock`."""

    def __init__(self, path: Path) -> None:
        self.db = sqlite.writer(path)
        self.lock = Lock()
        with self.db:
            self.db.execute(SCHEMA + _TABLES)

    def threads(self, target: str) -> KeptThreads:
        """What a target was told. Use it with `lock`."""
        return KeptThreads(self.db, target)

    def enter(self, target: str) -> None:
        """A target that is set."""
        with self.lock:
            self.db.execute("INSERT OR IGNORE INTO targets(name) VALUES(?)", (target,))

    def add(self, target: str, letter: Letter) -> None:
        """Put a message at the end of the line, once. Use it with `lock`, in a transaction."""
        self.db.execute(
            "INSERT OR IGNORE INTO waiting(target, key, body, title, text, drill, at) VALUES(?,?,?,?,?,?,?)",
            (target, letter.key, letter.body, letter.title, letter.text, letter.drill, letter.at),
        )

    def first(self, target: str) -> Letter | None:
        """The message whose turn it is."""
        with self.lock:
            row = self.db.execute(f"SELECT {_WAITING} FROM waiting WHERE target=? ORDER BY seq LIMIT 1", (target,)).fetchone()
        return None if row is None else Letter(row[0], row[1], row[2], row[3], row[4], drill=bool(row[5]), at=row[6])

    def sent(self, target: str, letter: Letter) -> None:
        """It was taken."""
        with self.lock, self.db:
            self.db.execute("DELETE FROM waiting WHERE seq=?", (letter.seq,))
            self.db.execute("UPDATE targets SET sent = sent + 1 WHERE name=?", (target,))

    def refuse(self, target: str, letter: Letter, status: int, reason: str, at: Micros) -> None:
        """It was refused for good."""
        with self.lock, self.db:
            self.db.execute("DELETE FROM waiting WHERE seq=?", (letter.seq,))
            row = (target, letter.key, letter.body, letter.title, status, reason, at)
            self.db.execute("INSERT OR REPLACE INTO dead VALUES(?,?,?,?,?,?,?)", row)

    def state(self, target: str, state: str, reason: str, at: Micros) -> None:
        """What a target is doing, for status."""
        with self.lock:
            self.db.execute("UPDATE targets SET state=?, reason=?, since=? WHERE name=?", (state, reason, at, target))

    def told(self, target: str, run: str, device: str, kind: str) -> tuple[int, Micros] | None:
        """(severity, start) of the last alert of a device and kind. Use it with `lock`."""
        row = self.db.execute(
            "SELECT severity, at FROM quiet WHERE target=? AND run=? AND device=? AND kind=?", (target, run, device, kind)
        ).fetchone()
        return None if row is None else (int(row[0]), int(row[1]))

    def tell(self, target: str, run: str, device: str, kind: str, severity: int, at: Micros) -> None:
        """Remember an alert. Use it with `lock`, in a transaction."""
        self.db.execute("INSERT OR REPLACE INTO quiet VALUES(?,?,?,?,?,?)", (target, run, device, kind, severity, at))

    def close(self) -> None:
        """Release the file."""
        self.db.close()


def targets(path: Path) -> list[dict[str, Any]]:
    """Every target: name, state, reason, since, sent, waiting, dead. [] when there never was one."""
    if not path.exists():
        return []
    db: apsw.Connection = sqlite.reader(path)
    try:
        if db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'quiet'").get is None:
            return []
        columns = ("name", "state", "reason", "since", "sent", "waiting", "dead")
        rows = db.execute("""SELECT name, state, reason, since, sent, (SELECT count(*) FROM waiting w WHERE w.target = name),
            (SELECT count(*) FROM dead d WHERE d.target = name) FROM targets ORDER BY name""").fetchall()
        return [dict(zip(columns, row, strict=True)) for row in rows]
    finally:
        db.close()
