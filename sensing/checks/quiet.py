"""A level that changes though nothing makes it, and one that stands still though much should: rain and the waters around tell. Pure, in columns.

    dry      hours in which less than `dry` mm fell around in the 24 hours before, and most waters around stand still
    base     the level as it was when the dry hours began
    alone    it departs from its base by more than `room`, for hours and by and by: what comes at once is a gate, a pump, a burst main, and real;
             and what falls ever slower is the end of a flood
    on       who departed clearly is doubted on for `STAYS` hours when rain comes, until its level comes back to its base

    blocked  the level has not moved for a day in which more than `wet` mm fell around, while most waters around moved

Nothing is said where no rain is measured.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

LOOK = 48
"""Hours that are looked at, the judged one the last of them."""
DAY_H = 24
STAYS = 12
_LEAST_H = 6
"""Dry hours before anything is said."""
_LASTS = 3
_STEP = 0.45
"""A part of the departure that came within one hour and is more than this is no drift."""
_SLOWER = 0.8
_CLEARLY = 2.0
_SHRUNK = 0.6
_BACK = 0.4
_CROWD = 3
_STILL = 0.6
_MOST = 0.5
OVER_H = 6
"""A level moves or not over so many hours."""
_WAITS_H = 6


def day_sums(rain: Any) -> Any:
    """Rain of the 24 hours up to each, mm, shape (n, H); unknown hours count nothing, NaN where the hour itself is unknown."""
    total = np.cumsum(np.nan_to_num(rain), axis=1)
    total[:, DAY_H:] -= total[:, :-DAY_H].copy()
    return np.where(np.isnan(rain), np.nan, total)


def moving(levels: Any, by: float) -> Any:
    """Whether each hour's level is more than `by` above the earliest known of the six hours before (1), or below it (-1); NaN where none is.

    levels: (n, H).
    """
    before = np.full(levels.shape, np.nan)
    for back in range(1, OVER_H + 1):  # the last to write is the earliest
        earlier = levels[:, :-back]
        before[:, back:] = np.where(np.isnan(earlier), before[:, back:], earlier)
    change = levels - before
    with np.errstate(invalid="ignore"):
        return np.where(np.isnan(change), np.nan, np.where(np.abs(change) > by, np.sign(change), 0.0))


def still(others: Any) -> Any:
    """Whether no flood and no end of one is under way around, (n, H), from `moving` of others (n, K, H): few move the same way, and some stand still.

    Where fewer than three are known nobody says otherwise.
    """
    known = (~np.isnan(others)).sum(1)
    with np.errstate(invalid="ignore"):
        up, down = (others > 0).sum(1), (others < 0).sum(1)
    return (known < _CROWD) | ((np.maximum(up, down) <= (1 - _STILL) * known) & (up + down <= _MOST * known))


def alone(own: Any, rain: Any, calm: Any, room: float, dry: float) -> tuple[Any, Any]:
    """Whether the last hour of n levels is doubted, and by how much each departs from its base.

    own: (n, LOOK) hourly levels; rain: (n, LOOK) mm an hour around; NaN where unknown. calm: (n, LOOK), see `still`.
    """
    with np.errstate(invalid="ignore"):
        quiet = (day_sums(rain) <= dry) & calm
    found, departures = np.zeros(len(own), bool), np.zeros(len(own))
    for row in np.nonzero(_may(own, quiet, room))[0].tolist():
        found[row], departures[row] = _one(own[row], quiet[row], room)
    return found, departures


def _may(own: Any, quiet: Any, room: float) -> Any:
    """Whether there can be anything: the level is known, and departed by more than `room` in the last dry stretch. Nearly none has."""
    rows, hours = np.arange(len(own)), own.shape[1]
    dry = quiet & ~np.isnan(own)
    last = hours - 1 - dry[:, ::-1].argmax(1)
    before = np.where(np.arange(hours) < last[:, None], ~quiet, False)
    first = np.where(before.any(1), hours - before[:, ::-1].argmax(1), 0)
    base = (dry & (np.arange(hours) >= first[:, None])).argmax(1)
    with np.errstate(invalid="ignore"):
        departed = np.abs(own[rows, last] - own[rows, base]) > np.where(last < hours - 1, _CLEARLY, 1.0) * room
    return dry[:, -STAYS - 1 :].any(1) & ~np.isnan(own[:, -1]) & departed


def _one(own: Any, quiet: Any, room: float) -> tuple[bool, float]:
    """Of one level: the last dry stretch, and what came after it."""
    known = ~np.isnan(own)
    last = int(np.nonzero(quiet & known)[0].max(initial=-1))
    if last < len(own) - 1 - STAYS:
        return False, 0.0
    wet = np.nonzero(~quiet[: last + 1])[0]
    first = int(wet.max()) + 1 if len(wet) else 0
    places = np.nonzero(known[first : last + 1])[0] + first
    if len(places) < _LASTS or places[-1] - places[0] < _LEAST_H:
        return False, 0.0
    base = own[places[0]]
    by = own[places] - base
    now, end = float(own[-1] - base), float(by[-1])
    after = own[last:][known[last:]] - base
    on = last == len(own) - 1 or (abs(end) > _CLEARLY * room and _stays(after * np.sign(end), abs(end), room))
    lasts = bool((np.sign(by[-_LASTS:]) == np.sign(end)).all()) and bool((np.abs(by[-_LASTS:]) > room / 2).all())
    steps = np.diff(by) / np.diff(places)
    slowly = len(steps) > 0 and float(np.abs(steps).max()) <= _STEP * abs(end)
    return bool(abs(end) > room and abs(now) > room and on and lasts and slowly and not _settling(places, by)), now


def _stays(after: Any, end: float, room: float) -> bool:
    """Whether a departure of `end` is still there after the dry hours: never back at the base, nor most of the way in one step."""
    return bool((after > max(room, _SHRUNK * end)).all() and (np.diff(after) > -_BACK * end).all())


def _settling(places: Any, by: Any) -> bool:
    """Whether a level falls ever slower: the end of a flood."""
    if by[-1] >= 0:
        return False
    half = int(np.searchsorted(places, (places[0] + places[-1]) // 2))
    return bool(by[-1] - by[half] > _SLOWER * by[half])


def blocked(own: Any, rain: Any, others: Any, room: float, wet: float) -> tuple[Any, Any]:
    """Whether the last hour of n levels is doubted for it stands still in a flood, and how much rain fell in the day, mm.

    others: `moving` of the waters around, (n, K, LOOK). The rain was enough some hours ago: water takes its time.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        day = own[:, -DAY_H:]
        stands = np.nanmax(day, axis=1) - np.nanmin(day, axis=1) <= room / 4
        sums = day_sums(rain)[:, -1 - _WAITS_H]
    known = (~np.isnan(others[..., -1])).sum(1)
    with np.errstate(invalid="ignore"):
        moved = (others[..., -1] > 0).sum(1)
        flood = (known >= _CROWD) & (moved > _STILL * known) & (sums > wet)
    return flood & stands & ~np.isnan(own[:, -1]), np.nan_to_num(sums)
