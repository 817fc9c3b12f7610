"""Where ships are at any time: all wakes as columns, looked up, never stepped.

Between two knots a ship goes straight at constant speed. Around a knot, from T before to T after it, its velocity passes evenly from
that of one leg to that of the next, so the way is a parabola there: course, speed and heading have no jumps. With s from -T to T,

    velocity  v1 + (v2 - v1) (s + T) / 2T        place  knot + v1 s + (v2 - v1) (s + T)^2 / 4T

A ship at anchor lies to leeward of its anchor with its head to the wind, and yaws. Times: s since the fleet's origin, float64.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .wake import ABSENT, KNOT_MS, Wake
from .waters import M_DEG

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
_SPAN = 1e7
"""Seconds kept apart for each ship on the one axis that all knots are found on; longer than any run."""
_TURN_S, _STOP_S = 50.0, 200.0
"""T of a turn, and of getting under way or stopping."""
_SWING_IN_S = 600.0


class State(NamedTuple):
    """Ships at times, each column of the shape asked for. lon, lat, course, heading: degrees; speed: knots; turn: deg/min.

    status: navigational, ABSENT (-1) where the ship is not in the area, and then nothing else means anything. leg: its row.
    """

    lon: Floats
    lat: Floats
    speed: Floats
    course: Floats
    heading: Floats
    turn: Floats
    status: Ints
    leg: Ints


@dataclass(frozen=True)
class Wind:
    """Wind at some stations. east, north: where it blows to, m/s, shape (stations, times); first, step: of the times, s."""

    east: Floats
    north: Floats
    first: float
    step: float

    def at(self, station: Ints, time: Floats) -> tuple[Floats, Floats]:
        """Components at each station and time; before and after the times known, those at their ends."""
        where = np.clip((time - self.first) / self.step, 0.0, self.east.shape[1] - 1.000001)
        column = where.astype(np.int64)
        share = where - column
        east = self.east[station, column] * (1 - share) + self.east[station, column + 1] * share
        north = self.north[station, column] * (1 - share) + self.north[station, column + 1] * share
        return east, north


class Motion:
    """All ships' legs as columns: row i goes from knot i to knot i + 1 of the same ship, and is ABSENT after a ship's last knot."""

    def __init__(self, wakes: Sequence[Wake], phases: Floats, wind: Wind) -> None:
        self.wind, self.phase, self.ships = wind, phases, len(wakes)
        rows = [(number, *knot) for number, wake in enumerate(wakes) for knot in wake.knots]
        table = np.array(rows, dtype=np.float64).reshape(len(rows), 10).T
        self.ship = table[0].astype(np.int64)
        self.time, self.lon, self.lat = table[1], table[2], table[3]
        self.status, self.heading = table[4].astype(np.int64), table[5]
        self.station, self.swing = table[6].astype(np.int64), table[7]
        self.draught, self.voyage = table[8], table[9].astype(np.int64)
        self._axis = self.ship * _SPAN + self.time
        self._velocities()
        self._corners()

    def _velocities(self) -> None:
        last = np.append(self.ship[1:] != self.ship[:-1], True)
        gap = np.where(last, 1.0, np.append(np.diff(self.time), 1.0))
        self.east = np.where(last, 0.0, np.append(np.diff(self.lon), 0.0)) / gap
        self.north = np.where(last, 0.0, np.append(np.diff(self.lat), 0.0)) / gap
        self.status = np.where(last, ABSENT, self.status)
        gone = self.status == ABSENT
        self.east[gone] = self.north[gone] = 0.0
        self.length = np.where(last, np.inf, gap)
        across = self.east * np.cos(np.radians(self.lat))
        self.course = np.degrees(np.arctan2(across, self.north)) % 360
        self.moving = np.hypot(across, self.north) * M_DEG > 0.3 * KNOT_MS

    def _corners(self) -> None:
        """T of the knot that begins each row; 0 where there is nothing to round."""
        begins = np.append(True, self.ship[1:] != self.ship[:-1])
        here = self.moving
        before = np.append(False, self.moving[:-1])
        room = 0.45 * np.minimum(self.length, np.append(np.inf, self.length[:-1]))
        wanted = np.where(here & before, _TURN_S, np.where(here | before, _STOP_S, 0.0))
        absent = (self.status == ABSENT) | np.append(True, self.status[:-1] == ABSENT)
        self.round = np.where(begins | absent, 0.0, np.minimum(wanted, room))

    def at(self, ship: Ints, time: Floats) -> State:
        """Ships (numbers) at times, both of one shape (n,)."""
        row = np.searchsorted(self._axis, ship * _SPAN + time, side="right") - 1
        here = (row >= 0) & (self.ship[row] == ship)
        row = np.where(here, row, 0)
        time = np.where(here, time, self.time[row])
        status = np.where(here, self.status[row], ABSENT)
        after = np.minimum(row + 1, len(self.time) - 1)
        to_next = self.time[after] - time
        late = (to_next < self.round[after]) & (after > row)
        knot = np.where(late, after, row)
        since = time - self.time[knot]
        half = self.round[knot]
        corner = (late | (since < half)) & (half > 0)  # an instant may be found a rounding error before its knot
        return self._state(ship, time, row, status, knot, since, half, corner)

    def _state(
        self, ship: Ints, time: Floats, row: Ints, status: Ints, knot: Ints, since: Floats, half: Floats, corner: Bools
    ) -> State:
        before = np.maximum(knot - 1, 0)
        safe = np.where(corner, half, 1.0)
        part = np.where(corner, (since + safe) / (2 * safe), 1.0)
        bend = np.where(corner, (since + safe) ** 2 / (4 * safe), since)
        east1, north1 = np.where(corner, self.east[before], 0.0), np.where(corner, self.north[before], 0.0)
        east2, north2 = self.east[knot], self.north[knot]
        lon = self.lon[knot] + east1 * since * corner + (east2 - east1) * bend
        lat = self.lat[knot] + north1 * since * corner + (north2 - north1) * bend
        wide = np.cos(np.radians(lat))
        vx = (east1 + (east2 - east1) * part) * wide * M_DEG
        vy = (north1 + (north2 - north1) * part) * M_DEG
        speed = np.hypot(vx, vy) / KNOT_MS
        wave = 2 * np.pi * time
        phase = self.phase[ship]
        head1, lon1, lat1, _ = self._pose(before, time, phase)
        head2, lon2, lat2, rate2 = self._pose(knot, time, phase)
        veer = np.where(corner, (head2 - head1 + 180) % 360 - 180, 0.0)
        heading = head2 - veer * (1 - part)
        turn = np.where(corner, veer / (2 * safe) * 60, rate2)
        lon += (lon1 * (1 - part) + lon2 * part) / wide
        lat += lat1 * (1 - part) + lat2 * part
        under_way = speed > 0.5
        course = np.where(
            under_way,
            np.degrees(np.arctan2(vx, vy)) + 0.7 * np.sin(wave / 71 + phase),
            heading + 140 * np.sin(wave / 830 + phase),
        )
        calm = np.where(status == 5, 0.0, 0.12 + 0.12 * np.sin(wave / 410 + phase))
        speed = np.where(under_way, np.maximum(speed + 0.12 * np.sin(wave / 233 + phase), 0.0), np.maximum(speed, calm))
        return State(lon, lat, speed, course % 360, heading % 360, turn, status, row)

    def _pose(self, row: Ints, time: Floats, phase: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """Of a ship on each row: its heading; where it lies off its knot, degrees of latitude; how fast it yaws, deg/min."""
        course, fixed, station = self.course[row], self.heading[row], self.station[row]
        wave = 2 * np.pi * time
        heading = np.where(np.isnan(fixed), course + 1.8 * np.sin(wave / 97 + phase), fixed)
        yaw = np.where(np.isnan(fixed) & self.moving[row], 1.8 * 2 * np.pi / 97 * 60 * np.cos(wave / 97 + phase), 0.0)
        anchored = station >= 0
        east, north = self.wind.at(np.maximum(station, 0), time)
        blow = np.hypot(east, north)
        lee = np.where(blow > 0.1, np.degrees(np.arctan2(east, north)), 225.0)
        swung = lee + 180 + 12 * np.sin(wave / 700 + phase)
        heading = np.where(anchored, swung, heading)
        yaw = np.where(anchored, 12 * 2 * np.pi / 700 * 60 * np.cos(wave / 700 + phase), yaw)
        ease = np.clip((time - self.time[row]) / _SWING_IN_S, 0.0, 1.0) * np.clip(
            (self.time[row] + self.length[row] - time) / _SWING_IN_S, 0.0, 1.0
        )
        out = np.where(anchored, self.swing[row] * ease / M_DEG, 0.0)
        return heading, -np.sin(np.radians(swung)) * out, -np.cos(np.radians(swung)) * out, yaw
