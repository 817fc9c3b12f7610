"""What each listener was told, kept beside its cursor: two tables that cap.db and alerts.db share."""

from __future__ import annotations

import apsw

from .tell import Thread

SCHEMA = """
CREATE TABLE IF NOT EXISTS cursors(target TEXT PRIMARY KEY, changed INTEGER) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS threads(
  target TEXT, id TEXT, event TEXT, severity INTEGER, number INTEGER, over TEXT, since INTEGER, PRIMARY KEY(target, id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS threads_event ON threads(target, event);
"""
_COLUMNS = "id, event, severity, number, over, since"


class KeptThreads:
    """One listener's. Writes belong into the caller's transaction."""

    def __init__(self, db: apsw.Connection, target: str) -> None:
        self._db, self._target = db, target

    def cursor(self) -> int | None:
        """The last change of events that was looked at; None for a listener that is new."""
        found = self._db.execute("SELECT changed FROM cursors WHERE target=?", (self._target,)).get
        return None if found is None else int(found)

    def move(self, changed: int) -> None:
        """Go on from there."""
        self._db.execute("INSERT OR REPLACE INTO cursors VALUES(?,?)", (self._target, changed))

    def of(self, event: str) -> Thread | None:
        """The thread that is about an event now."""
        row = self._db.execute(f"SELECT {_COLUMNS} FROM threads WHERE target=? AND event=?", (self._target, event)).fetchone()
        return None if row is None else Thread(*row)

    def keep(self, thread: Thread) -> None:
        """Write a thread down."""
        self._db.execute(
            "INSERT OR REPLACE INTO threads VALUES(?,?,?,?,?,?,?)",
            (self._target, thread.id, thread.event, thread.severity, thread.number, thread.over, thread.since),
        )

    def hand_over(self, thread: Thread, heir: str) -> None:
        """The thread is about another event from now on."""
        thread.event = heir
        self.keep(thread)
