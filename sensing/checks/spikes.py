"""Spikes: a value that departs from both of its neighbours by more than can happen in the time between.

    limit = spike + rate * time between                        a value jumps when it departs by more than this
    jumps off both sides the same way, neighbours agree        SPIKE
    ... and they do not agree                                  RATE: too fast, whichever is right
    two that agree jump off both sides so, which agree         SPIKE, both: known once the second one is over
    the newest value jumps off the one before                  DOUBTED until the next one comes: a step is real, a spike is not
    jumps off one side, the other one is too far in time       DOUBTED, when that one is more like the first than like the value

A step to another level is nobody's spike: the value after it stands by it. ioos_qc flags with a fixed count of neighbours and a rate on one
side; here time between values counts, and no value is judged by one neighbour alone once it has two.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sensing.times import HOUR

from .limits import Limits

DOUBTED, SPIKE, RATE = 1, 2, 3
_PAIR = 2
_ALONE = 10 * HOUR
"""What comes after so long says nothing of a value (judge.REACH)."""
Column = "np.ndarray[Any, Any]"


def spikes(times: Any, values: Any, limits: Limits) -> Any:
    """0, DOUBTED, SPIKE or RATE for each value. times: µs, rising; values: finite."""
    found = np.zeros(len(times), np.int8)
    if limits.spike is None or len(times) < _PAIR:
        return found
    between = np.diff(times)
    step = np.diff(values)
    room = limits.spike + limits.rate / HOUR * between
    far = between > limits.gap
    jump = np.where(far, 0, np.where(step > room, 1, np.where(step < -room, -1, 0)))
    out = jump[:-1] * jump[1:] < 0
    if out.any():
        agree = np.abs(values[2:] - values[:-2]) <= limits.spike + limits.rate / HOUR * (times[2:] - times[:-2])
        found[1:-1] = np.where(out, np.where(agree, SPIKE, RATE), 0)
    pairs = (jump[:-2] * jump[2:] < 0) & (jump[1:-1] == 0) & ~far[1:-1]
    for first in np.nonzero(pairs)[0].tolist() if pairs.any() else ():
        if abs(values[first + 3] - values[first]) <= limits.spike + limits.rate / HOUR * (times[first + 3] - times[first]):
            found[first + 1 : first + 3] = SPIKE
    if far.any():
        _beside_gaps(values, jump, np.where(far, between, 0), found)
    if jump[-1] and found[-2] != SPIKE:
        found[-1] = DOUBTED
    return found


def _beside_gaps(values: Any, jump: Any, gaps: Any, found: Any) -> None:
    """Doubt values that jump off their only near neighbour. gaps: µs to the next value where that is too far, else 0."""
    before, own, after = values[:-2], values[1:-1], values[2:]
    apart = np.abs(after - before)
    last = (gaps[1:] > 0) & (jump[:-1] != 0) & (found[:-2] == 0) & ((np.abs(after - own) > apart) | (gaps[1:] > _ALONE))
    met = (gaps[:-1] > 0) & (gaps[:-1] <= _ALONE)
    first = met & (jump[1:] != 0) & (found[2:] == 0) & (np.abs(own - before) > apart)
    found[1:-1][(last | first) & (found[1:-1] == 0)] = DOUBTED
