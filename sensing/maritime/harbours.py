"""The harbours of `config/harbours/*.toml`, read once: limits, anchorages, berths and fairways, and the same as GeoJSON.

Positions are [longitude, latitude], WGS 84 degrees; polygons are not closed.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from msgspec import Struct

from sensing.paths import config_dir

Point = tuple[float, float]
Polygon = tuple[Point, ...]


class Berth(Struct, frozen=True):
    """Where one ship lies alongside. point: its middle. goods: what it takes (`chemical`, `oil`, `container` ...). length_m: of the ship."""

    id: str
    name_zh: str
    name_en: str
    port: str
    point: Point
    polygon: Polygon
    goods: tuple[str, ...] = ()
    length_m: float = 0.0
    heading: float = 0.0


class Anchorage(Struct, frozen=True):
    """Where ships ride at anchor. shelter: safe in a gale."""

    id: str
    name_zh: str
    name_en: str
    port: str
    polygon: Polygon
    shelter: bool = False


class Fairway(Struct, frozen=True):
    """One straight leg of a way with a speed limit, knots. width_m: from side to side."""

    port: str
    begin: Point
    end: Point
    width_m: float
    limit_kn: float


class Port(Struct, frozen=True):
    """One harbour."""

    id: str
    name_zh: str
    name_en: str
    limits: Polygon
    approximate: bool = False
    source: str = ""


class Harbours(Struct, frozen=True):
    """All of them."""

    ports: tuple[Port, ...]
    berths: tuple[Berth, ...]
    anchorages: tuple[Anchorage, ...]
    fairways: tuple[Fairway, ...]

    def berth(self, name: str) -> Berth | None:
        """A berth by its id or one of its names."""
        return next((one for one in self.berths if name in (one.id, one.name_zh, one.name_en)), None)


@lru_cache(maxsize=1)
def shipped() -> Harbours:
    """The harbours that ship with the project."""
    return load(config_dir())


def load(folder: Path) -> Harbours:
    """Harbours of `folder`/harbours; the ends of fairways are nodes of these files or of `folder`/traffic.toml."""
    files = [tomllib.loads(path.read_text("utf-8")) for path in sorted((folder / "harbours").glob("*.toml"))]
    nodes: dict[str, Point] = {}
    traffic = folder / "traffic.toml"
    for tree in (tomllib.loads(traffic.read_text("utf-8")) if traffic.is_file() else {}, *files):
        nodes |= {name: _point(point) for name, point in tree.get("nodes", {}).items()}
    return Harbours(
        tuple(
            Port(tree["id"], tree["name_zh"], tree["name_en"], _polygon(tree["limits"]), tree.get("approximate", False), tree.get("source", ""))
            for tree in files
        ),
        tuple(_berth(row, tree["id"]) for tree in files for row in tree.get("berths", ())),
        tuple(
            Anchorage(row["id"], row["name_zh"], row["name_en"], tree["id"], _polygon(row["polygon"]), row.get("shelter", False))
            for tree in files for row in tree.get("anchorages", ())
        ),
        tuple(leg for tree in files for row in tree.get("fairways", ()) for leg in _legs(row, tree["id"], nodes)),
    )  # fmt: skip


def _berth(row: Mapping[str, Any], port: str) -> Berth:
    return Berth(
        row["id"], row["name_zh"], row["name_en"], port, _point(row["point"]), _polygon(row["polygon"]), tuple(row.get("goods", ())),
        float(row.get("length_m", 0)), float(row.get("heading", 0)),
    )  # fmt: skip


def _legs(row: Mapping[str, Any], port: str, nodes: Mapping[str, Point]) -> Iterable[Fairway]:
    """The straight legs of a fairway; none when one of its ends is nowhere."""
    if row["from"] not in nodes or row["to"] not in nodes:
        return
    points = [nodes[row["from"]], *map(_point, row.get("via", ())), nodes[row["to"]]]
    for begin, end in pairwise(points):
        yield Fairway(port, begin, end, float(row["width_m"]), float(row["limit_kn"]))


def _point(pair: Sequence[float]) -> Point:
    return float(pair[0]), float(pair[1])


def _polygon(points: Iterable[Sequence[float]]) -> Polygon:
    return tuple(_point(point) for point in points)


def geojson(harbours: Harbours) -> dict[str, Any]:
    """A FeatureCollection: `kind` is limits, anchorage, berth or fairway (a line, with `width_m` and `limit_kn`)."""
    found = [
        _feature(port.id, "limits", _ring(port.limits), port, approximate=port.approximate, source=port.source)
        for port in harbours.ports
    ]  # fmt: skip
    found += [
        _feature(one.id, "anchorage", _ring(one.polygon), one, port=one.port, shelter=one.shelter) for one in harbours.anchorages
    ]
    found += [
        _feature(
            one.id, "berth", _ring(one.polygon), one, port=one.port, point=one.point, goods=one.goods, length_m=one.length_m,
            heading=one.heading,
        )
        for one in harbours.berths
    ]  # fmt: skip
    for number, leg in enumerate(harbours.fairways):
        line = {"type": "LineString", "coordinates": [leg.begin, leg.end]}
        told = {"kind": "fairway", "port": leg.port, "width_m": leg.width_m, "limit_kn": leg.limit_kn}
        found.append({"type": "Feature", "id": f"fairway-{number}", "geometry": line, "properties": told})
    return {"type": "FeatureCollection", "features": found}


def _ring(polygon: Polygon) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": [[*polygon, polygon[0]]]}


def _feature(identity: str, kind: str, geometry: dict[str, Any], named: Any, **more: Any) -> dict[str, Any]:
    told = {"kind": kind, "name": {"zh": named.name_zh, "en": named.name_en}, **more}
    return {"type": "Feature", "id": identity, "geometry": geometry, "properties": told}
