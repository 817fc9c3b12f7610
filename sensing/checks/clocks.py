"""Which rows that came late come of a clock that was put back, when some of them show it: a wrong clock is as wrong for all that it dates.

    again    the row fell among what its device had told of that time already (store/behind.py)
    lag      from its time to when it was first heard: what a wrong clock makes the same for all of its rows, but for the way here
    SHARED   rows of one lag share the doubt, when `LEAST` of them told again. A block tells of up to an hour before: those lag so much more
    ALONE    it is of a time before the device's first value, and yet newer things had been told promptly before the first row of this lag
             came; they came at a real pace, and the present stayed empty meanwhile

What fills a gap is believed, whatever its lag: a flood that is told two hours late is a flood. A device that was off the air sends what it kept
faster than it measured it, so lags shrink; a way that delays all by hours tells of a time that follows on what came before, or else the
present comes beside it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Container, Sequence
from itertools import pairwise
from statistics import median
from typing import Any

import numpy as np

from sensing.model import Micros
from sensing.times import HOUR, MINUTE, SECOND

NEAR = 3 * HOUR
"""So far away rows may stand that tell how closely a device tells."""
SAME = 90 * SECOND
"""Lags of one clock differ by no more: its way here, and how finely the time of reception is told."""
WITHIN = 12 * HOUR
"""Rows further apart in time have nothing to do with each other."""
LONGEST = 24 * HOUR
"""A lag of which ALONE says something."""
REACH = WITHIN + LONGEST
_BLOCK = 65 * MINUTE
_LEAST = 3
_MANY, LASTED = 6, 25 * MINUTE
_EMPTY = 0.5
_ROWS = 256
_FAR = 1 << 62
_AROUND, _SIDES = 4, 4
_USUAL = 1.6
"""Rows on either side that tell the usual pace, how many there must be, and how much further apart others may be."""


def behind(times: Any, heard: Any, again: Any, prompt: Any) -> Any:
    """Whether the clock of each row is not believed. times, heard: µs, of rows that came late, times rising; prompt: times of others, rising."""
    found = np.array(again, bool)
    places = _possible(heard - times, found)
    for begin in range(0, len(places), _ROWS):  # of a backlog, nearly always none
        rows = places[begin : begin + _ROWS]
        first, last = np.searchsorted(times, (times[rows[0]] - WITHIN, times[rows[-1]] + WITHIN + 1))
        some = slice(int(first), int(last))
        found[rows] |= _doubted(times[rows], heard[rows], times[some], heard[some], again[some], prompt)
    return found


def _possible(lags: Any, again: Any) -> Any:
    """Places of rows that there may be a doubt about, told quickly."""
    if again.sum() >= _LEAST:
        return np.nonzero(~again)[0]
    ordered = np.sort(lags)
    alike = np.searchsorted(ordered, lags + SAME, "right") - np.searchsorted(ordered, lags - SAME)
    return np.nonzero((alike >= _MANY) & ~again)[0]


def _doubted(own: Any, came: Any, times: Any, heard: Any, again: Any, prompt: Any) -> Any:
    """Of some rows, beside all within reach of them: `times`, `heard`, `again`."""
    near = np.abs(times - own[:, None]) <= WITHIN
    more = (came - own)[:, None] - (heard - times)
    shared = (near & again & (more >= -SAME) & (more <= _BLOCK)).sum(axis=1) >= _LEAST
    alike = near & (np.abs(more) <= SAME)
    many = alike.sum(axis=1)
    first = np.where(alike, heard, _FAR).min(axis=1)
    last = np.where(alike, heard, -_FAR).max(axis=1)
    before, after = np.searchsorted(prompt, first, "right"), np.searchsorted(prompt, last)
    newest = np.append(-_FAR, prompt)[before]
    unborn = np.searchsorted(prompt, own, "right") == 0
    alone = unborn & (many >= _MANY) & (last - first >= LASTED) & (newest > own + SAME) & (after - before <= _EMPTY * many)
    return shared | (alone & (came - own <= LONGEST))


def crowded(time: Micros, told: Sequence[Micros], late: Container[Micros], twins: Sequence[Micros]) -> bool:
    """Whether prompt rows stand around a time as closely as usual. told: times of a series, rising; those in `late` are not prompt, but for `twins`."""
    at = bisect_left(told, time)
    before, after = list[Micros](), list[Micros]()
    place = at - 1
    also = twins[bisect_left(twins, time - NEAR) : bisect_right(twins, time + NEAR)]
    while place >= 0 and len(before) < _AROUND and told[place] > time - NEAR:
        if told[place] not in late:
            before.append(told[place])
        place -= 1
    place = at
    while place < len(told) and len(after) < _AROUND and told[place] < time + NEAR:
        if told[place] not in late:
            after.append(told[place])
        place += 1
    left = sorted({*before, *(each for each in also if each < time)})[-_AROUND:]
    right = sorted({*after, *(each for each in also if each > time)})[:_AROUND]
    if not left or not right or len(left) + len(right) < _SIDES:
        return False
    steps = [b - a for side in (left, right) for a, b in pairwise(side)]
    return right[0] - left[-1] <= _USUAL * median(steps)
