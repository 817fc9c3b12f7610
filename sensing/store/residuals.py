"""Hourly means of what is left of a value once something known is taken away at its very time: a tide, or what another value makes of it.

A mean of levels says nothing of a tide when half of the hour is missing; a mean of residuals does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from sensing.checks import converted, judge, tides
from sensing.checks.beside import IN_STACK
from sensing.checks.nearby import Member
from sensing.checks.waters import SEA, water
from sensing.times import HOUR

from .hours import Mean
from .spans import Spans, Stretch

CONVERTED, OXYGEN = "{}_converted", "hj212_a19001"
_LEVELS = ("water_level",)
_DIGITS = 6
_RESIDUAL = 1 << 20
"""Added to the configuration: means of levels, from before a gauge's water was known, are not looked back on."""
Sibling = Callable[[int, str], int | None]
"""The series of another property of the same thing, statistic, channel and run."""


def residual(member: Member, name: str) -> bool:
    """Whether what is kept of a datastream are residuals."""
    if name in _LEVELS:
        found = water(member.beside)
        return found is not None and found.kind == SEA
    return member.beside.level == IN_STACK


def means(spans: Spans, some: Iterable[tuple[Member, str]], hour: int, sibling: Sibling) -> dict[int, Mean]:
    """Of one hour, by series; those that have none are left out."""
    wanted = list(some)
    others = {one.series: (sibling(one.series, CONVERTED.format(name)), sibling(one.series, OXYGEN)) for one, name in wanted
              if name not in _LEVELS}  # fmt: skip
    numbers = {one.series for one, _ in wanted} | {each for pair in others.values() for each in pair if each is not None}
    read = spans.read(numbers, hour * HOUR, (hour + 1) * HOUR - 1) if numbers else {}
    found = {}
    for one, _ in wanted:
        stretch = read.get(one.series)
        if stretch is None or len(set(stretch[3])) != 1:
            continue
        good = np.array([code == judge.GOOD for code in stretch[2]])
        times, values = np.array(stretch[0])[good], np.array(stretch[1])[good]
        left = _of_stack(times, values, read, others[one.series]) if one.series in others else values - _tide(one, times)
        left = left[~np.isnan(left)]
        if len(left):
            found[one.series] = round(float(left.mean()), _DIGITS), int(stretch[3][0]) + _RESIDUAL
    return found


def _tide(one: Member, times: Any) -> Any:
    known = water(one.beside)
    assert known is not None
    assert known.coast is not None
    return tides.tide(known.coast, times)


def _of_stack(times: Any, values: Any, read: Mapping[int, Stretch], pair: tuple[int | None, int | None]) -> Any:
    if pair[0] is None or pair[1] is None or pair[0] not in read or pair[1] not in read:
        return np.zeros(0)
    there = [dict(zip(read[number][0], read[number][1], strict=True)) for number in pair if number is not None]
    beside = [np.array([each.get(time, np.nan) for time in times.tolist()]) for each in there]
    return converted.residuals(values, *beside)
