"""Incidents of a store, found from the events that stand: derived when they are asked for, never kept, so they cannot differ from them.

An incident is whole however long it lasts: where it touches the edge of the stretch that was read, more is read, up to `longest_d` days.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from sensing.incidents import NOWHERE, Incident, Item, Place
from sensing.incidents.join import hanging, joined, span
from sensing.incidents.rules import Rules
from sensing.model import Micros
from sensing.times import DAY, HOUR

from .event_reader import WantedEvents
from .events import Event
from .reader import StoreReader
from .wanted import Wanted

_PAGE = 1_000
Places = Callable[[Iterable[str]], Mapping[str, Place]]
"""Where devices are, by id; those that move, and those that nobody knows, are left out or without a point."""


class Incidents:
    """Over one reader of a store, for one run. places: what the registry says."""

    def __init__(self, store: StoreReader, run: str, places: Places, rules: Rules, moved: dict[tuple[str, int], Place]) -> None:
        self._store, self._run, self._places, self._rules = store, run, places, rules
        self._moved = moved
        """Where movers were at their events, by (event, version): kept by whoever asks often."""

    def between(self, begin: Micros, end: Micros) -> list[Incident]:
        """Those that have an event in begin..end, each whole."""
        low, high = begin - HOUR, end + HOUR
        floor, ceiling = begin - self._rules.join.longest, end + self._rules.join.longest
        while True:
            items = self._items(low, high)
            mine = [one for one in joined(items, self._rules) if self._touches(one.items, begin, end)]
            near = [
                one for one in hanging(items, self._rules) if self._touches(one, begin, end)
            ]  # what is not one yet may become one
            spans = [span(item, self._rules) for one in (*near, *(each.items for each in mine)) for item in one]
            margin = self._rules.join.window
            first = min((start for start, _ in spans), default=begin) - margin
            last = max((stop for _, stop in spans), default=end) + margin
            if (first >= low or low <= floor) and (last <= high or high >= ceiling):
                return mine
            low = low if first >= low else max(floor, first - DAY)
            high = high if last <= high else min(ceiling, last + HOUR)

    def _touches(self, items: Iterable[Item], begin: Micros, end: Micros) -> bool:
        return any(_meets(item, begin, end, self._rules) for item in items)

    def of(self, event: Event) -> Incident | None:
        """The incident of an event."""
        found = self.between(event.start, event.start)
        return next((one for one in found if any(item.id == event.id for item in one.items)), None)

    def _items(self, low: Micros, high: Micros) -> list[Item]:
        """Events that stood in low..high and belong to a family."""
        events: list[Event] = []
        wanted, after = WantedEvents(runs=(self._run,), begin=low, end=high), None
        while page := self._store.events(wanted, _PAGE, after):
            events += [event for event in page if self._rules.of(event.kind)]
            after = (page[-1].start, page[-1].id)
            if len(page) < _PAGE:
                break
        places = self._places({event.device for event in events})
        return [self._item(event, places.get(event.device, NOWHERE)) for event in events]

    def _item(self, event: Event, place: Place) -> Item:
        if place.lon is None or place.lat is None:
            place = self._where(event, place)
        grown = max(event.peak_time, event.start, *(step.time for step in event.steps))
        steps = tuple((step.severity, step.time) for step in event.steps)
        return Item(
            event.id,
            event.kind,
            event.device,
            event.domain,
            event.severity,
            event.start,
            event.end,
            grown,
            steps,
            place,
            event.group,
        )

    def _where(self, event: Event, place: Place) -> Place:
        """Where a mover was nearest to the start of its event."""
        key = (event.id, event.version)
        if key not in self._moved:
            self._moved[key] = self._position(event, place)
        return self._moved[key]

    def _position(self, event: Event, place: Place) -> Place:
        wanted = Wanted(
            devices=(event.device,), properties=("position",), runs=(event.run,), begin=event.start - HOUR, end=event.start + HOUR
        )
        times = self._store.nearest(wanted, event.start, 1)
        for time in sorted(times, key=lambda time: (abs(time - event.start), time)):
            rows = self._store.observations(_instant(wanted, time), 1)
            if rows and rows[0].get("lon") is not None:
                return Place(
                    rows[0]["lon"], rows[0]["lat"], place.name or self._store.ships().called(event.device, event.run), place.area
                )
        return place


def _meets(item: Item, begin: Micros, end: Micros, rules: Rules) -> bool:
    first, last = item.start, item.end
    return first <= end and (last is None or last >= begin or span(item, rules)[1] >= begin)


def _instant(wanted: Wanted, time: Micros) -> Wanted:
    """The same rows, of one instant."""
    return Wanted(wanted.devices, wanted.properties, runs=wanted.runs, begin=time, end=time + 1)


def newest_change(store: StoreReader) -> int:
    """The number of the last change of any event: while it stands still, so do incidents."""
    return int(store.connection.execute("SELECT ifnull(max(changed), 0) FROM events").get or 0)


def first_event(identity: str, find: Callable[[str], Event | None], prefix: str, hops: int = 100) -> Event | None:
    """The event that stands for the one an incident was named by; None when there was none, or nothing took its place."""
    event = find(identity.removeprefix(prefix)) if identity.startswith(prefix) else None
    for _ in range(hops):
        if event is None or event.state != "withdrawn":
            return event
        event = find(event.superseded_by) if event.superseded_by else None
    return None


def seen(incident: Incident, devices: Sequence[str] | None, families: Callable[[str], str]) -> Incident | None:
    """The part of an incident that somebody may see: only events of these devices; None when there is none. devices: None is all."""
    if devices is None:
        return incident
    allowed = set(devices)
    items = tuple(item for item in incident.items if item.device in allowed)
    return Incident(incident.id, items, tuple(dict.fromkeys(families(item.kind) for item in items))) if items else None
