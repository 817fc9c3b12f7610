"""Where land is, of the coast in `config/coast`: how far a point stands from the shore, and on which side.

The coast is replaceable data with a licence of its own (config/coast/NOTICE). It is read when it is first asked for. Rivers and lakes
are land in it, and land that was reclaimed lately may be sea.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from math import cos, hypot, radians

import msgspec

from .coordinates import Pair
from .paths import config_dir

Edge = tuple[float, float, float, float]

_DEGREE_M = 111_195.0
"""Metres of a degree of a great circle."""
RIM = 0.02
"""Degrees along the edge of the coast's box where polygons end for no other reason: nothing is known there."""
_REACH = 0.1
"""Degrees of latitude beyond which the distance to the shore is not looked for."""
FAR_M = _REACH * _DEGREE_M
"""The largest distance that is told."""


def shore_m(point: Pair) -> float | None:
    """Metres to the shore: positive on land, negative at sea, at most FAR_M; None where the coast is not known.

    point: (lon, lat), WGS 84 degrees. Within some hundred metres of the shore the sign means little.
    """
    edges, (west, south, east, north) = _coast()
    lon, lat = point
    if not (west + RIM < lon < east - RIM and south + RIM < lat < north - RIM):
        return None
    inside, nearest = False, FAR_M
    squeeze = cos(radians(lat))
    for x1, y1, x2, y2 in edges:
        if (y1 > lat) != (y2 > lat) and lon < x1 + (lat - y1) * (x2 - x1) / (y2 - y1):
            inside = not inside
        if (y1 < lat + _REACH or y2 < lat + _REACH) and (y1 > lat - _REACH or y2 > lat - _REACH):
            nearest = min(nearest, _to_edge((x1 - lon) * squeeze, y1 - lat, (x2 - lon) * squeeze, y2 - lat))
    return nearest if inside else -nearest


def coast() -> tuple[list[Edge], tuple[float, float, float, float]]:
    """All outlines as segments (lon, lat, lon, lat), and the box that they fill: (west, south, east, north)."""
    return _coast()


def _to_edge(x1: float, y1: float, x2: float, y2: float) -> float:
    """Metres from the origin to a segment, whose ends are in degrees of a great circle."""
    across, along = x2 - x1, y2 - y1
    length = across * across + along * along
    part = max(0.0, min(1.0, -(x1 * across + y1 * along) / length)) if length else 0.0
    return hypot(x1 + part * across, y1 + part * along) * _DEGREE_M


@lru_cache(maxsize=1)
def _coast() -> tuple[list[Edge], tuple[float, float, float, float]]:
    """The outlines of all polygons as segments (lon, lat, lon, lat), without those of the box, and the box. () where none ships."""
    path = config_dir() / "coast" / "fujian.geojson"
    if not path.is_file():
        return [], (0.0, 0.0, 0.0, 0.0)
    edges: list[Edge] = []
    for feature in msgspec.json.decode(path.read_bytes())["features"]:
        geometry = feature["geometry"]
        polygons = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
        for ring in (ring for polygon in polygons for ring in polygon):
            edges += [(one[0], one[1], other[0], other[1]) for one, other in pairwise(ring)]
    lons, lats = [edge[0] for edge in edges], [edge[1] for edge in edges]
    return edges, (min(lons), min(lats), max(lons), max(lats))
