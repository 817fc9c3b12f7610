"""Where ships go: `config/traffic.toml` and `config/harbours/*.toml` as one net of nodes joined by lanes and fairways.

gate ── lane ── node ── fairway ── pilot ── fairway ── node ┈ straight ┈ berth, anchorage, home harbour
"""

from __future__ import annotations

import heapq
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sensing.paths import config_dir

Floats = NDArray[np.float64]
Point = tuple[float, float]
"""Longitude, latitude: WGS 84 degrees."""
M_DEG = 111_195.0
"""Metres of a degree of latitude: mean radius 6,371.0 km."""


@dataclass(frozen=True)
class Spot:
    """A place beside the net. node: from where a straight line leads there. heading: of the ship that lies there, degrees.

    goods: kinds of cargo that are handled; rate_th: tonnes an hour; length_m: of the longest ship.
    """

    id: str
    name: str
    harbour: str
    node: str
    point: Point
    heading: float = 0.0
    goods: tuple[str, ...] = ()
    rate_th: float = 0.0
    length_m: float = 0.0
    polygon: tuple[Point, ...] = ()


@dataclass(frozen=True)
class Area:
    """A polygon beside the net: an anchorage or a fishing ground. shelter: safe in a gale."""

    id: str
    name: str
    harbour: str
    node: str
    polygon: tuple[Point, ...]
    shelter: bool = False
    goods: tuple[str, ...] = ()

    def point(self, number: int) -> Point:
        """The number-th place in it, from 1: spread evenly (Halton 2, 3), the same for ever."""
        left, low = min(x for x, _ in self.polygon), min(y for _, y in self.polygon)
        right, high = max(x for x, _ in self.polygon), max(y for _, y in self.polygon)
        found, index = 0, 0
        while True:
            index += 1
            place = (left + (right - left) * _halton(index, 2), low + (high - low) * _halton(index, 3))
            if inside(self.polygon, place):
                found += 1
                if found == number:
                    return place

    @property
    def middle(self) -> Point:
        return sum(x for x, _ in self.polygon) / len(self.polygon), sum(y for _, y in self.polygon) / len(self.polygon)


@dataclass(frozen=True)
class Harbour:
    """One port. limits: polygon of the port; pilot: where pilots board; service: where its boats lie."""

    id: str
    name: str
    destination: str
    limits: tuple[Point, ...]
    pilot: Spot
    service: Spot
    berths: tuple[Spot, ...]
    anchorages: tuple[Area, ...]


@dataclass(frozen=True)
class Aid:
    """A buoy. kind: type of aid to navigation (M.1371-5 table 74)."""

    mmsi: int
    name: str
    kind: int
    point: Point


@dataclass(frozen=True)
class Receiver:
    """An AIS receiver on the coast, with a base station beside it."""

    id: str
    name: str
    point: Point
    range_km: float
    base_station: int


@dataclass(frozen=True)
class Ferry:
    """A ferry's way there, and how many minutes it takes."""

    id: str
    path: tuple[Point, ...]
    minutes: float


@dataclass(frozen=True)
class Route:
    """Points in order, shape (n, 2), degrees; limit_kn and width_m of the legs between them, shape (n - 1,)."""

    points: Floats
    limit_kn: Floats
    width_m: Floats

    def then(self, point: Point, limit_kn: float) -> Route:
        """The same, and straight on to a point."""
        return Route(
            np.vstack([self.points, point]), np.append(self.limit_kn, limit_kn), np.append(self.width_m, 0.0)
        )  # fmt: skip

    def back(self) -> Route:
        return Route(self.points[::-1], self.limit_kn[::-1], self.width_m[::-1])


@dataclass(frozen=True)
class Waters:
    """The net and all that lies beside it. edges: (from, to) to points, limit (knots; 99 where there is none) and width of the water."""

    nodes: Mapping[str, Point]
    edges: Mapping[tuple[str, str], tuple[tuple[Point, ...], float, float]]
    gates: Mapping[str, tuple[str, ...]]
    harbours: Mapping[str, Harbour]
    grounds: tuple[Area, ...]
    homes: tuple[Spot, ...]
    ferries: tuple[Ferry, ...]
    receivers: tuple[Receiver, ...]
    aids: tuple[Aid, ...]
    _routes: dict[tuple[str, str], Route] = field(default_factory=dict, repr=False, compare=False)

    def route(self, start: str, goal: str) -> Route:
        """The shortest way along the net. Raises ValueError when there is none."""
        found = self._routes.get((start, goal))
        if found is None:
            found = self._routes[start, goal] = self._shortest(start, goal)
        return found

    @property
    def anchorages(self) -> Iterator[Area]:
        return (area for harbour in self.harbours.values() for area in harbour.anchorages)

    def _shortest(self, start: str, goal: str) -> Route:
        open_, came, seen = [(0.0, start, "")], dict[str, str](), set[str]()
        while open_:
            cost, node, before = heapq.heappop(open_)
            if node in seen:
                continue
            seen.add(node)
            came[node] = before
            if node == goal:
                return self._joined(came, goal)
            for (one, other), (points, _, _) in self.edges.items():
                if one == node and other not in seen:
                    heapq.heappush(open_, (cost + length_m(points), other, node))
        raise ValueError(f"no way leads from {start} to {goal}")

    def _joined(self, came: Mapping[str, str], goal: str) -> Route:
        names = [goal]
        while came[names[-1]]:
            names.append(came[names[-1]])
        names.reverse()
        points, limits, widths = [self.nodes[names[0]]], list[float](), list[float]()
        for pair in pairwise(names):
            via, limit, width = self.edges[pair]
            points += via[1:]
            limits += [limit] * (len(via) - 1)
            widths += [width] * (len(via) - 1)
        return Route(np.array(points), np.array(limits), np.array(widths))


def length_m(points: Sequence[Point]) -> float:
    """Metres along some points."""
    line = np.asarray(points)
    return float(distances_m(line[:-1], line[1:]).sum())


def distances_m(one: Floats, other: Floats) -> Floats:
    """Metres between points, shape (..., 2) degrees each: flat earth, good to 0.1 % over 100 km."""
    step = (other - one) * M_DEG
    east = step[..., 0] * np.cos(np.radians((one[..., 1] + other[..., 1]) / 2))
    return np.asarray(np.hypot(east, step[..., 1]))


def inside(polygon: Sequence[Point], point: Point) -> bool:
    """Whether a polygon (not closed) holds a point: even-odd rule."""
    x, y = point
    found = False
    for (x1, y1), (x2, y2) in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) * (x2 - x1) / (y2 - y1):
            found = not found
    return found


def _halton(index: int, base: int) -> float:
    share, found = 1.0, 0.0
    while index:
        share /= base
        found += share * (index % base)
        index //= base
    return found


def load_waters(folder: Path | None = None) -> Waters:
    """What stands in the configuration. Raises OSError, tomllib.TOMLDecodeError, KeyError for what is missing."""
    return _load(folder or config_dir())


@lru_cache(maxsize=4)
def _load(folder: Path) -> Waters:
    sea = tomllib.loads((folder / "traffic.toml").read_text("utf-8"))
    ports = [tomllib.loads(path.read_text("utf-8")) for path in sorted((folder / "harbours").glob("*.toml"))]
    nodes: dict[str, Point] = {}
    for table in (sea, *ports):
        nodes |= {name: _point(point) for name, point in table["nodes"].items()}
    edges: dict[tuple[str, str], tuple[tuple[Point, ...], float, float]] = {}
    for row in [*sea["lanes"], *(way for port in ports for way in port.get("fairways", ()))]:
        one, other = row["from"], row["to"]
        points = (nodes[one], *map(_point, row["via"]), nodes[other])
        edges[one, other] = points, row.get("limit_kn", 99.0), row["width_m"]
        edges[other, one] = points[::-1], row.get("limit_kn", 99.0), row["width_m"]
    return Waters(
        nodes, edges, {way: tuple(names) for way, names in sea["gates"].items()},
        {port["id"]: _harbour(port) for port in ports},
        tuple(Area(row["id"], row["name_zh"], "", row["node"], _polygon(row["polygon"])) for row in sea["grounds"]),
        tuple(Spot(row["id"], row["name_zh"], "", row["node"], _point(row["point"])) for row in sea["homes"]),
        tuple(Ferry(row["id"], _polygon(row["path"]), row["minutes"]) for row in sea["ferries"]),
        tuple(Receiver(row["id"], f"{row['name_zh']} {row['name_en']}", _point(row["point"]), row["range_km"], row["base_station"])
              for row in sea["receivers"]),
        tuple(Aid(row["mmsi"], row["name"], row["type"], _point(row["point"])) for port in ports for row in port.get("aids", ())),
    )  # fmt: skip


def _harbour(port: Mapping[str, Any]) -> Harbour:
    name, berths, areas = port["id"], list[Spot](), list[Area]()
    for row in port["berths"]:
        berths.append(
            Spot(row["id"], row["name_zh"], name, row["node"], _point(row["point"]), row["heading"], tuple(row["goods"]), row["rate_th"],
                 row["length_m"], _polygon(row["polygon"]))
        )  # fmt: skip
    for row in port["anchorages"]:
        areas.append(
            Area(row["id"], row["name_zh"], name, row["node"], _polygon(row["polygon"]), row["shelter"], tuple(row["goods"]))
        )
    pilot, service = port["pilot"], port["service"]
    return Harbour(
        name, f"{port['name_zh']} {port['name_en']}", port["destination"], _polygon(port["limits"]),
        Spot(f"{name}-pilot", "", name, pilot["node"], _point(pilot["point"])),
        Spot(f"{name}-service", "", name, service["node"], _point(service["point"])), tuple(berths), tuple(areas),
    )  # fmt: skip


def _point(pair: Sequence[float]) -> Point:
    return float(pair[0]), float(pair[1])


def _polygon(rows: Sequence[Sequence[float]]) -> tuple[Point, ...]:
    return tuple(_point(row) for row in rows)
