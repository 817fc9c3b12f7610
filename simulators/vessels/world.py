"""What all ships of a run share while their wakes are written: waters, weather, what they say of their voyages, and what they did wrong.

Times are seconds from the story's begin, so warm-up lies before 0.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ..clock import dice
from .gales import Gale
from .motion import Wind
from .ships import Ship
from .wake import AT_ANCHOR, Wake
from .waters import Area, Point, Waters, inside

HOUR = 3600.0
WARM_UP = -40 * HOUR
"""Ships sail from here on, so that the story begins in a busy port."""
MOST_PLACES = 400
"""Places of an anchorage; then they are taken again."""


class Voyage(NamedTuple):
    """What a ship says of where it goes. eta: s; None when it says nothing."""

    destination: str
    eta: float | None


class Deed(NamedTuple):
    """Something out of the ordinary that a ship does (`Incident` before it has a clock)."""

    kind: str
    ship: int
    begin: float
    end: float


class Boarding(NamedTuple):
    """A pilot goes aboard or ashore."""

    harbour: str
    time: float
    point: Point


class Berthing(NamedTuple):
    """A ship comes to a berth or leaves it, and may want a tug."""

    harbour: str
    time: float
    node: str
    point: Point
    length: int


@dataclass
class World:
    """See the top. horizon: when the story ends; dawn: a 06:30 local time; areas: anchorages in the order of `wind`'s stations."""

    seed: int
    horizon: float
    dawn: float
    waters: Waters
    gales: Sequence[Gale]
    wind: Wind
    areas: Sequence[Area]
    voyages: list[Voyage] = field(default_factory=lambda: [Voyage("", None)])
    deeds: list[Deed] = field(default_factory=list)
    boardings: list[Boarding] = field(default_factory=list)
    berthings: list[Berthing] = field(default_factory=list)
    taken: dict[str, int] = field(default_factory=dict)

    def chance(self, *words: object) -> random.Random:
        return dice(self.seed, "vessels", *words)

    def voyage(self, destination: str, eta: float | None) -> int:
        self.voyages.append(Voyage(destination, eta))
        return len(self.voyages) - 1

    def area(self, name: str) -> Area:
        return next(area for area in self.areas if area.id == name)

    def place(self, area: Area) -> Point:
        """The next free place of an anchorage."""
        number = self.taken[area.id] = self.taken.get(area.id, 0) % MOST_PLACES + 1
        return area.point(number)

    def gale(self, begin: float, end: float, before: float, after: float) -> Gale | None:
        """The first gale that, with hours before and after it, meets a stretch of time."""
        for gale in self.gales:
            if begin < gale.end + after * HOUR and end > gale.begin - before * HOUR:
                return Gale(gale.begin - before * HOUR, gale.end + after * HOUR)
        return None

    def postponed(self, begin: float, end: float, before: float, after: float) -> float:
        """When something that takes from begin to end may begin, so that no gale meets it."""
        for _ in range(len(self.gales) + 1):
            gale = self.gale(begin, end, before, after)
            if gale is None:
                break
            begin, end = gale.end, gale.end + end - begin
        return begin


SHELTERS = {"gulei": ("gulei-inner",), "dongshan": ("gulei-inner",), "xiamen": ("jiulong", "xiamen-west", "gulangyu"),
            "houshi": ("houshi", "jiulong")}  # fmt: skip
"""Inner anchorages by the harbour that a ship calls at."""
_UNSHELTERED, _DRAGGING = 0.06, 0.10
"""Shares of ships that meet a gale at anchor: those that stay outside, and those whose anchor does not hold."""


def rest(world: World, wake: Wake, ship: Ship, area: Area, until: float) -> None:
    """Anchor in an area until a time, from its node and back to it; go to shelter meanwhile when a gale comes."""
    station, swing = world.areas.index(area), 40.0 + 0.7 * ship.length
    point = world.place(area)
    wake.go(point, 6.0)
    chance = world.chance("rest", ship.number, round(wake.time))
    lead, stay = chance.uniform(6, 14), chance.uniform(2, 8)
    gale = None if area.shelter else world.gale(wake.time, until, lead, stay)
    if gale is not None and chance.random() >= _UNSHELTERED and gale.end > wake.time + HOUR:
        if gale.begin > wake.time:
            wake.lie(gale.begin, AT_ANCHOR, station=station, swing_m=swing)
        wake.go(world.waters.nodes[area.node], 6.0)
        inner = world.area(chance.choice(SHELTERS[area.harbour]))
        wake.sail(world.waters.route(area.node, inner.node))
        shelter(world, wake, ship, inner, gale.end)
        wake.sail(world.waters.route(inner.node, area.node))
        if until > wake.time + HOUR:
            wake.go(point, 6.0)
            wake.lie(until, AT_ANCHOR, station=station, swing_m=swing)
    else:
        blows = world.gale(wake.time, until, 0, 0)
        if blows is not None:
            world.deeds.append(Deed("unsheltered", ship.number, max(wake.time, blows.begin), min(until, blows.end)))
        _lie(world, wake, ship, station, until, chance)
    wake.go(world.waters.nodes[area.node], 6.0)


def shelter(world: World, wake: Wake, ship: Ship, inner: Area, until: float) -> None:
    """Anchor in a sheltered area until a time, from its node and back to it."""
    wake.go(world.place(inner), 5.0)
    _lie(world, wake, ship, world.areas.index(inner), until, world.chance("shelter", ship.number, round(wake.time)))
    wake.go(world.waters.nodes[inner.node], 5.0)


def _lie(world: World, wake: Wake, ship: Ship, station: int, until: float, chance: random.Random) -> None:
    """Lie at anchor; in a gale the anchor may drag, to leeward and within the anchorage."""
    swing = 40.0 + 0.7 * ship.length
    gale = world.gale(wake.time, until, 0, 0)
    if gale is not None and chance.random() < _DRAGGING:
        begin = max(wake.time + 0.5 * HOUR, gale.begin + (gale.end - gale.begin) * chance.uniform(0.2, 0.7))
        target = _to_leeward(world, wake.point, station, begin)
        if target is not None and begin < until - HOUR:
            wake.lie(begin, AT_ANCHOR, station=station, swing_m=swing)
            start = wake.time
            wake.go(target, 0.9, AT_ANCHOR, station, swing)
            world.deeds.append(Deed("dragging", ship.number, start, wake.time))
    wake.lie(until, AT_ANCHOR, station=station, swing_m=swing)


def _to_leeward(world: World, point: Point, station: int, time: float) -> Point | None:
    """Where an anchor drags to: some hundred metres down the wind, still in its anchorage; None when there is no room."""
    at = min(max(0, round((time - world.wind.first) / world.wind.step)), world.wind.east.shape[1] - 1)
    east, north = float(world.wind.east[station, at]), float(world.wind.north[station, at])
    blow = max((east**2 + north**2) ** 0.5, 0.1)
    for metres in (900, 700, 500, 350):
        target = (point[0] + east / blow * metres / 101_500, point[1] + north / blow * metres / 111_195)
        if inside(world.areas[station].polygon, target):
            return target
    return None
