"""Samples that came late or are others now, and the spans of events around them, found again.

What a sample can change ends with the first one after it, a window later, that leaves the machine calm whatever went before, and begins with
the last such one before it. Nearly always all around it is calm: then the values themselves say that nothing changed, for all rules at
once, and no rule is stepped through them.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from sensing import derive
from sensing.events import Episode, Machine
from sensing.model import Micros, Quality
from sensing.times import HOUR

from .curve import Curve
from .kept import PUT
from .tail import Line, Tail, begin_at, copy

if TYPE_CHECKING:
    from .lake.late import Versions

_SERVED = "SELECT result, quality FROM hot WHERE time=? AND series=? AND served"
_BEFORE = "SELECT max(time) FROM samples WHERE series=? AND time<?"
_AROUND = "SELECT time, result FROM samples WHERE series=? AND time >= ? AND time <= ? ORDER BY time"
_GOOD = int(Quality.GOOD)
_NONE: dict[int, Any] = {}
ASK = float("nan")
"""In place of a sample: only the store can say which value is served."""
Sealed = Mapping[tuple[int, Micros], "Versions"]
"""(series, time) to the revisions of it that lie in the lake."""


class Span(NamedTuple):
    """What a rule makes of the samples after `begin`. end: the calm one before which all its episodes began; None when they are the newest."""

    begin: Micros
    end: Micros | None
    episodes: list[Episode]
    machine: Machine


class _Around(NamedTuple):
    """Samples as far around changed ones as they can matter. before: the last one before the changed; low, high: of what they were, too."""

    before: Micros | None
    first: Micros
    last: Micros
    times: Sequence[Micros]
    values: Sequence[float]
    were: Sequence[float]


class Recast:
    """Of one store, inside its transactions."""

    def __init__(self, db: Any) -> None:
        self._db = db

    def served(self, series: int, time: Micros, sealed: Sealed) -> float | None:
        """The sample at a time: what is served, sealed or hot, when it is good."""
        found = next(((one.result, one.quality) for one in sealed.get((series, time), _NONE).values() if one.served), None)
        if found is None:
            found = self._db.execute(_SERVED, (time, series)).get
        return found[0] if found is not None and found[1] == _GOOD else None

    def resample(
        self, series: int, came: Mapping[Micros, float | None], floor: Micros, sealed: Sealed
    ) -> dict[Micros, float | None]:  # fmt: skip
        """Make samples what is served now; returns what those were that changed. came: by time; one that is not `ASK` is of a new instant."""
        changed: dict[Micros, float | None] = {}
        put = []
        for time in sorted(time for time in came if time > floor):
            value, old = came[time], None
            if value is ASK:
                value = self.served(series, time, sealed)
                old = self._db.execute("SELECT result FROM samples WHERE series=? AND time=?", (series, time)).get
            if value == old:
                continue
            changed[time] = old
            if value is None:
                self._db.execute("DELETE FROM samples WHERE series=? AND time=?", (series, time))
            else:
                put.append((series, time, value))
        self._db.executemany(PUT, put)
        return changed

    def spans(self, series: int, found: Tail, changed: Mapping[Micros, float | None]) -> Iterator[tuple[Line, Span]]:
        """What each rule makes of the spans in which something may be another event now."""
        groups = [self._around(series, found, group, changed) for group in _together(sorted(changed), found.over + HOUR)]
        for line in found.lines:
            loud = [not _calm(line, around, found.floor) for around in groups]
            if any(loud):
                for span in self._spans(Curve(self._db, series, line.rule, found.floor), line, groups, loud, found.floor):
                    yield line, span

    def _around(self, series: int, found: Tail, group: Sequence[Micros], changed: Mapping[Micros, float | None]) -> _Around:
        before = self._db.execute(_BEFORE, (series, group[0])).get
        begin = (group[0] if before is None else int(before)) - found.over
        rows = self._db.execute(_AROUND, (series, begin, group[-1] + found.over)).fetchall()
        were = [was for time in group if (was := changed[time]) is not None]
        return _Around(before, group[0], group[-1], [int(time) for time, _ in rows], [float(value) for _, value in rows], were)

    def _spans(
        self, curve: Curve, line: Line, groups: Sequence[_Around], loud: Sequence[bool], floor: Micros
    ) -> Iterator[Span]:  # fmt: skip
        """Each up to the first sample after its changed ones that leaves the machine calm. What one reaches is its own, loud or not."""
        at = 0
        while at < len(groups):
            first = groups[at].first
            at += 1
            if not loud[at - 1]:
                continue
            after = curve.calm_after(groups[at - 1].last + line.rule.over)
            while at < len(groups) and (after is None or groups[at].first <= after):
                after = curve.calm_after(groups[at].last + line.rule.over)
                at += 1
            before = curve.calm_before(first)
            machine = Machine() if before is not None else copy(line.seed)
            begin = begin_at(machine, floor) if before is None else before
            episodes = [machine.episode] if machine.episode is not None else []
            curve.run(machine, floor if before is None else before, after, episodes)
            yield Span(begin, after, episodes, machine)


def _together(times: Sequence[Micros], apart: Micros) -> list[list[Micros]]:
    """Ascending times in groups: those of one are no further apart."""
    found = [[times[0]]]
    for before, time in pairwise(times):
        if time - before > apart:
            found.append([])
        found[-1].append(time)
    return found


def _calm(line: Line, around: _Around, floor: Micros) -> bool:
    """Whether a rule was calm before some changed samples, and can only have been and be calm from there on to where they matter no more."""
    rule, before = line.rule, around.before
    times, values = around.times, around.values
    if before is None or before <= floor:
        if line.seed is not None and not line.seed.calm:
            return False
        begin = around.first
    else:
        begin = before
        if rule.take:
            found = derive.value(rule, times, values, bisect_left(times, before))
            if found is None or found * rule.sign >= rule.clear:
                return False
    part = values[bisect_left(times, begin - rule.over) : bisect_right(times, around.last + rule.over)]
    return derive.still(rule, [*part, *around.were])
