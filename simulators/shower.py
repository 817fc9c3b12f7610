"""Passing showers: round cells of rain that cross the country in a straight line.

A cell's rain is a Gaussian in space (a usual choice for a convective cell: Northrop 1998, Proc. R. Soc. A 454, 1875-1888), and it keeps size
and strength while it moves. So at any place, and in the mean over a Gaussian neighbourhood of it, rain is a Gaussian in time:
a `Pulse`. Everything after that has a closed form, needs no step and no memory, and can be asked for any instant in any order.

Units: km east and north of ORIGIN, hours since the epoch, mm, mm/h.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

from .clock import dice

ORIGIN = (24.45, 117.70)
"""Latitude and longitude of (0, 0), WGS 84: the middle of the country that the showers cross."""

SLOT_H = 3.0
"""One cell sets out in every slot: a showery day."""

LIFE_H = 4.0
"""A cell's rain reaches any of our places within this time of passing the middle; before and after there is none to speak of."""

_KM_A_DEGREE = 111.2


@dataclass(frozen=True)
class Cell:
    """A shower. It passes (x, y) at time `at`, moving `east`, `north` km/h; `sigma`: its size, km; `peak`: rain in its middle, mm/h."""

    at: float
    x: float
    y: float
    east: float
    north: float
    sigma: float
    peak: float


@dataclass(frozen=True)
class Pulse:
    """Rain at a place from one cell. depth: all of it, mm; middle: when it is heaviest, h; width: standard deviation, h."""

    depth: float
    middle: float
    width: float

    def rate(self, time_h: float) -> float:
        """Rain at an instant, mm/h."""
        score = (time_h - self.middle) / self.width
        return self.depth / (self.width * math.sqrt(2 * math.pi)) * math.exp(-0.5 * score * score)

    def fallen(self, time_h: float) -> float:
        """Rain until an instant, mm."""
        return 0.5 * self.depth * math.erfc((self.middle - time_h) / (self.width * math.sqrt(2)))


@dataclass(frozen=True)
class Spot:
    """Where rain is asked for. x, y: km; spread: 0 for a point, else the standard deviation of the area it is the mean over, km."""

    x: float
    y: float
    spread: float = 0.0


def spot(lat: float, lon: float, spread: float = 0.0) -> Spot:
    """A place by its latitude and longitude (degrees, WGS 84)."""
    x = (lon - ORIGIN[1]) * _KM_A_DEGREE * math.cos(math.radians(ORIGIN[0]))
    return Spot(x, (lat - ORIGIN[0]) * _KM_A_DEGREE, spread)


@lru_cache(maxsize=1024)
def cell(seed: int, slot: int) -> Cell:
    """The shower of a slot, the `slot`-th SLOT_H hours since the epoch: from the south-west, as in the plum rains."""
    chance = dice(seed, "shower", slot)
    bearing = math.radians(chance.uniform(20.0, 70.0))
    speed = chance.uniform(35.0, 55.0)
    aside = chance.uniform(-55.0, 55.0)
    return Cell(
        at=(slot + chance.uniform(0.3, 0.7)) * SLOT_H,
        x=aside * math.cos(bearing),
        y=-aside * math.sin(bearing),
        east=speed * math.sin(bearing),
        north=speed * math.cos(bearing),
        sigma=chance.uniform(5.0, 9.0),
        peak=chance.uniform(12.0, 40.0),
    )


def pulse(shower: Cell, place: Spot) -> Pulse:
    """What one shower brings to a place."""
    speed = math.hypot(shower.east, shower.north)
    ahead = ((place.x - shower.x) * shower.east + (place.y - shower.y) * shower.north) / speed
    aside = ((place.x - shower.x) * shower.north - (place.y - shower.y) * shower.east) / speed
    size = shower.sigma**2 + place.spread**2
    width = math.sqrt(size) / speed
    heaviest = shower.peak * shower.sigma**2 / size * math.exp(-0.5 * aside * aside / size)
    return Pulse(depth=heaviest * width * math.sqrt(2 * math.pi), middle=shower.at + ahead / speed, width=width)


@lru_cache(maxsize=65_536)
def _pulse_of_slot(seed: int, slot: int, place: Spot) -> Pulse:
    return pulse(cell(seed, slot), place)


def pulses(seed: int, place: Spot, from_h: float, to_h: float) -> list[Pulse]:
    """All showers that can have brought rain to a place between two times."""
    first, last = math.floor((from_h - LIFE_H) / SLOT_H) - 1, math.floor((to_h + LIFE_H) / SLOT_H)
    return [_pulse_of_slot(seed, slot, place) for slot in range(first, last + 1)]


def rate(seed: int, place: Spot, time_h: float) -> float:
    """Rain at an instant, mm/h."""
    return sum(each.rate(time_h) for each in pulses(seed, place, time_h, time_h))


def depth(seed: int, place: Spot, from_h: float, to_h: float) -> float:
    """Rain between two times, mm."""
    return sum(each.fallen(to_h) - each.fallen(from_h) for each in pulses(seed, place, from_h, to_h))
