"""Air quality, and the plume of a leak.

Background: a level of each town, traffic twice a day, stronger winds dilute it (a box's concentration ~ 1 / wind), rain washes particles out
(exp(-0.09 mm), of what fell in the last hours; Seinfeld and Pandis 2016, ch. 20, the order of it). Ozone follows the sun. Plausible, not a chemistry.

Plume: steady Gaussian with the ground as a mirror (Turner 1994, Workbook of Atmospheric Dispersion Estimates, 2.1), spread by Briggs 1973 for open country in
stability B by day in light wind, F by night in light wind, D else; it goes with the wind at the source, and is at x metres only after x / wind.
Units: ug/m3, CO and VOC mg/m3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sensing.times import HOUR, SECOND

from . import ground
from .memory import Wet
from .noise import own, smooth
from .scenario import Leak
from .sites import Sites
from .weather import Sky, of_day
from .wind import year_part

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Kind:
    """level: a usual value. traffic: share that comes and goes with it. washed: how much of it rain takes. winter: share more in January."""

    level: float
    traffic: float
    washed: float
    winter: float


KINDS = {
    "pm2_5": Kind(24.0, 0.15, 1.0, 0.35),
    "pm10": Kind(44.0, 0.20, 1.2, 0.30),
    "so2": Kind(5.5, 0.10, 0.5, 0.15),
    "no2": Kind(22.0, 0.45, 0.3, 0.30),
    "co": Kind(0.62, 0.25, 0.0, 0.20),
}
VOC_LEVEL = 0.06
"""mg/m3 where nothing leaks."""
BREATH_M = 1.5


def pollutant(name: str, seed: int, sites: Sites, times: NDArray[np.int64], sky: Sky, wet: Wet) -> Array:
    kind = KINDS[name]
    hours = times / HOUR
    rush = np.maximum(of_day(times, 8.0), 0.0) ** 6 + np.maximum(of_day(times, 18.5), 0.0) ** 6 - 0.3
    season = 1.0 + kind.winter * np.cos((year_part(times) - 0.04) * 2 * np.pi)
    thinned = 6.5 / (sky.wind + 4.0)
    clean = np.exp(-0.09 * kind.washed * (wet.air + 0.3 * sky.rain))
    wander = 0.22 * smooth(seed, "haze", sites, hours, km=50.0, h=9.0) + 0.10 * own(seed, name, sites, hours, h=0.8)
    town = 0.8 + 0.4 * sites.phase[:, None]
    value = kind.level * season * (1.0 + kind.traffic * rush) * town * thinned * (0.12 + 0.88 * clean) * np.exp(wander)
    return np.asarray(value)


def ozone(seed: int, sites: Sites, times: NDArray[np.int64], sky: Sky) -> Array:
    sun = np.maximum(of_day(times, 14.5), 0.0) * (1.0 - 0.85 * sky.cloud)
    mixed = 28.0 + 22.0 * (1.0 - np.exp(-sky.wind / 6.0))
    return np.asarray((mixed + 75.0 * sun) * np.exp(0.12 * own(seed, "o3", sites, times / HOUR, h=1.0)))


def background(seed: int, sites: Sites, times: NDArray[np.int64], sky: Sky) -> Array:
    """VOC without a leak, mg/m3."""
    return np.asarray(VOC_LEVEL * 6.0 / (sky.wind + 4.0) * np.exp(0.25 * own(seed, "voc", sites, times / HOUR, h=0.4)))


def plume(leak: Leak, sites: Sites, times: NDArray[np.int64], east: Array, north: Array) -> Array:
    """mg/m3 that a leak adds. east, north: wind at the source by time, m/s."""
    speed = np.maximum(np.hypot(east, north), 0.5)
    x0, y0 = ground.plane(np.array(leak.lat), np.array(leak.lon))
    dx, dy = (sites.east - x0)[:, None] * 1000.0, (sites.north - y0)[:, None] * 1000.0
    along = (dx * east + dy * north) / speed
    aside = (dx * north - dy * east) / speed
    down = np.maximum(along, 1.0)
    wide, high = _spread(down, speed, of_day(times, 12.0))
    left = times - (down / speed * SECOND).astype(np.int64)
    leaking = (along > 1.0) & (left >= leak.begin) & (left < leak.end)
    up = np.exp(-0.5 * ((BREATH_M - leak.height) / high) ** 2) + np.exp(-0.5 * ((BREATH_M + leak.height) / high) ** 2)
    value = leak.rate * 1e6 / (2 * np.pi * speed * wide * high) * np.exp(-0.5 * (aside / wide) ** 2) * up
    return np.asarray(np.where(leaking, value, 0.0))


def _spread(x: Array, speed: Array, sun: Array) -> tuple[Array, Array]:
    """Standard deviations across and upward, m, at x m down the wind (Briggs, open country)."""
    light = speed < 4.0
    day, night = light & (sun > 0.2), light & (sun < -0.2)
    rate = np.where(day, 0.16, np.where(night, 0.04, 0.08))
    neutral = 0.06 * x / np.sqrt(1 + 0.0015 * x)
    high = np.where(day[None, :], 0.12 * x, np.where(night[None, :], 0.016 * x / (1 + 0.0003 * x), neutral))
    return rate[None, :] * x / np.sqrt(1 + 0.0001 * x), np.maximum(high, 0.5)
