"""Where a position lies: which port's limits, berth, anchorage and fairway it is in. A grid of cells answers for nearly all of them.

A cell of some 200 m that no border crosses has one answer, which is kept when it is first asked for; in the others a position
is tried against the borders that cross it. Leaving has more room than entering, so that GPS jitter at a border is no coming and going:
`near` is in it, or within `LEEWAY_M` of it. A ship at anchor swings, so an anchorage is its roads too: what is near it.
"""

from __future__ import annotations

from functools import lru_cache
from math import cos, floor, hypot, radians

from msgspec import Struct

from .harbours import Harbours, Point, Polygon, shipped

M_DEG = 111_195.0
"""Metres of a degree of latitude."""
_CELL = 0.002
_HALF_M = 160.0
"""From the middle of a cell to its corner, at most."""
LEEWAY_M = {"port": 300.0, "berth": 60.0, "anchorage": 250.0, "fairway": 0.0}
_MOST_CELLS = 200_000
_BLOCK = 10
"""Cells to a block, each way."""


class Zone(Struct, frozen=True):
    """port, berth, anchorage: the place's number in Harbours, -1 for none; ports: all that it is in (limits may overlap).

    near, berths: ports and berths that it is in or near; roads: the nearest anchorage that it is in or near, -1 for none.
    limit_kn: the highest speed limit of the fairways that it is in; 0 for none.
    """

    port: int = -1
    ports: tuple[int, ...] = ()
    near: tuple[int, ...] = ()
    berth: int = -1
    berths: tuple[int, ...] = ()
    anchorage: int = -1
    roads: int = -1
    limit_kn: float = 0.0


SEA = Zone()
"""Where nothing is: outside all."""


class _Shape(Struct, frozen=True):
    kind: str
    number: int
    points: Polygon
    reach_m: float
    wide: float
    """Metres of a degree of longitude there."""
    box: tuple[float, float, float, float]
    """West, south, east, north."""

    def far(self, point: Point, metres: float) -> bool:
        """Whether its box is farther than this; it may be as far when this says no."""
        lon, lat = point
        room_x, room_y = (metres + self.reach_m) / self.wide, (metres + self.reach_m) / M_DEG
        west, south, east, north = self.box
        return lon < west - room_x or lon > east + room_x or lat < south - room_y or lat > north + room_y

    def distance_m(self, point: Point) -> float:
        """To its border, negative inside it. A line's border is `reach_m` from it."""
        lon, lat = point
        wide, nearest, within = self.wide, 1e12, False
        closed = self.kind != "fairway"
        last = self.points[-1] if closed else self.points[0]
        x1, y1 = (last[0] - lon) * wide, (last[1] - lat) * M_DEG
        for place in self.points if closed else self.points[1:]:
            x2, y2 = (place[0] - lon) * wide, (place[1] - lat) * M_DEG
            if (y1 > 0) != (y2 > 0) and x1 + y1 / (y1 - y2) * (x2 - x1) > 0:
                within = not within
            across, along = x2 - x1, y2 - y1
            length = across * across + along * along
            part = max(0.0, min(1.0, -(x1 * across + y1 * along) / length)) if length else 0.0
            nearest = min(nearest, hypot(x1 + part * across, y1 + part * along))
            x1, y1 = x2, y2
        return (-nearest if within else nearest) if closed else nearest - self.reach_m


class Waters:
    """The places of some harbours, to be asked for positions."""

    def __init__(self, harbours: Harbours) -> None:
        self.harbours = harbours
        parts = (("port", [one.limits for one in harbours.ports]), ("berth", [one.polygon for one in harbours.berths]),
                 ("anchorage", [one.polygon for one in harbours.anchorages]))  # fmt: skip
        self._shapes = [_shape(kind, number, points, 0.0) for kind, found in parts for number, points in enumerate(found)]
        self._shapes += [
            _shape("fairway", number, (leg.begin, leg.end), leg.width_m / 2) for number, leg in enumerate(harbours.fairways)
        ]
        corners = [point for shape in self._shapes for point in shape.points] or [(0.0, 0.0)]
        self._west, self._east = min(x for x, _ in corners) - 0.02, max(x for x, _ in corners) + 0.02
        self._south, self._north = min(y for _, y in corners) - 0.02, max(y for _, y in corners) + 0.02
        self._cells: dict[tuple[int, int], Zone | tuple[_Shape, ...]] = {}
        self._blocks: dict[tuple[int, int], tuple[_Shape, ...]] = {}

    def at(self, lon: float, lat: float) -> Zone:
        """The zone of a position."""
        if not (self._west < lon < self._east and self._south < lat < self._north):
            return SEA
        cell = (floor(lon / _CELL), floor(lat / _CELL))
        known = self._cells.get(cell)
        if known is None:
            known = self._look(cell)
        return known if type(known) is Zone else self._zone(known, (lon, lat))  # type: ignore[arg-type]

    def _look(self, cell: tuple[int, int]) -> Zone | tuple[_Shape, ...]:
        """What a cell answers: one zone when no border crosses it, else the shapes to be tried."""
        middle = ((cell[0] + 0.5) * _CELL, (cell[1] + 0.5) * _CELL)
        tried, plain = list[_Shape](), True
        for shape in self._near(cell):
            leeway = LEEWAY_M[shape.kind]
            if shape.far(middle, leeway + _HALF_M):
                continue
            away = shape.distance_m(middle)
            if away - leeway > _HALF_M:
                continue
            tried.append(shape)
            plain = plain and away < -_HALF_M
        if len(self._cells) >= _MOST_CELLS:
            self._cells.clear()
        found = self._cells[cell] = self._zone(tried, middle) if plain else tuple(tried)
        return found

    def _near(self, cell: tuple[int, int]) -> tuple[_Shape, ...]:
        """The shapes that may be near a cell, remembered for blocks of cells."""
        block = (cell[0] // _BLOCK, cell[1] // _BLOCK)
        found = self._blocks.get(block)
        if found is None:
            middle = ((block[0] + 0.5) * _BLOCK * _CELL, (block[1] + 0.5) * _BLOCK * _CELL)
            found = tuple(one for one in self._shapes if not one.far(middle, LEEWAY_M[one.kind] + _HALF_M * (_BLOCK + 1)))
            self._blocks[block] = found
        return found

    def _zone(self, shapes: tuple[_Shape, ...] | list[_Shape], point: Point) -> Zone:
        inside: dict[str, list[int]] = {"port": [], "berth": [], "anchorage": []}
        near: dict[str, list[tuple[float, int]]] = {"port": [], "berth": [], "anchorage": []}
        limit = 0.0
        for shape in shapes:
            away = shape.distance_m(point)
            if shape.kind in near and away <= LEEWAY_M[shape.kind]:
                near[shape.kind].append((max(0.0, away), shape.number))
            if away > 0:
                continue
            if shape.kind == "fairway":
                limit = max(limit, self.harbours.fairways[shape.number].limit_kn)
            else:
                inside[shape.kind].append(shape.number)
        port, berth, anchorage = (next(iter(inside[kind]), -1) for kind in inside)
        zone = Zone(
            port, tuple(inside["port"]), tuple(number for _, number in near["port"]), berth, tuple(number for _, number in near["berth"]),
            anchorage, min(near["anchorage"], default=(0.0, -1))[1], limit,
        )  # fmt: skip
        return SEA if zone == SEA else zone


def _shape(kind: str, number: int, points: Polygon, reach_m: float) -> _Shape:
    lons, lats = [x for x, _ in points], [y for _, y in points]
    box = (min(lons), min(lats), max(lons), max(lats))
    return _Shape(kind, number, points, reach_m, M_DEG * cos(radians(points[0][1])), box)


def metres(one: Point, other: Point) -> float:
    """Between two places not far from each other."""
    return hypot((one[0] - other[0]) * M_DEG * cos(radians(one[1])), (one[1] - other[1]) * M_DEG)


@lru_cache(maxsize=1)
def shipped_waters() -> Waters:
    """Those of the shipped harbours."""
    return Waters(shipped())
