"""Another unit under the old name: values jump by a known factor, stay there for hours, and jump back by the same one.

An episode begins with a step by one of the factors and ends with the step back, within `LONGEST`; all of it is doubted from the second value
on, for one alone is a spike. Of a factor that nature can hardly bring about (5 and more, or a fifth) that much is certain while it lasts; a
smaller one (km/h for m/s) may as well be a gust front or the rim of an eye: only a step between two steady stretches counts, and a value that
never returns stands as good.

Values out of range are not among these (first flags): of an episode in the larger unit only some may be left, or none, and its first step then
comes hours after the value before. So of a factor that nature knows not at all (`_WILD`) a step may be further off, and a step that ends where
an earlier one of the same size began is the way back, whatever was made of that one.
"""

from __future__ import annotations

from math import log
from typing import Any

import numpy as np

from sensing.times import HOUR

from .limits import Limits

LONGEST = 10 * HOUR
_STRONG = log(5)
_WILD, _TOLERANCE_WILD = log(500), 1.2
_TOLERANCE_STRONG, _TOLERANCE, _TOLERANCE_LATER = 0.45, 0.25, 0.8
"""How far, as a logarithm, a step may be from its factor; the last: after a gap, on the way back."""


def flips(times: Any, values: Any, limits: Limits) -> Any:
    """For each value the factor that it seems to be multiplied by; 0 for none."""
    found = np.zeros(len(times))
    if not limits.factors or len(times) < 2:
        return found
    before, after = values[:-1], values[1:]
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where((before > 0) & (after > 0), np.log(after / before), 0.0)
    big = (np.abs(after - before) >= limits.least) & (np.abs(ratio) > _TOLERANCE)
    if not big.any():
        return found
    near = np.diff(times) <= limits.gap
    place = free = 1
    steady = np.abs(np.append(np.append(0.0, ratio), 0.0)) <= _TOLERANCE
    lone = steady[:-2] & steady[2:]
    while place < len(times):
        opening = _opening(ratio, big & near, lone, place, limits)
        if opening is None:
            break
        begin, factor = opening
        since = _return(times, values, ratio, big, free, begin, factor)
        if since is not None:
            found[since:begin] = 1 / factor
            place = free = begin + 1
        elif factor in limits.factors:
            place = free = _episode(times, values, ratio, big, near, begin, factor, found)
        else:
            place = begin + 1
    return found


def _opening(ratio: Any, may: Any, lone: Any, place: int, limits: Limits) -> tuple[int, float] | None:
    """The first value from `place` on that is a factor away from the one before it, and the factor; or the inverse of a strong one, which
    may be a way back. lone: steps between steady values.
    """
    candidates = {*limits.factors, *(1 / each for each in limits.factors if abs(log(each)) >= _STRONG)}
    for step in np.nonzero(may[place - 1 :])[0]:
        at = int(step) + place - 1
        off, factor = min((abs(ratio[at] - log(each)), each) for each in candidates)
        strong = abs(log(factor)) >= _STRONG
        if off <= _room(factor) and (strong or lone[at]):
            return at + 1, factor
    return None


def _room(factor: float) -> float:
    size = abs(log(factor))
    return _TOLERANCE if size < _STRONG else _TOLERANCE_STRONG if size < _WILD else _TOLERANCE_WILD


def _return(times: Any, values: Any, ratio: Any, big: Any, free: int, begin: int, factor: float) -> int | None:
    """Where values began to be in another unit, when the step to `begin` is the one back; only of strong factors. free: no step to a value
    before this one is. See the top.
    """
    if abs(log(factor)) < _STRONG:
        return None
    first = max(free - 1, int(np.searchsorted(times, times[begin] - LONGEST)))
    away = big[first : begin - 1] & (np.abs(ratio[first : begin - 1] + log(factor)) <= _room(factor))
    with np.errstate(divide="ignore", invalid="ignore"):
        home = np.abs(np.log(values[first : begin - 1] / values[begin])) <= _TOLERANCE_LATER
    back = np.nonzero(away & home)[0]
    return first + int(back[-1]) + 1 if len(back) else None


def _home(values: Any, ratio: Any, factor: float) -> Any:
    """Whether each step of an episode ends nearer to the value before it (the first of `values`) than to that times the factor, and is either half
    of the way at least or one from where there are no ratios, zero and below.
    """
    middle = log(values[0]) + log(factor) / 2
    after = values[2:]
    with np.errstate(divide="ignore", invalid="ignore"):
        nearer = (after > 0) & ((np.log(after) < middle) if factor > 1 else (np.log(after) > middle))
    half = -ratio / log(factor) >= 0.5
    return nearer & (half | (values[1:-1] <= 0))


def _episode(times: Any, values: Any, ratio: Any, big: Any, near: Any, begin: int, factor: float, found: Any) -> int:
    """Mark the episode that begins at a value; returns where to look on. ratio: logarithms of the steps."""
    strong = abs(log(factor)) >= _STRONG
    last = int(np.searchsorted(times, times[begin] + LONGEST, "right"))
    room = np.where(near, _room(factor), max(_room(factor), _TOLERANCE_LATER))[begin : last - 1]
    back = big[begin : last - 1] & (np.abs(ratio[begin : last - 1] + log(factor)) <= room)
    if strong:
        back |= _home(values[begin - 1 : last], ratio[begin : last - 1], factor)
    back = np.nonzero(back)[0]
    if len(back):
        end = begin + int(back[0]) + 1
        if end - begin > 1:
            found[begin:end] = factor
        return end + 1
    over = last < len(times) or times[-1] - times[begin] >= LONGEST
    if last - begin > 1 and (strong or not over):
        found[begin:last] = factor
    return last if strong else begin + 1
