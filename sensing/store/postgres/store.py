"""The Store port on PostgreSQL: one transaction a batch, the cursor in it, and one lock that numbers the commits of all nodes.

Each node's work commits what its own log held, and remembers what it would otherwise ask again (series, newest times, machines of
events). When another node has committed since, it looks at what that one touched before it goes on, in the same transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from sensing import times
from sensing.errors import ConflictError
from sensing.store import ROW_BITS, Batch, Row, SeriesKey
from sensing.store.comparing import Comparing
from sensing.store.drills import ROWS, forget_one
from sensing.store.escalation import Escalation
from sensing.store.events import Seen
from sensing.store.frozen import Frozen
from sensing.store.maritime import Maritime
from sensing.store.ships import as_served
from sensing.store.timers import Timers
from sensing.store.unbalanced import Unbalanced
from sensing.store.verdicts import Verdicts, prune
from sensing.store.watch import EventWatch

from . import books, rows, said, schema
from .session import Session
from .setup import join

if TYPE_CHECKING:
    from sensing.store.checks import Checks
    from sensing.store.reader import StoreReader

_WITNESS = "INSERT INTO witnesses VALUES(?,?,?,?,?) ON CONFLICT DO NOTHING"
_LATEST = """INSERT INTO latest SELECT s, t, n, ? FROM unnest(?::INTEGER[], ?::BIGINT[], ?::BIGINT[]) AS moved(s, t, n)
  ON CONFLICT (series) DO UPDATE SET newest = greatest(latest.newest, excluded.newest),
  time = greatest(latest.time, excluded.time), commit_no = excluded.commit_no"""
_TOUCH = "UPDATE latest SET commit_no = ? WHERE series = ANY(?::INTEGER[])"
_THIN = """DELETE FROM commits WHERE at < ?1 AND at >= ?1 - ?2 AND commit_no NOT IN
  (SELECT max(commit_no) FROM commits WHERE at < ?1 AND at >= ?1 - ?2 GROUP BY at / 60000000)"""
_THIN_EVERY = times.HOUR


class NoLake:
    """Where the lake would be: nothing is sealed in PostgreSQL."""

    grace_s = 0.0

    def sweep(self, _most: int) -> bool:
        """There is nothing to sweep."""
        return False


class PostgresStore:
    """`Store` over a database, for the work of one log. Raises ConflictError on one of a newer version, StoreBusyError.

    url, password: as Session takes them. log: the identity of the log that is worked (SqliteLog.identity).
    """

    def __init__(self, url: str, password: str, log: int) -> None:
        self.lake = NoLake()
        self._log, self._where = log, (url, password)
        join(url, password, log)
        self._db = Session(url, password, (schema.own(log), schema.SHARED, "public"), schema.STAGING, write=True)
        self._watch: EventWatch | None = None
        self._checks: Checks | None = None
        self._comparing = Comparing(self._db, lambda: self._eyes, lambda: self._maritime)
        self._whereabouts: Callable[[str], tuple[float, float] | None] = lambda _thing: None
        self._thinned = 0
        self.forget()

    def forget(self) -> None:
        """Drop what is remembered of the database, after a transaction that failed."""
        with self._db:
            self._seen = int(self._db.execute("SELECT commit_no FROM counter").get)
            place, commit, number = self._db.execute("SELECT place, commit_no, number FROM logs WHERE log=?", (self._log,)).get
            self._place, self._commit, self._number = int(place), int(commit), int(number)
            self._base = self._number << schema.PLACE_BITS
            self._series: dict[SeriesKey, int] = {}
            self._last_series = 0
            self._read_series()
            self._newest: dict[int, int] = dict(self._db.execute("SELECT series, newest FROM latest"))
            self._dated = int(self._db.execute("SELECT ifnull(max(at), 0) FROM commits").get)
            self._born: list[tuple[SeriesKey, str, str]] = []
            self._real: dict[int, int] = {}
            if self._watch is None:
                self._watch = EventWatch(self.connection)
            self._watch.forget()
            self._checks = None
            self._comparing.forget()
            self._maritime, self._frozen = self._ships_anew(), Frozen(self.connection)
            self._clocks, self._escalation = Timers(self.connection), Escalation(self.connection)
            self._unbalanced = Unbalanced(self.connection)

    def _read_series(self) -> None:
        query = "SELECT id, thing, property, statistic, channel, run FROM series WHERE id > ? ORDER BY id"
        for number, *words in self._db.execute(query, (self._last_series,)):
            self._last_series = number
            self._series[SeriesKey(*words)] = number

    @property
    def connection(self) -> Any:
        """The writing connection, for reads that must see what was just committed; it answers as apsw's does."""
        return self._db

    def place(self) -> int:
        """See `Store.place`."""
        return self._place

    def series(self, key: SeriesKey, origin: str, unit: str) -> int:
        """See `Store.series`. A new one has a number below zero until it is committed: another node may name it first."""
        found = self._series.get(key)
        if found is None:
            self._born.append((key, origin, unit))
            found = self._series[key] = -len(self._real) - len(self._born)
        return found

    def commit(self, batch: Batch) -> int:
        """See `Store.commit`."""
        with self._db:
            number = self._move(batch.place)
            self._write(batch, number)
        self._place, self._commit, self._seen = batch.place, number, number
        self._born.clear()
        return number

    def _move(self, place: int) -> int:
        """Take the lock that numbers commits and move the cursor: whoever has not seen its log's last commit may write nothing."""
        number = int(self._db.execute("UPDATE counter SET commit_no = commit_no + 1 RETURNING commit_no").get)
        query = "UPDATE logs SET place=?, commit_no=? WHERE log=? AND commit_no=? RETURNING 1"
        if self._db.execute(query, (place, number, self._log, self._commit)).get is None:
            raise ConflictError("another worker has committed to this store", "stop one of them: a log has one worker")
        if number != self._seen + 1:
            self._catch_up()
        if (now := times.now()) - self._dated >= times.SECOND:
            self._db.execute("INSERT INTO commits VALUES(?,?)", (number, now))
            self._dated = now
        else:  # the second's last commit, so that none of them is without a time
            self._db.execute("UPDATE commits SET commit_no=? WHERE commit_no=?", (number, number - 1))
        return number

    def _catch_up(self) -> None:
        """Other nodes have committed: take in their new series, and forget what they touched."""
        self._read_series()
        touched: dict[int, int] = dict(self._db.execute("SELECT series, newest FROM latest WHERE commit_no > ?", (self._seen,)))
        self._newest |= touched
        self._eyes.drop(touched)
        if self._checks is not None:
            self._checks.drop(touched)
        self._comparing.forget()
        self._maritime.forget()
        self._frozen.forget()

    def _ships_anew(self) -> Maritime:
        """What is found of ships, with nothing remembered."""
        found = Maritime(cast(Any, self._db))
        found.airs.whereabouts = self._whereabouts
        return found

    def locate(self, where: Callable[[str], tuple[float, float] | None]) -> None:
        """See `Store.locate`."""
        self._whereabouts = where
        self._maritime.locate(where)

    @property
    def _eyes(self) -> EventWatch:
        assert self._watch is not None
        return self._watch

    def _write(self, batch: Batch, number: int) -> None:
        self._name_series()
        if self._base:
            _shift(batch, self._base)
        if batch.rows:
            self._rows(batch, number)
        self._clocks.take(batch)
        self._comparing.take(self._clocks.now, self._clocks.told, batch, number)
        for series in self._escalation.take(self._clocks.now, self._clocks.told):
            self._eyes.release(series)
        books.hold(self._db, batch)
        self._said(batch, number)
        books.enter(self._db, batch.tally, self._number)
        self._unbalanced.take(batch)

    def _said(self, batch: Batch, number: int) -> None:
        said.keep(self._db, batch, number)
        for mark in batch.marks:
            self._eyes.mark(mark)
        self._maritime.declare(batch)

    def _name_series(self) -> None:
        """Give new datastreams their numbers, or those that another node gave them meanwhile."""
        made = []
        for key, origin, unit in self._born:
            number = self._series[key]
            if number < 0:
                self._last_series += 1
                number = self._series[key] = self._last_series
                made.append((number, key.thing, key.property, key.statistic, key.channel, key.run, origin, unit))
            self._real[-len(self._real) - 1] = number
        self._db.executemany("INSERT INTO series VALUES(?,?,?,?,?,?,?,?)", made)

    def _rows(self, batch: Batch, number: int) -> None:
        if self._real:
            for row in batch.rows:
                if row.series < 0:
                    row.series = self._real[row.series]
        checks = self._checks or self._checking(batch.rows)
        left = checks.ahead(batch.rows, rows.mixed(batch.rows, self._newest), self._newest) if checks is not None else set()
        verdicts = rows.write(self._db, batch.rows, number << ROW_BITS, self._newest)
        stored, again = list[Row](), list[Row]()
        for row, verdict in zip(batch.rows, verdicts, strict=True):
            (again if verdict == "duplicate" else stored).append(row)
            if row.account is not None:
                batch.tally.add(row.account, verdict)
        self._db.executemany(_WITNESS, [
            (row.series, row.time, row.revision, row.account.principal, row.place) for row in again
            if row.shared and row.account is not None])  # fmt: skip
        revised = list[Row]()
        if checks is not None:
            looked = {(row.series, row.time) for row in batch.rows if row.series in left}
            revised = checks.settle(batch.rows, looked, {}, self._newest, number)
            self._frozen.look(batch.rows, revised, self._newest)
        self._eyes.look(batch.rows, self._newest, {}, revised)
        self._maritime.look(batch.rows)
        if revised:
            last = batch.rows[-1]
            seen = Seen(last.received, last.heard or last.received, last.place, "")
            self._maritime.look(as_served(cast(Any, self._db), [(row.series, row.time) for row in revised], seen))
        if checks is not None:
            self._comparing.note(batch.rows, revised)
        self._advance(stored, {row.series for row in batch.rows}, number)

    def _checking(self, some: Sequence[Row]) -> Checks | None:
        """Who checks series, from the first row on that is checked: it brings numpy."""
        if any(row.checks is not None for row in some):
            from sensing.store.checks import Checks

            self._checks = Checks(self._db, Verdicts(self._db))
        return self._checks

    def _advance(self, stored: Sequence[Row], touched: set[int], number: int) -> None:
        """Move `latest`: its time by rows fit to be shown as current, its newest by any row; and say which series were touched."""
        moved: dict[int, tuple[int | None, int]] = {}
        for row in stored:
            time, newest = moved.get(row.series, (None, row.time))
            if row.current and (time is None or row.time > time):
                time = row.time
            moved[row.series] = (time, max(newest, row.time))
        if moved:
            shown, newest_ones = zip(*moved.values(), strict=True)
            self._db.execute(_LATEST, (number, list(moved), list(shown), list(newest_ones)))
        if rest := list(touched - moved.keys()):
            self._db.execute(_TOUCH, (number, rest))
        for series, (_, newest) in moved.items():
            if newest > self._newest.get(series, newest - 1):
                self._newest[series] = newest

    def reader(self) -> StoreReader:
        """A view of its own of what is committed: for who reads while work writes. The caller closes it."""
        from .reader import PostgresReader

        return PostgresReader(*self._where, self._log, Path())

    def tend_lake(self) -> None:
        """Of commits older than a day, keep one a minute: enough to know when."""
        now = times.now()
        if now - self._thinned > _THIN_EVERY:
            self._thinned = now
            self._db.execute(_THIN, (now - times.DAY, 2 * times.DAY))
            prune(self._db)

    def trim_outbox(self, before_s: int) -> None:
        """Forget replies that the door was offered before a time (seconds since the epoch)."""
        self._db.execute("DELETE FROM outbox WHERE at < ?", (before_s,))

    def forget_drills(self, keep_h: float) -> None:
        """See `Store.forget_drills`."""
        if forget_one(self._db, keep_h, ROWS):
            self.forget()

    def close(self) -> None:
        """See `Store.close`."""
        self._db.close()


def _shift(batch: Batch, base: int) -> None:
    """Places of one log among those of all, in what all share."""
    told: Iterable[Any] = (*batch.rows, *batch.facts, *batch.cargoes, *batch.inspections, *batch.bulletins)
    for one in told:
        one.place += base
