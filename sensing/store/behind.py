"""Clocks that are behind: rows that came long after their time, and fall among what their device had told of that time already.

A device that was off the air speaks late of a time that nobody told of: a gap is filled. One whose clock was put back tells once more of hours that
it has told of, at its usual pace, while its own present stays empty. So of rows that came more than `LAG` after their time those are
doubted that stand at, or between, prompt rows no further apart than usual; and those with the same lag as such ones, or that can be nothing
else (checks/clocks.py). Each row that came so late stands in the table `behind`, with
the first time that it was heard (by the run's clock); any other row was prompt. Which of several revisions is served does not matter here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from sensing.checks import CLOCK_BEHIND, clocks
from sensing.model import Micros
from sensing.times import MINUTE

from . import Row
from .verdicts import GOOD, NUMBERS, Key, Opinion, Verdicts, base

if TYPE_CHECKING:
    from .trails import Trail

LAG = 100 * MINUTE
_NEAR = clocks.NEAR
_NEVER = 1 << 62
_AGAIN, _AS_OTHERS = 1, 2
"""What stands in the column `doubted`: it told again itself; it lags as such rows do, or can be nothing else."""
_FLAG = (CLOCK_BEHIND[0], NUMBERS[CLOCK_BEHIND[1]])
_PUT = """INSERT INTO behind VALUES(?,?,?,?,?) ON CONFLICT(series, time, revision) DO UPDATE SET heard = excluded.heard,
  doubted = excluded.doubted"""
_NOTE = """INSERT INTO behind VALUES(?,?,?,?,0) ON CONFLICT(series, time, revision) DO UPDATE SET
  heard = CASE WHEN excluded.heard < behind.heard THEN excluded.heard ELSE behind.heard END"""
_HOT = "SELECT seq, revision, served, quality, reason, generation FROM hot WHERE time=? AND series=?"
_SET = "UPDATE hot SET quality=?, reason=? WHERE time=? AND series=? AND seq=?"
_TOLD = '{"lag_s": %d, "told_already": %s}'


class Entry(Struct):
    """A row that came late. again: it fell among what was told already. twin: something prompt and good was told of its very time, and not by
    another configuration. kept: as it stands in the table.
    """

    heard: Micros
    doubted: bool = False
    again: bool = False
    twin: bool = False
    kept: int = 0


Sealed = dict[Key, Mapping[int, Any]]
Entries = dict[tuple[Micros, int], Entry]
"""By (time, revision)."""


class Behind:
    """See above; inside the store's transactions."""

    def __init__(self, db: Any, verdicts: Verdicts) -> None:
        self._db, self._verdicts = db, verdicts
        self.forget()

    def forget(self) -> None:
        """Drop what is remembered of the store."""
        ends = "SELECT series, max(time), max(heard) FROM behind GROUP BY series"
        self._some = {int(series): max(int(last) + _NEAR, int(heard)) for series, last, heard in self._db.execute(ends)}
        """Series with such rows, each with the time after which nothing prompt has to do with them."""
        self._entries: dict[int, Entries] = {}
        self._again = {
            int(series) for (series,) in self._db.execute("SELECT DISTINCT series FROM behind WHERE doubted = ?", (_AGAIN,))
        }
        self._lags: dict[tuple[int, int], tuple[Micros, Micros]] = {}
        """By series and lag, in whole `clocks.SAME`: when the first and the last of these rows was heard."""
        lags = f"SELECT series, (heard - time) / {clocks.SAME} AS lag, min(heard), max(heard) FROM behind GROUP BY series, lag"
        for series, lag, first, latest in self._db.execute(lags):
            self._lags[int(series), int(lag)] = int(first), int(latest)

    def of(self, series: int) -> Entries:
        """Rows of a series that came late."""
        found = self._entries.get(series)
        if found is None:
            found = self._entries[series] = {}
            if series in self._some:
                query = "SELECT time, revision, heard, doubted FROM behind WHERE series=?"
                for time, revision, heard, doubted in self._db.execute(query, (series,)):
                    again = int(doubted) == _AGAIN
                    found[int(time), int(revision)] = Entry(int(heard), bool(doubted), again, again, int(doubted))
        return found

    def doubted(self, series: int, time: Micros, revision: int) -> bool:
        """Whether the clock of a row is not believed."""
        if series not in self._some:
            return False
        found = self.of(series).get((time, revision))
        return found is not None and found.doubted

    def near(self, rows: Sequence[Row]) -> set[int]:
        """Series of new rows about which there may be a doubt: prompt ones that stand close to one that came late, or were measured while such
        came; late ones that lag as others did.

        Any other row that came late and is newer than all of its series has nothing prompt after it: neither it nor others are doubted for
        it until something prompt comes.
        """
        late = {row.series for row in rows if row.heard - row.time > LAG}
        if not late and not self._some:
            return late
        return {
            row.series for row in rows
            if (row.heard - row.time <= LAG and (row.series in late or row.time <= self._some.get(row.series, -_NEVER)))
            or (row.heard - row.time > LAG and self._lags_alike(row))
        }  # fmt: skip

    def _lags_alike(self, row: Row) -> bool:
        """Whether a row may lag as others of its series did that came long before or after, or its series has some that told again."""
        if row.series in self._again:
            return True
        lag = (row.heard - row.time) // clocks.SAME
        heard = [self._lags[key] for key in ((row.series, lag + by) for by in (-1, 0, 1)) if key in self._lags]
        return any(max(row.heard, last) - min(row.heard, first) >= clocks.LASTED for first, last in heard)

    def note(self, rows: Iterable[Row]) -> None:
        """Remember which of some new rows came late."""
        lines = []
        for row in rows:
            if row.heard - row.time > LAG:
                last = max(row.time + _NEAR, row.heard)
                self._some[row.series] = max(last, self._some.get(row.series, last))
                entries = self._entries.get(row.series)  # what nobody has asked about is not loaded for this
                if entries is not None:
                    entry = entries.setdefault((row.time, row.revision), Entry(row.heard))
                    entry.heard = min(entry.heard, row.heard)
                key = row.series, (row.heard - row.time) // clocks.SAME
                first, latest = self._lags.get(key, (row.heard, row.heard))
                self._lags[key] = min(first, row.heard), max(latest, row.heard)
                lines.append((row.series, row.time, row.revision, row.heard))
        self._db.executemany(_NOTE, lines)

    def told(
        self, rows: Sequence[Row], looked: Mapping[int, Sequence[Micros]], sealed: Sealed,
        trails: Mapping[int, Trail], commit: int,
    ) -> list[Opinion]:  # fmt: skip
        """Which clocks are to be believed, after some rows came. looked: times of new or changed rows, by series. Takes note of the rows.

        sealed: what the lake has of some instants; those of others that are judged again are added.
        """
        self.note(
            row for row in rows if row.checks is not None and row.quality == GOOD[0] and row.time in looked.get(row.series, ())
        )
        prompt = self._prompt(rows)
        found = []
        for series, times in looked.items():
            if series in self._some:
                found += self._told(series, times, prompt.get(series, set()), sealed, trails[series], commit)
        return found

    def _told(
        self, series: int, times: Sequence[Micros], prompt: set[Micros], sealed: Sealed, trail: Trail, commit: int
    ) -> list[Opinion]:
        """Judge what is near some times of a series again."""
        entries = self.of(series)
        near = {key for key in entries if any(abs(key[0] - time) <= _NEAR for time in times)}
        wanted = sorted({time for time, _ in near} | prompt)
        hot = {time: self._db.execute(_HOT, (time, series)).fetchall() for time in wanted}
        known = {time: _known(hot[time], sealed.get((series, time), {})) for time in wanted}
        for key in near:  # whose twins are known, the crowd is
            entries[key].twin = any(
                said == known[key[0]].get(key[1]) and (key[0], revision) not in entries
                for revision, said in known[key[0]].items() if said is not None
            )  # fmt: skip
        late = {time for time, _ in entries}  # once for the series: each of its rows is compared with all of them
        twins = sorted({time for (time, _), one in entries.items() if one.twin})
        for time in wanted:
            for revision in known[time]:
                entry = entries.get((time, revision))
                if entry is not None:
                    entry.again = entry.twin or clocks.crowded(time, trail.times, late, twins)
        changed = self._doubt(series, times, entries, late, twins, trail)
        hot |= {time: self._db.execute(_HOT, (time, series)).fetchall() for time in changed.difference(hot)}
        apart = [(series, time) for time in changed if not hot[time] and (series, time) not in sealed]
        sealed.update(self._verdicts.sealed(apart) if apart else ())
        found = []
        for time in sorted({*wanted, *changed}):
            rows, versions = hot[time], sealed.get((series, time), {})
            for revision in sorted(_known(rows, versions)):
                found += self._show(series, time, revision, entries.get((time, revision)), rows, versions, commit)
        return found

    def _doubt(
        self, series: int, times: Sequence[Micros], entries: Entries, late: set[Micros], twins: Sequence[Micros], trail: Trail
    ) -> set[Micros]:
        """Settle whose clock is doubted after some times of a series changed; the times of rows that are judged otherwise now.

        What is older than the trail stays as it was judged when more was at hand.
        """
        import numpy as np

        begin, end = min(times) - clocks.REACH, max(times) + clocks.WITHIN
        keys = sorted(key for key in entries if begin - clocks.WITHIN <= key[0] <= end + clocks.WITHIN)
        rows = [entries[key] for key in keys]
        prompt = sorted({each for each in trail.times if each not in late} | set(twins))
        columns = [np.array(column, np.int64) for column in ([time for time, _ in keys], [one.heard for one in rows], prompt)]
        again = np.array([one.again for one in rows], bool)
        changed, lines = set(), []
        for key, one, doubted in zip(keys, rows, clocks.behind(columns[0], columns[1], again, columns[2]).tolist(), strict=True):
            if max(begin, trail.begin) <= key[0] <= end or one.again:
                state = _AGAIN if one.again else _AS_OTHERS if doubted else 0
                if one.kept != state:
                    changed.add(key[0])
                    one.doubted, one.kept = bool(state), state
                    lines.append((series, *key, one.heard, state))
                    if one.again:
                        self._again.add(series)
        self._db.executemany(_PUT, lines)
        return changed

    def _prompt(self, rows: Sequence[Row]) -> dict[int, set[Micros]]:
        """Forget rows of which another copy was prompt; their times."""
        found: dict[int, set[Micros]] = {}
        for row in rows:
            if row.series not in self._some or row.heard - row.time > LAG:
                continue
            entries, key = self.of(row.series), (row.time, row.revision)
            if key in entries:
                del entries[key]
                self._db.execute("DELETE FROM behind WHERE series=? AND time=? AND revision=?", (row.series, *key))
                found.setdefault(row.series, set()).add(row.time)
        return found

    def _show(
        self,
        series: int,
        time: Micros,
        revision: int,
        entry: Entry | None,
        hot: Sequence[Any],
        versions: Mapping[int, Any],
        commit: int,
    ) -> list[Opinion]:
        """The served one by an opinion, any other by its own flag."""
        doubted = entry is not None and entry.doubted
        for seq, own, served, quality, reason, _ in hot:
            if int(own) == revision:
                if served:
                    return [self._opinion(series, time, entry)]
                was = int(quality), int(reason)
                flag = _FLAG if doubted else GOOD
                if base(*was) == GOOD and was != flag:
                    self._db.execute(_SET, (*flag, time, series, seq))
        sealed = versions.get(revision)
        if sealed is not None and sealed.served:
            return [self._opinion(series, time, entry)]
        if sealed is not None:
            self._verdicts.flag_sealed((series, time), sealed, _FLAG if doubted else GOOD, commit)
        return []

    def _opinion(self, series: int, time: Micros, entry: Entry | None) -> Opinion:
        if entry is None or not entry.doubted:
            return Opinion(series, time, "clock", None)
        return Opinion(series, time, "clock", CLOCK_BEHIND, _TOLD % ((entry.heard - time) // 1_000_000, str(entry.again).lower()))


def _known(hot: Sequence[Any], sealed: Mapping[int, Any]) -> dict[int, int | None]:
    """Revisions of a time, each with its generation; None where its own first flag is not good."""
    found: dict[int, int | None] = {
        revision: one.generation if base(one.quality, one.reason) == GOOD else None for revision, one in sealed.items()
    }
    for _, revision, _, quality, reason, generation in hot:
        found[int(revision)] = int(generation) if base(int(quality), int(reason)) == GOOD else None
    return found
