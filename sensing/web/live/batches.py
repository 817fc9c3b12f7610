"""What a view is told: all of it, or what has changed since a position. Made once for all viewers of one view at one position."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from sensing.events import WITHDRAWN

from . import entries
from .changes import MOST, changes
from .city import City, Standing
from .hub import Hub
from .kpi import figures
from .places import Place
from .position import NOWHERE, Position
from .view import View

encode = msgspec.json.Encoder().encode


class TooOldError(Exception):
    """Nobody knows what has changed since: take the snapshot."""


class Batches:
    """Over one hub; used under its lock."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._at = Position()
        self._raw: dict[tuple[Position, str, str], msgspec.Raw | None] = {}
        self._figures: dict[View, tuple[float, dict[str, Any]]] = {}

    def all_of(self, view: View, cities: list[City]) -> Iterator[tuple[Place, Standing, City]]:
        """Things of a view wherever they are, each in the run that shows it."""
        if len(cities) == 1:
            chosen = {standing.id: (cities[0], standing) for standing in cities[0].standings.values()}
        else:
            chosen = {}
            for city in reversed(cities):  # the first that has heard of a thing, else the first that knows it
                for standing in city.standings.values():
                    held = chosen.get(standing.id)
                    if held is None or standing.heard or not held[1].heard:
                        chosen[standing.id] = (city, standing)
        for thing, (city, standing) in chosen.items():
            place = self._hub.place(thing)
            if place is not None and view.has(place):
                yield place, standing, city

    def kpi(self, view: View, cities: list[City], ledger: str) -> dict[str, Any]:
        """The figures of a view."""
        standings = (standing for _, standing, _ in self.all_of(view, cities))
        return figures(standings, cities, lambda device: self.sees(view, device), self._hub.pace.told(view.runs), ledger)

    def things(self, view: View, cities: list[City]) -> list[dict[str, Any]]:
        """All things of a view, whole."""
        found = []
        for place, standing, city in self.all_of(view, cities):
            lon, lat = _point(place, standing)
            if view.holds(lon, lat):
                found.append(entries.whole(place, standing, city))
        return found

    def events(self, view: View, cities: list[City], since: int = -1) -> list[dict[str, Any]]:
        """Events of a view that have changed since a mark, the newest first."""
        found = [
            event for city in cities for event in city.events.values()
            if event.mark > since and (since >= 0 or event.state != WITHDRAWN) and self.sees(view, event.device)
        ]  # fmt: skip
        told = [event.told for event in sorted(found, key=lambda event: event.told["start"], reverse=True)]
        if 0 <= since < self._hub.known_from:
            told += self._older(view, since, {event["id"] for event in told})
        return told

    def since(self, view: View, cities: list[City], position: Position) -> tuple[list[msgspec.Raw], list[dict[str, Any]]]:
        """(things, events) that have changed since a position. Raises TooOldError."""
        hub = self._hub
        if position == NOWHERE:
            raise TooOldError("the cursor is of another run")
        if position.seq > hub.position.seq or position.version > hub.position.version or position.version < hub.places.oldest:
            raise TooOldError("the cursor is of another store, or too old")
        if self._at != hub.position:
            self._at, self._raw = hub.position, {}
        some = hub.since(position)
        exact = hub.last == position
        told = []
        for thing in some if some is not None else self._gone_or_here(cities):
            raw = self.entry(view, cities, thing, position, exact=exact)
            if raw:
                told.append(raw)
        return told, self.events(view, cities, position.mark)

    def entry(self, view: View, cities: list[City], thing: str, since: Position, *, exact: bool) -> msgspec.Raw | None:
        """A thing as it is told to who was told until `since`; None when there is nothing to say. exact: it was told until just before."""
        place, shown = self._hub.place(thing), self._hub.shown(cities, thing)
        if place is None or (shown is None and not place.gone):
            return None
        if place.gone or shown is None:
            return _gone(thing) if place.version > since.version else None
        city, standing = shown
        if not view.has(place):  # it may have been before it was edited
            return _gone(thing) if place.version > since.version else None
        if len(cities) > 1 and standing.born > since.seq:
            return _raw(entries.whole(place, standing, city) | {"whole": True})
        if view.box is not None and standing.placed:
            here = view.holds(standing.lon, standing.lat)
            was = view.holds(*standing.before) if exact else None
            if not here:
                return _gone(thing) if was is not False and standing.moved > since.seq else None
            if was is not True and standing.moved > since.seq:
                return _raw(entries.whole(place, standing, city) | {"whole": True})
        elif view.box is not None and not view.holds(place.lon, place.lat):
            return _gone(thing) if place.version > since.version else None
        key = (since, city.run, thing)
        if key not in self._raw:
            told = entries.changed(place, standing, city, since)
            self._raw[key] = None if told is None else _raw(told)
        return self._raw[key]

    def _gone_or_here(self, cities: list[City]) -> set[str]:
        return {thing for city in cities for thing in city.standings} | {
            each.id for each in self._hub.places.all.values() if each.gone
        }

    def _older(self, view: View, since: int, told: set[str]) -> list[dict[str, Any]]:
        """Changes that happened before anything was known here: the store has them. Raises TooOldError."""
        with self._hub.desk.stores.take() as store:
            found = changes(store, since)
        if len(found) > MOST:
            raise TooOldError("more events have changed than can be told one by one")
        from sensing.store.event_reader import told as words

        return [
            words(event) for event in found
            if event.run in view.runs and event.id not in told and self.sees(view, event.device)
        ]  # fmt: skip

    def incidents(self, view: View, cities: list[City], since: int = -1) -> tuple[list[dict[str, Any]], bool]:
        """Incidents of a view that have changed since a place, and whether they are all that there are."""
        sees = None if view.all else lambda device: self.sees(view, device)
        return self._hub.joined.told(cities, sees, since, self._hub.position.board)

    def sees(self, view: View, device: str) -> bool:
        """Whether events of a device are a view's; those of a gateway, or of the house, are for who sees all of it."""
        place = self._hub.place(device)
        return view.has(place) if place is not None else view.all


def _point(place: Place, standing: Standing) -> tuple[float | None, float | None]:
    return (standing.lon, standing.lat) if standing.placed else (place.lon, place.lat)


def _gone(thing: str) -> msgspec.Raw:
    return _raw({"id": thing, "gone": True})


def _raw(told: Any) -> msgspec.Raw:
    return msgspec.Raw(encode(told))
