"""Rain of a typhoon, and of plum-rain showers. Rates in mm/h.

Typhoon: R-CLIPER (R. Tuleya, M. DeMaria, J. Kuligowski 2007, Wea. Forecasting 22, 56-70): a mean over all bearings by distance and strength,
after satellite rain (Lonfat, Marks, Chen 2004, Mon. Wea. Rev. 132). On it, as in PHRaM (Lonfat et al. 2007, Mon. Wea. Rev. 135):
- more rain ahead of the storm than behind it;
- two spiral bands that turn about the centre, and cells on them: both leave the mean as it was;
- lifting by hills: what the wind carries up a slope condenses (Smith 1979's upslope model) and a share of it falls; less in the lee.

Plum rain: round Gaussian cells that cross the country from the south-west on straight ways (Northrop 1998, Proc. R. Soc. A 454), and a
weak steady rain of the front that comes and goes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from sensing.times import HOUR

from ..clock import dice
from .noise import smooth
from .sites import Sites
from .track import KNOT, TEN_MINUTES
from .wind import Vortex

Array = NDArray[np.float64]

_INCH_A_DAY = 25.4 / 24
_BANDS = 1.0
"""How sharp the bands are: the exponent's amplitude."""
_MEAN_OF_BANDS = 1.266066
"""I0(1), the mean of exp(cos x)."""
_CELLS = 0.6
VAPOUR = 0.020
"""kg/m3 of water in the air of a storm."""
FALLS = 0.30
"""Share of what condenses over a slope that falls on it (Smith 1979: 0.3 or so on hills of this width)."""


def typhoon(storm: Vortex, wind: tuple[Array, Array], seed: int, sites: Sites, times: NDArray[np.int64]) -> Array:
    """Rain of a storm, shape (places, times). wind: at the places, east and north, m/s."""
    steady = cliper(storm) * _ahead(storm) * _bands(storm, seed, times)
    cells = smooth(seed, "cells", sites, times / HOUR, km=7.0, h=0.4)
    rate = steady * np.exp(_CELLS * cells - 0.5 * _CELLS**2)
    return np.asarray(np.maximum(rate * _lee(sites, wind) + _lifted(sites, wind, steady), 0.0))


def cliper(storm: Vortex) -> Array:
    """R-CLIPER's mean rain at a distance, mm/h; its wind is the 1-minute one in knots."""
    strength = np.clip(storm.centre.wind / KNOT / TEN_MINUTES, 20.0, 150.0)
    scale = 1.0 + (strength - 35.0) / 33.0
    middle = np.maximum(-1.10 + 3.96 * scale, 0.1)
    most = np.maximum(-1.60 + 4.80 * scale, 0.1)
    radius = np.maximum(64.5 - 13.0 * scale, 15.0)
    fall = np.maximum(150.0 - 16.0 * scale, 60.0)
    inside = middle + (most - middle) * np.minimum(storm.far / radius, 1.0)
    outside = most * np.exp(-np.maximum(storm.far - radius, 0.0) / fall)
    return np.asarray(np.where(storm.far < radius, inside, outside) * (_INCH_A_DAY * storm.centre.life))


def _ahead(storm: Vortex) -> Array:
    """More rain ahead, and most ahead on the right (Lonfat 2004, for storms of 5-7 m/s)."""
    heading = np.arctan2(storm.centre.east, storm.centre.north)
    push = 0.35 * np.clip(np.hypot(storm.centre.east, storm.centre.north) / 6.0, 0.0, 1.0)
    grown = np.clip(storm.far / storm.radius - 0.5, 0.0, 1.0)
    return np.asarray(1.0 + push * grown * np.cos(storm.toward - heading - 0.4))


def _bands(storm: Vortex, seed: int, times: NDArray[np.int64]) -> Array:
    """Two logarithmic spirals, crossing the circles at 18 degrees, that go round once in five hours."""
    start = dice(seed, "bands").uniform(0, 2 * math.pi)
    turned = np.mod(times / HOUR, 5.0) * (2 * np.pi / 5.0)
    arm = 2.0 * (storm.toward + np.log(storm.far / storm.radius) / math.tan(math.radians(18.0)) + turned) + start
    grown = np.clip(storm.far / storm.radius - 0.6, 0.0, 1.0)
    wave = np.exp(_BANDS * np.cos(arm)) / _MEAN_OF_BANDS
    return np.asarray(1.0 + grown * (wave - 1.0))


def upslope(sites: Sites, wind: tuple[Array, Array]) -> Array:
    """How fast the air is lifted by the country, m/s."""
    east, north = sites.slopes
    return np.asarray((wind[0] * east[:, None] + wind[1] * north[:, None]) / 1000.0)


def _lifted(sites: Sites, wind: tuple[Array, Array], steady: Array) -> Array:
    """mm/h. Only where it rains already: the air must be wet to its top."""
    condensed = VAPOUR * np.maximum(upslope(sites, wind), 0.0) * 3600.0
    return np.asarray(FALLS * condensed * np.clip(steady / 4.0, 0.0, 1.0))


def _lee(sites: Sites, wind: tuple[Array, Array]) -> Array:
    return np.asarray(np.clip(1.0 + 0.8 * np.minimum(upslope(sites, wind), 0.0), 0.6, 1.0))


SLOT_H = 3.0
"""One cell sets out in every slot."""
LIFE_H = 4.0
"""A cell's rain is over the country within this time of passing its middle."""


@dataclass(frozen=True)
class Cell:
    """A shower. It passes (x, y) km at time `at`, hours since the epoch, moving `east`, `north` km/h; sigma: size, km; peak: mm/h."""

    at: float
    x: float
    y: float
    east: float
    north: float
    sigma: float
    peak: float


@lru_cache(maxsize=4096)
def cell(seed: int, slot: int) -> Cell:
    """The shower of the `slot`-th SLOT_H hours since the epoch."""
    chance = dice(seed, "shower", slot)
    bearing = math.radians(chance.uniform(20.0, 70.0))
    speed, aside = chance.uniform(22.0, 40.0), chance.uniform(-60.0, 60.0)
    return Cell(
        at=(slot + chance.uniform(0.3, 0.7)) * SLOT_H,
        x=aside * math.cos(bearing),
        y=-aside * math.sin(bearing),
        east=speed * math.sin(bearing),
        north=speed * math.cos(bearing),
        sigma=chance.uniform(9.0, 18.0),
        peak=chance.uniform(8.0, 30.0),
    )


def plum(seed: int, sites: Sites, times: NDArray[np.int64]) -> Array:
    """Rain of showers and of the front, shape (places, times)."""
    hours = times / HOUR
    front = smooth(seed, "front", sites, hours, km=90.0, h=9.0)
    total = 0.8 * np.maximum(front, 0.0) ** 2
    if not len(times):
        return np.asarray(total)
    first = math.floor((float(hours.min()) - LIFE_H) / SLOT_H) - 1
    last = math.floor((float(hours.max()) + LIFE_H) / SLOT_H)
    for slot in range(first, last + 1):
        shower = cell(seed, slot)
        alive = np.flatnonzero(np.abs(hours - shower.at) < LIFE_H)
        since = hours[alive] - shower.at
        dx = sites.east[:, None] - (shower.x + shower.east * since)[None, :]
        dy = sites.north[:, None] - (shower.y + shower.north * since)[None, :]
        total[:, alive] += shower.peak * np.exp((dx * dx + dy * dy) * (-0.5 / shower.sigma**2))
    return np.asarray(total)
