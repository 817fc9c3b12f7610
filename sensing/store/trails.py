"""The newest end of each checked series: the values of the last hours, and what quickly tells that a next one means nothing.

A trail is a cache of what the store has: served values whose first flag is good, with the codes that the checks gave them. It is dropped after
a transaction that failed, and made again from the store when it is next needed.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from typing import Any

import numpy as np
from msgspec import Struct

from sensing.checks import climate, judge
from sensing.checks.limits import Limits
from sensing.model import Micros
from sensing.times import HOUR

KEEP = 2 * judge.REACH
"""How much of a series a trail holds at least."""
_CUT = 256
_FIRST = 1024
_FAR = 1 << 62
_ALL = -_FAR
"""Where a trail begins that has all of its series."""
_CLOSE = 2 * HOUR
"""A first value so near to where a trail was cut may go on with what stood before."""
_STANDING = (judge.GOOD, judge.FLAT_LINE)


class Trail(Struct):
    """One series. begin: all of its values from here on are in it. configs: which configuration of its device each was observed with
    (another zero or unit is a step that nobody doubts). cut: at so many values the oldest are dropped.
    """

    limits: Limits
    begin: Micros
    times: array[int]
    values: array[float]
    codes: bytearray
    configs: array[int]
    cut: int = _CUT

    def shorten(self, before: Micros) -> None:
        """Drop what is older, when that is most of it."""
        old = bisect_left(self.times, before)
        if old > len(self.times) // 2:
            del self.times[:old], self.values[:old], self.codes[:old], self.configs[:old]
            self.begin = before
        self.cut = max(_CUT, 2 * len(self.times))

    def change(self, time: Micros, value: float | None, config: int = 0) -> int | None:
        """Make the value at a time another one, or none; returns the code that it had, None when it was the same."""
        at = bisect_left(self.times, time)
        there = at < len(self.times) and self.times[at] == time
        if value is None:
            if not there:
                return None
            code = self.codes[at]
            del self.times[at], self.values[at], self.codes[at], self.configs[at]
            return code
        if there:
            old, self.values[at], self.configs[at] = (self.values[at], self.configs[at]), value, config
            if old == (value, config):
                return None
            code, self.codes[at] = self.codes[at], 0
            return code
        self.times.insert(at, time)
        self.values.insert(at, value)
        self.codes.insert(at, 0)
        self.configs.insert(at, config)
        return 0

    def judge(self, since: Micros) -> list[tuple[int, int]]:
        """Judge all of it again; returns (place, code before) of the values from `since` on whose code is another now."""
        times, values = self.columns()
        new = judge.judge(times, values, self.limits, np.array(self.configs), self._carried())
        old = np.frombuffer(self.codes, np.int8)
        first = bisect_left(self.times, since)
        places = np.nonzero(new[first:] != old[first:])[0] + first
        changed = [(place, int(old[place])) for place in places.tolist()]
        for place, _ in changed:
            self.codes[place] = int(new[place])
        return changed

    def _carried(self) -> int:
        """What the first value was judged when more was at hand; where the trail has all of the series it is judged anew."""
        cut = self.begin > _ALL and self.codes and self.times[0] - self.begin <= _CLOSE
        return self.codes[0] if cut else judge.GOOD

    def columns(self) -> tuple[Any, Any]:
        """Times and values; copies, for the trail may grow."""
        return np.array(self.times, np.int64), np.array(self.values, np.float64)


class Trails:
    """Trails by slot, and a row of numbers each that `quiet` looks at for a whole batch at once."""

    def __init__(self) -> None:
        self.slots: dict[int, int] = {}
        self.trails: list[Trail] = []
        self._grow(_FIRST)

    def _grow(self, size: int) -> None:
        empty = np.zeros(size)
        self.last = np.full(size, np.nan)
        self.room, self.low, self.high = empty.copy(), empty.copy(), empty.copy()
        self.run, self.due, self.short = (np.zeros(size, np.int64) for _ in range(3))
        self.config = np.zeros(size, np.int64)
        self.busy = np.zeros(size, bool)

    def _columns(self) -> list[str]:
        return ["last", "room", "low", "high", "run", "due", "short", "config", "busy"]

    def add(self, series: int, trail: Trail) -> int:
        """A series that was not known. Its trail is judged already."""
        slot = len(self.trails)
        if slot == len(self.last):
            for name in self._columns():
                column = getattr(self, name)
                setattr(self, name, np.concatenate([column, np.zeros_like(column)]))
        self.slots[series] = slot
        self.trails.append(trail)
        self.set_limits(slot, trail.limits)
        return slot

    def set_limits(self, slot: int, limits: Limits) -> None:
        """Other thresholds hold from now on."""
        self.trails[slot].limits = limits
        self.room[slot] = limits.smallest
        self.low[slot], self.high[slot] = climate.inner(limits)
        shortest = limits.shortest
        self.short[slot] = _FAR if shortest is None else shortest
        self.refresh(slot)

    def refresh(self, slot: int) -> None:
        """What tells quickly, from the trail as it was judged last."""
        trail = self.trails[slot]
        times, values, codes = trail.times, trail.values, trail.codes
        if not times:
            self.last[slot], self.busy[slot] = np.nan, False
            return
        self.last[slot], self.config[slot] = values[-1], trail.configs[-1]
        step = abs(values[-1] - values[-2]) if len(times) > 1 else 0.0
        self.busy[slot] = codes[-1] != judge.GOOD or step >= trail.limits.smallest
        at = len(times) - 1
        while at and codes[at] not in _STANDING:
            at -= 1
        first, value = at, values[at]
        configs, own = trail.configs, trail.configs[at]
        while first and configs[first - 1] == own and (codes[first - 1] not in _STANDING or values[first - 1] == value):
            first -= 1
        self.run[slot] = times[first]
        ever = trail.limits.ever
        judged = times[-1] - times[first] >= self.short[slot]
        self.due[slot] = (
            _FAR
            if judged and ever is None
            else times[first] + (ever if judged and ever else min(int(self.short[slot]), _FAR >> 1))
        )

    def loud(self, slots: Any, times: Any, values: Any, configs: Any) -> Any:
        """Slots of which some value may mean something. Columns are sorted by slot and time, and newer than their trails; takes note of them."""
        count = len(slots)
        first = np.ones(count, bool)
        first[1:] = slots[1:] != slots[:-1]
        before = np.empty(count)
        before[1:] = values[:-1]
        before[first] = self.last[slots[first]]
        with np.errstate(invalid="ignore"):
            step = np.abs(values - before)
            loud = (step >= self.room[slots]) | (values < self.low[slots]) | (values > self.high[slots])
        known = self.config[slots]
        if (configs != known).any():  # as hardly ever
            loud |= configs != known
        same = values == before
        places = np.arange(count)
        start = np.maximum.accumulate(np.where(first, places, 0))
        changed = np.maximum.accumulate(np.where(same, -1, places))
        own = changed >= start
        run = np.where(own, times[np.maximum(changed, 0)], self.run[slots])
        due = np.where(own, run + np.minimum(self.short[slots], _FAR >> 1), self.due[slots])
        loud |= (same & (times >= due)) | self.busy[slots]
        last = np.append(first[1:], True)
        ends = slots[last]
        self.config[ends] = configs[last]
        self.last[ends], self.run[ends], self.due[ends] = values[last], run[last], due[last]
        return np.unique(slots[loud])

    def drop(self, series: int) -> None:
        """Forget one. Its slot is not used again until all is forgotten."""
        slot = self.slots.pop(series, None)
        if slot is not None:
            self.trails[slot] = Trail(Limits(), 0, array("q"), array("d"), bytearray(), array("H"))
