"""Jumps of a ship: a position that no ship could have come from, or gone on to, in the time between.

    room = knots * (time between + SLACK)     two positions further apart than this are not of one voyage
    lone     off both sides, and these agree: it is doubted, not what stands around it
    pair     two that agree with each other, off both sides, and these agree
    newest   off the one before: doubted until the next one comes

Times are of the second, and receivers tell them seconds apart: `SLACK` is room for both. Two ships under one number jump to and fro for hours, and
neither is the lone one: those pass here. What is further apart than `GAP` in time is not compared.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sensing.times import HOUR, SECOND

SOUND, DOUBTED, JUMP = range(3)
GAP = HOUR
SLACK = 30 * SECOND
SIDE = 4
"""So many values on either side decide about one."""
_NM_DEG = 60.04
"""Nautical miles to a degree of a great circle."""
_HOURS = 1 / HOUR


def room_nm(between: Any, knots: float) -> Any:
    """How far apart two positions may be, nautical miles. between: µs."""
    return knots * (between + SLACK) * _HOURS


def at_most_nm(lon: float, lat: float) -> float:
    """No less than the distance that two positions differ by, from the differences in degrees."""
    return (abs(lon) + abs(lat)) * _NM_DEG


def jumps(times: Any, lons: Any, lats: Any, knots: float) -> Any:
    """SOUND, DOUBTED or JUMP for each position. times: µs, rising; degrees."""
    count = len(times)
    found = np.zeros(count, np.int8)
    if count < 2:
        return found

    def apart(by: int) -> Any:
        """Whether values `by` places apart are too far apart; those a `GAP` or more apart are not."""
        between = times[by:] - times[:-by]
        east = (lons[by:] - lons[:-by] + 180) % 360 - 180
        east = east * np.cos(np.radians((lats[by:] + lats[:-by]) / 2))
        return (np.hypot(east, lats[by:] - lats[:-by]) * _NM_DEG > room_nm(between, knots)) & (between <= by * GAP)

    far = apart(1) & (np.diff(times) <= GAP)
    if not far.any():
        return found
    over, past = apart(2), apart(3) if count > 3 else np.zeros(0, bool)
    fro = np.zeros(count, bool)
    fro[2:] |= far[:-1] & far[1:] & ~over
    fro[:-2] |= far[:-1] & far[1:] & ~over
    for place in np.nonzero(far)[0].tolist():
        one = place + 1
        if one + 1 < count and far[one]:
            found[one] = _lone(one, far, over, fro)
        elif one + 2 < count and far[one + 1] and not past[place] and _calm(one, far):
            found[one : one + 2] = JUMP
    last = count - 1
    if far[last - 1] and found[last - 1] != JUMP and not (last > 1 and far[last - 2] and not over[last - 2]):
        found[last] = DOUBTED
    return found


def _lone(one: int, far: Any, over: Any, fro: Any) -> int:
    """Of a value that is off both sides."""
    if over[one - 1]:
        return SOUND if fro[one] else DOUBTED
    again = one > 1 and far[one - 2] and not over[one - 2]
    once_more = one + 2 < len(far) + 1 and far[one + 1] and not over[one]
    return SOUND if again or once_more else JUMP


def _calm(one: int, far: Any) -> bool:
    """Whether those around a pair do not jump themselves: else two ships take turns."""
    near = [place for place in (one - 3, one - 2, one + 2, one + 3) if 0 <= place < len(far)]
    return not any(far[place] for place in near)
