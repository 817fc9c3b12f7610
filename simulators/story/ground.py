"""Distances, the coast and the hills.

A plane in km east and north of ORIGIN serves what lies within a few hundred km of it; storms far out at sea get their own distances.
The coast is a line of some twenty points that follows Fujian's mainland and its bays to about five kilometres: enough to tell how far the
wind has blown over land.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .land import Ridge

Array = NDArray[np.float64]

ORIGIN = (24.45, 117.70)
"""Latitude and longitude of (0, 0), WGS 84 degrees."""
KM_A_DEGREE = 111.195
"""Of latitude, on a sphere of 6371 km."""

COAST = (
    (21.8, 111.5), (22.6, 114.8), (23.35, 116.75), (23.62, 117.18), (23.72, 117.25), (23.70, 117.48), (23.95, 117.48), (23.75, 117.62),
    (24.03, 117.72), (24.26, 118.11), (24.42, 117.85), (24.48, 117.88), (24.58, 118.10), (24.56, 118.28), (24.52, 118.58), (24.87, 118.70),
    (24.88, 118.95), (25.20, 119.15), (25.45, 119.75), (26.10, 119.75), (27.1, 120.5), (28.5, 121.8),
)  # fmt: skip
"""From south-west to north-east: the land lies on the left."""

RISE_M_A_KM = 3.0
"""How the country rises inland beside its hills."""


def plane(lat: Array, lon: Array) -> tuple[Array, Array]:
    """Km east and km north of ORIGIN."""
    east = (lon - ORIGIN[1]) * (KM_A_DEGREE * np.cos(np.radians(ORIGIN[0])))
    return east, (lat - ORIGIN[0]) * KM_A_DEGREE


_LAT, _LON = (np.array(values) for values in zip(*COAST, strict=True))
_EAST, _NORTH = plane(_LAT, _LON)


def inland(lat: Array, lon: Array) -> Array:
    """Km from the coast: positive on land, negative at sea. Any shape."""
    east, north = plane(lat, lon)
    nearest = np.full(np.shape(east), np.inf)
    crossings = np.zeros(np.shape(east), dtype=np.int64)
    for index in range(len(COAST) - 1):
        x0, y0 = _EAST[index], _NORTH[index]
        dx, dy = _EAST[index + 1] - x0, _NORTH[index + 1] - y0
        along = np.clip(((east - x0) * dx + (north - y0) * dy) / (dx * dx + dy * dy), 0.0, 1.0)
        nearest = np.minimum(nearest, np.hypot(east - x0 - along * dx, north - y0 - along * dy))
        # A ray to the south-east, out to sea, crosses the coast an odd number of times from land.
        here, there = (east - x0) + (north - y0), dx + dy
        at = here / there
        beyond = (y0 + at * dy) < north
        crossings += ((at >= 0.0) & (at < 1.0) & beyond).astype(np.int64)
    return np.asarray(np.where(crossings % 2 == 1, nearest, -nearest), dtype=np.float64)


def slopes(ridges: Sequence[Ridge], lat: Array, lon: Array) -> tuple[Array, Array]:
    """How steeply the country rises, m a km, eastward and northward: hills, and a plain that rises inland (to the north-west)."""
    east, north = plane(lat, lon)
    onshore = 1.0 / (1.0 + np.exp(-inland(lat, lon) / 5.0))
    up_east, up_north = -0.7071 * RISE_M_A_KM * onshore, 0.7071 * RISE_M_A_KM * onshore
    for ridge in ridges:
        x, y = plane(np.array(ridge.lat), np.array(ridge.lon))
        bearing = np.radians(ridge.along)
        long = (east - x) * np.sin(bearing) + (north - y) * np.cos(bearing)
        wide = (east - x) * np.cos(bearing) - (north - y) * np.sin(bearing)
        height = ridge.height_m * np.exp(-0.5 * (long / ridge.long_km) ** 2 - 0.5 * (wide / ridge.wide_km) ** 2)
        by_long, by_wide = -height * long / ridge.long_km**2, -height * wide / ridge.wide_km**2
        up_east = up_east + by_long * np.sin(bearing) + by_wide * np.cos(bearing)
        up_north = up_north + by_long * np.cos(bearing) - by_wide * np.sin(bearing)
    return up_east, up_north
