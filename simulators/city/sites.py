"""Where things can stand: config/city/sites.toml, and the waters of config/basins. The k-th device of a kind has its place for ever."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from sensing.paths import config_dir

from ..story import land as basins
from ..story.land import Water
from .chance import word_key

WATER_RADIUS_KM = 0.25
"""Further gauges of one water stand within so many km of the first: what the physics says of the place holds for them."""
_KM_A_DEGREE = 111.2


class Site(NamedTuple):
    """A place for devices. lat, lon: WGS 84 degrees. radius_km: land around it. water: what the story calls its water ("reach:punan"), "" on land.
    about: what config/basins says of that water. slot: its number among the sites of its list in its county.
    """

    zh: str
    en: str
    county: str
    lat: float
    lon: float
    radius_km: float
    water: str = ""
    about: Water | None = None
    slot: int = 0


class Land(NamedTuple):
    """All sites by list, and the names and zones of counties (GB/T 2260)."""

    sites: Mapping[str, Sequence[Site]]
    counties: Mapping[str, str]
    zones: Mapping[str, str]


@lru_cache(maxsize=1)
def land() -> Land:
    """What the files say. Raises OSError, KeyError for a water that config/basins does not have."""
    tree = tomllib.loads((config_dir() / "city" / "sites.toml").read_text("utf-8"))
    waters = {water.ref: water for water in basins.load().waters}
    sites = {name: _numbered([Site(*row) for row in rows]) for name, rows in tree["place"].items()}
    for kind, names in tree["water"].items():
        sites[kind] = _numbered([_beside(waters[f"{kind}:{name}"]) for name in names])
    return Land(sites, tree["county"], tree["zone"])


def scattered(site: Site, name: str, copy: int) -> tuple[float, float]:
    """Where the copy-th device of a site stands (the first at the site itself), latitude and longitude, five decimals."""
    if copy == 0:
        return round(site.lat, 5), round(site.lon, 5)
    chance = word_key("place", name)
    away = site.radius_km * math.sqrt((chance % 65_521) / 65_521)
    bearing = (chance >> 20) % 360_000 / 360_000 * 2 * math.pi
    lat = site.lat + away * math.cos(bearing) / _KM_A_DEGREE
    lon = site.lon + away * math.sin(bearing) / _KM_A_DEGREE / math.cos(math.radians(site.lat))
    return round(lat, 5), round(lon, 5)


def _numbered(sites: list[Site]) -> list[Site]:
    seen: dict[str, int] = {}
    found = []
    for site in sites:
        slot = seen.get(site.county, 0)
        seen[site.county] = slot + 1
        found.append(site._replace(slot=slot))
    return found


def _beside(water: Water) -> Site:
    return Site(water.zh, water.en, water.county, water.lat, water.lon, WATER_RADIUS_KM, water.ref, water)
