"""Senders that cannot be known before they are heard (AIS): they enrol themselves under a registered receiver, up to a limit.

Whoever enrolled is remembered in the store, committed with the batch in which it was first heard; an unregistered thing, so
heard by any receiver and owned by none. Beyond the limit new ones wait in quarantine, as unknown devices do.
"""

from __future__ import annotations

import apsw

from .decode import Lane
from .model import Thing
from .ports import Directory
from .store import Batch, Newcomer


class Enrolment:
    """The things that enrolled, as the store has them. Make a new one after a transaction that failed."""

    def __init__(self, connection: apsw.Connection, directory: Directory, limit: int) -> None:
        self._directory = directory
        self._limit = limit
        self._rows = {str(row[0]): row for row in connection.execute("SELECT thing, type, adapter, native FROM enrolled")}
        self._things: dict[tuple[str, str], Thing] = {}

    def refresh(self) -> None:
        """Forget what types said: they may have changed."""
        self._things.clear()

    def thing(self, lane: Lane, native: str, received: int, batch: Batch) -> Thing | None:
        """The thing that `native` is, enrolled now when it is new; None when it may not, or no more may."""
        adapter = lane.source.adapter
        found = self._things.get((adapter, native))
        if found is None and lane.enrols:
            name = lane.adapter.thing_id(native)
            if name not in self._rows and len(self._rows) >= self._limit:
                return None
            kind = lane.adapter.thing_type(native)
            found = self._things[adapter, native] = self._directory.newcomer(kind, name, adapter, native)
            if name not in self._rows:
                self._rows[name] = (name, kind, adapter, native)
                batch.enrolled.append(Newcomer(name, kind, adapter, native, lane.source.principal, received))
        return found
