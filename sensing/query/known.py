"""What the registry says of devices, by id: rows of the store do not carry it, filters and maps want it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct

_CHUNK = 500


class Known(Struct, frozen=True):
    """What the registry says of a device. lon, lat: WGS 84."""

    type: str = ""
    area: str = ""
    domain: str = ""
    name: str = ""
    native: str = ""
    lon: float | None = None
    lat: float | None = None


UNKNOWN = Known()
Look = Callable[[Iterable[str]], Mapping[str, Known]]
"""Gives at least these ids; `UNKNOWN` for one that the registry does not have."""


def fetch(connection: Any, ids: Sequence[str]) -> dict[str, Known]:
    """Look devices up over a SQLAlchemy connection to the registry."""
    from sqlalchemy import select

    from sensing.registry.schema import things

    found = dict.fromkeys(ids, UNKNOWN)
    mine = things.c
    query = select(mine.id, mine.type, mine.area, mine.domain, mine.name, mine.native, mine.lon, mine.lat)
    for start in range(0, len(ids), _CHUNK):
        for row in connection.execute(query.where(mine.id.in_(ids[start : start + _CHUNK]))):
            found[row.id] = Known(*row[1:])
    return found
