"""Temperature, humidity, ground, water and noise: what stations tell besides wind and rain.

Plausible rather than modelled: means and swings of Xiamen's climate (yearly mean 20.8 C, warmest at the end of July), a lapse of 6.5 C a km,
clouds and rain that flatten the day and cool it. Units: Cel, %, dB(A).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sensing.times import HOUR

from .memory import Wet
from .noise import own, smooth
from .sites import Sites
from .wind import year_part

Array = NDArray[np.float64]

DRIEST, FULL = 18.0, 46.0
"""Soil moisture, % of volume: of dry ground, and when nothing more goes in."""


@dataclass(frozen=True)
class Sky:
    """What the air does at places and times, (places, times): rain mm/h, wind m/s, cloud 0 to 1."""

    rain: Array
    wind: Array
    cloud: Array


def of_day(times: NDArray[np.int64], highest_h: float) -> Array:
    """1 at an hour of local time (UTC+8), -1 twelve hours later."""
    return np.asarray(np.cos((np.mod(times / HOUR + 8, 24.0) - highest_h) * (2 * np.pi / 24)))


def clouds(rain: Array, depth: Array) -> Array:
    """Where it rains, and over a storm: 0 to 1."""
    return np.asarray(np.clip(0.2 + rain / 2.0 + depth / 8.0, 0.0, 1.0))


def temperature(seed: int, sites: Sites, times: NDArray[np.int64], sky: Sky) -> Array:
    season = 20.8 + 7.7 * np.cos((year_part(times) - 0.57) * 2 * np.pi)
    swing = np.interp(sites.inland, (-20.0, 0.0, 40.0), (0.8, 2.8, 4.2))[:, None] * (1.0 - 0.75 * sky.cloud)
    cooled = 2.5 * sky.cloud + 1.5 * np.clip(sky.rain / 10.0, 0.0, 1.0)
    own_way = 0.5 * smooth(seed, "warm", sites, times / HOUR, km=40.0, h=5.0) + 0.3 * own(
        seed, "warm", sites, times / HOUR, h=2.0
    )
    return np.asarray(season + swing * of_day(times, 14.5) - cooled - 0.0065 * sites.elevation[:, None] + own_way)


def humidity(seed: int, sites: Sites, times: NDArray[np.int64], sky: Sky, wet: Wet) -> Array:
    dry = 76.0 - 11.0 * of_day(times, 14.5) * (1.0 - 0.8 * sky.cloud)
    damp = 1.0 - np.exp(-(sky.rain / 1.5 + wet.air / 6.0 + 0.8 * sky.cloud))
    value = dry + (97.0 - dry) * damp + 2.0 * own(seed, "damp", sites, times / HOUR, h=3.0)
    return np.asarray(np.clip(value, 25.0, 99.5))


def soil_moisture(sites: Sites, wet: Wet) -> Array:
    """In the first decimetres: rises with what fell and dries out in days; each place has its own start."""
    start = (DRIEST + 8.0 * sites.phase)[:, None]
    return np.asarray(start + (FULL - start) * (1.0 - np.exp(-wet.soil / 60.0)))


def water_temperature(sites: Sites, times: NDArray[np.int64], wet: Wet) -> Array:
    """The sea's follows the year two months late; rivers lie nearer to the air's, have a day, and rain cools them."""
    at_sea = np.array(
        [
            water.startswith("coast:") or (not water and inland <= 0.0)
            for water, inland in zip(sites.waters, sites.inland, strict=True)
        ]
    )
    sea = 21.0 + 6.2 * np.cos((year_part(times) - 0.64) * 2 * np.pi)
    river = 20.6 + 6.8 * np.cos((year_part(times) - 0.58) * 2 * np.pi) + 0.6 * of_day(times, 16.0)
    still = np.where(at_sea[:, None], sea[None, :], river[None, :] - 2.0 * (1.0 - np.exp(-wet.air / 30.0)))
    return np.asarray(still + (sites.phase - 0.5)[:, None])


def sound(seed: int, sites: Sites, times: NDArray[np.int64], sky: Sky) -> Array:
    """Leq of a minute: town by day, wind and rain on top (powers add)."""
    town = 47.0 + 9.0 * sites.phase[:, None] + 5.0 * of_day(times, 14.0) + 1.6 * own(seed, "noise", sites, times / HOUR, h=0.15)
    wind = 20.0 + 32.0 * np.log10(1.0 + sky.wind)
    rain = 32.0 + 14.0 * np.log10(1.0 + sky.rain)
    return np.asarray(10.0 * np.log10(10.0 ** (town / 10) + 10.0 ** (wind / 10) + 10.0 ** (rain / 10)))
