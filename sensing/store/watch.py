"""Events in the store's own transaction: rows that are watched become samples, samples become events, together with the cursor.

A sample is the served value of one datastream at one time, when its quality is GOOD. A row that is newer than all of its datastream moves the
machines of its rules on by one step; anything else (late, again, another revision, another verdict) asks what is served now, and where that
changed the sample, the span around it is evaluated again (see sensing.events), as far as the windows of derived rules reach. Machines are
remembered from commit to commit, and made again from the samples after a restart or a commit that failed: nothing is kept that the
store does not have.

`floor`: what is not evaluated again. It is moved once a day of event time, so that samples are kept for `KEEP`, and to the newest sample
when the thresholds change, so that a new rule does not rewrite what happened under the old one. `seed` is a machine there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import apsw

from sensing.events import Episode, Machine, Watched
from sensing.model import Micros, Quality
from sensing.rules import Rule

from . import Mark, Row, events
from .curve import Curve
from .events import About, Event, Seen
from .kept import PUT, Kept
from .tail import NEVER, Line, Tail, begin_at, copy, prune_at

if TYPE_CHECKING:
    from .lake.late import Versions

_SERVED = "SELECT result, quality FROM hot WHERE time=? AND series=? AND served"
_GOOD = int(Quality.GOOD)
_NONE: dict[int, Any] = {}
Sealed = Mapping[tuple[int, Micros], "Versions"]
"""(series, time) to the revisions of it that lie in the lake."""


class EventWatch:
    """Events of one store. `look` is called in each transaction once it is settled which rows are served, and for rows judged otherwise since."""

    def __init__(self, db: apsw.Connection) -> None:
        self._db = db
        self._watched: set[int] = set()
        self._kept = Kept(db)
        self._tails: dict[int, Tail] = {}
        self._about: dict[int, About] = {}
        self.forget()

    def forget(self) -> None:
        """Drop what is remembered of the file, after a transaction that failed."""
        self._watched = {int(series) for (series,) in self._db.execute("SELECT series FROM watched")}
        self._tails.clear()
        self._about.clear()

    def drop(self, touched: Iterable[int]) -> None:
        """Drop what is remembered of datastreams that another worker has written to."""
        for series in touched:
            self._tails.pop(series, None)
        self._watched = {int(series) for (series,) in self._db.execute("SELECT series FROM watched")}

    def mark(self, mark: Mark) -> None:
        """Write down what somebody said of an event."""
        self.release(events.apply(self._db, mark).series)

    def release(self, series: int) -> None:
        """Remember no event of a datastream as it was: one of them was written elsewhere."""
        found = self._tails.get(series)
        for line in found.lines if found is not None else ():
            line.event = None

    def look(self, rows: Sequence[Row], newest: Mapping[int, Micros], sealed: Sealed) -> None:
        """Take the rows of a batch. newest: the newest time of each datastream before it, whatever its quality.

        sealed: what lies in the lake of the times that came late.
        """
        groups = self._groups(rows)
        if not groups:
            return
        samples: list[Any] = []
        old: list[tuple[int, Tail]] = []
        for series, group in sorted(groups.items()):
            watched = group[-1].watch
            if watched is None or not watched.rules:
                self._end(series, group)
                continue
            found = self._tails.get(series)
            if found is None or found.watched is not watched:
                found = self._tail(series, watched, group)
            if _ascending(group, newest.get(series, -NEVER)):
                self._advance(series, found, group, samples)
            else:
                self._late(series, found, group, sealed)
            if found.prune_at == NEVER:
                found.prune_at = prune_at(found.time)
            elif found.time >= found.prune_at:
                old.append((series, found))
        self._kept.put(samples)
        for series, found in old:
            self._kept.prune(series, found)

    def again(self, keys: Sequence[tuple[int, Micros]], domains: Mapping[int, str], seen: Seen, sealed: Sealed) -> None:
        """Look at instants whose flag is another now, of whatever datastream. domains: of their things; seen: when that was found."""
        groups: dict[int, list[Row]] = {}
        for series, time in keys:
            if series in self._watched:
                watch = Watched((), domains.get(series, ""))
                groups.setdefault(series, []).append(Row(
                    series, time, None, None, 0, 0, 0, 0, 0, 0, seen.received, seen.place, None, None, False, None, False, watch,
                    seen.heard))  # fmt: skip
        for series, group in sorted(groups.items()):
            found = self._tails.get(series)
            if found is None:
                row = self._db.execute("SELECT rule, floor, seed FROM watched WHERE series=?", (series,)).get
                found = self._tails[series] = self._kept.load(series, *row)
            self._late(series, found, group, sealed)

    def _groups(self, rows: Sequence[Row]) -> dict[int, list[Row]]:
        """The watched rows, and those of datastreams that were watched until now, by datastream."""
        watched, groups = self._watched, dict[int, list[Row]]()
        for row in rows:
            watch = row.watch
            if (watch is not None and watch.rules) or (watched and row.series in watched):
                groups.setdefault(row.series, []).append(row)
        return groups

    def _advance(self, series: int, found: Tail, group: Sequence[Row], samples: list[Any]) -> None:
        """Rows newer than all that was: each served value is its own, and a step of the machines."""
        times, values = list[Micros](), list[float]()
        for row in group:
            result = row.result
            if result is not None and row.quality == _GOOD:
                times.append(row.time)
                values.append(result)
                samples += (series, row.time, result)
        if times:
            for line, episodes in found.take(times, values):
                self._amend(series, line, episodes, group)

    def _amend(self, series: int, line: Line, episodes: Sequence[Episode], group: Sequence[Row]) -> None:
        """What the newest rows began, changed or ended."""
        first, last = episodes[0].start, episodes[-1].start
        if line.event is not None and first == last == line.event.start:
            old = [line.event]
        else:
            old = events.standing(self._db, series, first - 1, last + 1, line.rule.kind)
        line.event = self._replace(series, line.rule, old, episodes, group)[-1]

    def _late(self, series: int, found: Tail, group: Sequence[Row], sealed: Sealed) -> None:
        """What came late, again, or revised: where the sample is another now, its span is evaluated again."""
        came = sorted({row.time for row in group if row.time > found.floor})
        changed = [time for time in came if self._resample(series, time, sealed)]
        if not changed:
            return
        newest = self._db.execute("SELECT max(time) FROM samples WHERE series=?", (series,)).get
        found.time = found.floor if newest is None else max(found.floor, int(newest))
        for line in found.lines:
            self._again(series, found, line, changed, group)
        self._kept.window(series, found)

    def _resample(self, series: int, time: Micros, sealed: Sealed) -> bool:
        """Make the sample what is served now, sealed or hot; returns whether that is another."""
        served = next(((one.result, one.quality) for one in sealed.get((series, time), _NONE).values() if one.served), None)
        if served is None:
            served = self._db.execute(_SERVED, (time, series)).get
        old = self._db.execute("SELECT result FROM samples WHERE series=? AND time=?", (series, time)).get
        result = served[0] if served is not None and served[1] == _GOOD else None
        if result == old:
            return False
        if result is None:
            self._db.execute("DELETE FROM samples WHERE series=? AND time=?", (series, time))
        else:
            self._db.execute(PUT, (series, time, result))
        return True

    def _again(self, series: int, found: Tail, line: Line, changed: Sequence[Micros], group: Sequence[Row]) -> None:
        """Evaluate the spans around changed samples again, each up to the first one after them all that leaves the machine calm."""
        curve = Curve(self._db, series, line.rule, found.floor)
        at = 0
        while at < len(changed):
            first = changed[at]
            at += 1
            after = curve.calm_after(changed[at - 1] + line.rule.over)
            while at < len(changed) and (after is None or changed[at] <= after):
                at += 1
                after = curve.calm_after(changed[at - 1] + line.rule.over)
            before = curve.calm_before(first)
            machine = Machine() if before is not None else copy(line.seed)
            begin = begin_at(machine, found.floor) if before is None else before
            episodes = [machine.episode] if machine.episode is not None else []
            curve.run(machine, found.floor if before is None else before, after, episodes)
            old = events.standing(self._db, series, begin, after, line.rule.kind)
            self._replace(series, line.rule, old, episodes, group)
            line.event = None
            if after is None:
                line.machine = machine

    def _replace(
        self, series: int, rule: Rule, old: Sequence[Event], found: Sequence[Episode], group: Sequence[Row]
    ) -> list[Event]:
        raised = {one.raised for one in found}
        seen: dict[Micros | None, Seen] = {None: _seen(group[-1])}
        seen |= {row.time: _seen(row) for row in group if row.time in raised}
        of = self._about.get(series)
        if of is None:
            of = self._about[series] = events.about(self._db, series)
        return events.replace(self._db, of, rule, old, found, seen)

    def _tail(self, series: int, watched: Watched, group: Sequence[Row]) -> Tail:
        """The newest end of a datastream under its rules, as the store has it; rules that are new begin there."""
        found = self._tails.get(series)
        if found is None:
            row = self._db.execute("SELECT rule, floor, seed FROM watched WHERE series=?", (series,)).get
            if row is None:
                found = Tail(watched, [Line(rule, Machine(), bound=0.0) for rule in watched.rules], -NEVER, -NEVER, NEVER)
                found.over = max(rule.over for rule in watched.rules)
                self._kept.keep(series, found)
            else:
                found = self._kept.load(series, *row)
            self._tails[series] = found
            self._watched.add(series)
        if found.rules != watched.rules:
            self._change(series, found, watched.rules, group)
        found.watched = watched
        return found

    def _change(self, series: int, found: Tail, rules: Sequence[Rule], group: Sequence[Row]) -> None:
        """New rules hold for what comes after the newest sample. An event that is open goes on under the rule of its kind, if there is one."""
        going = {}
        for line in found.lines:
            if line.machine.episode is None:
                continue
            if any(rule.kind == line.rule.kind for rule in rules):
                going[line.rule.kind] = line.machine.episode
            else:
                self._finish(series, found.time, line, group)
        found.lines = [Line(rule, Machine(episode=going.get(rule.kind))) for rule in rules]
        found.over = max(rule.over for rule in rules)
        for line in found.lines:
            line.seed = None if line.machine.calm else copy(line.machine)
        self._kept.raise_floor(series, found, found.time)
        self._kept.window(series, found)

    def _end(self, series: int, group: Sequence[Row]) -> None:
        """Nothing watches a datastream any more: what is open ends with its newest sample."""
        found = self._tails.pop(series, None) or self._kept.load(
            series, *self._db.execute("SELECT rule, floor, seed FROM watched WHERE series=?", (series,)).get
        )
        for line in found.lines:
            if line.machine.episode is not None:
                self._finish(series, found.time, line, group)
        self._watched.discard(series)
        self._db.execute("DELETE FROM samples WHERE series=?", (series,))
        self._db.execute("DELETE FROM watched WHERE series=?", (series,))

    def _finish(self, series: int, time: Micros, line: Line, group: Sequence[Row]) -> None:
        """End an event because its thresholds are gone."""
        episode = line.machine.episode
        assert episode is not None
        episode.end = time
        old = events.standing(self._db, series, episode.start - 1, episode.start + 1, line.rule.kind)
        self._replace(series, line.rule, old, [episode], group)


def _seen(row: Row) -> Seen:
    return Seen(row.received, row.heard or row.received, row.place, row.watch.domain if row.watch is not None else "")


def _ascending(group: Sequence[Row], newest: Micros) -> bool:
    """Whether every row is newer than all before it."""
    for row in group:
        if row.time <= newest:
            return False
        newest = row.time
    return True
