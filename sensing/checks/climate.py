"""What the season and the hour of the day know: values outside are none of this place, by local time."""

from __future__ import annotations

from typing import Any

import numpy as np

from sensing.times import DAY, HOUR

from .limits import Limits

_LOCAL = 8 * HOUR


def strange(times: Any, values: Any, limits: Limits) -> Any:
    """Whether each value is outside of its month's or hour's span."""
    found = np.zeros(len(times), bool)
    if limits.months:
        spans = np.array(limits.months)
        month = ((times + _LOCAL) // DAY).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12
        found |= (values < spans[month, 0]) | (values > spans[month, 1])
    if limits.hours:
        spans = np.array(limits.hours)
        hour = (times + _LOCAL) % DAY // HOUR
        found |= (values < spans[hour, 0]) | (values > spans[hour, 1])
    return found


def inner(limits: Limits) -> tuple[float, float]:
    """A span within which no value is ever strange: for those who look quickly first."""
    spans = [*limits.months, *limits.hours]
    return max((low for low, _ in spans), default=float("-inf")), min((high for _, high in spans), default=float("inf"))
