"""How far to go back: a server may acknowledge before it has a point on its disk (VictoriaMetrics: some 7 s before).

The trail remembers where the cursor stood at each confirmation of the last `overlap_s` seconds. A server that went away at any time since
then may have lost what it confirmed in the seconds before, so after a reconnection the cursor returns to the lowest of them.
Points are identical when they are sent again, so the only cost is the sending.

Time is the trail's own: it runs while the process does, goes on where the last process's ended, and no clock can turn it back.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from time import monotonic

GRAIN_MS = 250
"""Confirmations of one grain of time are one step."""
Step = tuple[int, int]
"""(end of the grain, milliseconds of the trail's own time; the lowest cursor before what was confirmed in it)."""


class Trail:
    """The steps of one target, oldest first; `steps` are those that an earlier process left."""

    def __init__(self, overlap_s: float, steps: Iterable[Step] = (), clock: Callable[[], float] = monotonic) -> None:
        self._overlap_ms = int(overlap_s * 1000) + GRAIN_MS
        self._clock = clock
        self.steps: deque[Step] = deque(sorted(steps))
        self._base_s = (self.steps[-1][0] / 1000 if self.steps else 0.0) - clock()

    def confirmed(self, before: int) -> Step:
        """Remember that what follows the cursor `before` was confirmed just now; returns the step that says so."""
        grain = int((self._base_s + self._clock()) * 1000) // GRAIN_MS
        step = ((grain + 1) * GRAIN_MS, before)
        if self.steps and self.steps[-1][0] == step[0]:
            step = (step[0], min(before, self.steps.pop()[1]))
        self.steps.append(step)
        while self.steps[0][0] < self.oldest():
            self.steps.popleft()
        return step

    def oldest(self) -> int:
        """Steps that ended before this are durable at the server, whenever it went away."""
        return self.steps[-1][0] - self._overlap_ms if self.steps else 0

    def back(self, cursor: int) -> int:
        """Where to send again from: the lowest cursor of the last seconds in which anything was confirmed."""
        return min([cursor, *(before for _, before in self.steps)])
