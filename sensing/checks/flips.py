"""Another unit under the old name: values jump by a known factor, stay there for hours, and jump back by the same one.

An episode begins with a step by one of the factors and ends with the step back, within `LONGEST`; all of it is doubted from the second value
on, for one alone is a spike. Of a factor that nature can hardly bring about (5 and more, or a fifth) that much is certain while it lasts; a
smaller one (km/h for m/s) may as well be a gust front or the rim of an eye: only a step between two steady stretches counts, and a value that
never returns stands as good.
"""

from __future__ import annotations

from math import log
from typing import Any

import numpy as np

from sensing.times import HOUR

from .limits import Limits

LONGEST = 10 * HOUR
_STRONG = log(5)
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
    place = 1
    steady = np.abs(np.append(np.append(0.0, ratio), 0.0)) <= _TOLERANCE
    lone = steady[:-2] & steady[2:]
    while place < len(times):
        opening = _opening(ratio, big & near, lone, place, limits)
        if opening is None:
            break
        begin, factor = opening
        place = _episode(times, ratio, big, near, begin, factor, found)
    return found


def _opening(ratio: Any, may: Any, lone: Any, place: int, limits: Limits) -> tuple[int, float] | None:
    """The first value from `place` on that is a factor away from the one before it, and the factor. lone: steps between steady values."""
    for step in np.nonzero(may[place - 1 :])[0]:
        at = int(step) + place - 1
        off, factor = min((abs(ratio[at] - log(each)), each) for each in limits.factors)
        strong = abs(log(factor)) >= _STRONG
        if off <= (_TOLERANCE_STRONG if strong else _TOLERANCE) and (strong or lone[at]):
            return at + 1, factor
    return None


def _episode(times: Any, ratio: Any, big: Any, near: Any, begin: int, factor: float, found: Any) -> int:
    """Mark the episode that begins at a value; returns where to look on. ratio: logarithms of the steps."""
    strong = abs(log(factor)) >= _STRONG
    last = int(np.searchsorted(times, times[begin] + LONGEST, "right"))
    room = np.where(near, _TOLERANCE_STRONG if strong else _TOLERANCE, _TOLERANCE_LATER)[begin : last - 1]
    back = np.nonzero(big[begin : last - 1] & (np.abs(ratio[begin : last - 1] + log(factor)) <= room))[0]
    if len(back):
        end = begin + int(back[0]) + 1
        if end - begin > 1:
            found[begin:end] = factor
        return end + 1
    over = last < len(times) or times[-1] - times[begin] >= LONGEST
    if last - begin > 1 and (strong or not over):
        found[begin:last] = factor
    return last if strong else begin + 1
