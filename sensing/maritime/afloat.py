"""Whether a position can be that of a ship: off the water it cannot. The coast ships with us (sensing.land); it lacks what was reclaimed lately,
and rivers are land in it. So there is room along the shore, more of it within a port's limits; berths, anchorages and fairways are water, and so are
the rivers of config/quality.toml.

One answer holds for a square of some hundred metres: by its middle, kept once it was asked for.
"""

from __future__ import annotations

import tomllib
from functools import lru_cache
from itertools import pairwise
from math import cos, floor, hypot, radians
from typing import Any

import numpy as np

from sensing import land
from sensing.paths import config_dir

from .waters import M_DEG, shipped_waters

IN_PORT_M = 1_500.0
"""Within a port's limits the coast may be so far off."""
_FINE, _COARSE = 0.001, 0.02
_HALF_M = 1_600.0
"""From the middle of a coarse square to its corner, at most."""
_MOST = 400_000
_Square = tuple[int, int]


class Afloat:
    """Answers for one coast. Not for several threads."""

    def __init__(self) -> None:
        edges, (west, south, east, north) = land.coast()
        self._edges = np.array(edges, np.float64).reshape(-1, 4)
        self._box = (west + land.RIM, south + land.RIM, east - land.RIM, north - land.RIM)
        self._rivers = _rivers()
        self._fine: dict[_Square, float] = {}
        self._coarse: dict[_Square, float | Any] = {}

    def ashore(self, lon: float, lat: float, room_m: float) -> float:
        """Metres inland, when that is more than a ship may be; else 0."""
        square = (floor(lon / _FINE), floor(lat / _FINE))
        inland = self._fine.get(square)
        if inland is None:
            inland = self._look(square)
        if inland <= room_m:
            return 0.0
        zone = shipped_waters().at(lon, lat)
        if zone.berths or zone.roads >= 0 or zone.limit_kn or (zone.port >= 0 and inland <= IN_PORT_M):
            return 0.0
        return 0.0 if self._on_river(lon, lat) else inland

    def _look(self, square: _Square) -> float:
        if len(self._fine) >= _MOST:
            self._fine.clear()
        lon, lat = (square[0] + 0.5) * _FINE, (square[1] + 0.5) * _FINE
        found = self._fine[square] = self._inland(lon, lat)
        return found

    def _inland(self, lon: float, lat: float) -> float:
        """Metres to the shore of a point on land, as far as that is known; 0 of any other."""
        west, south, east, north = self._box
        if not (west < lon < east and south < lat < north):
            return 0.0
        block = (floor(lon / _COARSE), floor(lat / _COARSE))
        known = self._coarse.get(block)
        if known is None:
            known = self._coarse[block] = self._block(block)
        return known if isinstance(known, float) else _inland(known, lon, lat)

    def _block(self, block: _Square) -> float | Any:
        """What holds for all of a coarse square: 0 at sea, the least distance inland; else the edges that its points are held against."""
        lon, lat = (block[0] + 0.5) * _COARSE, (block[1] + 0.5) * _COARSE
        edges = self._edges
        low, high = np.minimum(edges[:, 1], edges[:, 3]), np.maximum(edges[:, 1], edges[:, 3])
        near = edges[(low < lat + 3 * _COARSE) & (high > lat - 3 * _COARSE)]
        inside, shore = _shore(near, lon, lat)
        if shore > _HALF_M + IN_PORT_M:
            return shore - _HALF_M if inside else 0.0
        return near

    def _on_river(self, lon: float, lat: float) -> bool:
        wide = cos(radians(lat))
        for line, within_m in self._rivers:
            for (x1, y1), (x2, y2) in pairwise(line):
                across, along = (x2 - x1) * wide, y2 - y1
                east, up = (lon - x1) * wide, lat - y1
                part = max(0.0, min(1.0, (east * across + up * along) / (across * across + along * along)))
                if hypot(east - part * across, up - part * along) * M_DEG <= within_m:
                    return True
        return False


def _shore(edges: Any, lon: float, lat: float) -> tuple[bool, float]:
    """Whether a point is on land, and metres to the shore; of edges in all latitudes around it."""
    squeeze = cos(radians(lat))
    x1, y1, x2, y2 = (edges[:, 0] - lon) * squeeze, edges[:, 1] - lat, (edges[:, 2] - lon) * squeeze, edges[:, 3] - lat
    across, along = x2 - x1, y2 - y1
    with np.errstate(divide="ignore", invalid="ignore"):
        crossed = ((y1 > 0) != (y2 > 0)) & (x1 - y1 * across / along > 0)
        part = np.nan_to_num(np.clip(-(x1 * across + y1 * along) / (across * across + along * along), 0, 1))
    away = np.hypot(x1 + part * across, y1 + part * along)
    return bool(crossed.sum() % 2), float(away.min(initial=land.FAR_M / M_DEG)) * M_DEG


def _inland(edges: Any, lon: float, lat: float) -> float:
    inside, shore = _shore(edges, lon, lat)
    return shore if inside else 0.0


def _rivers() -> list[tuple[list[list[float]], float]]:
    told = tomllib.loads((config_dir() / "quality.toml").read_text("utf-8"))
    return [(one["line"], float(one["within_m"])) for one in told.get("river", [])]


@lru_cache(maxsize=1)
def shipped() -> Afloat:
    """That of the shipped coast."""
    return Afloat()
