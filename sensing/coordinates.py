"""Positions given in the systems of Chinese maps, turned into WGS 84, which is all that we keep (with the raw pair beside it).

GCJ-02 moves a point of China by some hundreds of metres; BD-09 moves a GCJ-02 point once more. Neither has a published inverse:
we find the point whose forward shift is the given one, which the shift's smoothness makes exact in a few steps.
Pairs are (longitude, latitude) in degrees. The forward formula is the one in public use (eviltransform, gcoord).
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from math import atan2, cos, hypot, pi, radians, sin, sqrt

Pair = tuple[float, float]

CHINA = (72.004, 0.8293, 137.8347, 55.8271)
"""West, south, east, north of the box in which the public formula shifts at all."""
_AXIS_M = 6_378_245.0
_ECCENTRICITY = 0.00669342162296594323
_BD_TURN = pi * 3000 / 180
_STEPS = 10
_DIGITS = 9


class Crs(StrEnum):
    """How a position was stated."""

    WGS84 = "wgs84"
    GCJ02 = "gcj02"
    BD09 = "bd09"


def to_wgs84(pair: Pair, crs: Crs) -> Pair:
    """The position in WGS 84, to 9 decimals. Raises ValueError for a Chinese system outside China, where it means nothing."""
    if crs is Crs.WGS84:
        return pair
    if not in_china(pair):
        raise ValueError(f"{crs} is only defined in China")
    lon, lat = _inverse(_FORWARD[crs], pair)
    return round(lon, _DIGITS), round(lat, _DIGITS)


def from_wgs84(pair: Pair, crs: Crs) -> Pair:
    """A WGS 84 position as a map of the other system shows it. Raises ValueError as `to_wgs84`."""
    if crs is Crs.WGS84:
        return pair
    if not in_china(pair):
        raise ValueError(f"{crs} is only defined in China")
    return _FORWARD[crs](pair)


def in_china(pair: Pair) -> bool:
    """Whether the point is in the box of the formula."""
    west, south, east, north = CHINA
    return west <= pair[0] <= east and south <= pair[1] <= north


def distance_m(one: Pair, other: Pair) -> float:
    """Metres between two near points (equirectangular, mean radius 6,371,008.8 m)."""
    east = radians(other[0] - one[0]) * cos(radians((one[1] + other[1]) / 2))
    return 6_371_008.8 * hypot(east, radians(other[1] - one[1]))


def _gcj02(pair: Pair) -> Pair:
    lon, lat = pair
    x, y = lon - 105.0, lat - 35.0
    common = 20 * sin(6 * x * pi) + 20 * sin(2 * x * pi)
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x))
    north += (common + _waves(y, 20, 40) + 160 * sin(y / 12 * pi) + 320 * sin(y * pi / 30)) * 2 / 3
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x))
    east += (common + _waves(x, 20, 40) + 150 * sin(x / 12 * pi) + 300 * sin(x / 30 * pi)) * 2 / 3
    flattening = 1 - _ECCENTRICITY * sin(radians(lat)) ** 2
    meridian = _AXIS_M * (1 - _ECCENTRICITY) / flattening**1.5
    parallel = _AXIS_M / sqrt(flattening) * cos(radians(lat))
    return lon + east * 180 / (parallel * pi), lat + north * 180 / (meridian * pi)


def _waves(value: float, short: float, long: float) -> float:
    return short * sin(value * pi) + long * sin(value / 3 * pi)


def _bd09(pair: Pair) -> Pair:
    lon, lat = _gcj02(pair)
    radius = hypot(lon, lat) + 0.00002 * sin(lat * _BD_TURN)
    angle = atan2(lat, lon) + 0.000003 * cos(lon * _BD_TURN)
    return radius * cos(angle) + 0.0065, radius * sin(angle) + 0.006


_FORWARD: dict[Crs, Callable[[Pair], Pair]] = {Crs.GCJ02: _gcj02, Crs.BD09: _bd09}


def _inverse(forward: Callable[[Pair], Pair], target: Pair) -> Pair:
    lon, lat = target
    for _ in range(_STEPS):
        there = forward((lon, lat))
        lon, lat = lon + target[0] - there[0], lat + target[1] - there[1]
    return lon, lat
