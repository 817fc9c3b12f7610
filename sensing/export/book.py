"""export.db: what the export role knows of its targets. It is the only writer; status reads it from any process.

targets    cursor, state and counters         trail      the cursor in the last seconds of confirmations
dead       points that a target refused       revised    instants that had another value before: see docs/export.md
domains    the domain tag of each datastream: it never changes, or its points would start a second series
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import Any

from msgspec import Struct

from sensing import sqlite
from sensing.errors import ConflictError

from .trail import Step

VERSION = 1
COUNTS = ("points", "requests", "resent", "unserved", "unwanted", "missing", "same_millisecond", "rewinds")
_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS targets(
  name TEXT PRIMARY KEY, kind TEXT, url TEXT, bucket TEXT, seq INTEGER DEFAULT 0, farthest INTEGER DEFAULT 0, state TEXT DEFAULT '',
  reason TEXT DEFAULT '', since INTEGER DEFAULT 0, confirmed INTEGER DEFAULT 0,
  {", ".join(f"{name} INTEGER DEFAULT 0" for name in COUNTS)}) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS trail(target TEXT, ended INTEGER, before INTEGER, PRIMARY KEY(target, ended)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS dead(
  target TEXT, seq INTEGER, line TEXT, status INTEGER, reason TEXT, at INTEGER, PRIMARY KEY(target, seq)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS revised(
  target TEXT, series INTEGER, time INTEGER, seq INTEGER, device TEXT, property TEXT, statistic TEXT, channel TEXT, run TEXT,
  stale INTEGER, PRIMARY KEY(target, series, time)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS domains(series INTEGER PRIMARY KEY, domain TEXT);
PRAGMA user_version = {VERSION};
"""
_DEAD = "INSERT OR REPLACE INTO dead VALUES(?,?,?,?,?,?)"
_CLEAR = "DELETE FROM dead WHERE target=?1 AND seq>=?2 AND seq<=?3 AND seq NOT IN (SELECT value FROM json_each(?4))"
_REVISED = """INSERT INTO revised VALUES(?,?,?,?,?,?,?,?,?,?)
  ON CONFLICT DO UPDATE SET seq = excluded.seq, stale = max(stale, excluded.stale)"""


class Refused(Struct):
    """A point that the target did not take, and why."""

    seq: int
    line: str
    status: int
    reason: str


class Revision(Struct):
    """An instant of a datastream that has more than one value. seq: of the row that the target was sent last.

    stale: the target may still show what an older one said, until it is deleted there and sent again.
    """

    series: int
    time: int
    seq: int
    device: str
    property: str
    statistic: str
    channel: str
    run: str
    stale: bool = False


class Confirmed(Struct):
    """What one page left behind. `seq` is the cursor from now on; `first` and `last` bound the rows that were offered."""

    seq: int
    first: int
    last: int
    step: Step | None
    oldest: int
    dead: Sequence[Refused]
    revised: Sequence[Revision]
    counts: Mapping[str, int]


class Book:
    """`path` for writing, by one process; its threads share it."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite.writer(path)
        self._lock = Lock()
        found = self._db.pragma("user_version")
        if found > VERSION:
            raise ConflictError(f"{path} was written by a newer version (schema {found}, ours {VERSION})", "upgrade first")
        with self._db:
            self._db.execute(_SCHEMA)

    def enter(self, name: str, kind: str, url: str, bucket: str) -> int:
        """A target as it is set now; returns its cursor, 0 for a new one."""
        with self._lock:
            self._db.execute(
                """INSERT INTO targets(name, kind, url, bucket) VALUES(?,?,?,?)
                ON CONFLICT DO UPDATE SET kind=excluded.kind, url=excluded.url, bucket=excluded.bucket""", (name, kind, url, bucket),
            )  # fmt: skip
            return int(self._db.execute("SELECT seq FROM targets WHERE name=?", (name,)).get)

    def keep_only(self, names: Iterable[str]) -> None:
        """Say of targets that are no longer set that they are not."""
        with self._lock:
            known = {str(row[0]) for row in self._db.execute("SELECT name FROM targets")}
            self._db.executemany("UPDATE targets SET state='removed' WHERE name=?", [(name,) for name in known - set(names)])

    def trail(self, name: str) -> list[Step]:
        """The steps that an earlier process left."""
        with self._lock:
            return list(self._db.execute("SELECT ended, before FROM trail WHERE target=? ORDER BY ended", (name,)))

    def confirm(self, name: str, done: Confirmed, at: int) -> None:
        """A page that the target has taken, but for its dead letters: cursor and all else in one transaction."""
        refused = f"[{','.join(str(each.seq) for each in done.dead)}]"
        added = ", ".join(f"{key} = {key} + {int(value)}" for key, value in done.counts.items() if key in COUNTS and value)
        with self._lock, self._db:
            if done.step is not None:
                self._db.execute("INSERT OR REPLACE INTO trail VALUES(?,?,?)", (name, *done.step))
                self._db.execute("DELETE FROM trail WHERE target=? AND ended<?", (name, done.oldest))
            self._db.execute(_CLEAR, (name, done.first, done.last, refused))
            self._db.executemany(_DEAD, [(name, each.seq, each.line, each.status, each.reason, at) for each in done.dead])
            self._db.executemany(_REVISED, [
                (name, r.series, r.time, r.seq, r.device, r.property, r.statistic, r.channel, r.run, r.stale) for r in done.revised])  # fmt: skip
            self._db.execute(
                f"UPDATE targets SET seq=?, farthest=max(farthest, ?), confirmed=?{', ' + added if added else ''} WHERE name=?",
                (done.seq, done.last, at, name),
            )

    def state(self, name: str, state: str, reason: str, at: int) -> None:
        """What the target is doing, for status."""
        with self._lock:
            self._db.execute("UPDATE targets SET state=?, reason=?, since=? WHERE name=?", (state, reason, at, name))

    def domain(self, series: int) -> str | None:
        """The domain that a datastream's points carry; None before its first."""
        with self._lock:
            found = self._db.execute("SELECT domain FROM domains WHERE series=?", (series,)).get
        return None if found is None else str(found)

    def fix_domain(self, series: int, domain: str) -> None:
        """The domain that it will carry from now on."""
        with self._lock:
            self._db.execute("INSERT OR IGNORE INTO domains VALUES(?,?)", (series, domain))

    def recent_revisions(self, name: str, most: int) -> list[tuple[int, int, int]]:
        """(series, time, seq) of the instants revised last."""
        with self._lock:
            return list(self._db.execute(
                "SELECT series, time, seq FROM revised WHERE target=? ORDER BY seq DESC LIMIT ?", (name, most)))  # fmt: skip

    def close(self) -> None:
        """Release the file."""
        self._db.close()


class BookReader:
    """Read-only view, from any process. Raises NotFoundError when nothing was ever exported."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite.reader(path)

    def targets(self) -> list[dict[str, Any]]:
        """Every target with its counters, `dead`, `revised` and `needs_rewrite` points."""
        if self._db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'trail'").get is None:
            return []  # the role is about to make it
        columns = ("name", "kind", "url", "bucket", "seq", "state", "reason", "since", "confirmed", *COUNTS)
        rows = self._db.execute(f"SELECT {', '.join(columns)} FROM targets ORDER BY name").fetchall()
        return [self._target(dict(zip(columns, row, strict=True))) for row in rows]

    def _target(self, found: dict[str, Any]) -> dict[str, Any]:
        name = str(found["name"])
        rewrite = self._count("revised", name, "AND stale")
        return found | {"dead": self._count("dead", name), "revised": self._count("revised", name), "needs_rewrite": rewrite}

    def _count(self, table: str, name: str, more: str = "") -> int:
        return int(self._db.execute(f"SELECT count(*) FROM {table} WHERE target=? {more}", (name,)).get)

    def dead(self, name: str, most: int = 1_000) -> list[Refused]:
        """Points that the target refused, the oldest first."""
        rows = self._db.execute("SELECT seq, line, status, reason FROM dead WHERE target=? ORDER BY seq LIMIT ?", (name, most))
        return [Refused(*row) for row in rows]

    def revised(self, name: str, most: int = 1_000) -> list[Revision]:
        """Instants with another value before, the newest change first."""
        rows = self._db.execute(
            """SELECT series, time, seq, device, property, statistic, channel, run, stale FROM revised WHERE target=?
            ORDER BY seq DESC LIMIT ?""",
            (name, most),
        )
        return [
            Revision(series, time, seq, device, prop, statistic, channel, run, bool(stale))
            for series, time, seq, device, prop, statistic, channel, run, stale in rows
        ]

    def close(self) -> None:
        """Release the file."""
        self._db.close()
