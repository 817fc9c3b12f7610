"""Observations on their way into the table `hot`: each stored once, counted by what the engine did of it, the right revision served.

A row that is newer than all of its datastream is stored (once.py), and that is all there is to it; only the others (late, again, revised) can
meet something.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import apsw

from sensing import sqlite
from sensing.ledger import Account, Tally
from sensing.model import Micros

from . import ROW_BITS, Row, once
from .comparing import Comparing
from .frozen import Frozen
from .lake import FOLDER
from .lake.late import Key, Late, Versions
from .maritime import Maritime
from .once import Met, Placed
from .verdicts import Verdicts
from .watch import EventWatch

if TYPE_CHECKING:
    from .checks import Checks

_RAISE = """UPDATE hot SET generation = ?1, sent = ?2, rank = ?3, quality = iif(?1 > generation, ?4, quality),
  reason = iif(?1 > generation, ?5, reason) WHERE time = ?6 AND series = ?7 AND revision = ?8 AND (generation, sent, rank) < (?1, ?2, ?3)
  RETURNING time, series"""
_SERVE = """UPDATE hot SET served = NOT served WHERE time=?1 AND series=?2 AND served <> (seq = (SELECT seq FROM hot
  WHERE time=?1 AND series=?2 ORDER BY generation DESC, sent DESC, rank DESC, revision DESC LIMIT 1))"""
_WITNESS = "INSERT OR IGNORE INTO witnesses VALUES(?,?,?,?,?)"
_LATEST = "REPLACE INTO latest(series, time, newest)"
_NEVER = -(1 << 63)
_NONE = frozenset[int]()


class Hot:
    """The writing end of `hot` and of what hangs on it: `latest`, `witnesses`, events, and what is amended of the lake."""

    def __init__(self, db: apsw.Connection, store: Path) -> None:
        self._db = db
        self.watch = EventWatch(db)
        self.frozen = Frozen(db)
        self.maritime = Maritime(db)
        self.late = Late(db, store)
        self._checks: Checks | None = None
        self._lake = store.parent / FOLDER
        self.comparing = Comparing(db, lambda: self.watch, lambda: self.maritime, self.late, self._lake)
        self._contested, self._mixed = set[tuple[Micros, int]](), set[int]()
        self._newest: dict[int, Micros] = {}
        self._shown: dict[int, Micros | None] = {}

    def forget(self) -> None:
        """Drop what is remembered of the file, after a transaction that failed."""
        self._newest, self._shown = {}, {}
        for series, time, newest in self._db.execute("SELECT series, time, newest FROM latest"):
            self._newest[series], self._shown[series] = newest, time
        self.watch.forget()
        if self._checks is not None:
            self._checks.forget()
        self.comparing.forget()
        self.frozen.forget()
        self.maritime.forget()
        self.late.refresh()

    def write(self, rows: Sequence[Row], base: int, tally: Tally) -> None:
        """Store the rows of a commit, numbered from the seq `base`, inside its transaction."""
        moved, late, current, marked = self._sorted_out(rows, tally)
        sealed = self.late.versions([row for _, row in late]) if late else {}
        checks = self._checks or (self._checking(rows) if marked else None)
        if checks is not None:
            self._mixed = checks.ahead(rows, {row.series for _, row in late}, self._newest)
        held = {place for place, row in late if row.revision in sealed.get((row.series, row.time), ())} if sealed else _NONE
        met = once.put(self._db, rows, base, late, held)
        again = self._judge(late, met, sealed, base >> ROW_BITS, tally) if late else _NONE
        revised = self._settle(rows, base, late, again, sealed)
        if revised:
            sealed = {**sealed, **self.late.versions(revised)}
        news = self._news(rows, again, sealed) if again else rows
        self.watch.look(news, self._newest, sealed, revised, self._contested if late else frozenset())
        if checks is not None:
            self.frozen.look(rows, revised, self._newest)
        self.maritime.look(rows)
        if checks is not None:
            self.comparing.note(rows, revised)
        self._newest.update(moved)
        changed = set(moved)
        placed = [row for row in revised if row.lon is not None]
        if placed and current:  # a position that no ship can have is not the one that is shown
            current = all(row.current for row in rows)
        if current:  # as nearly always: then what is newest is shown
            self._shown.update(moved)
            changed |= self._show([row for place, row in late if place not in again])
        else:
            changed |= self._show([row for place, row in enumerate(rows) if place not in again])
        self._tell(changed | self._believed(placed) if placed else changed)

    def _news(self, rows: Sequence[Row], again: AbstractSet[int], sealed: Mapping[Key, Versions]) -> list[Row]:
        """Rows but for those that only say again what was there. again: places of duplicates; one may have another revision served."""
        contested = self._contested
        return [
            row for place, row in enumerate(rows)
            if place not in again or (row.time, row.series) in contested or (row.series, row.time) in sealed
        ]  # fmt: skip

    def _believed(self, placed: Sequence[Row]) -> set[int]:
        """Show the newest position that nobody doubts of ships of which some are good now, or are no longer."""
        changed = self._show(placed)
        for row in placed:
            if not row.current and self._shown.get(row.series) == row.time and self._checks is not None:
                self._shown[row.series] = self._checks.positions.believable(row.series) or row.time
                changed.add(row.series)
        return changed

    def _checking(self, rows: Sequence[Row]) -> Checks | None:
        """Who checks series, from the first row on that is checked: it brings numpy."""
        if any(row.checks is not None for row in rows):
            from .checks import Checks

            self._checks = Checks(self._db, Verdicts(self._db, self.late), self._lake)
        return self._checks

    def _settle(
        self, rows: Sequence[Row], base: int, late: Placed, again: AbstractSet[int], sealed: Mapping[Key, Versions]
    ) -> list[Row]:
        """Have verdicts put right that late rows and what came after changed; rows that events must look at again."""
        if self._checks is None:
            return []
        looked: set[Key] = set(sealed)
        if self._mixed:
            looked |= {
                (row.series, row.time) for place, row in enumerate(rows) if row.series in self._mixed and place not in again
            }
        if late:
            looked |= {(series, time) for time, series in self._contested}
        return self._checks.settle(rows, looked, sealed, self._newest, base >> ROW_BITS)

    def _sorted_out(self, rows: Sequence[Row], tally: Tally) -> tuple[dict[int, Micros], Placed, bool, bool]:
        """Count rows as stored; returns (new newest time by datastream, the rows that moved none, whether all that did are fit to be shown,
        whether any is watched or checked). One pass: each costs every row.
        """
        newest, moved, late, current, marked = self._newest, dict[int, Micros](), Placed(), True, False
        last_account, number = None, 0
        for place, row in enumerate(rows):
            series, time = row.series, row.time
            last = moved.get(series)
            if last is None:
                last = newest.get(series, _NEVER)
            if time > last:
                moved[series] = time
                if not row.current:
                    current = False
            else:
                late.append((place, row))
            if row.watch is not None or row.checks is not None:
                marked = True
            if row.account is last_account:  # the rows of a frame stand together: a run of them is counted at once
                number += 1
            else:
                _stored(tally, last_account, number)
                last_account, number = row.account, 1
        _stored(tally, last_account, number)
        return moved, late, current, marked

    def _judge(self, late: Placed, met: Met, sealed: Mapping[Key, Versions], commit: int, tally: Tally) -> set[int]:
        """Count what came again or revised as that, and serve the right revision; returns the places of duplicates."""
        twins = met.twins
        contested = self._raise([
            row for place, row in late if (old := twins.get(place)) and (row.generation, row.sent, row.rank) > old])  # fmt: skip
        again = set[int]()
        for place, row in late:
            versions = sealed.get((row.series, row.time)) if sealed else None
            verdict = "duplicate" if place in twins else "revised"
            if versions is not None:
                verdict = self.late.settle(row, versions, inserted=place not in twins, commit=commit)
            elif place in met.revising:
                contested.add((row.time, row.series))
            elif verdict == "revised":
                continue
            if verdict == "duplicate":
                again.add(place)
            if row.account is not None:
                tally.moved(row.account, "stored", verdict)
        self._contested = contested
        self._db.executemany(_SERVE, sorted(key for key in contested if key[::-1] not in sealed))
        self._db.executemany(_WITNESS, [
            (row.series, row.time, row.revision, row.account.principal, row.place) for place, row in late
            if row.shared and row.account is not None and place in twins])  # fmt: skip
        return again

    def _raise(self, rows: Sequence[Row]) -> set[tuple[Micros, int]]:
        """Give what came again the highest rank under which it came; returns (time, series) where that changed one."""
        return set(self._db.executemany(_RAISE, [
            (r.generation, r.sent, r.rank, r.quality, r.reason, r.time, r.series, r.revision) for r in rows]))  # fmt: skip

    def _show(self, stored: Sequence[Row]) -> set[int]:
        """Let the newest of what is fit to be shown be shown; returns the datastreams where that is another now."""
        shown, changed = self._shown, set[int]()
        for row in stored:
            if row.current:
                time = shown.get(row.series)
                if time is None or row.time > time:
                    shown[row.series] = row.time
                    changed.add(row.series)
        return changed

    def _tell(self, changed: Iterable[int]) -> None:
        """Write `latest` of datastreams."""
        newest, shown, all_of_them = self._newest, self._shown, list(changed)

        def values(first: int, end: int) -> list[Any]:
            some = all_of_them[first:end]
            return list(chain.from_iterable(zip(some, map(shown.get, some), map(newest.get, some), strict=True)))

        sqlite.insert(self._db, _LATEST, 3, len(all_of_them), values)


def _stored(tally: Tally, account: Account | None, number: int) -> None:
    if account is not None and number:
        tally.add(account, "stored", number)
