"""The registry as the forward path reads it (`sensing.model.Directory`): answers from memory, in bounded memory.

`version` is what refreshes: it reads the change number and, when that moved, forgets the things that changed and every id that was
unknown. A native id that other things had before is kept apart, with its dates, so that one that never moved costs one look-up. `find` asks the database only for what it does not remember, so its answers are as of the last `version` or newer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import Row, bindparam, select

from sensing.model import Domain, Micros, Thing

from .database import Database, Poller
from .engines import Where
from .recent import Recent
from .records import Kind
from .rows import config_of
from .schema import IS_ACTIVE, UNDONE, configs, identifiers, principals, things
from .types import cadence_of, checks_of, limits_of, settings_of, units_of

_MOST_CHANGES = 10_000
"""Beyond so many changed things it is cheaper to forget everything than to look at each."""

_FIND = select(things).where(things.c.adapter == bindparam("adapter"), things.c.native == bindparam("native"), IS_ACTIVE)
_HAD = (
    select(things, identifiers.c.valid_from.label("began"), identifiers.c.valid_to.label("ended"))
    .join_from(identifiers, things, things.c.id == identifiers.c.thing)
    .where(
        identifiers.c.code == bindparam("native"), identifiers.c.scheme == bindparam("adapter"), identifiers.c.valid_to.is_not(None),
        things.c.state != UNDONE,
    )
    .order_by(identifiers.c.valid_to)
)  # fmt: skip
_CONFIGS = select(configs).where(configs.c.thing == bindparam("thing")).order_by(configs.c.valid_from, configs.c.generation)
_TYPES = (
    select(things.c.type)
    .where(things.c.principal == bindparam("principal"), things.c.adapter == bindparam("adapter"), IS_ACTIVE)
    .distinct()
    .order_by(things.c.type)
)
_CHANGED = (
    select(things.c.id, things.c.adapter, things.c.native).where(things.c.changed > bindparam("since")).limit(bindparam("most"))
)

_RECEIVER = select(principals.c.id).where(
    principals.c.id == bindparam("principal"), principals.c.kind.in_((Kind.RECEIVER, Kind.SERVER)), principals.c.retired.is_(None)
)

_Key = tuple[str, str]


class _Dated(Struct):
    """Whose a native id was: (from, until, the thing), by their ends; and whose it is."""

    past: tuple[tuple[Micros, Micros, Thing], ...]
    now: Thing | None

    def at(self, time: Micros | None) -> Thing | None:
        if time is not None:
            for began, ended, thing in self.past:
                if began <= time < ended:
                    return thing
        return self.now


class RegistryDirectory:
    """For one thread. capacity: things remembered, some 2 kB each; as many unknown ids and principals' mappings beside them.

    Raises NotFoundError when the registry is not there yet, UnreachableError when it does not answer.
    """

    def __init__(self, where: Where, types: Mapping[str, Any], capacity: int = 20_000) -> None:
        self._types = types
        self._database = Database(where)
        self._poller = Poller(self._database)
        self._known: Recent[_Key, Thing] = Recent(capacity)
        self._keys: dict[str, _Key] = {}
        self._capacity = capacity
        self._dated: Recent[_Key, _Dated] = Recent(capacity)
        self._unknown: Recent[_Key, bool] = Recent(capacity)
        self._mappings: Recent[_Key, tuple[Mapping[str, Any], ...]] = Recent(capacity)
        self._receivers: Recent[str, bool] = Recent(capacity)
        self._seen = self._poller.version()

    def version(self) -> int:
        """The change number now, after forgetting what moved since the last call."""
        now = self._poller.version()
        if now != self._seen:
            self._forget(self._seen)
            self._seen = now
        return now

    def find(self, adapter: str, native: str, at: Micros | None = None) -> Thing | None:
        key = (adapter, native)
        found = self._known.young.get(key)
        if found is not None:
            return found
        return self._known.get(key) or (None if self._unknown.get(key) else self._elsewhere(key, at))

    def mappings(self, principal: str, adapter: str) -> Sequence[Mapping[str, Any]]:
        key = (principal, adapter)
        found = self._mappings.get(key)
        if found is None:
            rows = self._poller.rows(_TYPES, {"principal": principal, "adapter": adapter})
            found = tuple(settings_of(self._types, row.type) for row in rows)
            self._mappings.put(key, found)
        return found

    def receives(self, principal: str) -> bool:
        found = self._receivers.get(principal)
        if found is None:
            found = bool(self._poller.rows(_RECEIVER, {"principal": principal}))
            self._receivers.put(principal, found)
        return found

    def newcomer(self, type_id: str, thing_id: str, adapter: str, native: str) -> Thing:
        kind = self._types.get(type_id)
        return Thing(
            id=thing_id, type=type_id, adapter=adapter, native=native, principal="", shared=True,
            domain=str(kind.domain) if kind is not None else Domain.ENVIRONMENT, settings=settings_of(self._types, type_id),
            limits=limits_of(self._types, type_id), checks=checks_of(self._types, type_id),
        )  # fmt: skip

    def close(self) -> None:
        self._poller.close()
        self._database.close()

    def _elsewhere(self, key: _Key, at: Micros | None) -> Thing | None:
        dated = self._dated.get(key)
        return dated.at(at) if dated is not None else self._fetch(key, at)

    def _fetch(self, key: _Key, at: Micros | None) -> Thing | None:
        values = {"adapter": key[0], "native": key[1]}
        rows = self._poller.rows(_FIND, values)
        thing = self._thing(rows[0]) if rows else None
        had = self._poller.rows(_HAD, values)
        if had:
            dated = _Dated(tuple((row.began, row.ended, self._thing(row)) for row in had), thing)
            self._dated.put(key, dated)
            return dated.at(at)
        if thing is None:
            self._unknown.put(key, True)
            return None
        if len(self._keys) >= 2 * self._capacity:
            self._keys = {each: spot for each, spot in self._keys.items() if self._known.get(spot) is not None}
        self._keys[thing.id] = key
        self._known.put(key, thing)
        return thing

    def _thing(self, row: Row[Any]) -> Thing:
        units = units_of(self._types, row.type)
        dated = tuple(config_of(each, units) for each in self._poller.rows(_CONFIGS, {"thing": row.id}))
        rule = {"period_rule": dated[-1].period_rule} if dated and dated[-1].period_rule else {}
        return Thing(
            id=row.id,
            type=row.type,
            adapter=row.adapter,
            native=row.native,
            principal=row.principal,
            domain=row.domain,
            name=row.name,
            lon=row.lon,
            lat=row.lat,
            area=row.area,
            settings={**settings_of(self._types, row.type), **row.settings, **rule},
            limits=limits_of(self._types, row.type),
            configs=dated,
            cadence_s=cadence_of(self._types, row.type),
            checks=checks_of(self._types, row.type),
        )

    def _forget(self, since: int) -> None:
        """Drop what changed after `since`. By id as well, for the native id itself may have changed."""
        self._unknown.clear()
        self._dated.clear()
        self._mappings.clear()
        self._receivers.clear()
        changed = self._poller.rows(_CHANGED, {"since": since, "most": _MOST_CHANGES})
        if len(changed) >= _MOST_CHANGES:
            self._known.clear()
            self._keys.clear()
            return
        for thing_id, adapter, native in changed:
            self._known.drop((adapter, native))
            if (key := self._keys.pop(thing_id, None)) is not None:
                self._known.drop(key)
