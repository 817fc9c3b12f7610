"""The coast as pages draw it: rings in whole steps, made of `config/coast/fujian.geojson`, which any other GeoJSON of land may replace.

The file keeps a licence of its own (LGPL, config/coast/NOTICE): the answer is a work made of it, says so, and stands in no file of ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

import msgspec
from starlette.responses import Response

from sensing.paths import config_dir

from . import assets
from .ask import Ask
from .desk import Desk

STEP = 1e-4
"""Degrees: eleven metres, where the coast itself is simplified to fifty."""
NOTICE = {
    "zh": "海岸线：GSHHG 2.3（LGPL），简化至 50 米，不含近年填海；仅供演练，不可用于航海",
    "en": "Coast: GSHHG 2.3 (LGPL), simplified to 50 m, without recent reclamation; for drills, not for navigation",
}
_LEAST = 4
"""Points of a ring that encloses anything."""


def coast(_desk: Desk, ask: Ask) -> Response:
    """`{notice, scale, box: [W, S, E, N], rings: [[x0, y0, dx, dy, ...]]}`: steps of `scale` degrees, land by the even-odd rule."""
    return assets.send(
        _answer(), accepts=ask.accepts, known=ask.known, for_ever=False, headers={"cache-control": "private, max-age=86400"}
    )


@lru_cache(maxsize=1)
def _answer() -> assets.Asset:
    path = config_dir() / "coast" / "fujian.geojson"
    found = msgspec.json.decode(path.read_bytes())["features"] if path.is_file() else []
    return assets.asset(msgspec.json.encode(told(found)), ".json")


def told(features: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The answer for GeoJSON features of land. box: what the land spans; all zeros where there is none."""
    rings = [steps for ring in _rings(features) if (steps := _steps(ring))]
    return {"notice": NOTICE, "scale": STEP, "box": _box(rings), "rings": rings}


def _rings(features: Iterable[dict[str, Any]]) -> Iterator[Sequence[Sequence[float]]]:
    for feature in features:
        geometry = feature["geometry"]
        for polygon in geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]:
            yield from polygon


def _steps(ring: Sequence[Sequence[float]]) -> list[int]:
    """A ring's points, each as the way from the one before it; [] when nothing is left of it."""
    found: list[int] = []
    x = y = 0
    for place in ring:
        across, up = round(place[0] / STEP) - x, round(place[1] / STEP) - y
        if not found or across or up:
            found += [across, up]
            x, y = x + across, y + up
    return found if len(found) >= 2 * _LEAST else []


def _box(rings: Iterable[Sequence[int]]) -> list[float]:
    west = south = 10**9
    east = north = -(10**9)
    for ring in rings:
        x = y = 0
        for at in range(0, len(ring), 2):
            x, y = x + ring[at], y + ring[at + 1]
            west, south, east, north = min(west, x), min(south, y), max(east, x), max(north, y)
    return [round(each * STEP, 4) for each in (west, south, east, north)] if east >= west else [0.0, 0.0, 0.0, 0.0]
