"""Who tells what may be expected of whom, beyond neighbours that measure the same: waters, rain gauges, wind, what is upstream. Pure.

    waters    of a level: other waters of its kind, one gauge a site, the nearest `CROWD` within `river_km` (`sea_km` for the sea)
    rain      the nearest `RAIN` rain gauges within `rain_km`, one datastream a device
    wind      the nearest `WIND` within `wind_km`
    above     gauges of the reaches upstream, and how long water takes from there

Distances and amounts are data: config/quality.toml `[around]`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from msgspec import Struct

from sensing.paths import config_dir

from .nearby import Member
from .waters import RIVER, SEA, Reach, Water, apart_km, reaches, water

CROWD, RAIN, WIND, ABOVE = 12, 8, 12, 4
_SITE_KM = 0.6
_UP = 3
"""Reaches without a gauge that are looked past on the way up."""


class Around(Struct, frozen=True):
    """`[around]`: kilometres; dry, wet: mm a day below which nothing rises, above which all does; street: room of a street, m."""

    rain_km: float
    wind_km: float
    river_km: float
    sea_km: float
    dry: float
    wet: float
    street: float


class Surroundings(NamedTuple):
    """Places in the order of members, -1 for none. kinds: SEA, STREET, RIVER or "". rain, wind: places among their own members.

    above: (n, ABOVE) with travel_h; full: (n, 2) and full_above (n, ABOVE, 2): bankfull stage and flow, NaN where unknown.
    """

    kinds: Any
    waters: Any
    rain: Any
    wind: Any
    above: Any
    travel_h: Any
    full: Any
    full_above: Any


@lru_cache(maxsize=1)
def around() -> Around:
    """What the file says."""
    return Around(**tomllib.loads((config_dir() / "quality.toml").read_text("utf-8"))["around"])


def surroundings(members: Sequence[Member], rain: Sequence[Member], wind: Sequence[Member]) -> Surroundings:
    """Of members that tell levels."""
    told = around()
    of = [water(one.beside) for one in members]
    kinds = np.array(["" if one is None else one.kind for one in of], dtype=object)
    waters = np.full((len(members), CROWD), -1, np.int64)
    here = _Places(members)
    for place in range(len(members)):
        if kinds[place]:
            km = here.km(members[place])
            km[kinds != kinds[place]] = np.inf
            waters[place] = _nearest(
                here, km, told.sea_km if kinds[place] == SEA else told.river_km, CROWD, members[place], apart=True
            )
    buckets, vanes = _Places(rain), _Places(wind)
    falls = [_nearest(buckets, buckets.km(one), told.rain_km, RAIN, None) for one in members]
    blows = [_nearest(vanes, vanes.km(one), told.wind_km, WIND, None) for one in members]
    above, travel, full, full_above = _upstream(of)
    return Surroundings(kinds, waters, _table(falls, RAIN), _table(blows, WIND), above, travel, full, full_above)


class _Places:
    """Where members stand."""

    def __init__(self, members: Sequence[Member]) -> None:
        self.members = members
        self.lon = np.array([one.beside.lon for one in members])
        self.lat = np.array([one.beside.lat for one in members])

    def away(self, at: int, others: Any) -> Any:
        """Kilometres from one to some others."""
        return apart_km(self.lon[others], self.lat[others], float(self.lon[at]), float(self.lat[at]))

    def km(self, one: Member) -> Any:
        """Kilometres from all to somebody."""
        return apart_km(self.lon, self.lat, one.beside.lon, one.beside.lat)


def _nearest(places: _Places, km: Any, within: float, most: int, own: Member | None, *, apart: bool = False) -> Any:
    """The nearest, one a device; with `apart` one a site, and none of the site of `own`."""
    found = np.full(most, -1, np.int64)
    some = np.nonzero(km <= within)[0]
    if apart:
        some = some[km[some] > _SITE_KM]
    left = some[np.argsort(np.round(km[some], 6), kind="stable")]
    things = {own.thing} if own is not None else set[str]()
    for rank in range(most):
        while len(left) and places.members[int(left[0])].thing in things:
            left = left[1:]
        if not len(left):
            break
        at = int(left[0])
        things.add(places.members[at].thing)
        found[rank], left = at, left[1:]
        if apart:
            left = left[places.away(at, left) > _SITE_KM]
    return found


def _table(rows: list[Any], width: int) -> Any:
    return np.array(rows, np.int64).reshape(len(rows), width)


def _upstream(of: Sequence[Water | None]) -> tuple[Any, Any, Any, Any]:
    """The nearest gauge up each branch of each reach: the first member there."""
    first: dict[str, int] = {}
    for place, one in enumerate(of):
        if one is not None and one.kind == RIVER and one.reach is not None:
            first.setdefault(one.reach.id, place)
    above = np.full((len(of), ABOVE), -1, np.int64)
    travel, full = np.full((len(of), ABOVE), np.nan), np.full((len(of), 2), np.nan)
    full_above = np.full((len(of), ABOVE, 2), np.nan)
    for place, one in enumerate(of):
        if one is None or one.reach is None or one.kind != RIVER:
            continue
        full[place] = one.reach.full_m, one.reach.full_m3s
        for at, (name, hours) in enumerate(_branches(one.reach, first, reaches())[:ABOVE]):
            above[place, at], travel[place, at] = first[name], hours
            full_above[place, at] = reaches()[name].full_m, reaches()[name].full_m3s
    return above, travel, full, full_above


def _branches(
    reach: Reach, there: Mapping[str, int], known: Mapping[str, Reach], so_far: float = 0.0, left: int = _UP
) -> list[tuple[str, float]]:
    """Reaches upstream with a gauge, one on each branch, and the travel time from there, hours."""
    found = []
    for name in sorted(reach.above):
        hours = so_far + reach.travel_h
        if name in there:
            found.append((name, hours))
        elif left:
            found += _branches(known[name], there, known, hours, left - 1)
    return found
