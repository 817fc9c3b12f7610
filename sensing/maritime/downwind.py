"""Who is to leeward of a berth: a sector that opens where the wind blows to, wider the lighter the wind. Pure.

Light wind wanders: below 2 m/s a plume may go anywhere within 60 degrees of its mean way, above 5 m/s within 20 (the spread of wind
direction by stability, Turner 1994, rounded up). A screen for whom to look at, no dispersion model; `config/maritime.toml`, [downwind].
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import atan2, cos, degrees, radians, sin
from typing import NamedTuple

from msgspec import Struct

from sensing.model import Micros
from sensing.times import MINUTE

from .conduct import rules
from .harbours import Point
from .waters import M_DEG, metres

_STEPS = 12


class Wind(NamedTuple):
    """Where the wind comes from, degrees, and its speed, m/s; who measured it, when, and how far from the berth, m."""

    direction: float
    speed: float
    device: str
    time: Micros
    away_m: float


class Sector(Struct, frozen=True):
    """towards: where the wind blows to, degrees; half_deg: half its opening."""

    point: Point
    towards: float
    half_deg: float
    reach_m: float

    def holds(self, place: Point) -> bool:
        """Whether a place is to leeward. Within 100 m everybody is."""
        away = metres(self.point, place)
        if away <= 100.0:
            return True
        return away <= self.reach_m and abs(self._off(place)) <= self.half_deg

    def _off(self, place: Point) -> float:
        return (bearing(self.point, place) - self.towards + 180) % 360 - 180

    def polygon(self) -> list[Point]:
        """Its outline, closed."""
        arc = [
            self._at(self.towards - self.half_deg + 2 * self.half_deg * step / _STEPS) for step in range(_STEPS + 1)
        ]  # fmt: skip
        return [self.point, *arc, self.point]

    def _at(self, course: float) -> Point:
        lon, lat = self.point
        east, north = sin(radians(course)) * self.reach_m, cos(radians(course)) * self.reach_m
        return round(lon + east / (M_DEG * cos(radians(lat))), 6), round(lat + north / M_DEG, 6)


def sector(point: Point, wind: Wind) -> Sector:
    """Who is to leeward of a point in this wind."""
    told = rules()["downwind"]
    if wind.speed < told["light_ms"]:
        half = told["light_half_deg"]
    else:
        half = told["moderate_half_deg"] if wind.speed < told["moderate_ms"] else told["strong_half_deg"]
    return Sector(point, (wind.direction + 180) % 360, float(half), float(told["metres"]))


class Gust(NamedTuple):
    """One measurement of the wind at a place."""

    device: str
    place: Point
    time: Micros
    speed: float
    direction: float


def wind_at(point: Point, gusts: Iterable[Gust], time: Micros) -> Wind | None:
    """The wind at a place: what the nearest station said in the last half hour; None when none near did."""
    told = rules()["downwind"]
    near = [
        (round(metres(point, gust.place)), -gust.time, gust.device, gust) for gust in gusts
        if 0 <= time - gust.time <= told["minutes"] * MINUTE and metres(point, gust.place) <= told["weather_km"] * 1000
    ]  # fmt: skip
    if not near:
        return None
    away, _, device, gust = min(near)
    return Wind(gust.direction, gust.speed, device, gust.time, float(away))


def limit_of(gas: str) -> float | None:
    """From which value a gas matters; None for what is no such gas."""
    found = rules()["downwind"]["gases"].get(gas)
    return None if found is None else float(found)


def gases() -> Sequence[str]:
    """The gases that matter."""
    return tuple(rules()["downwind"]["gases"])


def bearing(one: Point, other: Point) -> float:
    """Course from one place to another, degrees."""
    east = (other[0] - one[0]) * cos(radians(one[1]))
    return degrees(atan2(east, other[1] - one[1])) % 360
