"""The Store port on one SQLite file, `store.db`: one transaction a batch, the cursor in it.

The engine decides "once" (hot.py), and what it decided becomes the readings half of the ledger.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import apsw
import msgspec

from sensing import sqlite, times
from sensing.errors import ConflictError

from . import ROW_BITS, Batch, Held, SeriesKey
from .books import Books, words
from .drills import FOLDED, forget_names, forget_one
from .escalation import Escalation
from .facts import Facts
from .hot import Hot
from .lake.adopt import Adoption
from .schema import ADDED, SCHEMA, VERSION
from .timers import Timers
from .unbalanced import Unbalanced
from .verdicts import prune

if TYPE_CHECKING:
    from .reader import StoreReader

_DEAD = """INSERT INTO dead VALUES(?,?,?,?,?,?,?,?,?,?,?,?,1,'open') ON CONFLICT DO UPDATE SET state='open',
  attempts = attempts + 1, counted = excluded.counted, reason = excluded.reason, detail = excluded.detail"""
_HELD = """INSERT INTO held VALUES(?,?,?,?,?,?,?,?,?,'open') ON CONFLICT DO UPDATE SET state='open', counted = excluded.counted"""
_PRUNE_EVERY = 6 * times.HOUR


class SqliteStore:
    """`Store` over `path`, for writing. Raises ConflictError on a file that a newer version wrote."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db = sqlite.writer(path)
        found = self._db.pragma("user_version")
        if found > VERSION:
            raise ConflictError(f"{path} was written by a newer version (schema {found}, ours {VERSION})", "upgrade first")
        for table, columns in ADDED.items():
            known = {row[1] for row in self._db.execute(f"PRAGMA table_info({table})")}
            for name in columns if known else ():
                if name not in known:
                    self._db.execute(f'ALTER TABLE {table} ADD COLUMN "{name}" {columns[name]}')
        self._db.execute(SCHEMA)
        self._series: dict[SeriesKey, int] = {}
        self._hot = Hot(self._db, path)
        self._pruned = self._unnamed = 0
        self._timers = Timers(self._db)
        self._books = Books(self._db)
        self._facts = Facts(self._db)
        self.lake = Adoption(self._db, path)
        self.forget()

    def forget(self) -> None:
        """Drop what is remembered of the file, after a transaction that failed."""
        self._series = {SeriesKey(*row[1:]): row[0] for row in self._db.execute(
            "SELECT id, thing, property, statistic, channel, run FROM series")}  # fmt: skip
        self._last_series = max(self._series.values(), default=0)
        self._born: list[tuple[int | str, ...]] = []
        self._hot.forget()
        self._timers.forget()
        self._escalation, self._unbalanced = Escalation(self._db), Unbalanced(self._db)
        self._books.forget()
        self._facts.forget()
        self._dated = int(self._db.execute("SELECT ifnull(max(at), 0) FROM commits").get)
        self.lake.forget()
        self._place = int(self._db.execute("SELECT place FROM progress").get)
        self._commit = int(self._db.execute("SELECT commit_no FROM progress").get)

    def locate(self, where: Callable[[str], tuple[float, float] | None]) -> None:
        """See `Store.locate`."""
        self._hot.maritime.locate(where)

    @property
    def connection(self) -> apsw.Connection:
        """The writing connection, for reads that must see what was just committed."""
        return self._db

    def place(self) -> int:
        """See `Store.place`."""
        return self._place

    def series(self, key: SeriesKey, origin: str, unit: str) -> int:
        """See `Store.series`. A new one is written with the next commit."""
        found = self._series.get(key)
        if found is None:
            self._last_series += 1
            found = self._series[key] = self._last_series
            self._born.append((found, key.thing, key.property, key.statistic, key.channel, key.run, origin, unit))
        return found

    def commit(self, batch: Batch) -> int:
        """See `Store.commit`."""
        number = self._commit + 1
        try:
            self._db.execute("BEGIN IMMEDIATE")
            self._move(batch.place, number)
            self._write(batch, number << ROW_BITS)
            self._db.execute("COMMIT")
        except BaseException:
            if not self._db.get_autocommit():
                self._db.execute("ROLLBACK")
            raise
        self._place, self._commit = batch.place, number
        self._born.clear()
        return number

    def _move(self, place: int, number: int) -> None:
        """Move the cursor first: whoever has not seen the last commit may write nothing."""
        self._db.execute("UPDATE progress SET place=?, commit_no=? WHERE commit_no=?", (place, number, self._commit))
        if not self._db.changes():
            raise ConflictError("another worker has committed to this store", "stop one of them: a store has one writer")
        now = times.now()
        if now - self._dated >= times.SECOND:
            self._db.execute("INSERT OR REPLACE INTO commits VALUES(?,?)", (number, now))
            self._dated = now
        else:  # the second's last commit, so that none of them is without a time
            self._db.execute("UPDATE OR REPLACE commits SET commit_no=? WHERE commit_no=?", (number, self._commit))

    def _write(self, batch: Batch, base: int) -> None:
        self._db.executemany("INSERT INTO series VALUES(?,?,?,?,?,?,?,?)", self._born)
        if batch.rows:
            self._hot.write(batch.rows, base, batch.tally)
        self._timers.take(batch)
        self._hot.comparing.take(self._timers.now, self._timers.told, batch, base >> ROW_BITS)
        for series in self._escalation.take(self._timers.now, self._timers.told):
            self._hot.watch.release(series)
        self._holds(batch)
        self._said(batch)
        self._books.enter(batch.tally)
        self._unbalanced.take(batch)

    def _holds(self, batch: Batch) -> None:
        for table, place, part in batch.released:
            self._db.execute(f"UPDATE {table} SET state='done' WHERE place=? AND part=?", (place, part))
        for state, keys in (("dropped", batch.dropped), ("open", batch.reopened)):
            self._db.executemany("UPDATE held SET state=? WHERE place=? AND part=?", [(state, *key) for key in keys])
        for table in ("dead", "held"):
            self._db.executemany(f"UPDATE {table} SET counted=0 WHERE place=?", [(place,) for place in batch.uncounted])
        self._db.executemany(_DEAD, [
            (h.place, h.part, *words(h.account), h.counted, h.reason, h.detail, h.offset, h.length) for h in batch.dead
        ])  # fmt: skip
        self._db.executemany(_HELD, [_held(h) for h in batch.quarantined])
        self._db.executemany(
            "INSERT OR REPLACE INTO pending VALUES(?,?,?,?,?,?)", [(h.place, *words(h.account)) for h in batch.pending]
        )
        self._db.executemany("DELETE FROM pending WHERE place=?", [(place,) for place in batch.settled])

    def _said(self, batch: Batch) -> None:
        for change in batch.states.values():
            if change.state is None:
                self._db.execute("DELETE FROM states WHERE stream=?", (change.stream,))
            else:
                self._db.execute("INSERT OR REPLACE INTO states VALUES(?,?,?,?,?)", (
                    change.stream, msgspec.json.encode(change.source), json.dumps(change.state).encode(), change.deadline,
                    change.received))  # fmt: skip
        self._db.executemany("INSERT OR IGNORE INTO enrolled VALUES(?,?,?,?,?,?)", [
            (n.thing, n.type, n.adapter, n.native, n.principal, n.at) for n in batch.enrolled])  # fmt: skip
        self._db.executemany("INSERT OR REPLACE INTO editions VALUES(?,?)", batch.editions.items())
        self._db.executemany("INSERT OR REPLACE INTO clocks VALUES(?,?)", batch.clocks.items())
        self._db.executemany(
            "INSERT INTO outbox(principal, topic, payload, at) VALUES(?,?,?,strftime('%s','now'))", batch.replies
        )
        self._facts.keep(batch.facts)
        self._db.executemany(
            "INSERT OR IGNORE INTO annotations VALUES(:id,:device,:property,:from,:to,:quality,:reason,:by,:at,:place)",
            batch.annotations,
        )
        for mark in batch.marks:
            self._hot.watch.mark(mark)
        self._hot.maritime.declare(batch)
        self._db.executemany("INSERT OR IGNORE INTO commands VALUES(?,?,?,?,?,?)", batch.results)
        if batch.underway is not None:
            self._db.execute("INSERT OR REPLACE INTO underway VALUES(?,?,?,?)", batch.underway)
        self._db.executemany("DELETE FROM underway WHERE id=?", [(result[0],) for result in batch.results])

    def reader(self) -> StoreReader:
        """A view of its own of what is committed: for who reads while work writes. The caller closes it."""
        from .reader import StoreReader

        return StoreReader(self._path)

    def tend_lake(self) -> None:
        """Adopt what the lake role has sealed or merged. Cheap when there is nothing."""
        if self.lake.tend():
            self._hot.late.refresh()
        if times.now() - self._pruned > _PRUNE_EVERY:
            self._pruned = times.now()
            prune(self._db)

    def trim_outbox(self, before_s: int) -> None:
        """Forget replies that the door was offered before a time (seconds since the epoch)."""
        self._db.execute("DELETE FROM outbox WHERE at < ?", (before_s,))

    def forget_drills(self, keep_h: float) -> None:
        """See `Store.forget_drills`."""
        gone = forget_one(self._db, keep_h, FOLDED)
        if times.now() - self._unnamed > times.HOUR:
            self._unnamed = times.now()
            gone |= forget_names(self._db, keep_h)
        if gone:
            self.forget()

    def close(self) -> None:
        """See `Store.close`."""
        self._db.close()


def _held(h: Held) -> tuple[object, ...]:
    return (h.place, h.part, *words(h.account), h.counted, h.native)
