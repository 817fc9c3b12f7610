"""Stuck sensors: the same number again and again, where the world cannot have stood still.

    LIVELY   the value had been moving, most of the time, and then did not for `stuck`
    STEP     it stood for an hour or more and ended with a step: the world had gone on meanwhile, at least in the last hours
    EVER     it stood for `ever`

The run is doubted, also the values before it was known; not its first half hour, when it may still have been true. What may be constant by nature (`still`: no rain, a dry road) never is; nor is
a gauge that often says the same for hours, for it was not moving before. Durations count, not numbers of values.

One other value between two runs of the same number, each half of `stuck` or longer, does not end the first: whatever it was, the sensor went on to say what it had said. Nor does a silence.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from sensing.model import Micros
from sensing.times import HOUR, MINUTE

from .limits import Limits

LIVELY, STEP, EVER = 1, 2, 3
SHORTEST = HOUR
"""No run shorter than this is anything."""
_BREAK = 2 * HOUR
"""A longer silence does not count: who knows what it would have said."""
_SILENT = 8 * HOUR
_BEFORE = 3 * HOUR
_PAIRS = 6
_MOVING = 0.5
_NUMBERS = 3
_CHANCE = 1e-4
_STEP_WITHIN = 30 * MINUTE
_TRUE = 30 * MINUTE
"""A sensor that stuck says what was true then, and it takes the world so long to move away."""
_BACK = 3 * HOUR
"""Before a step only so much of a run is doubted: the water may have stood still until then."""


def flats(times: Any, values: Any, limits: Limits, *, carried: bool = False) -> Any:
    """0, LIVELY, STEP or EVER for each value. carried: the first one is known to be within a run that is doubted."""
    found = np.zeros(len(times), np.int8)
    if (limits.stuck is None and limits.ever is None and limits.step is None) or len(times) < 3:
        return found
    changes = np.diff(values) != 0
    starts = np.append(0, np.nonzero(changes | (np.diff(times) > _BREAK))[0] + 1)
    ends = np.append(starts[1:], len(times)) - 1
    long = np.nonzero(times[ends] - times[starts] >= min(SHORTEST, limits.shortest or SHORTEST))[0]
    runs = zip(starts[long].tolist(), ends[long].tolist(), strict=True)
    for first, last in _joined(times, values, runs, (limits.stuck or 0) // 2):
        if values[first] not in limits.still:
            verdict = _verdict(times, values, changes, first, last, limits)
            if verdict:
                doubted = times[last] - _BACK if verdict == STEP else times[first]
                found[np.searchsorted(times, max(doubted, times[first] + _TRUE)) : last + 1] = verdict
    if carried:
        found[: ends[0] + 1] = LIVELY
    return found


def _joined(times: Any, values: Any, runs: Iterable[tuple[int, int]], least: Micros) -> list[tuple[int, int]]:
    """Runs, first and last; as one those of one number with a silence between them, or that last long with one other value between them."""
    found: list[tuple[int, int]] = []
    before = False
    for first, last in runs:
        long = bool(times[last] - times[first] >= least)
        end = found[-1][1] if found else first
        again = (first - end == 1 and times[first] - times[end] <= _SILENT) or (before and long and first - end == 2)
        if again and values[first] == values[end]:
            found[-1] = found[-1][0], last
        else:
            found.append((first, last))
        before = long
    return found


def _verdict(times: Any, values: Any, changes: Any, first: int, last: int, limits: Limits) -> int:
    between = np.diff(times[first : last + 1])
    lasted = between[between <= _BREAK].sum()
    if limits.ever is not None and lasted >= limits.ever:
        return EVER
    if limits.stuck is not None and lasted >= limits.stuck and _lively(times, values, changes, first, last):
        return LIVELY
    after = last + 1
    stepped = after < len(times) and limits.step is not None and times[after] - times[last] <= _STEP_WITHIN
    if stepped and abs(values[after] - values[last]) >= limits.step and lasted >= SHORTEST:
        return STEP
    return 0


def _lively(times: Any, values: Any, changes: Any, first: int, last: int) -> bool:
    """Whether most values of the hours before a run differ from the one before them, and so often that the run is no chance.

    A value that goes to and fro between two neighbouring numbers does not move: it stands where its last digit turns.
    """
    begin = int(np.searchsorted(times, times[first] - _BEFORE))
    pairs = changes[begin:first]
    if len(pairs) < _PAIRS or float(pairs.mean()) < _MOVING or len(np.unique(values[begin:first])) < _NUMBERS:
        return False
    moved = (float(pairs.sum()) + 1) / (len(pairs) + 2)  # Laplace's rule
    return float((1 - moved) ** (last - first)) < _CHANCE
