"""What the registry says of things, kept beside the model: all of them at first, then what has changed since.

What enrolled itself (vessels) is in no registry: its type is in the store.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from msgspec import Struct
from sqlalchemy import or_, select

from sensing.model import Micros
from sensing.registry import Registry
from sensing.registry.schema import ACTIVE, IS_ACTIVE
from sensing.registry.schema import things as table
from sensing.store.reader import StoreReader
from sensing.things import ThingType

_MOST = 100_000
_LOOK_EVERY_S = 0.5
_RECENT = 1_000
"""Changes back to which it is remembered that a thing has gone."""
_CADENCE_S = 3_600
_MISSED = 3
_LEAST_S = 60


class Place(Struct, frozen=True):
    """One thing. version: of its last change in the registry, 0 for what is not in it. since: when it enrolled itself, microseconds, else 0."""

    id: str
    name: str = ""
    type: str = ""
    domain: str = ""
    area: str = ""
    lon: float | None = None
    lat: float | None = None
    cadence: int | None = None
    version: int = 0
    since: Micros = 0
    gone: bool = False

    @property
    def patience(self) -> Micros:
        """How long after its last row it counts as silent, microseconds."""
        return max(_LEAST_S, _MISSED * (self.cadence or _CADENCE_S)) * 1_000_000


class Places:
    """`look` brings them up to date; `of` finds one. Used under the hub's lock."""

    def __init__(self, registry: Registry, types: Mapping[str, ThingType]) -> None:
        self._registry = registry
        self._types = types
        self._looked = 0.0
        self.all: dict[str, Place] = {}
        self.version = 0
        self.oldest = 0
        """The version from which on it is known what has gone."""

    def look(self) -> set[str]:
        """Ids of things that have changed in the registry since the last look. It looks twice a second at most."""
        if self.version and time.monotonic() - self._looked < _LOOK_EVERY_S:
            return set()
        self._looked = time.monotonic()
        version = self._registry.version()
        if version == self.version:
            return set()
        if self.version:
            condition = table.c.changed > self.version
        else:
            self.oldest = max(0, version - _RECENT)
            condition = or_(IS_ACTIVE, table.c.changed > self.oldest)
        names = ("id", "name", "type", "domain", "area", "lon", "lat", "state", "changed")
        query = select(*(table.c[name] for name in names)).where(condition).order_by(table.c.id).limit(_MOST)
        with self._registry.database.read() as connection:
            rows = connection.execute(query).all()
        for row in rows:
            cadence = self._cadence(row.type)
            self.all[row.id] = Place(
                row.id, row.name, row.type, row.domain, row.area, row.lon, row.lat, cadence, row.changed, 0, row.state != ACTIVE
            )
        self.version = version
        return {row.id for row in rows}

    def of(self, thing: str, store: StoreReader) -> Place | None:
        """One thing; None for what nobody has registered, or what was taken out of service long ago."""
        found = self.all.get(thing)
        if found is None:
            kind = store.enrolled(thing)
            if kind is None:
                return None
            known = self._types.get(kind[0])
            domain = str(known.domain) if known else ""
            found = Place(thing, "", kind[0], domain, cadence=self._cadence(kind[0]), since=store.enrolled_at(thing))
            self.all[thing] = found
        return found

    def _cadence(self, kind: str) -> int | None:
        known = self._types.get(kind)
        return known.cadence_s if known else None
