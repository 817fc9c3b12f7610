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

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import chain, repeat
from typing import Any, NamedTuple

import apsw

from sensing.events import Episode, Machine, Watched
from sensing.model import Micros, Quality
from sensing.rules import Rule

from . import Mark, Row, events
from .events import About, Event, Seen
from .kept import Kept
from .recast import ASK, Recast, Sealed
from .tail import NEVER, Line, Tail, copy, prune_at

_GOOD = int(Quality.GOOD)
_NONE: dict[int, list[Row]] = {}
_NO_ROWS: list[Row] = []


class EventWatch:
    """Events of one store. `look` is called in each transaction once it is settled which rows are served, and for rows judged otherwise since."""

    def __init__(self, db: apsw.Connection) -> None:
        self._db = db
        self._watched: set[int] = set()
        self._kept, self._recast = Kept(db), Recast(db)
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

    def look(
        self, rows: Sequence[Row], newest: Mapping[int, Micros], sealed: Sealed, revised: Sequence[Row] = (),
        contested: AbstractSet[tuple[Micros, int]] | None = None,
    ) -> None:  # fmt: skip
        """Take the rows of a batch; those that only repeat what was there may be left out. newest: the newest time of each datastream before
        it, whatever its quality.

        sealed: what lies in the lake of the times that came late. revised: instants whose flag is another now, as rows of which nothing else
        is to be believed. contested: (time, series) of which there is more than one revision; None where nobody says.
        """
        groups, told = self._groups(rows), self._groups(revised) if revised else _NONE
        if not groups and not told:
            return
        samples: list[Any] = []
        old: list[tuple[int, Tail]] = []
        for series in sorted({*groups, *told} if told else groups):
            group, changed = groups.get(series, _NO_ROWS), told.get(series, _NO_ROWS)
            watched = (group or changed)[-1].watch
            if watched is None or not watched.rules:
                self._end(series, group or changed)
                continue
            found = self._tails.get(series)
            if found is None or found.watched is not watched:
                found = self._tail(series, watched, group or changed)
            last = newest.get(series, -NEVER)
            if not changed and _ascending(group, last):
                self._advance(series, found, group, samples)
            else:
                self._mixed(series, found, _Came(group, changed, last, sealed, contested), samples)
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
            self._late(series, found, self._recast.resample(series, {row.time: ASK for row in group}, found.floor, sealed), group)

    def _groups(self, rows: Sequence[Row]) -> dict[int, list[Row]]:
        """The watched rows, and those of datastreams that were watched until now, by datastream."""
        watched, groups = self._watched, dict[int, list[Row]]()
        for row in rows:
            watch = row.watch
            if (watch is not None and watch.rules) or (watched and row.series in watched):
                group = groups.get(row.series)
                if group is None:
                    groups[row.series] = [row]
                else:
                    group.append(row)
        return groups

    def _advance(self, series: int, found: Tail, group: Sequence[Row], samples: list[Any]) -> None:
        """Rows newer than all that was: each served value is its own."""
        good = [row for row in group if row.quality == _GOOD and row.result is not None]
        if good:
            self._step(series, found, [row.time for row in good], [row.result for row in good], group, samples)  # type: ignore[misc]

    def _step(
        self, series: int, found: Tail, times: Sequence[Micros], values: Sequence[float], group: Sequence[Row], samples: list[Any]
    ) -> None:  # fmt: skip
        """The newest samples, each a step of the machines."""
        before = found.time
        samples.extend(chain.from_iterable(zip(repeat(series), times, values, strict=False)))
        for line, episodes in found.take(times, values):
            self._amend(series, line, episodes, group, before)

    def _amend(self, series: int, line: Line, episodes: Sequence[Episode], group: Sequence[Row], before: Micros) -> None:
        """What the newest rows began, changed or ended. before: the newest sample until then; of what began later nothing is written yet."""
        first, last = episodes[0].start, episodes[-1].start
        old, fresh = [], first > before
        if line.event is not None and first == last == line.event.start:
            old = [line.event]
        elif not fresh:
            old = events.standing(self._db, series, first - 1, last + 1, line.rule.kind)
        line.event = self._replace(series, line.rule, old, episodes, group, fresh=fresh)[-1]

    def _mixed(self, series: int, found: Tail, came: _Came, samples: list[Any]) -> None:
        """Rows of which some are late, revised, or more than one of an instant: first what is not newer than all that was."""
        late, new = came.sorted_out(series)
        group = [*came.revised, *came.rows]
        self._late(series, found, self._recast.resample(series, late, found.floor, came.sealed), group)
        good = []
        for time in sorted(new):
            value = new[time]
            value = self._recast.served(series, time, came.sealed) if value is ASK else value
            if value is not None:
                good.append((time, value))
        if good:
            self._step(series, found, [time for time, _ in good], [value for _, value in good], group, samples)

    def _late(self, series: int, found: Tail, changed: Mapping[Micros, float | None], group: Sequence[Row]) -> None:
        """Samples that are others now: the spans around them are evaluated again. changed: what they were."""
        if not changed:
            return
        newest = max(changed)
        if newest >= found.time:
            last = self._db.execute("SELECT max(time) FROM samples WHERE series=?", (series,)).get
            found.time = found.floor if last is None else max(found.floor, int(last))
        for line, span in self._recast.spans(series, found, changed):
            old = events.standing(self._db, series, span.begin, span.end, line.rule.kind)
            self._replace(series, line.rule, old, span.episodes, group)
            line.event = None
            if span.end is None:
                line.machine = span.machine
        if newest > found.time - found.over:
            self._kept.window(series, found)

    def _replace(
        self, series: int, rule: Rule, old: Sequence[Event], found: Sequence[Episode], group: Sequence[Row], *, fresh: bool = False
    ) -> list[Event]:  # fmt: skip
        raised = {one.raised for one in found}
        seen: dict[Micros | None, Seen] = {None: _seen(group[-1])}
        seen |= {row.time: _seen(row) for row in group if row.time in raised}
        of = self._about.get(series)
        if of is None:
            of = self._about[series] = events.about(self._db, series)
        return events.replace(self._db, of, rule, old, found, seen, fresh=fresh)

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


class _Came(NamedTuple):
    """Rows of one datastream of a batch. newest: the newest time of it before. The others as `EventWatch.look` has them."""

    rows: Sequence[Row]
    revised: Sequence[Row]
    newest: Micros
    sealed: Sealed
    contested: AbstractSet[tuple[Micros, int]] | None

    def sorted_out(self, series: int) -> tuple[dict[Micros, float | None], dict[Micros, float | None]]:
        """Samples by time, of what is not newer than `newest` and of what is. ASK where only the store can say which value is served."""
        often, late, new = Counter(row.time for row in self.rows), dict[Micros, float | None](), dict[Micros, float | None]()
        for row in self.rows:
            time = row.time
            fresh = time > self.newest
            own = often[time] == 1 and (fresh or (
                self.contested is not None and (time, series) not in self.contested and (series, time) not in self.sealed))  # fmt: skip
            (new if fresh else late)[time] = (row.result if row.quality == _GOOD else None) if own else ASK
        for row in self.revised:
            (new if row.time > self.newest else late)[row.time] = ASK
        return late, new


def _seen(row: Row) -> Seen:
    return Seen(row.received, row.heard or row.received, row.place, row.watch.domain if row.watch is not None else "")


def _ascending(group: Sequence[Row], newest: Micros) -> bool:
    """Whether every row is newer than all before it."""
    for row in group:
        if row.time <= newest:
            return False
        newest = row.time
    return True
