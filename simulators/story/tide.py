"""Astronomical tide of Xiamen bay and the coast around it: a sum of five cosines.

APPROXIMATE. The amplitudes are not a published analysis: their ratios are typical of the coast, and their size is fitted so that the
mean range is 3.99 m about a mean level of 3.7 m above the local zero (regular semidiurnal). Phases follow sun and moon, so that springs
come about two days after new and full moon, but high water is not meant to match a tide table. Nodal factors, shallow-water
constituents and weather are left out. A coast station has a factor of the bay's range, a delay and a mean level of its own.

Arguments of sun and moon: J. Meeus, Astronomical Algorithms, 2nd ed., ch. 25 and 47 (mean longitudes, linear terms).
Constituents from them: P. Schureman, Manual of Harmonic Analysis and Prediction of Tides (1958), table 2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sensing.times import DAY, MINUTE

from .land import Coast

Array = NDArray[np.float64]

J2000 = 946_728_000 * 1_000_000
"""2000-01-01 12:00 UTC, microseconds."""


@dataclass(frozen=True)
class Constituent:
    """amplitude: m. phase: Greenwich phase lag, degrees. hour_angle, moon, sun, perigee: multiples of the arguments; add: degrees."""

    name: str
    amplitude: float
    phase: float
    hour_angle: int
    moon: int
    sun: int
    perigee: int = 0
    add: float = 0.0


XIAMEN = (
    Constituent("M2", 1.926, 136.0, 2, -2, 2),
    Constituent("S2", 0.555, 185.0, 2, 0, 0),
    Constituent("N2", 0.358, 116.0, 2, -3, 2, 1),
    Constituent("K1", 0.340, 290.0, 1, 0, 1, add=90.0),
    Constituent("O1", 0.280, 245.0, 1, -2, 1, add=-90.0),
)


def level(coast: Coast, times: NDArray[np.int64]) -> Array:
    """Sea level without weather at a coast station, m above the local zero. times: microseconds UTC, shape (n,)."""
    return np.asarray(coast.mean + coast.factor * _departure(times - int(coast.delay_min * MINUTE)))


def _departure(times: NDArray[np.int64]) -> Array:
    days = (times - J2000) / DAY
    hour_angle = 360.0 * (np.mod(times, DAY) / DAY) + 180.0
    moon = 218.3165 + 13.17639648 * days
    sun = 280.4665 + 0.98564736 * days
    perigee = 83.3532 + 0.11140353 * days
    total = np.zeros(len(times))
    for each in XIAMEN:
        angle = each.hour_angle * hour_angle + each.moon * moon + each.sun * sun + each.perigee * perigee + each.add
        total += each.amplitude * np.cos(np.radians(angle - each.phase))
    return total
