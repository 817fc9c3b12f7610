"""One ship's whole time, written leg by leg: where it turns, stops and lies, and what it says of itself meanwhile.

A wake is knots (time, place) joined by straight legs of constant speed; `motion` rounds the corners. Times are seconds from an
origin that all ships share. Between `leave` and the next `enter` the ship is not in the area.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .waters import Point, Route, distances_m

KNOT_MS = 1852 / 3600
UNDER_WAY, AT_ANCHOR, MOORED, FISHING = 0, 1, 5, 7
"""Navigational status (M.1371-5 table 45)."""
ABSENT = -1
CLOSE_M = 30.0
"""Points nearer to each other are one."""


class Knot(NamedTuple):
    """A place, and what holds from then on. time: s. status: navigational; ABSENT beyond the area. heading: that of a berth.

    station: whose wind an anchored ship swings in, -1 for none; swing_m: how far; voyage: index of what is said of it.
    """

    time: float
    lon: float
    lat: float
    status: int
    heading: float
    station: int
    swing_m: float
    draught: float
    voyage: int


class Wake:
    """Takes down a ship's knots. speed: its service speed, knots; side: how far to starboard it keeps, share of the water's width."""

    def __init__(self, speed: float, side: float, draught: float) -> None:
        self.knots = list[Knot]()
        self.speed, self.side, self.draught = speed, side, draught
        self.time, self.voyage = 0.0, 0
        self.point: Point = (0.0, 0.0)

    def enter(self, time: float, point: Point) -> None:
        """Come into being, not before the last knot."""
        self.time, self.point = max(time, self.time + 1.0 if self.knots else time), point

    def leave(self) -> None:
        """Go where nobody hears it."""
        self._knot(ABSENT)

    def close(self) -> None:
        """Let the last leg last as long as was written: a wake ends where its last knot is, so without one at its end a ship would be gone at its begin."""
        if self.knots and self.knots[-1].status != ABSENT:
            self.leave()

    def sail(self, route: Route, speed: float | None = None, haste: float = 1.0) -> None:
        """Follow a way from its first point, near which the ship is. speed: knots, else its own; haste: share of the limits kept to."""
        speed = speed or self.speed
        points = self._starboard(route)
        for place, limit in zip(points[1:], route.limit_kn, strict=True):
            self.go((float(place[0]), float(place[1])), min(speed, float(limit)) * (haste if limit < speed * haste else 1.0))

    def go(self, point: Point, speed: float, status: int = UNDER_WAY, station: int = -1, swing_m: float = 0.0) -> None:
        """Straight to a point; at anchor, with a station, the ship drags."""
        metres = float(distances_m(np.array(self.point), np.array(point)))
        if metres < CLOSE_M:
            return
        self._knot(status, np.nan, station, swing_m)
        self.time += metres / (speed * KNOT_MS)
        self.point = point

    def lie(self, until: float, status: int, heading: float = np.nan, station: int = -1, swing_m: float = 0.0) -> None:
        """Stay here until a time; at least a minute."""
        self._knot(status, heading, station, swing_m)
        self.time = max(until, self.time + 60.0)

    def duration(self, route: Route, speed: float | None = None) -> float:
        """Seconds that `sail` would take from the way's start."""
        knots = np.minimum(speed or self.speed, route.limit_kn) * KNOT_MS
        points = self._starboard(route)
        return float((distances_m(points[:-1], points[1:]) / knots).sum())

    def _knot(self, status: int, heading: float = np.nan, station: int = -1, swing_m: float = 0.0) -> None:
        self.knots.append(Knot(self.time, *self.point, status, heading, station, swing_m, self.draught, self.voyage))

    def _starboard(self, route: Route) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
        """The way's points, those between its ends moved to starboard."""
        points = route.points.copy()
        if len(points) < 3 or not self.side:
            return points
        step = np.diff(points, axis=0)
        step[:, 0] *= np.cos(np.radians(points[0, 1]))
        step /= np.hypot(step[:, :1], step[:, 1:])
        along = step[:-1] + step[1:]
        along /= np.maximum(np.hypot(along[:, :1], along[:, 1:]), 0.3)
        width = np.minimum(route.width_m[:-1], route.width_m[1:]) * self.side / 111_195
        points[1:-1, 0] += along[:, 1] * width / np.cos(np.radians(points[1:-1, 1]))
        points[1:-1, 1] -= along[:, 0] * width
        return points
