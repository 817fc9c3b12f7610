"""Where and what devices are, by id, from bounded memory: rows of the store do not carry it, filters and maps want it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from threading import Lock

from sensing.query.known import UNKNOWN as UNKNOWN  # noqa: PLC0414 who asks the catalogue finds it here
from sensing.query.known import Known as Known  # noqa: PLC0414 as above
from sensing.query.known import fetch
from sensing.registry import Registry

_MOST = 50_000
_LOOK_EVERY_S = 1.0


class Catalogue:
    """Answers are at most a second behind the registry. Safe for several threads."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._known: dict[str, Known] = {}
        self._version = -1
        self._looked = 0.0
        self._lock = Lock()

    def look(self, ids: Iterable[str]) -> Mapping[str, Known]:
        """At least these ids; `UNKNOWN` for one that the registry does not have."""
        with self._lock:
            self._refresh()
            missing = [each for each in set(ids) if each not in self._known]
            if missing:
                self._fetch(missing)
            return self._known

    def _refresh(self) -> None:
        if time.monotonic() - self._looked < _LOOK_EVERY_S:
            return
        version = self._registry.version()
        if version != self._version or len(self._known) > _MOST:
            self._known = {}
        self._version, self._looked = version, time.monotonic()

    def _fetch(self, ids: list[str]) -> None:
        with self._registry.database.read() as connection:
            self._known = self._known | fetch(connection, ids)
