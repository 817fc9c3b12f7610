"""Clocks that are behind: rows that came long after their time, and fall among what their device had told of that time already.

A device that was off the air speaks late of a time that nobody told of: a gap is filled. One whose clock was put back tells once more of hours that
it has told of, at its usual pace, while its own present stays empty. So of rows that came more than `LAG` after their time those are
doubted that stand at, or between, prompt rows no further apart than usual. Each row that came so late stands in the table `behind`, with
the first time that it was heard (by the run's clock); any other row was prompt. Which of several revisions is served does not matter here.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from sensing.checks import CLOCK_BEHIND
from sensing.model import Micros
from sensing.times import HOUR, MINUTE

from . import Row
from .verdicts import GOOD, NUMBERS, Key, Opinion, Verdicts, base

if TYPE_CHECKING:
    from .trails import Trail

LAG = 100 * MINUTE
_NEAR = 3 * HOUR
_AROUND = 4
_LEAST = 2
_USUAL = 1.6
_NEVER = 1 << 62
_FLAG = (CLOCK_BEHIND[0], NUMBERS[CLOCK_BEHIND[1]])
_PUT = """INSERT INTO behind VALUES(?,?,?,?,?) ON CONFLICT(series, time, revision) DO UPDATE SET heard = excluded.heard,
  doubted = excluded.doubted"""
_NOTE = "INSERT INTO behind VALUES(?,?,?,?,0) ON CONFLICT DO NOTHING"
_HOT = "SELECT seq, revision, served, quality, reason, generation FROM hot WHERE time=? AND series=?"
_SET = "UPDATE hot SET quality=?, reason=? WHERE time=? AND series=? AND seq=?"
_TOLD = '{"lag_s": %d, "told_already": true}'


class Entry(Struct):
    """A row that came late. twin: something prompt and good was told of its very time, and not by another configuration."""

    heard: Micros
    doubted: bool = False
    twin: bool = False


class _Around(Struct):
    """What a late row of a series is compared with. late: times of all that came late; twins: of those told promptly as well, ascending."""

    trail: Trail
    late: set[Micros]
    twins: list[Micros]


Entries = dict[tuple[Micros, int], Entry]
"""By (time, revision)."""


class Behind:
    """See above; inside the store's transactions."""

    def __init__(self, db: Any, verdicts: Verdicts) -> None:
        self._db, self._verdicts = db, verdicts
        self.forget()

    def forget(self) -> None:
        """Drop what is remembered of the store."""
        self._some = {
            int(series): int(last) for series, last in self._db.execute("SELECT series, max(time) FROM behind GROUP BY series")
        }
        """Series with such rows, each with the newest of them."""
        self._entries: dict[int, Entries] = {}

    def of(self, series: int) -> Entries:
        """Rows of a series that came late."""
        found = self._entries.get(series)
        if found is None:
            found = self._entries[series] = {}
            if series in self._some:
                query = "SELECT time, revision, heard, doubted FROM behind WHERE series=?"
                for time, revision, heard, doubted in self._db.execute(query, (series,)):
                    found[int(time), int(revision)] = Entry(int(heard), bool(doubted), bool(doubted))
        return found

    def doubted(self, series: int, time: Micros, revision: int) -> bool:
        """Whether the clock of a row is not believed."""
        if series not in self._some:
            return False
        found = self.of(series).get((time, revision))
        return found is not None and found.doubted

    def near(self, rows: Sequence[Row]) -> set[int]:
        """Series of new rows about which there may be a doubt: prompt ones that stand close to one that came late.

        A row that came late and is newer than all of its series has nothing prompt after it: neither it nor others are doubted for it
        until something prompt comes.
        """
        late = {row.series for row in rows if row.heard - row.time > LAG}
        if not late and not self._some:
            return late
        return {
            row.series for row in rows
            if row.heard - row.time <= LAG and (row.series in late or self._is_near(row))
        }  # fmt: skip

    def _is_near(self, row: Row) -> bool:
        last = self._some.get(row.series)
        return (
            last is not None
            and row.time - last <= _NEAR
            and any(abs(time - row.time) <= _NEAR for time, _ in self.of(row.series))
        )

    def note(self, rows: Iterable[Row]) -> None:
        """Remember which of some new rows came late."""
        lines = []
        for row in rows:
            if row.heard - row.time > LAG:
                self._some[row.series] = max(row.time, self._some.get(row.series, row.time))
                entries = self._entries.get(row.series)  # what nobody has asked about is not loaded for this
                if entries is not None:
                    entries.setdefault((row.time, row.revision), Entry(row.heard))
                lines.append((row.series, row.time, row.revision, row.heard))
        self._db.executemany(_NOTE, lines)

    def told(
        self, rows: Sequence[Row], looked: Mapping[int, Sequence[Micros]], sealed: Mapping[Key, Mapping[int, Any]],
        trails: Mapping[int, Trail], commit: int,
    ) -> list[Opinion]:  # fmt: skip
        """Which clocks are to be believed, after some rows came. looked: times of new or changed rows, by series. Takes note of the rows."""
        self.note(
            row for row in rows if row.checks is not None and row.quality == GOOD[0] and row.time in looked.get(row.series, ())
        )
        prompt = self._prompt(rows)
        found = []
        for series, times in looked.items():
            if series not in self._some:
                continue
            entries = self.of(series)
            near = {key for key in entries if any(abs(key[0] - time) <= _NEAR for time in times)}
            wanted = sorted({time for time, _ in near} | prompt.get(series, set()))
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
                self._judge(series, time, known[time], entries, _Around(trails[series], late, twins))
                for revision in sorted(known[time]):
                    entry = entries.get((time, revision))
                    found += self._show(series, time, revision, entry, hot[time], sealed.get((series, time), {}), commit)
        return found

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

    def _judge(self, series: int, time: Micros, known: Iterable[int], entries: Entries, around: _Around) -> None:
        """Judge all revisions of one time."""
        for revision in known:
            entry = entries.get((time, revision))
            if entry is not None:
                doubted = _crowded(time, entry, around)
                if doubted != entry.doubted:
                    entry.doubted = doubted
                    self._db.executemany(_PUT, [(series, time, revision, entry.heard, int(doubted))])

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
        return Opinion(series, time, "clock", CLOCK_BEHIND, _TOLD % ((entry.heard - time) // 1_000_000))


def _crowded(time: Micros, entry: Entry, around: _Around) -> bool:
    """Whether prompt rows stand at this time, or around it as closely as usual."""
    if entry.twin:
        return True
    told, late = around.trail.times, around.late
    at = bisect_left(told, time)
    before, after = list[Micros](), list[Micros]()
    place = at - 1
    also = around.twins[bisect_left(around.twins, time - _NEAR) : bisect_right(around.twins, time + _NEAR)]
    while place >= 0 and len(before) < _AROUND and told[place] > time - _NEAR:
        if told[place] not in late:
            before.append(told[place])
        place -= 1
    place = at
    while place < len(told) and len(after) < _AROUND and told[place] < time + _NEAR:
        if told[place] not in late:
            after.append(told[place])
        place += 1
    left = sorted({*before, *(each for each in also if each < time)})[-_AROUND:]
    right = sorted({*after, *(each for each in also if each > time)})[:_AROUND]
    if not left or not right or len(left) + len(right) < _LEAST + 2:
        return False
    steps = [b - a for side in (left, right) for a, b in pairwise(side)]
    return right[0] - left[-1] <= _USUAL * median(steps)


def _known(hot: Sequence[Any], sealed: Mapping[int, Any]) -> dict[int, int | None]:
    """Revisions of a time, each with its generation; None where its own first flag is not good."""
    found: dict[int, int | None] = {
        revision: one.generation if base(one.quality, one.reason) == GOOD else None for revision, one in sealed.items()
    }
    for _, revision, _, quality, reason, generation in hot:
        found[int(revision)] = int(generation) if base(int(quality), int(reason)) == GOOD else None
    return found
