"""Between rows of `things` and `configs` and what the registry answers with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from sensing.coordinates import Crs, to_wgs84
from sensing.errors import NotFoundError
from sensing.model import Config, Micros

from . import labels
from .records import Code, Device
from .schema import ACTIVE, UNDONE, configs, identifiers, site, things

SERIAL = "serial"
"""The scheme of serial numbers."""

HIDDEN = "***"
"""Stands for a secret setting wherever settings are shown; written back, it means "as it is"."""


def place(lat: float | None, lon: float | None, crs: Crs) -> dict[str, Any]:
    """The columns of a position: WGS 84, and the raw pair with its system."""
    if lat is None or lon is None:
        return {"lon": None, "lat": None, "crs": str(crs), "raw_lon": None, "raw_lat": None}
    true_lon, true_lat = to_wgs84((lon, lat), crs)
    return {"lon": true_lon, "lat": true_lat, "crs": str(crs), "raw_lon": lon, "raw_lat": lat}


def thing_row(connection: Connection, device_id: str) -> Row[Any]:
    """The row of a device, active or retired. Raises NotFoundError."""
    found = connection.execute(select(things).where(things.c.id == device_id, things.c.state != UNDONE)).first()
    if found is None:
        raise NotFoundError(f'device "{device_id}" does not exist', "`sensing device list` shows them")
    return found


def add_config(connection: Connection, device_id: str, config: Config) -> None:
    """One more dated configuration of a device."""
    connection.execute(
        insert(configs),
        {
            "thing": device_id,
            "generation": config.generation,
            "valid_from": config.valid_from,
            "zero": config.zero,
            "offset": config.offset,
            "mount_height": config.mount_height,
            "datum": config.datum,
            "units": dict(config.units),
            "period_rule": config.period_rule,
        },
    )


def configs_of(connection: Connection, device_ids: Iterable[str]) -> dict[str, tuple[Config, ...]]:
    """Every configuration of these devices, by valid_from, then generation, so that the last that applies is the one in force."""
    found: dict[str, tuple[Config, ...]] = {}
    order = (configs.c.thing, configs.c.valid_from, configs.c.generation)
    for row in connection.execute(select(configs).where(configs.c.thing.in_(list(device_ids))).order_by(*order)):
        found[row.thing] = (*found.get(row.thing, ()), config_of(row))
    return found


def config_of(row: Row[Any], units: Mapping[str, str] = MappingProxyType({})) -> Config:
    """A row of `configs`; `units` are those of the type, under the device's own."""
    merged = {**units, **row.units}
    return Config(row.valid_from, row.generation, row.zero, row.offset, row.mount_height, row.datum, merged, row.period_rule)


def devices_of(connection: Connection, rows: Iterable[Row[Any]]) -> list[Device]:
    """These rows of `things` as devices, with their configurations."""
    found = list(rows)
    dated = configs_of(connection, [row.id for row in found])
    columns = [column for column in things.columns.keys() if column != "changed"]  # noqa: SIM118 - not a dict
    codes, at_site = codes_of(connection, found), site_code(connection) if found else ""
    return [
        Device(
            **{name: getattr(row, name) for name in columns}, configs=dated[row.id], codes=codes[row.id],
            label=labels.label(at_site, row.uid), urn=labels.urn(at_site, row.uid),
        )
        for row in found
    ]  # fmt: skip


def site_code(connection: Connection) -> str:
    """Whose URNs are given here."""
    return str(connection.execute(select(site.c.code)).scalar_one())


def new_uids(connection: Connection, count: int) -> range:
    """Numbers for so many new things, never given before and never again."""
    connection.execute(update(site).values(uids=site.c.uids + count))
    last = int(connection.execute(select(site.c.uids)).scalar_one())
    return range(last - count + 1, last + 1)


def codes_of(connection: Connection, rows: Sequence[Row[Any]]) -> dict[str, tuple[Code, ...]]:
    """Every code of these rows of `things`, the oldest first; those of today begin when the last one of their scheme ended."""
    past: dict[str, list[Code]] = {row.id: [] for row in rows}
    mine = identifiers.c
    order = (mine.thing, mine.valid_from, mine.scheme, mine.code)
    for each in connection.execute(select(identifiers).where(mine.thing.in_(list(past))).order_by(*order)):
        past[each.thing].append(Code(each.scheme, each.code, each.valid_from, each.valid_to))
    return {row.id: (*past[row.id], *_codes_now(row, past[row.id])) for row in rows}


def _codes_now(row: Row[Any], past: Sequence[Code]) -> Iterator[Code]:
    for scheme, code in ((row.adapter, row.native), (SERIAL, row.serial)):
        if code and row.state == ACTIVE:
            yield Code(scheme, code, since(past, scheme))


def since(past: Sequence[Code], scheme: str) -> Micros:
    """When the code of today of a scheme began to be a thing's."""
    return max((each.valid_to for each in past if each.scheme == scheme and each.valid_to is not None), default=0)
