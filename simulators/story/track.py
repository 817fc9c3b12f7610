"""Best tracks: read from IBTrACS-like CSV, smooth between their points.

Positions follow a cubic through the points (Catmull-Rom tangents for uneven times); pressure and wind a cubic that never overshoots
(`curves`). What an agency left out is filled in from what it gave:

- wind: the WMO column, a 10-minute mean (JMA's, Western Pacific); else the USA column, a 1-minute mean, x 0.93 (Harper, Kepert and
  Ginger 2010, WMO/TD-1555: at sea); else from pressure.
- pressure: the WMO column; else USA; else from wind by Atkinson and Holliday 1977 (Mon. Wea. Rev. 105): V = 3.4 (1010 - p) ** 0.644 m/s, 1-minute.

Before its first and after its last point a storm goes straight on and dies away within six hours.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sensing.errors import UsageError, ValidationError
from sensing.model import Micros
from sensing.times import HOUR, MINUTE, from_datetime

from .curves import along, monotone, slope, smooth
from .ground import KM_A_DEGREE, inland

Array = NDArray[np.float64]

KNOT = 0.514444
"""m/s."""
TEN_MINUTES = 0.93
"""A 10-minute mean at sea over a 1-minute mean."""
FADE_H = 6.0
LEAST_WIND = 5.0
"""m/s: a remnant that no column tells of any more."""

_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "sid": ("sid",),
    "time": ("time", "iso_time"),
    "lat": ("wmo_lat", "lat", "usa_lat"),
    "lon": ("wmo_lon", "lon", "usa_lon"),
    "wind": ("wmo_wind_kt_10min", "wmo_wind", "tokyo_wind"),
    "pressure": ("wmo_pres_hpa", "wmo_pres", "tokyo_pres"),
    "wind_1min": ("usa_wind_kt_1min", "usa_wind"),
    "pressure_usa": ("usa_pres_hpa", "usa_pres"),
}
_LIMITS = {"lat": (-60.0, 60.0), "lon": (-180.0, 360.0), "wind": (0.0, 250.0), "wind_1min": (0.0, 250.0), "pressure": (800.0, 1050.0),
           "pressure_usa": (800.0, 1050.0)}  # fmt: skip


@dataclass(frozen=True)
class Point:
    """A line of a best track. time: microseconds UTC. wind: 10-minute mean, m/s. pressure: of the centre, hPa."""

    time: Micros
    lat: float
    lon: float
    wind: float
    pressure: float


@dataclass(frozen=True)
class Centre:
    """Where a storm is and how strong, at times. Arrays of one length. wind: 10-minute, m/s; pressure: hPa; east, north: its way, m/s;
    life: 1 while the track tells of it, down to 0 outside.
    """

    lat: Array
    lon: Array
    wind: Array
    pressure: Array
    east: Array
    north: Array
    life: Array


@dataclass(frozen=True)
class Track:
    """A storm's way. points: in order of time, at least two."""

    name: str
    points: tuple[Point, ...]

    @cached_property
    def _hours(self) -> Array:
        return np.array([(point.time - self.points[0].time) / HOUR for point in self.points])

    @cached_property
    def _curves(self) -> tuple[tuple[Array, Array], ...]:
        lat, lon, wind, pressure = (
            np.array([getattr(p, name) for p in self.points]) for name in ("lat", "lon", "wind", "pressure")
        )
        hours = self._hours
        return (
            (lat, smooth(hours, lat)),
            (lon, smooth(hours, lon)),
            (wind, monotone(hours, wind)),
            (pressure, monotone(hours, pressure)),
        )

    def at(self, times: NDArray[np.int64]) -> Centre:
        """The storm at times, microseconds UTC."""
        hours = (times - self.points[0].time) / HOUR
        last = self._hours[-1]
        inside = np.clip(hours, 0.0, last)
        lat, lon, wind, pressure = (along(self._hours, *curve, inside) for curve in self._curves)
        north, east = (slope(self._hours, *curve, inside) for curve in self._curves[:2])
        away = hours - inside
        lat, lon = lat + north * away, lon + east * away
        a_degree = KM_A_DEGREE / 3.6
        return Centre(
            lat, lon, wind, pressure,
            east=east * a_degree * np.cos(np.radians(lat)),
            north=north * a_degree,
            life=np.clip(1.0 - np.abs(away) / FADE_H, 0.0, 1.0),
        )  # fmt: skip

    def nearest(self, lat: float, lon: float) -> tuple[Micros, float]:
        """When it passes closest to a place, to the minute, and how far off, km."""
        times = np.arange(self.points[0].time, self.points[-1].time + 1, MINUTE, dtype=np.int64)
        centre = self.at(times)
        mean = np.radians((centre.lat + lat) / 2)
        far = KM_A_DEGREE * np.hypot(centre.lat - lat, (centre.lon - lon) * np.cos(mean))
        first = int(np.argmin(far))
        return int(times[first]), float(far[first])

    def landfall(self) -> Micros | None:
        """When its centre first comes over Fujian's or eastern Guangdong's mainland from the sea, to five minutes; None if never."""
        times = np.arange(self.points[0].time, self.points[-1].time + 1, 5 * MINUTE, dtype=np.int64)
        centre = self.at(times)
        near = (centre.lat > 22.4) & (centre.lat < 27.5) & (centre.lon > 114.0) & (centre.lon < 121.0)
        over = inland(centre.lat, centre.lon) > 0
        crossed = np.flatnonzero(near[1:] & over[1:] & ~over[:-1])
        return int(times[1:][crossed[0]]) if len(crossed) else None


def load(path: Path) -> Track:
    """Reads an IBTrACS-like CSV. Raises UsageError for a file that is not there, ValidationError: file, line, column, what to do."""
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: {error}", "give the path of a best track, CSV in UTF-8") from None
    return read(text, path)


def read(text: str, path: Path) -> Track:
    """A track from the text of its file. Raises ValidationError."""
    lines = csv.reader(text.splitlines())
    header = [cell.strip().lower() for cell in next(lines, [])]
    found = {key: [header.index(alias) for alias in aliases if alias in header] for key, aliases in _COLUMNS.items()}
    for key in ("time", "lat", "lon"):
        if not found[key]:
            raise ValidationError(f"{path} line 1: there is no column {key}", f"name it {' or '.join(_COLUMNS[key])}")
    points: dict[Micros, Point] = {}
    storms: set[str] = set()
    for number, cells in enumerate(lines, 2):
        if not any(cell.strip() for cell in cells) or (number == 2 and _is_units(cells, found)):
            continue
        row = _Row(path, number, header, cells, found)
        storms.add(row.text("sid"))
        point = row.point()
        if (
            point.time in points
            and (points[point.time].lat, points[point.time].lon) != (point.lat, point.lon)
            and len(storms) == 1
        ):
            raise ValidationError(
                f"{path} line {number}: time {row.text('time')} is there twice, at two places", "keep one of them"
            )
        points[point.time] = point
    if len(storms) > 1:
        raise ValidationError(f"{path}: {len(storms)} storms: {', '.join(sorted(storms)[:5])}", "cut the file to one sid")
    if len(points) < 2:
        raise ValidationError(f"{path}: {len(points)} point(s)", "a track needs two or more")
    return Track(path.stem, _unwrapped([points[time] for time in sorted(points)]))


def _is_units(cells: Sequence[str], found: Mapping[str, list[int]]) -> bool:
    at = found["lat"][0]
    return at < len(cells) and "degree" in cells[at].lower()


class _Row:
    """One line of the file."""

    def __init__(
        self, path: Path, number: int, header: Sequence[str], cells: Sequence[str], found: Mapping[str, list[int]]
    ) -> None:
        self.path, self.number, self.header, self.cells, self.found = path, number, header, cells, found

    def text(self, key: str) -> str:
        """The first of a key's columns that says something; empty when none does."""
        for at in self.found[key]:
            if at < len(self.cells) and self.cells[at].strip():
                return self.cells[at].strip()
        return ""

    def wrong(self, key: str, hint: str) -> ValidationError:
        column = "/".join(self.header[at] for at in self.found[key])
        return ValidationError(f'{self.path} line {self.number}, {column} "{self.text(key)}"', hint)

    def value(self, key: str) -> float | None:
        text = self.text(key)
        if not text:
            return None
        low, high = _LIMITS[key]
        try:
            value = float(text)
        except ValueError:
            raise self.wrong(key, "write a number, or nothing where it is not known") from None
        if not low <= value <= high:
            raise self.wrong(
                key,
                f"must be {low:g} to {high:g}; lat and lon may be swapped"
                if key in {"lat", "lon"}
                else f"must be {low:g} to {high:g}",
            )
        return value

    def time(self) -> Micros:
        try:
            instant = datetime.fromisoformat(self.text("time"))
        except ValueError:
            raise self.wrong("time", "write 2016-09-14 18:00:00, UTC") from None
        return from_datetime(instant if instant.tzinfo else instant.replace(tzinfo=UTC))

    def point(self) -> Point:
        time, lat, lon = self.time(), self.value("lat"), self.value("lon")
        if lat is None or lon is None:
            raise self.wrong("lat" if lat is None else "lon", "a point needs its place: fill it in, or take the line out")
        wind, pressure = _strength(
            self.value("wind"), self.value("wind_1min"), self.value("pressure"), self.value("pressure_usa")
        )
        return Point(time, lat, lon, wind, pressure)


def _strength(
    wind: float | None, wind_1min: float | None, pressure: float | None, pressure_usa: float | None
) -> tuple[float, float]:
    """10-minute wind, m/s, and pressure, hPa, whatever of them is told (winds in knots)."""
    told = pressure if pressure is not None else pressure_usa
    if wind:
        speed = wind * KNOT
    elif wind_1min:
        speed = wind_1min * KNOT * TEN_MINUTES
    elif told is not None:
        speed = max(LEAST_WIND, TEN_MINUTES * 3.4 * max(0.0, 1010.0 - told) ** 0.644)
    else:
        speed = 7.0
    return speed, told if told is not None else 1010.0 - (speed / TEN_MINUTES / 3.4) ** (1 / 0.644)


def _unwrapped(points: list[Point]) -> tuple[Point, ...]:
    """Longitudes without a jump at the date line."""
    lons = np.unwrap([point.lon for point in points], period=360.0)
    lons -= 360.0 * np.round((lons[-1] - 120.0) / 360.0)
    return tuple(Point(p.time, p.lat, float(lon), p.wind, p.pressure) for p, lon in zip(points, lons, strict=True))
