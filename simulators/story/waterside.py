"""The sea, the rivers and the drains of one story, reckoned once on a grid of five minutes, then asked at any time.

The grid begins a day before the story, so that rivers and ground are not dry when it starts, and ends six hours after it; later times
have its last values.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sensing.model import Micros
from sensing.times import DAY, HOUR, MINUTE

from . import drainage, runoff, surge
from .land import Land
from .sites import Place, Sites
from .wind import Array

STEP = 5 * MINUTE
STEP_H = STEP / HOUR
LEAD, TAIL = DAY, 6 * HOUR
RING = ((0.0, 0.0), *((0.62, 60.0 * corner) for corner in range(6)))
"""Where a basin's rain is taken: its middle and six points around, as shares of its radius and bearings."""
_BLOCK = 288


class Waterside:
    """weather: wind east and north, m/s, and pressure at sea level, hPa; rain: mm/h; tide: m, by coast station. All (places, times)."""

    def __init__(
        self,
        land: Land,
        window: tuple[Micros, Micros],
        rain: Callable[[Sites, NDArray[np.int64]], Array],
        weather: Callable[[Sites, NDArray[np.int64]], tuple[Array, Array, Array]],
        tides: Callable[[NDArray[np.int64]], Array],
        sea_m: float,
    ) -> None:
        self.land, self._rain, self._weather, self._tides, self._sea_m = land, rain, weather, tides, sea_m
        begin = window[0] // STEP * STEP - LEAD
        self.ends = np.arange(begin + STEP, window[1] + TAIL + STEP, STEP, dtype=np.int64)
        """The end of each step; its middle is half a step before."""

    @property
    def middles(self) -> NDArray[np.int64]:
        return self.ends - STEP // 2

    @cached_property
    def basin_rain(self) -> Array:
        """Mean over each reach's own land, mm/h, (reaches, steps)."""
        places = [place for reach in self.land.reaches.values() for place in ring(reach.centroid, reach.area)]
        points = self._blocks(lambda sites, times: (self._rain(sites, times),), places)[0]
        return np.asarray(points.reshape(len(self.land.reaches), len(RING), -1).mean(axis=1))

    @cached_property
    def rivers(self) -> runoff.Rivers:
        return runoff.flow(self.land, self.basin_rain, STEP_H)

    @cached_property
    def surges(self) -> Array:
        """M at each coast station, at the ends of the steps."""
        coasts = list(self.land.coasts.values())
        east, north, pressure = self._blocks(self._weather, [Place(coast.lat, coast.lon) for coast in coasts])
        return surge.following(surge.barometer(pressure) + surge.setup(coasts, east, north), STEP_H) + self._sea_m

    @cached_property
    def ponds(self) -> Array:
        """M at each drain, at the ends of the steps."""
        drains = list(self.land.drains.values())
        rain = self._blocks(lambda sites, times: (self._rain(sites, times),), [Place(drain.lat, drain.lon) for drain in drains])[
            0
        ]
        row = {name: number for number, name in enumerate(self.land.coasts)}
        sea = (self._tides(self.ends) + self.surges)[[row[drain.coast] for drain in drains]]
        return drainage.ponding(drains, rain, sea, STEP_H)

    def ask(self, series: Array, rows: NDArray[np.int64], times: NDArray[np.int64], grid: NDArray[np.int64]) -> Array:
        """Rows of a series on a grid (`ends` or `middles`), straight between its values, (rows, times)."""
        at = np.clip((times - grid[0]) / STEP, 0.0, len(grid) - 1.0)
        left = np.minimum(at.astype(np.int64), len(grid) - 2)
        part = at - left
        chosen, where = np.unique(rows, return_inverse=True)
        values = series[chosen][:, left] * (1.0 - part) + series[chosen][:, left + 1] * part
        return np.asarray(values[where])

    def _blocks(self, ask: Callable[[Sites, NDArray[np.int64]], tuple[Array, ...]], places: list[Place]) -> tuple[Array, ...]:
        """What `ask` says of places at the middles of all steps, a day at a time."""
        sites = Sites(self.land, places)
        middles = self.middles
        days = [ask(sites, middles[first : first + _BLOCK]) for first in range(0, len(middles), _BLOCK)]
        return tuple(np.concatenate(parts, axis=1) for parts in zip(*days, strict=True))


def ring(centroid: tuple[float, float], area: float) -> list[Place]:
    """Points that stand for a basin of `area` km2."""
    radius = float(np.sqrt(area / np.pi))
    lat, lon = centroid
    narrow = float(np.cos(np.radians(lat)))
    return [
        Place(
            lat + share * radius * float(np.cos(np.radians(bearing))) / 111.195,
            lon + share * radius * float(np.sin(np.radians(bearing))) / (111.195 * narrow),
        )
        for share, bearing in RING
    ]
