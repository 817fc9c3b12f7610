"""What the physics knows of the land: sub-basins, reservoirs, coast stations, drains and hills, read from config/basins/*.toml.

Any file may hold any table; `config/basins/README.md` says what the keys mean. Everything in them is rough and none of it calibrated.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from sensing.errors import ValidationError
from sensing.paths import config_dir

T = TypeVar("T")
WaterT = TypeVar("WaterT", bound="Water")


@dataclass(frozen=True, kw_only=True)
class Water:
    """Somewhere with a level of its own. lat, lon: WGS 84 degrees, where its gauge stands. county: GB/T 2260."""

    id: str
    zh: str
    en: str
    county: str
    lat: float
    lon: float
    levels: Mapping[str, float] = field(default_factory=dict)
    """watch, warning, danger: m above the zero that its level is told on; a ponding depth for a drain."""

    @property
    def kind(self) -> str:
        return type(self).__name__.lower()

    @property
    def ref(self) -> str:
        """What `Place.water` says to mean it, as `reach:punan`."""
        return f"{self.kind}:{self.id}"


@dataclass(frozen=True, kw_only=True)
class Reach(Water):
    """A sub-basin and the reach at its foot. area: of its own land, km2. lag_h, k_h, n: its unit hydrograph. travel_h, x: Muskingum's.

    initial_mm, constant_mm_h: what the dry ground takes first, and what it takes on. base: flow in fair weather, m3/s a km2.
    """

    area: float
    centroid: tuple[float, float]
    lag_h: float
    k_h: float
    n: int
    bankfull_m3s: float
    bankfull_m: float
    downstream: str = ""
    travel_h: float = 0.0
    x: float = 0.2
    lake: str = ""
    initial_mm: float = 18.0
    constant_mm_h: float = 2.0
    base: float = 0.03


@dataclass(frozen=True, kw_only=True)
class Lake(Water):
    """A reservoir with a free spillway. Levels in m above the local datum of its dam."""

    surface_km2: float
    crest_m: float
    width_m: float
    floor_m: float
    start_m: float
    release_m3s: float


@dataclass(frozen=True, kw_only=True)
class Coast(Water):
    """Where the sea's level is told, m above the local zero. seaward: bearing of the open sea, degrees. open: share of waves let in."""

    factor: float
    delay_min: float
    mean: float
    seaward: float
    fetch_km: float
    depth_m: float
    open: float


@dataclass(frozen=True, kw_only=True)
class Drain(Water):
    """An urban drainage point. coast: where its outfall goes; outfall_m: the sea level above which its pipes back up."""

    coast: str
    area_km2: float
    capacity_mm_h: float
    outfall_m: float
    hollow_m2: float


@dataclass(frozen=True, kw_only=True)
class Ridge:
    """A hill range: a Gaussian. long_km, wide_km: its standard deviations. along: bearing of the long side, degrees."""

    zh: str
    en: str
    lat: float
    lon: float
    height_m: float
    long_km: float
    wide_km: float
    along: float


@dataclass(frozen=True)
class Land:
    """All of it, each kind by id, in the order of the files' names and of their lines."""

    reaches: Mapping[str, Reach]
    lakes: Mapping[str, Lake]
    coasts: Mapping[str, Coast]
    drains: Mapping[str, Drain]
    ridges: tuple[Ridge, ...]

    @property
    def waters(self) -> tuple[Water, ...]:
        return (*self.reaches.values(), *self.lakes.values(), *self.coasts.values(), *self.drains.values())


@lru_cache(maxsize=4)
def load(folder: Path | None = None) -> Land:
    """The land of a folder, config/basins by default. Raises ValidationError: file, table, what to do."""
    folder = folder or config_dir() / "basins"
    tables: dict[str, list[tuple[Path, Mapping[str, Any]]]] = {"reach": [], "lake": [], "coast": [], "drain": [], "ridge": []}
    for path in sorted(folder.glob("*.toml")):
        for kind, row in _rows(path):
            if kind not in tables:
                raise ValidationError(f"{path}: table [[{kind}]] is unknown", f"use one of {', '.join(tables)}")
            tables[kind].append((path, row))
    land = Land(
        _by_id(Reach, tables["reach"]),
        _by_id(Lake, tables["lake"]),
        _by_id(Coast, tables["coast"]),
        _by_id(Drain, tables["drain"]),
        tuple(_made(Ridge, path, row) for path, row in tables["ridge"]),
    )
    _check(land, folder)
    return land


def _rows(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    try:
        tree = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValidationError(f"{path}: {error}", "mend the file") from None
    for kind, rows in tree.items():
        if not isinstance(rows, list):
            raise ValidationError(f"{path}: {kind} is not a list of tables", f"write [[{kind}]]")
        for row in rows:
            yield kind, row


def _made(kind: type[T], path: Path, row: Mapping[str, Any]) -> T:
    name = f"{path}: {kind.__name__.lower()} {row.get('id', row.get('en', '?'))}"
    known = {each.name: each for each in fields(kind)}  # type: ignore[arg-type]  # always one of our dataclasses
    for key, value in row.items():
        if key not in known:
            raise ValidationError(f"{name}: key {key} is unknown", f"keys are {', '.join(known)}")
        wants_text = str(known[key].type) == "str"
        if wants_text is not isinstance(value, str):
            raise ValidationError(f"{name}: {key} = {value!r}", "write text in quotes and numbers without")
    try:
        return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in row.items()})
    except TypeError as error:
        raise ValidationError(f"{name}: {str(error).partition('() ')[2]}", "add it") from None


def _levelled(water: WaterT) -> WaterT:
    """With the levels of its kind, where its file states none."""
    if isinstance(water, Reach):
        usual = {"watch": 0.8 * water.bankfull_m, "warning": water.bankfull_m, "danger": 1.2 * water.bankfull_m}
    elif isinstance(water, Lake):
        usual = {"watch": water.crest_m, "warning": water.crest_m + 0.8, "danger": water.crest_m + 1.6}
    else:
        usual = {"watch": 0.10, "warning": 0.25, "danger": 0.40}
    return water if water.levels else replace(water, levels={name: round(level, 2) for name, level in usual.items()})


def _by_id(kind: type[WaterT], rows: list[tuple[Path, Mapping[str, Any]]]) -> Mapping[str, WaterT]:
    made: dict[str, WaterT] = {}
    for path, row in rows:
        if row.get("id") in made:
            raise ValidationError(f"{path}: {kind.__name__.lower()} {row['id']} is there twice", "give one another id")
        each = _made(kind, path, row)
        made[each.id] = _levelled(each)
    return made


def _check(land: Land, folder: Path) -> None:
    for reach in land.reaches.values():
        if reach.downstream and reach.downstream not in land.reaches:
            raise ValidationError(
                f"{folder}: reach {reach.id}: downstream {reach.downstream!r} is no reach", "name one, or leave it out at the sea"
            )
        if reach.lake and reach.lake not in land.lakes:
            raise ValidationError(f"{folder}: reach {reach.id}: lake {reach.lake!r} is no lake", "name one")
        if min(reach.area, reach.k_h, reach.n, reach.bankfull_m3s, reach.bankfull_m) <= 0:
            raise ValidationError(f"{folder}: reach {reach.id}: area, k_h, n and bankfull must be above 0", "mend it")
    for drain in land.drains.values():
        if drain.coast not in land.coasts:
            raise ValidationError(f"{folder}: drain {drain.id}: coast {drain.coast!r} is no coast", "name one")
    downstream_order(land.reaches)


def downstream_order(reaches: Mapping[str, Reach]) -> tuple[Reach, ...]:
    """Each reach after all that flow into it. Raises ValidationError where water flows in a circle."""
    waiting = dict(reaches)
    done: dict[str, Reach] = {}
    while waiting:
        blocked = {reach.downstream for reach in waiting.values()}
        ready = [reach for reach in waiting.values() if reach.id not in blocked]
        if not ready:
            raise ValidationError(f"reaches {', '.join(sorted(waiting))} flow in a circle", "mend their downstream")
        for reach in ready:
            done[reach.id] = waiting.pop(reach.id)
    return tuple(done.values())
