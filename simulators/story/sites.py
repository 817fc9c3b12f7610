"""Places made ready for the physics: their coordinates as arrays, and what about them does not change with time."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sensing.errors import UsageError

from . import ground
from .land import Land, Water

Array = NDArray[np.float64]


class Place(NamedTuple):
    """Where something is asked for. lat, lon: WGS 84 degrees.

    water: what its level hangs on: `reach:ID`, `coast:ID`, `drain:ID`, `lake:ID` of config/basins. `reach:ID@0.4` is a gauge four
    tenths of the way down the reach, `drain:ID@0.5` a spot half as deep in the hollow. Empty where there is none.
    """

    lat: float
    lon: float
    elevation_m: float = 0.0
    water: str = ""


class Sites:
    """Places in arrays, shape (n,). Raises UsageError for a place whose water nobody knows."""

    def __init__(self, land: Land, places: Sequence[Place]) -> None:
        self.land = land
        self.count = len(places)
        self.lat = np.array([place.lat for place in places], dtype=np.float64)
        self.lon = np.array([place.lon for place in places], dtype=np.float64)
        self.elevation = np.array([place.elevation_m for place in places], dtype=np.float64)
        self.waters = tuple(place.water for place in places)
        self.east, self.north = ground.plane(self.lat, self.lon)
        self.phase = _hidden(self.lat, self.lon)
        self._rows: dict[str, tuple[NDArray[np.int64], Array]] = {}

    @cached_property
    def inland(self) -> Array:
        """Km from the coast, negative at sea."""
        return ground.inland(self.lat, self.lon)

    @cached_property
    def friction(self) -> Array:
        """Wind over the wind at sea: 1 there, 0.98 at the coast, 0.75 from some 40 km inland (open country; Powell et al. 2003's ratio)."""
        return np.asarray(1.0 - 0.27 / (1.0 + np.exp(-(self.inland - 20.0) / 8.0)))

    @cached_property
    def slopes(self) -> tuple[Array, Array]:
        """How the country rises to the east and to the north, m a km."""
        return ground.slopes(self.land.ridges, self.lat, self.lon)

    def waters_of(self, kind: str) -> tuple[NDArray[np.int64], Array]:
        """Per place the number of its water among those of a kind, and its `@` share. A sea level that no coast is named for is that of
        the nearest coast station. Raises UsageError for places without such a water.
        """
        if kind in self._rows:
            return self._rows[kind]
        known: dict[str, int] = {name: number for number, name in enumerate(_of(self.land, kind))}
        numbers, shares = np.zeros(self.count, dtype=np.int64), np.ones(self.count)
        for row, water in enumerate(self.waters):
            name, _, share = water.partition("@")
            sort, _, ident = name.partition(":")
            if sort == kind and ident in known:
                numbers[row] = known[ident]
                shares[row] = _share(water, share)
            elif kind == "coast" and sort != kind:
                numbers[row] = self._nearest_coast(row)
            else:
                raise UsageError(
                    f"place {row} with water {water!r} is on no {kind}", f'give it water="{kind}:ID" of config/basins'
                )
        self._rows[kind] = numbers, shares
        return numbers, shares

    def _nearest_coast(self, row: int) -> int:
        lat = np.array([coast.lat for coast in self.land.coasts.values()])
        lon = np.array([coast.lon for coast in self.land.coasts.values()])
        east, north = ground.plane(lat, lon)
        return int(np.argmin(np.hypot(east - self.east[row], north - self.north[row])))


def _of(land: Land, kind: str) -> dict[str, Water]:
    kinds: dict[str, dict[str, Water]] = {
        "reach": dict(land.reaches), "lake": dict(land.lakes), "coast": dict(land.coasts), "drain": dict(land.drains)
    }  # fmt: skip
    return kinds[kind]


def _share(water: str, text: str) -> float:
    if not text:
        return 1.0
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0.0 < share <= 1.0:
        raise UsageError(f"water {water!r}: the share after @ is not above 0 and at most 1", "write reach:punan@0.4")
    return share


def _hidden(lat: Array, lon: Array) -> Array:
    """A number from 0 to 1 that hangs on the place alone and looks like chance: what makes a site differ from its neighbour."""
    wild = np.sin(lat * 12_989.8 + lon * 78_233.1) * 43_758.5453
    return np.asarray(wild - np.floor(wild))
