"""The Store port on one SQLite file, `store.db`: one transaction a batch, the cursor in it.

The engine decides "once": (time, series, revision) is unique, so the same content any number of times is one row.
What it decided is read back from the batch's own seqs and becomes the readings half of the ledger.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import apsw
import msgspec

from sensing import sqlite
from sensing.errors import ConflictError
from sensing.ledger import COLUMNS, Account

from . import ROW_BITS, Batch, Held, Row, SeriesKey, facts
from .schema import SCHEMA, VERSION

_INSERT = """INSERT INTO hot(seq, series, time, begin, result, quality, reason, revision, generation, sent, rank, received,
  place, lon, lat) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)
  ON CONFLICT(time, series, revision) DO UPDATE SET generation = excluded.generation, sent = excluded.sent,
  rank = excluded.rank, quality = iif(excluded.generation > generation, excluded.quality, quality),
  reason = iif(excluded.generation > generation, excluded.reason, reason) WHERE (excluded.generation, excluded.sent, excluded.rank) > (generation, sent, rank)"""
_EARLIER = "SELECT 1 FROM hot WHERE time=? AND series=? AND seq<? LIMIT 1"
_SERVE = """UPDATE hot SET served = NOT served WHERE time=?1 AND series=?2 AND served <> (seq = (SELECT seq FROM hot
  WHERE time=?1 AND series=?2 ORDER BY generation DESC, sent DESC, rank DESC, revision DESC LIMIT 1))"""
_LATEST = """INSERT INTO latest VALUES(?,?,?) ON CONFLICT DO UPDATE SET newest = max(newest, excluded.newest),
  time = CASE WHEN time IS NULL OR excluded.time > time THEN excluded.time ELSE time END"""
_ADD = ", ".join(f"{name} = {name} + excluded.{name}" for name in COLUMNS)
_ACCOUNTS = f"INSERT INTO accounts VALUES(?,?,?,?,?,{','.join('?' * len(COLUMNS))}) ON CONFLICT DO UPDATE SET {_ADD}"
_INTAKE = "INSERT INTO intake VALUES(?,?,?,?,?,?) ON CONFLICT DO UPDATE SET received = received + excluded.received"
_DEAD = """INSERT INTO dead VALUES(?,?,?,?,?,?,?,?,?,?,?,?,1,'open') ON CONFLICT DO UPDATE SET state='open',
  attempts = attempts + 1, counted = excluded.counted, reason = excluded.reason, detail = excluded.detail"""
_HELD = """INSERT INTO held VALUES(?,?,?,?,?,?,?,?,?,'open') ON CONFLICT DO UPDATE SET state='open', counted = excluded.counted"""


def _account(account: Account) -> tuple[int, str, str, str, str]:
    return account.hour, account.adapter, account.principal, account.device, account.run


class SqliteStore:
    """`Store` over `path`, for writing. Raises ConflictError on a file that a newer version wrote."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite.writer(path)
        found = self._db.pragma("user_version")
        if found > VERSION:
            raise ConflictError(f"{path} was written by a newer version (schema {found}, ours {VERSION})", "upgrade first")
        self._db.execute(SCHEMA)
        self._series: dict[SeriesKey, int] = {}
        self._newest: dict[int, int] = {}
        self.forget()

    def forget(self) -> None:
        """Drop what is remembered of the file, after a transaction that failed."""
        self._series = {SeriesKey(*row[1:]): row[0] for row in self._db.execute(
            "SELECT id, thing, property, statistic, channel, run FROM series")}  # fmt: skip
        self._last_series = max(self._series.values(), default=0)
        self._born: list[tuple[int | str, ...]] = []
        self._newest = dict(self._db.execute("SELECT series, newest FROM latest"))
        self._place = int(self._db.execute("SELECT place FROM progress").get)
        self._commit = int(self._db.execute("SELECT commit_no FROM progress").get)

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

    def _write(self, batch: Batch, base: int) -> None:
        self._db.executemany("INSERT INTO series VALUES(?,?,?,?,?,?,?,?)", self._born)
        if batch.rows:
            self._rows(batch, base)
        self._holds(batch)
        self._said(batch)
        tally = batch.tally
        self._db.executemany(_ACCOUNTS, ((*_account(key), *counts) for key, counts in tally.accounts.items()))
        self._db.executemany(_INTAKE, ((*_account(key), number) for key, number in tally.intake.items()))

    def _rows(self, batch: Batch, base: int) -> None:
        rows = batch.rows
        self._db.executemany(_INSERT, [
            (seq, r.series, r.time, r.begin, r.result, r.quality, r.reason, r.revision, r.generation, r.sent, r.rank,
             r.received, r.place, r.lon, r.lat) for seq, r in enumerate(rows, base)
        ])  # fmt: skip
        inserted = {seq for (seq,) in self._db.execute("SELECT seq FROM hot WHERE seq >= ?", (base,))}
        stored = self._judge(batch, base, inserted)
        self._advance(stored)

    def _judge(self, batch: Batch, base: int, inserted: set[int]) -> list[Row]:
        """Count each row as stored, duplicate or revised; serve the right revision where a time has several."""
        newest, add = self._newest, batch.tally.add
        seen: dict[int, int] = {}
        stored = []
        for seq, row in enumerate(batch.rows, base):
            verdict = "stored"
            late = row.time <= max(seen.get(row.series, -(1 << 62)), newest.get(row.series, -(1 << 62)))
            if seq not in inserted:
                verdict = "duplicate"
                if row.shared and row.account is not None:
                    self._db.execute("INSERT OR IGNORE INTO witnesses VALUES(?,?,?,?,?)", (
                        row.series, row.time, row.revision, row.account.principal, row.place))  # fmt: skip
                self._db.execute(_SERVE, (row.time, row.series))
            elif late and self._db.execute(_EARLIER, (row.time, row.series, seq)).get:
                verdict = "revised"
                self._db.execute(_SERVE, (row.time, row.series))
            if not late:
                seen[row.series] = row.time
            if verdict != "duplicate":
                stored.append(row)
            if row.account is not None:
                add(row.account, verdict)
        return stored

    def _advance(self, stored: Iterable[Row]) -> None:
        """Move `latest`: its time by rows fit to be shown as current, its newest by any row."""
        moved: dict[int, tuple[int | None, int]] = {}
        for row in stored:
            time, newest = moved.get(row.series, (None, row.time))
            if row.current and (time is None or row.time > time):
                time = row.time
            moved[row.series] = (time, max(newest, row.time))
        self._db.executemany(_LATEST, [(series, time, newest) for series, (time, newest) in moved.items()])
        for series, (_, newest) in moved.items():
            if newest > self._newest.get(series, newest - 1):
                self._newest[series] = newest

    def _holds(self, batch: Batch) -> None:
        for table, place, part in batch.released:
            self._db.execute(f"UPDATE {table} SET state='done' WHERE place=? AND part=?", (place, part))
        for table in ("dead", "held"):
            self._db.executemany(f"UPDATE {table} SET counted=0 WHERE place=?", [(place,) for place in batch.uncounted])
        self._db.executemany(_DEAD, [
            (h.place, h.part, *_account(h.account), h.counted, h.reason, h.detail, h.offset, h.length) for h in batch.dead
        ])  # fmt: skip
        self._db.executemany(_HELD, [_held(h) for h in batch.quarantined])
        self._db.executemany(
            "INSERT OR REPLACE INTO pending VALUES(?,?,?,?,?,?)", [(h.place, *_account(h.account)) for h in batch.pending]
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
        for fact in batch.facts:
            facts.keep(self._db, fact)
        self._db.executemany(
            "INSERT OR IGNORE INTO annotations VALUES(:id,:device,:property,:from,:to,:quality,:reason,:by,:at,:place)",
            batch.annotations,
        )
        self._db.executemany("INSERT OR IGNORE INTO commands VALUES(?,?,?,?,?,?)", batch.results)

    def trim_outbox(self, before_s: int) -> None:
        """Forget replies that the door was offered before a time (seconds since the epoch)."""
        self._db.execute("DELETE FROM outbox WHERE at < ?", (before_s,))

    def close(self) -> None:
        """See `Store.close`."""
        self._db.close()


def _held(h: Held) -> tuple[object, ...]:
    return (h.place, h.part, *_account(h.account), h.counted, h.native)
