"""Curves through points: cubics by their values and tangents (Hermite), smooth or never overshooting.

All take x, rising, and y and tangents of the same length; `at` within x.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def smooth(x: Array, y: Array) -> Array:
    """Tangents of a smooth curve through points: those of the parabola through each and its neighbours."""
    if len(x) == 2:
        return np.full(2, (y[1] - y[0]) / (x[1] - x[0]))
    steps = np.diff(x)
    rises = np.diff(y) / steps
    inner = (rises[:-1] * steps[1:] + rises[1:] * steps[:-1]) / (steps[:-1] + steps[1:])
    return np.concatenate(([rises[0]], inner, [rises[-1]]))


def monotone(x: Array, y: Array) -> Array:
    """Tangents that never overshoot: the harmonic mean of the slopes on both sides, 0 at a peak
    (Fritsch and Butland 1984, SIAM J. Sci. Stat. Comput. 5; PCHIP).
    """
    if len(x) == 2:
        return np.full(2, (y[1] - y[0]) / (x[1] - x[0]))
    steps = np.diff(x)
    rises = np.diff(y) / steps
    before, after = 2 * steps[1:] + steps[:-1], steps[1:] + 2 * steps[:-1]
    same = rises[:-1] * rises[1:] > 0
    safe = np.where(same, before / np.where(same, rises[:-1], 1.0) + after / np.where(same, rises[1:], 1.0), 1.0)
    return np.concatenate(([rises[0]], np.where(same, (before + after) / safe, 0.0), [rises[-1]]))


def along(x: Array, y: Array, tangents: Array, at: Array) -> Array:
    """The curve's values."""
    index, step, part = _piece(x, at)
    square, cube = part * part, part * part * part
    return np.asarray(
        (2 * cube - 3 * square + 1) * y[index]
        + (cube - 2 * square + part) * step * tangents[index]
        + (3 * square - 2 * cube) * y[index + 1]
        + (cube - square) * step * tangents[index + 1]
    )


def slope(x: Array, y: Array, tangents: Array, at: Array) -> Array:
    """Its slopes, a unit of x."""
    index, step, part = _piece(x, at)
    square = part * part
    return np.asarray(
        6 * (square - part) / step * (y[index] - y[index + 1])
        + (3 * square - 4 * part + 1) * tangents[index]
        + (3 * square - 2 * part) * tangents[index + 1]
    )


def _piece(x: Array, at: Array) -> tuple[NDArray[np.int64], Array, Array]:
    index = np.clip(np.searchsorted(x, at, side="right") - 1, 0, len(x) - 2)
    step = x[index + 1] - x[index]
    return index, step, (at - x[index]) / step
