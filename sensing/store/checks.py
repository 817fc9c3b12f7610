"""Checks over series in the store's own transaction, whole batches at once; what was doubted too soon or too late is put right.

    ahead    before rows are written: those newer than all of their series. Nearly all mean nothing, which a few comparisons of columns tell
             (trails.loud); where one may, its trail is judged, and a row that is doubted is written so. SQL is asked for nothing.
    settle   once it is settled what is served: rows that came late or again change their trails, which are judged from there on; verdicts that
             are others now are set (verdicts.py). Returns the rows whose flag changed, for events to look at again.

Codes are functions of what is served around a value (checks.judge), so the order of arrival, repeats and batches do not matter. A
row that is older than its trail has its surroundings read from the store. Trails are forgotten with a failed transaction and after a restart.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from sensing.model import Micros, Quality
from sensing.times import DAY

from . import Row
from .behind import Behind
from .positions import Positions
from .spans import Spans, Stretch, configuration
from .trails import KEEP, Trail, Trails
from .verdicts import GOOD, NUMBERS, Key, Opinion, Verdicts, base

_SERVED = "SELECT result, quality, reason, revision, generation FROM hot WHERE time=? AND series=? AND served"
_GOOD = int(Quality.GOOD)
_NEVER, _EVER = -(1 << 62), 1 << 62
Newest = Mapping[int, Micros]


class Checks:
    """Checks of one store. lake: the folder of its files, None where nothing is sealed."""

    def __init__(self, db: Any, verdicts: Verdicts, lake: Path | None = None) -> None:
        self._db = db
        self._verdicts = verdicts
        self._spans = Spans(db, lake)
        self.behind = Behind(db, verdicts)
        self.positions = Positions(db, verdicts, self._spans)
        self.forget()

    def forget(self) -> None:
        """Drop what is remembered of the store, after a transaction that failed."""
        self._trails: Trails | None = None
        self._pending: list[Opinion] = []
        self._fresh = set[int]()
        """Series whose trails were read in this transaction, and know nothing of its rows."""
        self.behind.forget()
        self.positions.forget()

    def drop(self, touched: Iterable[int]) -> None:
        """Drop what is remembered of series that another worker has written to."""
        for series in touched:
            self.positions.drop(series)
            if self._trails is not None:
                self._trails.drop(series)

    def ahead(self, rows: Sequence[Row], late: set[int], newest: Newest) -> set[int]:
        """Judge rows that are newer than all of their series, and let them say so. late: series that have other rows as well.

        Returns the series that are left to `settle`: those of `late`, and those about whose clock there is a doubt.
        """
        own = [row for row in rows if row.checks is not None and row.quality == _GOOD and row.result is not None]
        left = late | self.behind.near(own)
        mine = [row for row in own if row.series not in left] if left else own
        self._ahead(mine, newest)
        return left

    def _ahead(self, mine: Sequence[Row], newest: Newest) -> None:
        if not mine:
            return
        import numpy as np

        trails = self._known(mine, newest)
        known = trails.slots
        slots = [known[row.series] for row in mine]
        times, values = [row.time for row in mine], [row.result for row in mine]
        configs = [configuration(row.generation) for row in mine]
        columns = np.array(slots, np.int64), np.array(times, np.int64), np.array(values, np.float64), np.array(configs, np.int64)
        order = np.lexsort((columns[1], columns[0]))
        loud = trails.loud(*(column[order] for column in columns))
        of = trails.trails
        for slot, time, value, config in zip(slots, times, values, configs, strict=True):
            trail = of[slot]
            trail.times.append(time)
            trail.values.append(value)  # type: ignore[arg-type]
            trail.codes.append(0)
            trail.configs.append(config)
            if len(trail.codes) >= trail.cut:
                trail.shorten(time - KEEP)
        self.behind.note(mine)
        if len(loud):
            self._judge(set(loud.tolist()), slots, mine)

    def _judge(self, loud: set[int], slots: Sequence[int], mine: Sequence[Row]) -> None:
        """Judge the trails that may have something; new rows take their verdict with them, older ones wait for `settle`."""
        from sensing.checks import judge

        assert self._trails is not None
        groups: dict[int, list[Row]] = {}
        for slot, row in zip(slots, mine, strict=True):
            if slot in loud:
                groups.setdefault(slot, []).append(row)
        for slot, group in groups.items():
            trail = self._trails.trails[slot]
            new = {row.time: row for row in group}
            for one in self._opinions(group[0].series, trail, trail.times[0]):
                fresh = new.get(one.time)
                if fresh is None:
                    self._pending.append(one)
                elif one.verdict is not None:
                    fresh.quality, fresh.reason = one.verdict[0], NUMBERS[one.verdict[1]]
                    self._verdicts.note([one])
            self._trails.refresh(slot)
        assert judge.GOOD == 0

    def settle(
        self, rows: Sequence[Row], looked: set[Key], sealed: Mapping[Key, Mapping[int, Any]], newest: Newest, commit: int
    ) -> list[Row]:
        """Put right what late rows changed. looked: instants whose served row may be another now. Returns rows for events to look at.

        Rows with a position are among them when they changed; those of `rows` say so themselves.
        """
        moved = self.positions.settle(rows, looked, sealed, newest, commit)
        return moved + self._settle(rows, looked, sealed, newest, commit)

    def _settle(
        self, rows: Sequence[Row], looked: set[Key], sealed: Mapping[Key, Mapping[int, Any]], newest: Newest, commit: int
    ) -> list[Row]:
        opinions, self._pending = self._pending, []
        last = (
            {row.series: row for row in rows if row.checks is not None and row.checks.knots is None} if looked or opinions else {}
        )
        wanted: dict[int, list[Micros]] = {}
        for series, time in sorted(looked):
            if series in last:
                wanted.setdefault(series, []).append(time)
        if wanted:
            trails = self._trail_of(wanted, last, newest, opinions)
            changed = {series: self._take(series, times, sealed, opinions) for series, times in wanted.items()}
            sealed = dict(sealed)
            clocks = self.behind.told(rows, wanted, sealed, trails, commit)
            for one in clocks:
                changed[one.series] |= self._take(one.series, [one.time], sealed, opinions)
                wanted[one.series].append(one.time)
            opinions += clocks
            for series, times in changed.items():
                if times:
                    opinions += self._again(last[series], sorted(times))
        if not opinions and not wanted:
            return []
        apart = {series: row.checks.spike for series, row in last.items() if row.checks is not None}
        told = set(self._verdicts.set(opinions, commit, apart))
        told |= set(self._verdicts.show({(series, time) for series, times in wanted.items() for time in times}, commit, apart))
        return [msgspec.structs.replace(last[series], time=time) for series, time in sorted(told)]

    def _take(
        self, series: int, times: Sequence[Micros], sealed: Mapping[Key, Mapping[int, Any]], opinions: list[Opinion]
    ) -> set[Micros]:
        """Let a trail have what is served now at some times; those where that is something else. What was said of them is taken back."""
        from sensing.checks import judge

        assert self._trails is not None
        trail = self._trails.trails[self._trails.slots[series]]
        changed = set[Micros]()
        for time in times:
            value, config = self._value(series, time, sealed)
            was = trail.change(time, value, config) if time >= trail.begin else None if value is None else judge.GOOD
            if was is not None or series in self._fresh:
                changed.add(time)
                if was:
                    opinions.append(Opinion(series, time, judge.NAMES[was], None))
        return changed

    def _again(self, row: Row, changed: Sequence[Micros]) -> list[Opinion]:
        """Judge a series again where it changed; what is otherwise now."""
        assert self._trails is not None
        slot = self._trails.slots[row.series]
        trail = self._trails.trails[slot]
        if changed[0] - KEEP // 2 < trail.begin:
            return self._older(row, changed)
        found = self._opinions(row.series, trail, changed[0] - KEEP // 2)
        self._trails.refresh(slot)
        return found

    def _older(self, row: Row, times: Sequence[Micros]) -> list[Opinion]:
        """Rows older than the trail: judge what the store has around them. The trail is made anew when it is next needed."""
        assert self._trails is not None
        assert row.checks is not None
        begin, end = times[0] - KEEP, times[-1] + KEEP
        self._trails.drop(row.series)
        stretch = self._spans.read([row.series], begin, end).get(row.series)
        if stretch is None:
            return []
        trail = Trail(row.checks, begin, *stretch)
        return [one for one in self._opinions(row.series, trail, times[0] - KEEP // 2) if one.time <= times[-1] + KEEP // 2]

    def _value(self, series: int, time: Micros, sealed: Mapping[Key, Mapping[int, Any]]) -> tuple[float | None, int]:
        """The served value at a time, when its first flag is good and its clock is believed; and its configuration."""
        versions = sealed.get((series, time), {}).values()
        found = next(
            ((one.result, one.quality, one.reason, one.revision, one.generation) for one in versions if one.served), None
        )
        found = found or self._db.execute(_SERVED, (time, series)).get
        if found is None or found[0] is None or base(int(found[1]), int(found[2])) != GOOD:
            return None, 0
        value = None if self.behind.doubted(series, time, int(found[3])) else float(found[0])
        return value, configuration(int(found[4]))

    def _opinions(self, series: int, trail: Trail, since: Micros) -> list[Opinion]:
        """What the checks say of a trail's values from a time on that they did not say before."""
        from sensing.checks import judge

        found = list[Opinion]()
        changed = trail.judge(since)
        if not changed:
            return found
        times, values = trail.columns()
        for place, was in changed:
            time, now = trail.times[place], trail.codes[place]
            if judge.NAMES[was] and judge.NAMES[was] != judge.NAMES[now]:
                found.append(Opinion(series, time, judge.NAMES[was], None))
            if now:
                told = msgspec.json.encode(judge.tell(times, values, trail.codes, place, trail.limits)).decode()
                found.append(Opinion(series, time, judge.NAMES[now], judge.VERDICTS[now], told))
        return found

    def _trail_of(
        self, wanted: Mapping[int, Sequence[Micros]], last: Mapping[int, Row], newest: Newest, opinions: list[Opinion]
    ) -> Mapping[int, Trail]:
        """Trails as they were before the rows that are looked at; what was said of those instants is taken back."""
        from sensing.checks import judge

        new = [series for series in wanted if self._trails is None or series not in self._trails.slots]
        self._fresh = set(new)
        latest = {series: max(wanted[series][-1], newest.get(series, _NEVER)) for series in new}
        trails = self._known([last[series] for series in wanted], latest)
        found = {series: trails.trails[trails.slots[series]] for series in wanted}
        for series in new:
            for time in wanted[series]:
                found[series].change(time, None)
                said = self._db.execute("SELECT who FROM verdicts WHERE series=? AND time=?", (series, time))
                opinions += [Opinion(series, time, who, None) for (who,) in said if who in judge.NAMES]
        return found

    def _known(self, mine: Sequence[Row], newest: Newest) -> Trails:
        """Trails of all these rows' series, those that are not there read from the store at once."""
        if self._trails is None:
            self._trails = Trails()
        trails = self._trails
        missing: dict[int, Row] = {}
        for row in mine:
            slot = trails.slots.get(row.series)
            if slot is None:
                missing.setdefault(row.series, row)
            elif trails.trails[slot].limits is not row.checks:
                assert row.checks is not None
                trails.set_limits(slot, row.checks)
        if missing:
            self._load(trails, missing, newest)
        return trails

    def _load(self, trails: Trails, missing: Mapping[int, Row], newest: Newest) -> None:
        old = sorted((newest[series], series) for series in missing if newest.get(series) is not None)
        known: dict[int, tuple[Micros, Stretch]] = {}
        while old:  # those of one day together: one that was silent for a year must not have all read from there
            begin = old[0][0] - KEEP
            some = [series for time, series in old if time <= begin + KEEP + DAY]
            del old[: len(some)]
            known |= {series: (begin, stretch) for series, stretch in self._spans.read(some, begin, _EVER).items()}
        for series, row in missing.items():
            assert row.checks is not None
            begin, stretch = known.get(series, (_NEVER, (array("q"), array("d"), bytearray(), array("H"))))
            trails.add(series, Trail(row.checks, begin, *stretch))
