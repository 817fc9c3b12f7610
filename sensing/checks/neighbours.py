"""A series beside those that measure the same near it: how far it has departed from them. Pure, in columns.

Values are medians of an hour, in `SPAN` hours of which the last is judged. A pair's usual difference is where most of its differences lie
(`usual`): one that drifts smears over many values, one that stands its ground piles up, and days of drift after a sound day leave it
where it was. What is more than usual is the pair's departure; a series' departure is the median over its neighbours, and how far these are
from agreeing on it says how much it is worth: a gradient of pressure at the rim of an eye is no drift.

    with two neighbours and more    doubted when they agree on it
    with one                        either may be the one: doubted is who also departs from those further away; where nobody is, and the
                                    rule allows it, who moved while the other stood still
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from msgspec import Struct

SPAN = 36
"""Hours that a pair's usual difference is found in, the judged one among them."""
_AGREE = 3.0
"""Departure over the neighbours' own disagreement."""
_TIDES = 13
"""Hours over which those further away are compared: a tide and its delay even out."""
_CLEARLY = 1.5
_NEARLY = 0.6
_LASTS = 3
_SUDDEN = 6
"""A departure that came within so many hours, in one step, is no drift."""
SOUND, DRIFT, APART = range(3)


Further = Callable[[Any], tuple[Any, Any]]
"""Of some series: those further away, (m, L, SPAN), and the same of their only neighbours."""


class Found(Struct, frozen=True):
    """Of each series: code (SOUND, DRIFT, APART), departure in the property's unit, neighbours that it was told from."""

    codes: Any
    departures: Any
    counts: Any


def usual(differences: Any, width: float) -> Any:
    """Where most numbers of the last axis lie: the middle of the fullest stretch of `width`; NaN where all are.

    Of stretches that hold nearly as many, the one nearest to 0: an end of the scale, where one that drifts stands still, is not usual.
    """
    ordered = np.sort(differences, axis=-1)
    size = ordered.shape[-1]
    within = np.empty(ordered.shape, np.int64)
    for place in range(size):
        within[..., place] = (ordered <= ordered[..., place, None] + width).sum(-1) - place
    within[np.isnan(ordered)] = 0
    last = np.clip(np.arange(size) + within - 1, 0, size - 1)
    middle = (ordered + np.take_along_axis(ordered, last, -1)) / 2
    enough = within >= _NEARLY * within.max(-1, keepdims=True)
    best = np.where(enough & ~np.isnan(middle), np.abs(middle) // width - within / (size + 1), np.inf).argmin(-1)
    return np.take_along_axis(middle, best[..., None], -1)[..., 0]


def judge(own: Any, near: Any, further: Further, room: float, *, slow: float | None = None, alone: bool = False) -> Found:
    """Judge the last hour of n series.

    own: (n, SPAN). near: (n, K, SPAN), NaN where there is none. further: asked about series by their places only where it matters. room: what a departure
    must exceed. slow: only what came by less than this in each hour is doubted, for what comes at once may be true of one place: a leak, a
    fire. alone: of two that nobody else can tell apart the one that moved is.
    """
    found = Found(np.zeros(len(own), np.int8), np.zeros(len(own)), np.zeros(len(own), np.int64))
    some = np.nonzero(_moved(own, near, room))[0]
    if not len(some):
        return found
    own, near = own[some], near[some]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # all NaN: no neighbour then
        apart = own[:, None, :] - near
        apart -= usual(apart, room)[..., None]
        pace = np.nan_to_num(np.abs(np.nanmedian(near[..., -1] - near[..., -2], axis=1)))
        by_hour = np.nanmedian(apart, axis=1)
        departure = by_hour[:, -1]
        spread = np.nanmedian(np.abs(apart[..., -1] - departure[:, None]), axis=1)
    counts = (~np.isnan(apart[..., -1])).sum(1)
    with np.errstate(invalid="ignore"):
        doubted = (np.abs(departure) > room + pace) & (np.abs(departure) > _AGREE * spread)
        steps = np.abs(np.diff(by_hour, axis=1)) > (room if slow is None else slow)
        lasts = (np.sign(by_hour[:, -_LASTS:]) == np.sign(departure)[:, None]).all(1)
    sudden = steps[:, -_SUDDEN:].any(1)
    if slow is not None:
        doubted &= ~steps.any(1) & lasts
    lone = np.nonzero(doubted & (counts == 1))[0]
    if len(lone):
        doubted[lone] = _blamed(own[lone], near[lone], *further(some[lone]), room) | (
            alone and _moved_alone(own[lone], near[lone], by_hour[lone], room)
        )
    found.codes[some] = np.where(doubted, np.where(sudden, APART, DRIFT), SOUND)
    found.departures[some], found.counts[some] = np.nan_to_num(departure), counts
    return found


def _moved(own: Any, near: Any, room: float) -> Any:
    """Whether a series can have departed at all: most of its differences have a range of more than `room`. Nearly none has."""
    apart = own[:, None, :] - near
    lasts = ~np.isnan(apart[..., -1])
    low = np.where(np.isnan(apart), np.inf, apart).min(-1)
    high = np.where(np.isnan(apart), -np.inf, apart).max(-1)
    return (lasts & (high - low > room)).sum(1) * 2 >= np.maximum(lasts.sum(1), 1)


def _blamed(own: Any, near: Any, far: Any, far_of_near: Any, room: float) -> Any:
    """Of pairs that part: whether it is `own` that also departs from those further away, and clearly more than the other."""
    there = ~np.isnan(near[..., -1])
    only = near[np.arange(len(near)), there.argmax(1)]
    mine, theirs = _further(own, far, room), _further(only, far_of_near, room)
    with np.errstate(invalid="ignore"):
        now = (mine[0] > room / 2) & (theirs[0] < room / 2)
        since = (mine[1] > room / 2) & (mine[1] > _CLEARLY * theirs[1])
        return (mine[0] > _CLEARLY * theirs[0]) & (now | since)


def _moved_alone(own: Any, near: Any, by_hour: Any, room: float) -> Any:
    """Of pairs that part: whether `own` has moved by more than `room` since they last agreed, and by twice as much as the other."""
    there = ~np.isnan(near[..., -1])
    only = near[np.arange(len(near)), there.argmax(1)]
    rows, hours = np.arange(len(own)), own.shape[1]
    with np.errstate(invalid="ignore"):
        agreed = np.abs(by_hour) < room / 2
        since = hours - 1 - agreed[:, ::-1].argmax(1)
        mine, theirs = np.abs(own[:, -1] - own[rows, since]), np.abs(only[:, -1] - only[rows, since])
        return agreed.any(1) & (mine > room) & (mine > 2 * theirs)


def _further(own: Any, far: Any, room: float) -> tuple[Any, Any]:
    """How far each is from those further away: in the last hour, and in the mean of the last hours; NaN of none."""
    apart = own[:, None, :] - far
    apart -= usual(apart, room)[..., None]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        mean = np.nanmean(apart[..., -_TIDES:], axis=-1)
        return np.abs(np.nanmedian(apart[..., -1], axis=1)), np.abs(np.nanmedian(mean, axis=1))
