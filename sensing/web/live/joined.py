"""Incidents of the runs that are looked at: derived beside the beat, for that may take long, and told by what of them has changed.

Incidents are a function of the events (sensing.incidents), so the place of one is the change of events as of which it was found different from
before. A viewer's position carries the place up to which it was told; who comes back from before anything is known here is told all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from threading import Lock
from typing import Any

from msgspec import Struct

from sensing import times
from sensing.incidents import Incident
from sensing.incidents.rules import shipped
from sensing.incidents.shape import told
from sensing.store.incidents import seen
from sensing.web.desk import Desk
from sensing.web.incidents import board

from .city import ENDED, City

_MOST_GONE = 1_000


class _Known(Struct):
    """An incident, None when it is none any more, and the place of its last change."""

    incident: Incident | None
    place: int


class Joined:
    """`look` derives, `told` tells. place: the change of events up to which they are known. Safe for several threads."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._lock = Lock()
        self._runs: dict[str, dict[str, _Known]] = {}
        self._from: dict[str, int] = {}
        self.place = 0

    def knows(self, runs: Iterable[str], mark: int) -> bool:
        """Whether nothing is to be looked at: mark is of the newest change of an event."""
        return self.place >= mark and self._from.keys() >= set(runs)

    def look(self, runs: Iterable[str]) -> None:
        """Find the incidents of these runs anew where events have changed. Blocks on the store; others are told what was known meanwhile."""
        with self._lock, self._desk.stores.take() as store:
            places = []
            for run in runs:
                now = (store.clock(run) if run else None) or times.now()
                found = board(self._desk).between(store, run, now - ENDED, now)
                place = board(self._desk).as_of(run)
                self._enter(run, {one.id: one for one in found if len(one.items) > 1}, place)
                places.append(place)
            self.place = max(self.place, min(places, default=0))

    def _enter(self, run: str, found: dict[str, Incident], place: int) -> None:
        known = dict(self._runs.get(run, {}))  # whoever is told looks at the dict as it was
        for identity, one in found.items():
            if identity not in known or known[identity].incident != one:
                known[identity] = _Known(one, place)
        for identity, each in known.items():
            if identity not in found and each.incident is not None:
                known[identity] = _Known(None, place)
        gone = [identity for identity, each in known.items() if each.incident is None]
        if run not in self._from or len(gone) > _MOST_GONE:
            self._from[run] = place
            known = {identity: each for identity, each in known.items() if each.incident is not None}
        self._runs[run] = known

    def told(
        self, cities: list[City], sees: Callable[[str], bool] | None, since: int = -1, upto: int = 1 << 62
    ) -> tuple[list[dict[str, Any]], bool]:
        """(incidents that have changed after a place, as the API tells them; whether they are all there are). sees: devices of a view, None for all."""
        whole = any(since < self._from.get(city.run, 0) for city in cities)
        found = []
        for city in cities:
            for identity, each in self._runs.get(city.run, {}).items():
                if (not whole and not since < each.place <= upto) or (whole and each.incident is None):
                    continue
                part = each.incident and _part(each.incident, sees)
                if part is None or len(part.items) < 2:
                    found += [] if whole else [{"id": identity, "gone": True}]
                else:
                    found.append(told(part, shipped(), city.run, city.origin))
        return found, whole


def _part(incident: Incident, sees: Callable[[str], bool] | None) -> Incident | None:
    return seen(incident, None if sees is None else [item.device for item in incident.items if sees(item.device)], shipped().of)
