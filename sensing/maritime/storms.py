"""Typhoons as best tracks and forecasts tell them: IBTrACS-like CSV, where the storm is each half hour, how far its winds reach. Pure.

Positions follow the cubic that the simulator's storm follows. What a track leaves out follows from what it gives: 10-minute winds from 1-minute
ones x 0.93 (WMO/TD-1555), wind from pressure and the other way by Atkinson and Holliday 1977 (Mon. Wea. Rev. 105).

Wind radii are worked out, not observed: G. Holland 1980 (Mon. Wea. Rev. 108, 1212-1218) with the radius of the strongest wind by P. Vickery and
D. Wadhera 2008 (J. Appl. Meteor. Climatol. 47), around 1010 hPa, without the storm's own way.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct

from sensing import times
from sensing.errors import UsageError
from sensing.model import Micros
from sensing.times import HOUR, MINUTE

from .harbours import Point as Place
from .waters import metres

_AROUND, _DENSITY, _EARTH = 1010.0, 1.15, 7.292e-5
_KNOT, _TEN_MINUTES = 0.514444, 0.93
_LEAST = 5.0
"""m/s: a remnant that no column tells of."""
_EVERY = 30 * MINUTE
_FARTHEST_KM = 800.0
_LAT, _LON = ("wmo_lat", "lat", "usa_lat"), ("wmo_lon", "lon", "usa_lon")


class Point(Struct, frozen=True):
    """A storm at an instant. time: µs; wind: the strongest, 10-minute mean, m/s; pressure: of the centre, hPa."""

    time: int
    lon: float
    lat: float
    wind: float
    pressure: float


def read(text: str) -> list[Point]:
    """The points of an IBTrACS-like CSV in order of time; lines without a place or a time are left out."""
    rows = csv.DictReader(text.splitlines())
    rows.fieldnames = [name.strip().lower() for name in rows.fieldnames or ()]
    found = {point.time: point for row in rows if (point := _row(row)) is not None}
    return [found[time] for time in sorted(found)]


def _row(row: dict[str, Any]) -> Point | None:
    lat, lon = _first(row, _LAT), _first(row, _LON)
    text = str(row.get("time") or row.get("iso_time") or "").strip().replace(" ", "T")
    try:
        time = times.parse_instant(text if text.endswith("Z") else f"{text}Z")
    except UsageError:
        return None
    if lat is None or lon is None:
        return None
    pressure = _first(row, ("wmo_pres_hpa", "wmo_pres", "usa_pres_hpa", "usa_pres"))
    wind, brief = _first(row, ("wmo_wind_kt_10min", "wmo_wind")), _first(row, ("usa_wind_kt_1min", "usa_wind"))
    if wind:
        speed = wind * _KNOT
    elif brief:
        speed = brief * _KNOT * _TEN_MINUTES
    else:
        speed = _LEAST if pressure is None else max(_LEAST, _TEN_MINUTES * 3.4 * max(0.0, _AROUND - pressure) ** 0.644)
    return Point(
        time, lon, lat, speed, pressure if pressure is not None else _AROUND - (speed / _TEN_MINUTES / 3.4) ** (1 / 0.644)
    )


def _first(row: dict[str, Any], names: Sequence[str]) -> float | None:
    for name in names:
        try:
            return float(row.get(name) or "")
        except ValueError:
            continue
    return None


def between(points: Sequence[Point]) -> list[Point]:
    """The same way with a point at each half hour: places on a cubic through the points, strengths on straight lines."""
    found: list[Point] = []
    for at in range(len(points) - 1):
        one, two = points[at], points[at + 1]
        before, after = points[max(0, at - 1)], points[min(len(points) - 1, at + 2)]
        for time in range(one.time, two.time, _EVERY):
            part = (time - one.time) / (two.time - one.time)
            lon = _cubic(before.lon, one.lon, two.lon, after.lon, (before.time, one.time, two.time, after.time), part)
            lat = _cubic(before.lat, one.lat, two.lat, after.lat, (before.time, one.time, two.time, after.time), part)
            wind, pressure = one.wind + (two.wind - one.wind) * part, one.pressure + (two.pressure - one.pressure) * part
            found.append(Point(time, lon, lat, wind, pressure))
    return [*found, *points[-1:]]


def _cubic(before: float, one: float, two: float, after: float, instants: tuple[int, int, int, int], part: float) -> float:
    """A cubic from `one` to `two` whose slopes are those between their neighbours (Catmull and Rom, uneven times)."""
    earlier, begin, end, later = (each / HOUR for each in instants)
    span = end - begin
    slopes = (two - before) / (end - earlier) * span, (after - one) / (later - begin) * span
    square, cube = part * part, part**3
    return (
        (2 * cube - 3 * square + 1) * one + (cube - 2 * square + part) * slopes[0]
        + (3 * square - 2 * cube) * two + (cube - square) * slopes[1]
    )  # fmt: skip


def reach_km(point: Point, speed: float) -> float:
    """How far from the centre the wind is this strong, km; 0 when it is nowhere."""
    if point.wind <= speed:
        return 0.0
    depth = max(_AROUND - point.pressure, 2.0)
    near = math.exp(3.015 - 6.291e-5 * depth**2 + 0.0337 * abs(point.lat))
    turning = 2 * _EARTH * math.sin(math.radians(abs(point.lat)))
    driven = point.wind**2 + turning * near * 1000.0 * point.wind
    shape = min(2.5, max(1.0, _DENSITY * math.e * driven / (depth * 100.0)))

    def blows(far: float) -> float:
        spread = (near / far) ** shape
        coriolis = 0.5 * turning * 1000.0 * far
        return math.sqrt(driven * math.e * spread * math.exp(-spread) + coriolis**2) - coriolis

    low, high = near, _FARTHEST_KM
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if blows(middle) > speed else (low, middle)
    return low


def blows_at(place: Place, points: Iterable[Point], speed: float) -> list[tuple[Micros, Micros]]:
    """From when until when a storm's wind is at least this strong at a place, m/s: spans of whole half hours, in order."""
    found: list[tuple[Micros, Micros]] = []
    for point in points:
        if metres((point.lon, point.lat), place) > reach_km(point, speed) * 1000:
            continue
        if found and point.time - found[-1][1] <= _EVERY:
            found[-1] = found[-1][0], point.time
        else:
            found.append((point.time, point.time))
    return found
