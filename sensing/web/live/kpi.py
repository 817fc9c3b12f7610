"""Figures that are true: counted from the model and from rows that were read, over the last ten seconds, and the ledger's own verdict."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from sensing.events import OPEN
from sensing.model import Micros
from sensing.thresholds import SEVERITIES

from .city import City, Standing

SPAN_S = 10.0
_SAMPLES = 200
"""Delays kept of each second."""


class _Second(Struct):
    """What was read within a second. delays: from the door's stamp to being read, microseconds; some of them."""

    at: float
    rows: int = 0
    delays: list[int] = []


class Pace:
    """Rows read, by run."""

    def __init__(self) -> None:
        self._seconds: dict[str, deque[_Second]] = {}
        self._since = time.monotonic()

    def count(self, run: str, seen: Micros, received: Micros) -> None:
        """One row."""
        mine = self._seconds.get(run)
        if mine is None:
            mine = self._seconds[run] = deque()
        if not mine or time.monotonic() - mine[-1].at >= 1.0:
            mine.append(_Second(time.monotonic(), 0, []))
        now = mine[-1]
        now.rows += 1
        if len(now.delays) < _SAMPLES:
            now.delays.append(max(0, seen - received))

    def settle(self, run: str) -> None:
        """Forget what is older than the span."""
        mine = self._seconds.get(run)
        while mine and time.monotonic() - mine[0].at > SPAN_S:
            mine.popleft()

    def told(self, runs: Iterable[str]) -> dict[str, float | None]:
        """rate: rows a second; lag_ms, lag_p99_ms: half and 99 % of rows were in our hands so long after the door had them; None without rows."""
        seconds = [each for run in runs for each in self._seconds.get(run, ())]
        delays = sorted(delay for each in seconds for delay in each.delays)
        span = min(SPAN_S, max(1.0, time.monotonic() - self._since))
        return {
            "rate": round(sum(each.rows for each in seconds) / span, 1),
            "lag_ms": round(delays[len(delays) // 2] / 1000) if delays else None,
            "lag_p99_ms": round(delays[int(len(delays) * 0.99)] / 1000) if delays else None,
        }


def figures(
    standings: Iterable[Standing], cities: Iterable[City], has: Any, pace: dict[str, float | None], ledger: str
) -> dict[str, Any]:
    """The figures of a view. has: whether a device is in it."""
    states = {"online": 0, "silent": 0, "new": 0}
    for standing in standings:
        states[standing.state] += 1
    severities = [0] * len(SEVERITIES)
    for city in cities:
        for event in city.events.values():
            if event.state == OPEN and has(event.device):
                severities[event.severity] += 1
    return {
        **states, "total": sum(states.values()), "open_events": sum(severities),
        "by_severity": dict(zip(SEVERITIES, severities, strict=True)), "ledger": ledger, **pace,
        "drill": any(city.run and city.origin != "live" for city in cities),
    }  # fmt: skip
