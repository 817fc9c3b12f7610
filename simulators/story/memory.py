"""Rain that places remember: how much fell since the story began, and how wet it still is.

Kept in steps of five minutes and asked hour by hour. A state is stored every six hours only, so memory stays small; from there it is stepped
on the same way each time, so that no order of asking changes a number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sensing.model import Micros
from sensing.times import HOUR, MINUTE

Array = NDArray[np.float64]

STEP = 5 * MINUTE
STEPS = HOUR // STEP
STORED_H = 6
SOIL_H, AIR_H = 36.0, 5.0
"""How long the ground and the air stay wet: the time in which they dry to 1/e."""


@dataclass(frozen=True)
class Wet:
    """total: mm since the begin. soil, air: mm that are still felt after SOIL_H and AIR_H. Arrays of one shape, (places,) or (places, n)."""

    total: Array
    soil: Array
    air: Array


class RainMemory:
    """Of some places. rate: their rain in mm/h, (places, times), at any times. begin: before it nothing is remembered."""

    def __init__(self, count: int, begin: Micros, rate: Callable[[NDArray[np.int64]], Array]) -> None:
        self.count, self.begin, self.rate = count, begin, rate
        dry = np.zeros(count)
        self._stored: dict[int, Wet] = {0: Wet(dry, dry, dry)}
        self._latest = 0, self._stored[0]
        self._told: tuple[int, Wet] = -1, self._stored[0]

    def at(self, times: NDArray[np.int64]) -> Wet:
        """At times, each array (places, times)."""
        since = np.maximum(times - self.begin, 0)
        hour_of = since // HOUR
        found = Wet(*(np.empty((self.count, len(times))) for _ in range(3)))
        for hour in np.unique(hour_of).tolist():
            asked = np.flatnonzero(hour_of == hour)
            wet = self._hour(hour)
            into = (since[asked] - hour * HOUR) / STEP
            step = into.astype(np.int64)
            part = into - step
            for whole, steps in ((found.total, wet.total), (found.soil, wet.soil), (found.air, wet.air)):
                whole[:, asked] = steps[:, step] * (1.0 - part) + steps[:, np.minimum(step + 1, STEPS)] * part
        return found

    def _hour(self, hour: int) -> Wet:
        """The steps of an hour, its begin and its end among them: arrays (places, STEPS + 1)."""
        if self._told[0] == hour:
            return self._told[1]
        known, state = self._latest
        if known > hour:
            known = max(at for at in self._stored if at <= hour)
            state = self._stored[known]
        while True:
            wet = self._stepped(known, state)
            if known == hour:
                self._latest, self._told = (hour, state), (hour, wet)
                return wet
            known += 1
            state = Wet(*(np.ascontiguousarray(part[:, -1]) for part in (wet.total, wet.soil, wet.air)))
            if known % STORED_H == 0:
                self._stored.setdefault(known, state)

    def _stepped(self, hour: int, state: Wet) -> Wet:
        begin = self.begin + hour * HOUR
        fallen = self.rate(begin + STEP // 2 + STEP * np.arange(STEPS, dtype=np.int64)) * (STEP / HOUR)
        keep = [1.0, *(float(np.exp(-STEP / HOUR / h)) for h in (SOIL_H, AIR_H))]
        parts = []
        for share, first in zip(keep, (state.total, state.soil, state.air), strict=True):
            steps = np.empty((self.count, STEPS + 1))
            steps[:, 0] = first
            for step in range(STEPS):
                steps[:, step + 1] = steps[:, step] * share + fallen[:, step]
            parts.append(steps)
        return Wet(*parts)
