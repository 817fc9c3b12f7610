"""Events in the store's own transaction: rows that are watched become samples, samples become events, together with the cursor.

A sample is the served value of one datastream at one time, when its quality is GOOD. A row that is newer than all of its datastream moves a
machine on by one step; anything else (late, again, another revision) asks what is served now, and where that changed the sample,
the span around it is evaluated again (see sensing.events). Machines are remembered from commit to commit, and made again from the
samples after a restart or a commit that failed: nothing is kept that the store does not have.

`floor`: what is not evaluated again. It is moved once a day of event time, so that samples are kept for `KEEP`, and to the newest sample
when the thresholds change, so that a new rule does not rewrite what happened under the old one. `seed` is the machine there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import apsw
import msgspec

from sensing.events import Episode, Machine
from sensing.model import Micros, Quality
from sensing.thresholds import Rule

from . import Mark, Row, events
from .events import About, Event, Seen
from .tail import KEEP, NEVER, Tail, begin_at, copy, prune_at

if TYPE_CHECKING:
    from .lake.late import Versions

_SAMPLES = "SELECT time, result FROM samples WHERE series=? AND time > ? AND time <= ? ORDER BY time"
_LOW_BEFORE = "SELECT time FROM samples WHERE series=? AND time < ? AND result * ? < ? ORDER BY time DESC LIMIT 1"
_LOW_AFTER = "SELECT time FROM samples WHERE series=? AND time > ? AND result * ? < ? ORDER BY time LIMIT 1"
_SERVED = "SELECT result, quality FROM hot WHERE time=? AND series=? AND served"
_PUT = "INSERT INTO samples VALUES(?,?,?) ON CONFLICT(series, time) DO UPDATE SET result = excluded.result"
_KEPT = """INSERT INTO watched VALUES(?,?,?,?)
  ON CONFLICT(series) DO UPDATE SET rule = excluded.rule, floor = excluded.floor, seed = excluded.seed"""
_GOOD = int(Quality.GOOD)
_NONE: dict[int, Any] = {}
Sealed = Mapping[tuple[int, Micros], "Versions"]
"""(series, time) to the revisions of it that lie in the lake."""


class EventWatch:
    """Events of one store. `look` is called in each transaction once it is settled which rows are served."""

    def __init__(self, db: apsw.Connection) -> None:
        self._db = db
        self._watched: set[int] = set()
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
        self._tails.pop(events.apply(self._db, mark).series, None)

    def look(self, rows: Sequence[Row], newest: Mapping[int, Micros], sealed: Sealed) -> None:
        """Take the rows of a batch. newest: the newest time of each datastream before it, whatever its quality.

        sealed: what lies in the lake of the times that came late.
        """
        groups = self._groups(rows)
        if not groups:
            return
        samples: list[tuple[int, Micros, float]] = []
        old: list[tuple[int, Tail]] = []
        for series, group in groups.items():
            watch = group[-1].watch
            if watch is None:
                self._end(series, group)
                continue
            tail = self._tails.get(series)
            if tail is None or tail.rule is not watch.rule:
                tail = self._tail(series, watch.rule, group)
            if _ascending(group, newest.get(series, -NEVER)):
                self._advance(series, tail, group, samples)
            else:
                self._late(series, tail, group, sealed)
            if tail.prune_at == NEVER:
                tail.prune_at = prune_at(tail.time)
            elif tail.time >= tail.prune_at:
                old.append((series, tail))
        self._db.executemany(_PUT, sorted(samples))
        for series, tail in old:
            self._prune(series, tail)

    def _groups(self, rows: Sequence[Row]) -> dict[int, list[Row]]:
        """The watched rows, and those of datastreams that were watched until now, by datastream."""
        watched, groups = self._watched, dict[int, list[Row]]()
        for row in rows:
            if row.watch is not None or (watched and row.series in watched):
                groups.setdefault(row.series, []).append(row)
        return groups

    def _advance(self, series: int, tail: Tail, group: Sequence[Row], samples: list[tuple[int, Micros, float]]) -> None:
        """Rows newer than all that was: each served value is its own, and a step of the machine."""
        rule, machine = tail.rule, tail.machine
        touched: list[Episode] = []
        for row in group:
            result = row.result
            if result is None or row.quality != _GOOD:
                continue
            samples.append((series, row.time, result))
            tail.time = row.time
            if result * rule.sign < rule.clear and machine.calm:
                continue
            episode = machine.step(rule, row.time, result)
            if episode is not None and (not touched or touched[-1] is not episode):
                touched.append(episode)
        if touched:
            first, last = touched[0].start, touched[-1].start
            if tail.event is not None and first == last == tail.event.start:
                old = [tail.event]
            else:
                old = events.standing(self._db, series, first - 1, last + 1)
            tail.event = self._replace(series, rule, old, touched, group)[-1]

    def _late(self, series: int, tail: Tail, group: Sequence[Row], sealed: Sealed) -> None:
        """What came late, again, or revised: where the sample is another now, its span is evaluated again."""
        came = sorted({row.time for row in group if row.time > tail.floor})
        changed = [time for time in came if self._resample(series, time, sealed)]
        done = -NEVER
        for time in changed:
            if time >= done:
                done = self._again(series, tail, time, group)

    def _resample(self, series: int, time: Micros, sealed: Sealed) -> bool:
        """Make the sample what is served now, sealed or hot; returns whether that is another."""
        found = next(((one.result, one.quality) for one in sealed.get((series, time), _NONE).values() if one.served), None)
        if found is None:
            found = self._db.execute(_SERVED, (time, series)).get
        old = self._db.execute("SELECT result FROM samples WHERE series=? AND time=?", (series, time)).get
        result = found[0] if found is not None and found[1] == _GOOD else None
        if result == old:
            return False
        if result is None:
            self._db.execute("DELETE FROM samples WHERE series=? AND time=?", (series, time))
        else:
            self._db.execute(_PUT, (series, time, result))
        return True

    def _again(self, series: int, tail: Tail, time: Micros, group: Sequence[Row]) -> Micros:
        """Evaluate the span around a time again; returns its end, the first sample after it that leaves the machine calm."""
        rule = tail.rule
        before = self._db.execute(_LOW_BEFORE, (series, time, rule.sign, rule.clear)).get
        after = self._db.execute(_LOW_AFTER, (series, time, rule.sign, rule.clear)).get
        machine = Machine() if before is not None else copy(tail.seed)
        begin = begin_at(machine, tail.floor) if before is None else int(before)
        found = [machine.episode] if machine.episode is not None else []
        last = self._run(series, machine, rule, (tail.floor if before is None else begin), after, found)
        old = events.standing(self._db, series, begin, after)
        self._replace(series, rule, old, found, group)
        tail.event = None
        if after is None:
            tail.machine = machine
            tail.time = max(last, tail.floor if before is None else begin)
        return NEVER if after is None else int(after)

    def _run(
        self, series: int, machine: Machine, rule: Rule, after: Micros, until: Micros | None, found: list[Episode] | None = None
    ) -> Micros:
        """Step a machine through the samples of after < time <= until, entering its episodes; returns the last one's time."""
        time = -NEVER
        for time, result in self._db.execute(_SAMPLES, (series, after, NEVER if until is None else until)):
            episode = machine.step(rule, time, result)
            if found is not None and episode is not None and (not found or found[-1] is not episode):
                found.append(episode)
        return time

    def _replace(
        self, series: int, rule: Rule, old: Sequence[Event], found: Iterable[Episode], group: Sequence[Row]
    ) -> list[Event]:
        seen: dict[Micros | None, Seen] = {}
        for row in group:
            domain = row.watch.domain if row.watch is not None else ""
            seen[row.time] = seen[None] = Seen(row.received, row.heard or row.received, row.place, domain)
        of = self._about.get(series)
        if of is None:
            of = self._about[series] = events.about(self._db, series)
        return events.replace(self._db, of, rule.kind, old, found, seen)

    def _tail(self, series: int, rule: Rule, group: Sequence[Row]) -> Tail:
        """The newest end of a datastream under a rule, as the store has it; a rule that is new begins there."""
        tail = self._tails.get(series)
        if tail is None:
            row = self._db.execute("SELECT rule, floor, seed FROM watched WHERE series=?", (series,)).get
            if row is None:
                tail = Tail(rule, Machine(), -NEVER, -NEVER, None, NEVER)
                self._keep(series, tail)
            else:
                tail = self._load(series, *row)
            self._tails[series] = tail
            self._watched.add(series)
        if tail.rule != rule:
            self._change(series, tail, rule, group)
        tail.rule = rule
        return tail

    def _load(self, series: int, rule_text: bytes, floor: Micros, seed_text: bytes | None) -> Tail:
        rule = msgspec.json.decode(rule_text, type=Rule)
        seed = None if seed_text is None else msgspec.json.decode(seed_text, type=Machine)
        low = self._db.execute(_LOW_BEFORE, (series, NEVER, rule.sign, rule.clear)).get
        machine = copy(seed) if low is None else Machine()
        last = self._run(series, machine, rule, floor if low is None else low, None)
        first = self._db.execute("SELECT min(time) FROM samples WHERE series=?", (series,)).get
        oldest = floor if first is None or floor > -NEVER else int(first)
        return Tail(rule, machine, max(last, floor, -NEVER if low is None else int(low)), floor, seed, prune_at(oldest))

    def _keep(self, series: int, tail: Tail) -> None:
        seed = None if tail.seed is None else msgspec.json.encode(tail.seed)
        self._db.execute(_KEPT, (series, msgspec.json.encode(tail.rule), tail.floor, seed))

    def _change(self, series: int, tail: Tail, rule: Rule, group: Sequence[Row]) -> None:
        """A new rule holds for what comes after the newest sample. An event that is open goes on under it, if it is of its kind."""
        episode = tail.machine.episode
        if episode is not None and rule.kind != tail.rule.kind:
            self._finish(series, tail, episode, group)
            episode = None
        tail.rule, tail.machine = rule, Machine(episode=episode)
        self._raise_floor(series, tail, tail.time, tail.machine)

    def _end(self, series: int, group: Sequence[Row]) -> None:
        """Nothing watches a datastream any more: what is open ends with its newest sample."""
        text, floor, seed = self._db.execute("SELECT rule, floor, seed FROM watched WHERE series=?", (series,)).get
        tail = self._tails.pop(series, None) or self._load(series, text, floor, seed)
        if tail.machine.episode is not None:
            self._finish(series, tail, tail.machine.episode, group)
        self._watched.discard(series)
        self._db.execute("DELETE FROM samples WHERE series=?", (series,))
        self._db.execute("DELETE FROM watched WHERE series=?", (series,))

    def _finish(self, series: int, tail: Tail, episode: Episode, group: Sequence[Row]) -> None:
        """End an event because its thresholds are gone."""
        episode.end = tail.time
        old = events.standing(self._db, series, episode.start - 1, episode.start + 1)
        self._replace(series, tail.rule, old, [episode], group)

    def _prune(self, series: int, tail: Tail) -> None:
        """Drop samples older than `KEEP`, once a day, keeping the machine as they left it."""
        floor = tail.time - KEEP
        low = self._db.execute(_LOW_BEFORE, (series, floor + 1, tail.rule.sign, tail.rule.clear)).get
        machine = copy(tail.seed) if low is None else Machine()
        self._run(series, machine, tail.rule, tail.floor if low is None else low, floor)
        self._raise_floor(series, tail, floor, machine)

    def _raise_floor(self, series: int, tail: Tail, floor: Micros, machine: Machine) -> None:
        tail.floor, tail.seed = floor, None if machine.calm else copy(machine)
        tail.prune_at = prune_at(floor)
        self._db.execute("DELETE FROM samples WHERE series=? AND time <= ?", (series, floor))
        self._keep(series, tail)


def _ascending(group: Sequence[Row], newest: Micros) -> bool:
    """Whether every row is newer than all before it."""
    for row in group:
        if row.time <= newest:
            return False
        newest = row.time
    return True
