"""What is odd about where a device stands, what it is called, and who else is called so.

Places are held against the coast (`sensing.land`), against the positions that the device itself sends, and against GCJ-02, the
system of Chinese maps, which moves a point by some 300 to 700 m.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any
from weakref import WeakKeyDictionary

import msgspec
from sqlalchemy import select

from sensing import land
from sensing.access import covers
from sensing.coordinates import Crs, Pair, distance_m, from_wgs84, in_china, to_wgs84
from sensing.model import Frame
from sensing.paths import config_dir
from sensing.registry import Device
from sensing.registry.database import Database
from sensing.registry.schema import ACTIVE, HAS_SERIAL, IS_ACTIVE, things
from sensing.things import ThingType

from .doubts import Doubt, Row, doubt

NEAR_M, FAR_M = 300.0, 1_000.0
"""On the wrong side of the shore: a warning beyond the one (piers, new land, docks), a failure beyond the other."""
_SAME_M = 60.0
"""A GPS position is this near to where it is meant."""
_MOVED_M = 1_000.0
"""A device that stands still and says it is further away than this is somewhere else."""
_TWIN_M = 20.0
_MOST_TWINS = 200_000
"""Devices of the type that are looked at for a twin; beyond, the question is not answered."""
_known: WeakKeyDictionary[Database, dict[tuple[int, str, tuple[str, ...]], tuple[Doubt, ...]]] = WeakKeyDictionary()
_MOST_KNOWN = 256
_MOVERS = frozenset(("ais", "gpsd", "nmea0183"))
_FIXED = frozenset(("sl651", "hj212", "lorawan"))


def of_place(device: Device, kind: ThingType | None, rows: Sequence[Row], frames: Sequence[Frame]) -> Iterator[Doubt]:
    """Doubts about the registered place and about the positions that the device sends."""
    said = next(((row["lon"], row["lat"]) for row in reversed(rows) if row.get("lon") is not None), None)
    here = None if device.lon is None or device.lat is None else (device.lon, device.lat)
    if here is not None:
        yield from _swapped(here)
        yield from _shift(device, here, said)
        yield from _coast(device, kind, here)
    if said is not None:
        yield from _swapped(said)
        yield from _vessel(device, kind, said)
    elif any(row["property"] == "position" for row in rows):
        yield from _swapped_on_the_wire(device, kind, frames)


def names_of(
    device: Device, database: Database, version: int, adapters: Sequence[str], areas: Sequence[str] = ()
) -> Sequence[Doubt]:
    """`of_names`, remembered until the registry changes: whoever waits for a device asks twice a second. version: the registry's."""
    known = _known.setdefault(database, {})
    key = (version, device.id, tuple(areas))
    if key not in known:
        if len(known) >= _MOST_KNOWN:
            known.clear()
        known[key] = tuple(of_names(device, database, adapters, areas))
    return known[key]


def of_names(device: Device, database: Database, adapters: Sequence[str], areas: Sequence[str] = ()) -> Iterator[Doubt]:
    """Doubts about what the device is called: by its number, by others that bear it, by a twin that stands beside it.

    areas: where the one who asks may look; a device elsewhere is not named.
    """
    if device.adapter == "ais" and not is_mmsi(device.native):
        yield doubt("mmsi_invalid", native=device.native)
    with database.read() as connection:
        if device.serial:
            query = select(things.c.id, things.c.area).where(
                things.c.serial == device.serial, HAS_SERIAL, things.c.id != device.id, IS_ACTIVE
            )
            other = connection.execute(query.limit(1)).first()
            if other is not None:
                yield doubt("duplicate_serial", serial=device.serial, other=_named(other, areas))
        same = select(things.c.id, things.c.adapter, things.c.area).where(
            things.c.adapter.in_([name for name in adapters if name != device.adapter]),
            things.c.native == device.native,
            IS_ACTIVE,
        )
        found = connection.execute(same.limit(1)).first()
        if found is not None:
            yield doubt("duplicate_native", fails=False, native=device.native, other=_named(found, areas), adapter=found.adapter)
        yield from _twin(device, connection, areas)


def _named(row: Any, areas: Sequence[str]) -> str:
    return str(row.id) if covers(tuple(areas), row.area) else "***"


def is_mmsi(text: str) -> bool:
    """Whether a text is an MMSI of ITU-R M.585: 9 digits with a country's code where its kind has it."""
    if len(text) != 9 or not (text.isascii() and text.isdigit()):
        return False
    start = 2 if text.startswith(("98", "99")) else 1 if text[0] == "8" else 3 if text.startswith("111") else 0
    start = 2 if text.startswith("00") else 1 if text[0] == "0" and not start else start
    return text.startswith(("970", "972", "974")) or text[start : start + 3] in _countries()


def _swapped(pair: Pair) -> Iterator[Doubt]:
    lon, lat = pair
    if not in_china(pair) and in_china((lat, lon)):
        yield doubt("lat_lon_swapped", place=f"{lon:g},{lat:g}")


def _shift(device: Device, here: Pair, said: Pair | None) -> Iterator[Doubt]:
    """Registered and sent position against each other; a mover's registered place is where it was fitted, and says nothing."""
    if said is None or not in_china(here) or not in_china(said) or device.adapter in _MOVERS:
        return
    apart = distance_m(here, said)
    if apart < 2 * _SAME_M:
        return
    if distance_m(here, from_wgs84(said, Crs.GCJ02)) < _SAME_M:
        yield doubt("gcj02_suspected", id=device.id, metres=apart)
    elif distance_m(said, from_wgs84(here, Crs.GCJ02)) < _SAME_M:
        yield doubt("gcj02_sent", metres=apart)
    elif apart > _MOVED_M:
        yield doubt("elsewhere", fails=False, metres=apart)


def _coast(device: Device, kind: ThingType | None, here: Pair) -> Iterator[Doubt]:
    stands = _stands(device, kind)
    shore = land.shore_m(here) if stands in {"land", "shore"} else None
    if shore is None or shore > -NEAR_M:
        return
    if stands == "land" and device.crs == Crs.WGS84:
        meant = land.shore_m(to_wgs84(here, Crs.GCJ02))
        if meant is not None and meant > 0:
            yield doubt("gcj02_suspected", id=device.id, metres=distance_m(here, to_wgs84(here, Crs.GCJ02)))
            return
    if shore < -FAR_M:
        yield doubt("in_sea", metres=-shore)
    elif stands == "land":
        yield doubt("near_sea", fails=False, metres=-shore)


def _vessel(device: Device, kind: ThingType | None, said: Pair) -> Iterator[Doubt]:
    shore = land.shore_m(said) if _stands(device, kind) == "sea" else None
    if shore is not None and shore > NEAR_M:
        yield doubt("on_land" if shore > FAR_M else "near_land", fails=shore > FAR_M, metres=shore)


def _stands(device: Device, kind: ThingType | None) -> str:
    """`land`, `shore`, `sea` or "" for anywhere: as the type says, else by what speaks the protocol."""
    if kind is not None and kind.stands:
        return kind.stands
    return "sea" if device.adapter == "ais" else "land" if device.adapter in _FIXED else ""


def _swapped_on_the_wire(device: Device, kind: ThingType | None, frames: Sequence[Frame]) -> Iterator[Doubt]:
    """A position that could not be used: in JSON its two numbers can still be looked at."""
    pointers = (dict(kind.settings if kind else {}) | device.settings).get("position") or {
        "lon": "/position/0",
        "lat": "/position/1",
    }
    for frame in frames:
        if frame.source.kind != "up" or frame.payload[:1] not in {b"{", b"["}:
            continue
        try:
            tree = msgspec.json.decode(frame.payload)
        except msgspec.DecodeError:
            continue
        lon, lat = (_number(tree, pointers[name]) for name in ("lon", "lat"))
        if lon is not None and lat is not None:
            yield from _swapped((lon, lat))
            return


def _number(tree: Any, pointer: str) -> float | None:
    for token in pointer.split("/")[1:]:
        if isinstance(tree, list) and token.isdigit() and int(token) < len(tree):
            tree = tree[int(token)]
        elif isinstance(tree, Mapping):
            tree = tree.get(token)
        else:
            return None
    try:
        return float(tree)
    except (TypeError, ValueError):
        return None


def _twin(device: Device, connection: Any, areas: Sequence[str]) -> Iterator[Doubt]:
    """Another device of the type within 20 m."""
    if device.lon is None or device.lat is None:
        return
    reach = 0.0005
    mine = things.c
    some = select(mine.id, mine.lon, mine.lat, mine.state, mine.area).where(mine.type == device.type)
    if device.area:  # the narrower index; a twin of another area is a neighbour's business
        some = some.where(mine.area == device.area)
    looked = some.limit(_MOST_TWINS).subquery()
    near = select(looked).where(
        looked.c.lat.between(device.lat - reach, device.lat + reach), looked.c.lon.between(device.lon - reach, device.lon + reach),
        looked.c.id != device.id, looked.c.state == ACTIVE,
    )  # fmt: skip
    here = (device.lon, device.lat)
    found = [(distance_m(here, (row.lon, row.lat)), _named(row, areas)) for row in connection.execute(near.limit(100))]
    if found and min(found)[0] <= _TWIN_M:
        metres, other = min(found)
        yield doubt("duplicate_place", fails=False, other=other, metres=metres)


@lru_cache(maxsize=1)
def _countries() -> frozenset[str]:
    with (config_dir() / "ais" / "mid.tsv").open(encoding="utf-8", newline="") as file:
        return frozenset(row["mid"] for row in csv.DictReader(file, delimiter="\t"))
