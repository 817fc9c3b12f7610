"""What is known of a bucket so far: rows of one piece come to one line a bucket, lines of several pieces to one again.

A line: how many rows count and how many do not, sum, least, greatest, first and last with their times and places, and for
directions the sum of unit vectors. Everything is numpy arrays of one length, sorted by series and bucket.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

Lines = dict[str, Any]
_ADDED = ("count", "left_out", "valued", "total", "sin", "cos")
_FAR = np.iinfo(np.int64).max


def lines(
    series: Any, bucket: Any, time: Any, value: Any, used: Any, places: tuple[Any, Any] | None, *, directions: Any
) -> Lines:
    """One line a bucket. value is NaN where there is none; used: which rows count; directions: which are degrees, None when none is."""
    order = _order(series, bucket, time)
    if order is not None:
        series, bucket, time, value, used = (each[order] for each in (series, bucket, time, value, used))
        places = None if places is None else (places[0][order], places[1][order])
        directions = None if directions is None else directions[order]
    starts = _starts(series, bucket)
    valued = used & ~np.isnan(value)
    plain = np.where(valued, value, 0.0)
    found: Lines = {
        "series": series[starts], "bucket": bucket[starts],
        "count": np.add.reduceat(used.astype(np.int64), starts), "left_out": np.add.reduceat((~used).astype(np.int64), starts),
        "valued": np.add.reduceat(valued.astype(np.int64), starts), "total": np.add.reduceat(plain, starts),
        "least": np.minimum.reduceat(np.where(valued, value, np.inf), starts),
        "greatest": np.maximum.reduceat(np.where(valued, value, -np.inf), starts),
    }  # fmt: skip
    angle = np.radians(plain) if directions is not None else None
    for name, function in (("sin", np.sin), ("cos", np.cos)):
        turned = (
            np.zeros(len(starts))
            if angle is None
            else np.add.reduceat(np.where(valued & directions, function(angle), 0.0), starts)
        )
        found[name] = turned
    row = np.arange(len(series))
    first = np.minimum.reduceat(np.where(used, row, len(row)), starts)
    last = np.maximum.reduceat(np.where(used, row, -1), starts)
    none = last < 0
    for name, at, far in (("first", np.minimum(first, len(row) - 1), _FAR), ("last", np.maximum(last, 0), -_FAR)):
        found[f"{name}_time"] = np.where(none, far, time[at])
        found[name] = np.where(none, np.nan, value[at])
    at = np.maximum(last, 0)
    for name, column in zip(("lon", "lat"), places or (None, None), strict=True):
        found[name] = np.full(len(starts), np.nan) if column is None else np.where(none, np.nan, column[at])
    return found


def joined(parts: Sequence[Lines]) -> Lines:
    """Lines of several pieces as one line a bucket."""
    if len(parts) == 1:
        return parts[0]
    whole = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    order = np.lexsort((whole["bucket"], whole["series"]))
    whole = {name: column[order] for name, column in whole.items()}
    starts = _starts(whole["series"], whole["bucket"])
    found: Lines = {name: whole[name][starts] for name in ("series", "bucket")}
    found |= {name: np.add.reduceat(whole[name], starts) for name in _ADDED}
    found["least"] = np.minimum.reduceat(whole["least"], starts)
    found["greatest"] = np.maximum.reduceat(whole["greatest"], starts)
    group = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(order))))
    for name, column, pick in (("first", "first_time", np.minimum), ("last", "last_time", np.maximum)):
        best = pick.reduceat(whole[column], starts)
        hit = np.nonzero(whole[column] == best[group])[0]
        at = hit[np.unique(group[hit], return_index=True)[1]]
        found[column], found[name] = best, whole[name][at]
        if name == "last":
            found |= {place: whole[place][at] for place in ("lon", "lat")}
    return found


def _order(series: Any, bucket: Any, time: Any) -> Any:
    """What puts rows in order by series and time; None when they are, as those of a file."""
    if len(series) < 2:
        return None
    step = series[1:] - series[:-1]
    if np.all((step > 0) | ((step == 0) & (time[1:] >= time[:-1]) & (bucket[1:] >= bucket[:-1]))):
        return None
    return np.lexsort((time, bucket, series))


def _starts(series: Any, bucket: Any) -> Any:
    changed = np.ones(len(series), dtype=bool)
    changed[1:] = (series[1:] != series[:-1]) | (bucket[1:] != bucket[:-1])
    return np.nonzero(changed)[0]
