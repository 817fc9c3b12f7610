"""Stuck sensors: the same number again and again, where the world cannot have stood still.

    LIVELY   the value had been moving, most of the time, and then did not for `stuck`
    STEP     it stood for an hour or more and ended with a step: the world had gone on meanwhile, at least in the last hours
    EVER     it stood for `ever`

The run is doubted, also the values before it was known. What may be constant by nature (`still`: no rain, a dry road) never is; nor is
a gauge that often says the same for hours, for it was not moving before. Durations count, not numbers of values.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sensing.times import HOUR, MINUTE

from .limits import Limits

LIVELY, STEP, EVER = 1, 2, 3
SHORTEST = HOUR
"""No run shorter than this is anything."""
_BREAK = 2 * HOUR
_BEFORE = 3 * HOUR
_PAIRS = 6
_MOVING = 0.5
_STEP_WITHIN = 30 * MINUTE
_BACK = 3 * HOUR
"""Before a step only so much of a run is doubted: the water may have stood still until then."""


def flats(times: Any, values: Any, limits: Limits) -> Any:
    """0, LIVELY, STEP or EVER for each value."""
    found = np.zeros(len(times), np.int8)
    if (limits.stuck is None and limits.ever is None and limits.step is None) or len(times) < 3:
        return found
    changes = np.diff(values) != 0
    starts = np.append(0, np.nonzero(changes | (np.diff(times) > _BREAK))[0] + 1)
    ends = np.append(starts[1:], len(times)) - 1
    for run in np.nonzero(times[ends] - times[starts] >= min(SHORTEST, limits.shortest or SHORTEST))[0]:
        first, last = int(starts[run]), int(ends[run])
        if values[first] not in limits.still:
            verdict = _verdict(times, values, changes, first, last, limits)
            if verdict == STEP:
                first = int(np.searchsorted(times, max(times[first], times[last] - _BACK)))
            found[first : last + 1] = verdict
    return found


def _verdict(times: Any, values: Any, changes: Any, first: int, last: int, limits: Limits) -> int:
    lasted = times[last] - times[first]
    if limits.ever is not None and lasted >= limits.ever:
        return EVER
    if limits.stuck is not None and lasted >= limits.stuck and _lively(times, changes, first):
        return LIVELY
    after = last + 1
    stepped = after < len(times) and limits.step is not None and times[after] - times[last] <= _STEP_WITHIN
    if stepped and abs(values[after] - values[last]) >= limits.step and lasted >= SHORTEST:
        return STEP
    return 0


def _lively(times: Any, changes: Any, first: int) -> bool:
    """Whether most values of the hours before a run differ from the one before them."""
    begin = int(np.searchsorted(times, times[first] - _BEFORE))
    pairs = changes[begin:first]
    return len(pairs) >= _PAIRS and float(pairs.mean()) >= _MOVING
