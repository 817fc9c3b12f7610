"""Which water a level is of, by where its gauge stands and the levels that are registered for it; from config/basins, read once. Pure.

    sea       within 1 km of a coast station, with levels like its own: its tide is known (checks.tides)
    street    the lowest level is one that people wade through
    river     any other gauge with levels; `reach` names the one at whose foot it stands, within 1 km

A gauge without levels that stands at none of them is of no water that anything is known of.
"""

from __future__ import annotations

import tomllib
from functools import lru_cache
from math import cos, radians
from typing import Any, NamedTuple

import numpy as np

from sensing.paths import config_dir

from .beside import Beside

SEA, STREET, RIVER = "sea", "street", "river"
_WITHIN_KM = 1.0
_STREET_M = 0.6
_ALIKE = 0.25
_DEGREE_KM = 111.195


class Coast(NamedTuple):
    """A tide station: its tide is `factor` times that of the bay, `delay_min` later."""

    id: str
    lon: float
    lat: float
    watch: float
    factor: float
    delay_min: float


class Reach(NamedTuple):
    """A river's reach. above: those that flow into it; travel_h: what comes from there takes; full_m, full_m3s: what fills the banks."""

    id: str
    lon: float
    lat: float
    above: tuple[str, ...]
    travel_h: float
    full_m: float
    full_m3s: float


class Water(NamedTuple):
    """kind: SEA, STREET or RIVER. coast, reach: what is known of it, None where nothing is."""

    kind: str
    coast: Coast | None = None
    reach: Reach | None = None


@lru_cache(maxsize=1)
def coasts() -> tuple[Coast, ...]:
    """All tide stations."""
    return tuple(
        Coast(row["id"], row["lon"], row["lat"], float(row["levels"]["watch"]), row["factor"], row["delay_min"]) for row in _rows("coast")
    )  # fmt: skip


@lru_cache(maxsize=1)
def reaches() -> dict[str, Reach]:
    """All reaches by id. What a reservoir holds back flows into none: its keeper decides."""
    rows = _rows("reach")
    above: dict[str, list[str]] = {}
    for row in rows:
        if row.get("downstream") and not row.get("lake"):
            above.setdefault(row["downstream"], []).append(row["id"])
    return {
        row["id"]: Reach(row["id"], row["lon"], row["lat"], tuple(above.get(row["id"], ())), row.get("travel_h", 0.0), row["bankfull_m"], row["bankfull_m3s"])
        for row in rows
    }  # fmt: skip


@lru_cache(maxsize=20_000)
def water(here: Beside) -> Water | None:
    """The water that a gauge is of; None when nothing is known of it."""
    if here.level is not None and here.level < _STREET_M:
        return Water(STREET)
    coast = min(coasts(), key=lambda one: _km(here, one), default=None)
    if coast is not None and _km(here, coast) <= _WITHIN_KM and _like(here, coast):
        return Water(SEA, coast=coast)
    reach = min(reaches().values(), key=lambda one: _km(here, one), default=None)
    if reach is not None and _km(here, reach) <= _WITHIN_KM:
        return Water(RIVER, reach=reach)
    return None if here.level is None else Water(RIVER)


def _like(here: Beside, coast: Coast) -> bool:
    return here.level is None or abs(here.level - coast.watch) <= _ALIKE * coast.watch


def apart_km(lon: Any, lat: Any, here_lon: float, here_lat: float) -> Any:
    """Kilometres from near points, degrees, to one."""
    return np.hypot(lat - here_lat, (lon - here_lon) * cos(radians(here_lat))) * _DEGREE_KM


def _km(here: Beside, there: Coast | Reach) -> float:
    return float(apart_km(there.lon, there.lat, here.lon, here.lat))


def _rows(kind: str) -> list[dict[str, Any]]:
    files = sorted((config_dir() / "basins").glob("*.toml"))
    return [row for path in files for row in tomllib.loads(path.read_text("utf-8")).get(kind, ())]
