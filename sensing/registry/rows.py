"""Between rows of `things` and `configs` and what the registry answers with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from sensing.coordinates import Crs, to_wgs84
from sensing.errors import NotFoundError
from sensing.model import Config

from .records import Device
from .schema import configs, things

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
    found = connection.execute(select(things).where(things.c.id == device_id)).first()
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
    return [Device(**{name: getattr(row, name) for name in columns}, configs=dated[row.id]) for row in found]
