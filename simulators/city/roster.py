"""Who stands where: config/city/fleet.toml and sites.toml made into devices.

Ids, native names, places, gateways and thresholds hang on (row of the fleet, number) alone: a device is the same one, behind the same
gateway, in a city of any size and seed.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from sensing.model import Micros
from sensing.paths import config_dir
from sensing.times import MINUTE, SECOND

from ..said import Device
from . import levels
from .chance import device_keys, traits, word_key
from .measures import OWN_SHARE
from .sites import Land, Site, land, scattered
from .world import Group

MOST = 100_000
_BURST: Micros = 55 * SECOND
"""Who reports about whole minutes does so within this time after them."""
_MINUTELY = {"sl651", "hj212", "nmea0183"}
_WHERE_IT_STANDS = {"voc"}
"""Kinds that sense where each stands, not at the middle of its site: a plume is no wider than a street."""
_PRIVATE_MAC = "24e124"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the fleet: see config/city/fleet.toml."""

    kind: str
    id: str
    count: int
    speaks: str
    type: str
    at: str
    every_min: int
    gateway: str
    word: Sequence[str]
    most: int = MOST
    number: int = 0


@lru_cache(maxsize=1)
def rows() -> tuple[Row, ...]:
    """The fleet's rows, as the file has them."""
    tree = tomllib.loads((config_dir() / "city" / "fleet.toml").read_text("utf-8"))
    return tuple(Row(number=number, **row) for number, row in enumerate(tree["fleet"]))


def counts(n_devices: int) -> list[int]:
    """How many devices each row has, n_devices in all: shares as in the file, one at the least while there are enough.

    Raises ValueError for a number that is not 1 to MOST.
    """
    if not 1 <= n_devices <= MOST:
        raise ValueError(f"{n_devices} devices: a city has 1 to {MOST}")
    fleet = rows()
    if n_devices <= len(fleet):
        return [1] * n_devices + [0] * (len(fleet) - n_devices)
    total = sum(row.count for row in fleet)
    wanted = [n_devices * row.count / total for row in fleet]
    found = [min(row.most, max(1, int(ideal))) for row, ideal in zip(fleet, wanted, strict=True)]
    while (short := n_devices - sum(found)) != 0:
        step = 1 if short > 0 else -1
        able = [at for at, row in enumerate(fleet) if (found[at] < row.most if step > 0 else found[at] > 1)]
        able.sort(key=lambda at: (step * (found[at] - wanted[at]) / max(1.0, wanted[at]), at))
        for at in able[: abs(short)]:
            found[at] += step
    return found


def groups(seed: int, n_devices: int, every_min: int | None = None) -> list[Group]:
    """The city's devices by row, rows without any left out. every_min: reports come at least so often."""
    return [_group(seed, row, count, every_min) for row, count in zip(rows(), counts(n_devices), strict=True) if count]


def _group(seed: int, row: Row, count: int, every_min: int | None) -> Group:
    country = land()
    sites = list(country.sites[row.at][:count])
    names = [f"{row.id}-{number + 1:04}" for number in range(count)]
    own = traits(device_keys(0, names), "share", *OWN_SHARE.get(row.kind, (1.0, 1.0)))
    shares = np.where(np.arange(count) < len(sites), 1.0, own)
    every = min(row.every_min, every_min or row.every_min) * MINUTE
    devices = [_device(country, row, number, float(shares[number])) for number in range(count)]
    at = np.arange(count, dtype=np.int64) % len(sites)
    if row.kind in _WHERE_IT_STANDS:
        sites = [sites[site]._replace(lat=device.lat, lon=device.lon) for site, device in zip(at, devices, strict=True)]
        at = np.arange(count, dtype=np.int64)
    return Group(
        kind=row.kind,
        devices=devices,
        sites=sites,
        at=at,
        keys=device_keys(seed, names),
        shares=shares,
        every=every,
        late=[_late(row, name, every) for name in names],
    )


def _device(country: Land, row: Row, number: int, share: float) -> Device:
    sites = country.sites[row.at]
    site, copy = sites[number % len(sites)], number // len(sites)
    name = f"{row.id}-{number + 1:04}"
    lat, lon = scattered(site, name, copy)
    gateway = f"city-gw-shore-{number + 1:04}" if row.gateway == "own" else f"city-gw-{row.gateway}-{country.zones[site.county]}"
    thresholds = levels.thresholds(row.kind, site, share)
    more: dict[str, Any] = {}
    if row.speaks == "lorawan" or row.type == "ultrasonic-gauge":
        more = levels.mount(site)
    nth = f" {copy + 1}" if copy else ""
    return Device(
        id=name, type=row.type, adapter="plainjson" if row.speaks == "vendor" else row.speaks,
        native=gateway if row.gateway == "own" else _native(row, site, number, copy),
        name=f"{site.zh}{row.word[0]}{nth.strip()} {site.en} {row.word[1]}{nth}", lat=lat, lon=lon, area=country.counties[site.county],
        gateway=gateway, kind=row.kind, datum=levels.DATUMS.get(row.kind, ""),
        zero=0.0 if row.speaks == "sl651" and row.kind in levels.DATUMS else None,
        settings={"thresholds": thresholds} if thresholds else {}, form_more=more,
    )  # fmt: skip


def _native(row: Row, site: Site, number: int, copy: int) -> str:
    """What a device is called in its own protocol."""
    index = number + 1
    if row.speaks == "sl651":  # county and a station number from 1 to 60000 (SL 651-2014 6.2.3.2)
        return f"{site.county}{1 + (copy * 8 + site.slot) * 8 + row.number:04X}"
    if row.speaks == "hj212":
        return f"A{site.county}{row.kind.upper():_<6}{index:011}"
    if row.speaks == "lorawan":
        return f"{_PRIVATE_MAC}{row.number:02x}{index:08x}"
    if row.speaks == "senml":
        return f"urn:dev:ops:fj-{row.kind}-{index:05}"
    return f"8681202{index:08}" if row.type == "ultrasonic-gauge" else f"{row.kind}-{index:05}"


def _late(row: Row, name: str, every: Micros) -> Micros:
    """When in its turn a device reports: its own moment, in whole milliseconds, in whole seconds where the wire has no finer."""
    room = _BURST if row.speaks in _MINUTELY else every - 5 * SECOND
    step = SECOND if row.speaks == "vendor" else 1000
    return word_key("late", name) % (room // step) * step


def first_of_each(devices: Sequence[Device]) -> frozenset[str]:
    """The ids of the devices that are their gateway's first."""
    return frozenset({device.gateway: device.id for device in reversed(devices)}.values())


def type_settings(name: str) -> Mapping[str, Any]:
    """What config/things says that devices of a type are set to."""
    settings: Mapping[str, Any] = tomllib.loads((config_dir() / "things" / f"{name}.toml").read_text("utf-8")).get("settings", {})
    return settings
