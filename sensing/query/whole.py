"""What needs every row of a bucket at once: percentiles, and sums of amounts that were told for periods.

A sum adds each moment once. Periods of one statistic may overlap (an hour's rain told every five minutes): of those that lie within the
bucket, the chain that ends earliest each time is added, the others are not. A period that reaches over the bucket's edge counts nowhere.
Clocks are not perfect: a tenth of its own length is nothing in both.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from sensing.errors import UsageError

MOST = 100_000_000
_AMOUNT = re.compile(r"sum/P(T\d+[SMH]|\d+D)")


def slack(begin: Any, time: Any) -> Any:
    """By how much periods may reach over an edge."""
    return (time - begin) // 10


def adds_up(statistic: str) -> bool:
    """Whether values of a statistic are amounts of a period of fixed length: sum/PT5M, sum/PT1H, sum/P1D."""
    return _AMOUNT.fullmatch(statistic) is not None


class Whole:
    """Rows kept for the end, columns side by side."""

    def __init__(self) -> None:
        self._parts: list[tuple[Any, ...]] = []
        self._rows = 0

    def add(self, *columns: Any) -> None:
        """More rows: series, bucket, and what else. Raises UsageError when they are more than memory should hold."""
        self._rows += len(columns[0])
        if self._rows > MOST:
            raise UsageError(f"percentiles and sums of more than {MOST:,} rows", "ask for fewer devices or less time")
        self._parts.append(columns)

    def rows(self, *, by: int) -> tuple[Any, ...]:
        """All, sorted by series, bucket and the column number `by`."""
        columns = tuple(np.concatenate(column) for column in zip(*self._parts, strict=True)) if self._parts else ()
        if not columns:
            return ()
        order = np.lexsort((columns[by], columns[1], columns[0]))
        return tuple(column[order] for column in columns)


def percentiles(rows: tuple[Any, ...], series: Any, bucket: Any, share: float) -> Any:
    """Of each (series, bucket), between the two nearest values in proportion; NaN where there are none. rows: sorted by value."""
    found = np.full(len(series), np.nan)
    if not rows:
        return found
    starts, counts, places = _groups(rows, series, bucket)
    values, place = rows[2], (counts - 1) * share
    low = np.floor(place).astype(np.int64)
    below, above = values[starts + low], values[starts + np.minimum(low + 1, counts - 1)]
    found[places] = below + (above - below) * (place - low)
    return found


def sums(rows: tuple[Any, ...], series: Any, bucket: Any) -> tuple[Any, Any]:
    """(sum, how many rows it adds) of each (series, bucket). rows: series, bucket, time, begin, value, sorted by time."""
    found, added = np.full(len(series), np.nan), np.zeros(len(series), dtype=np.int64)
    if not rows:
        return found, added
    starts, counts, places = _groups(rows, series, bucket)
    chosen = _disjoint(rows[2], rows[3], starts, counts)
    found[places] = np.add.reduceat(np.where(chosen, rows[4], 0.0), starts)
    added[places] = np.add.reduceat(chosen.astype(np.int64), starts)
    return found, added


def _groups(rows: tuple[Any, ...], series: Any, bucket: Any) -> tuple[Any, Any, Any]:
    """Where each group of rows begins, how many they are, and which of the (sorted) lines it is."""
    changed = np.ones(len(rows[0]), dtype=bool)
    changed[1:] = (rows[0][1:] != rows[0][:-1]) | (rows[1][1:] != rows[1][:-1])
    starts = np.nonzero(changed)[0]
    counts = np.diff(np.append(starts, len(rows[0])))
    return starts, counts, _among(series, bucket, rows[0][starts], rows[1][starts])


def _among(series: Any, bucket: Any, own_series: Any, own_bucket: Any) -> Any:
    """Which of the sorted lines each of these is; every one is among them."""
    both, all_buckets = np.concatenate((series, own_series)), np.concatenate((bucket, own_bucket))
    order = np.lexsort((all_buckets, both))
    changed = np.ones(len(order), dtype=np.int64)
    changed[1:] = (both[order][1:] != both[order][:-1]) | (all_buckets[order][1:] != all_buckets[order][:-1])
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.cumsum(changed) - 1
    return place[len(series) :]


def _disjoint(time: Any, begin: Any, starts: Any, counts: Any) -> Any:
    """Rows whose periods do not overlap, within each group, earliest end first."""
    chosen = np.ones(len(time), dtype=bool)
    inside = np.ones(len(time), dtype=bool)
    inside[starts] = False
    begin = begin + slack(begin, time)
    overlaps = inside & (begin < np.concatenate(([0], time[:-1])))
    touched = np.unique(np.searchsorted(starts, np.nonzero(overlaps)[0], "right") - 1)
    for group in touched.tolist():
        end = None
        for row in range(int(starts[group]), int(starts[group] + counts[group])):
            if end is not None and begin[row] < end:
                chosen[row] = False
            else:
                end = time[row]
    return chosen
