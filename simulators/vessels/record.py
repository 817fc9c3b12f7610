"""The truth of port calls and incidents, which nothing but a score may read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import numpy as np

from sensing.model import Micros
from sensing.times import SECOND

from .motion import Bools, Floats, Motion
from .ships import Ship
from .trade import Stay
from .wake import AT_ANCHOR
from .waters import Harbour, Point
from .world import Deed

_STEP_S = 60.0
_CORNER = 10
"""Steps outside of limits that are no departure: a ship on its way cuts a corner."""


class PortCall(NamedTuple):
    """One stay at a berth. Times are microseconds UTC; None for what had not happened when the story ended.

    arrived, departed: into and out of the port's limits (to a minute); a shift within the port keeps both, and so does cutting one of their corners. anchored: first let go the
    anchor within the limits, None when it did not. berthed, unberthed: alongside. tonnes: worked in this stay.
    Times before the story's begin happened before anybody listened.
    """

    mmsi: int
    name: str
    berth: str
    arrived: Micros | None
    anchored: Micros | None
    berthed: Micros
    unberthed: Micros | None
    departed: Micros | None
    cargo: str
    un_number: int | None
    tonnes: float


class Incident(NamedTuple):
    """Something that a ship did. kind: dark, dragging, speeding, unsheltered. lon, lat: where it began; times: microseconds UTC."""

    kind: str
    mmsi: int
    name: str
    begin: Micros
    end: Micros
    lon: float
    lat: float


def port_calls(
    stays: Iterable[Stay],
    ships: Mapping[int, Ship],
    motion: Motion,
    harbours: Mapping[str, Harbour],
    origin: Micros,
    horizon: float,
) -> Iterator[PortCall]:
    """Calls of which something happens while the story is told, in order of berthing."""
    for stay in sorted(stays, key=lambda one: (one.berthed, one.ship)):
        if stay.berthed > horizon or stay.end < 0:
            continue
        times = np.arange(stay.begin, stay.end, _STEP_S)
        within = _within(motion, stay.ship, times, harbours[stay.berth.harbour].limits)
        away = times[_lasting(~within)]
        inward, outward = away[away < stay.berthed], away[away > stay.unberthed]
        arrived = float(inward[-1]) + _STEP_S if len(inward) else None
        departed = float(outward[0]) if len(outward) else None
        anchored = _anchored(motion, stay, -np.inf if arrived is None else arrived)

        def clock(time: float | None) -> Micros | None:
            return None if time is None or time > horizon else origin + round(time) * SECOND

        ship = ships[stay.ship]
        yield PortCall(
            ship.mmsi, ship.name, stay.berth.id, clock(arrived), clock(anchored), origin + round(stay.berthed) * SECOND,
            clock(stay.unberthed), clock(departed), stay.cargo, stay.un_number, stay.tonnes,
        )  # fmt: skip


def incidents(
    deeds: Iterable[Deed], ships: Mapping[int, Ship], motion: Motion, origin: Micros, horizon: float
) -> Iterator[Incident]:
    """Deeds that fall into the story, in order of time."""
    for deed in sorted(deeds, key=lambda one: (one.begin, one.ship, one.kind)):
        begin, end = max(deed.begin, 0.0), min(deed.end, horizon)
        if end <= begin:
            continue
        state = motion.at(np.array([deed.ship]), np.array([begin]))
        ship = ships[deed.ship]
        yield Incident(
            deed.kind, ship.mmsi, ship.name, origin + round(begin) * SECOND, origin + round(end) * SECOND, round(float(state.lon[0]), 5),
            round(float(state.lat[0]), 5),
        )  # fmt: skip


def _within(motion: Motion, ship: int, times: Floats, limits: tuple[Point, ...]) -> Bools:
    state = motion.at(np.full(len(times), ship), times)
    x, y = state.lon, state.lat
    found = np.zeros(len(times), dtype=bool)
    for (x1, y1), (x2, y2) in zip(limits, [*limits[1:], limits[0]], strict=True):
        if y1 != y2:
            found ^= ((y1 > y) != (y2 > y)) & (x < x1 + (y - y1) * (x2 - x1) / (y2 - y1))
    return found & (state.status >= 0)


def _lasting(flags: Bools) -> Bools:
    """Where flags are set for `_CORNER` in a row, or from the first or to the last of all."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False])).astype(np.int8)))
    found = np.zeros(len(flags), dtype=bool)
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        found[begin:end] = end - begin >= _CORNER or begin == 0 or end == len(flags)
    return found


def _anchored(motion: Motion, stay: Stay, after: float) -> float | None:
    rows = (motion.ship == stay.ship) & (motion.status == AT_ANCHOR) & (motion.time >= after) & (motion.time < stay.berthed)
    return float(motion.time[rows][0]) if rows.any() else None
