"""Which events must exist: episodes of the TRUE values above the thresholds of their device. Written from docs, not from sensing/events.py.

A level is reached at or above it (`below`: at or under it), and counts once every sample has been there for `for` seconds. An episode
begins with the first sample of the stay that becomes an event, and ends with the first sample past the lowest level less `hysteresis`.
Only values that were sent are samples. An episode of which every sample that reached a level was said wrongly is `hidden`: nobody could know.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sensing.times import SECOND

from ..faults.kinds import FLAGGED, mask
from ..truth import SENT
from .tables import Column, Said, Series

SEVERITIES = ("watch", "warning", "danger")
_WRONG = mask(FLAGGED)
Key = tuple[str, str, str, str, str]
"""(kind, device, property, statistic, channel) of an event."""


@dataclass
class Expected:
    """An episode. steps: (severity, time) as they were reached. cadence: median µs between samples. end: None while it lasts."""

    series: int
    kind: str
    start: int
    end: int | None
    steps: list[tuple[int, int]]
    peak: float
    peak_time: int
    cadence: int
    hidden: bool = False

    @property
    def severity(self) -> int:
        return self.steps[-1][0]

    def reached(self, severity: int) -> int | None:
        """When a severity was reached; None when it was not."""
        return next((time for at, time in self.steps if at >= severity), None)


def judged(series: Sequence[Series], thresholds: Mapping[str, Mapping[str, Any]]) -> set[Key]:
    """What the truth speaks of: every datastream that its device has levels for, with the kind that events above them are of."""
    found: set[Key] = set()
    for device, name, statistic, channel in series:
        rule = thresholds.get(device, {}).get(name)
        if rule is not None and _covers(rule, statistic, channel):
            found.add((f"{name}_{'low' if rule.get('below') else 'high'}", device, name, statistic, channel))
    return found


def expected(said: Said, series: Sequence[Series], thresholds: Mapping[str, Mapping[str, Any]]) -> list[Expected]:
    """All episodes, by series and start. thresholds: by device, its setting of that name."""
    wanted = [number for number, (device, name, statistic, channel) in enumerate(series)
              if _covers(thresholds.get(device, {}).get(name), statistic, channel)]  # fmt: skip
    rows = np.nonzero((said.fate == SENT) & np.isin(said.series, wanted) & ~np.isnan(said.result))[0]
    rows = rows[np.lexsort((said.time[rows], said.series[rows]))]
    cuts = np.searchsorted(said.series[rows], wanted, "left"), np.searchsorted(said.series[rows], wanted, "right")
    found: list[Expected] = []
    for number, left, right in zip(wanted, *cuts, strict=True):
        device, name, _, _ = series[number]
        mine = rows[left:right]
        if len(mine):
            new = np.append(True, np.diff(said.time[mine]) > 0)
            wrong = np.logical_and.reduceat((said.kinds[mine] & _WRONG) != 0, np.nonzero(new)[0])
            mine = mine[new]
            found += episodes(number, name, said.time[mine], said.result[mine], wrong, thresholds[device][name])
    return found


def _covers(rule: Mapping[str, Any] | None, statistic: str, channel: str) -> bool:
    if rule is None:
        return False
    return statistic == rule.get("statistic", "instant") and rule.get("channel", "") in (channel, "*")


def episodes(
    number: int, name: str, times: Column, results: Column, wrong: Column, rule: Mapping[str, Any]
) -> Iterator[Expected]:
    """Episodes of one series. times: µs, rising. wrong: whether the sample was said wrongly."""
    sign = -1.0 if rule.get("below") else 1.0
    values = sign * results
    levels = [(sign * float(rule[word]), at) for at, word in enumerate(SEVERITIES) if word in rule]
    clear = round(levels[0][0] - float(rule.get("hysteresis", 0.0)), 9)
    hold = int(float(rule.get("for", 0)) * SECOND)
    reached = [(at, *_lasting(times, values, level, hold)) for level, at in levels]
    if not any(there.any() for _, there, _ in reached):
        return
    anywhere = np.nonzero(np.logical_or.reduce([there for _, there, _ in reached]))[0]
    below = np.nonzero(values < clear)[0]
    cadence = int(np.median(np.diff(times))) if len(times) > 1 else 0
    after = 0
    while True:
        at = int(np.searchsorted(anywhere, after))
        if at == len(anywhere):
            return
        first = int(anywhere[at])
        over = int(np.searchsorted(below, first))
        last = int(below[over]) if over < len(below) else len(times)
        start = int(reached[0][2][first])
        begin = int(np.searchsorted(times, start))
        peak = begin + int(np.argmax(values[begin:last]))
        yield Expected(
            number, f"{name}_{'low' if sign < 0 else 'high'}", start, int(times[last]) if last < len(times) else None,
            _steps(reached, times, first, last), float(results[peak]), int(times[peak]), cadence,
            bool(wrong[begin:last][values[begin:last] >= levels[0][0]].all()),
        )  # fmt: skip
        after = last


def _lasting(times: Column, values: Column, level: float, hold: int) -> tuple[Column, Column]:
    """Where a level is reached and has lasted, and since when the samples have been there."""
    there = values >= level
    starts = there & ~np.append(False, there[:-1])
    since = times[np.maximum.accumulate(np.where(starts, np.arange(len(times)), 0))]
    return there & (times - since >= hold), since


def _steps(reached: Sequence[tuple[int, Column, Column]], times: Column, first: int, last: int) -> list[tuple[int, int]]:
    """Severities in the order they were reached, each higher than those before."""
    firsts = []
    for severity, there, _ in reached:
        inside = np.nonzero(there[first:last])[0]
        if len(inside):
            firsts.append((first + int(inside[0]), severity))
    steps: list[tuple[int, int]] = []
    for at, severity in sorted(firsts, key=lambda one: (one[0], -one[1])):
        if not steps or severity > steps[-1][0]:
            steps.append((severity, int(times[at])))
    return steps
