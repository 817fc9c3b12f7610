"""Incidents: events that belong together, with a title, members and a timeline, for those who may see them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from threading import Lock
from time import monotonic
from typing import Any

from msgspec import Struct

from sensing import times
from sensing.errors import NotFoundError
from sensing.events import WITHDRAWN
from sensing.incidents import PREFIX, Incident, Place
from sensing.incidents.rules import shipped
from sensing.incidents.shape import summary, timeline, told
from sensing.model import Micros
from sensing.store.event_reader import told as event_told
from sensing.store.events import Event
from sensing.store.incidents import Incidents, first_event, newest_change, seen
from sensing.store.reader import StoreReader
from sensing.thresholds import SEVERITIES

from .answers import page
from .ask import Ask
from .desk import Desk
from .scope import areas_of, sees

_PAGE, _MOST = 50, 500
_DAY = times.DAY
_MOST_PLACES = 20_000
_MOST_MEMBERS = 1_000
_CHEAP_S, _RESTS = 0.2, 5.0


class _Kept(Struct):
    """Incidents of a stretch of a run, as of a change of events."""

    change: int
    begin: Micros
    end: Micros
    found: list[Incident]
    until: float


def _rest(began: float) -> float:
    """Until when what was found is good enough: at once another look where that is cheap, else after five times as long as it took."""
    now = monotonic()
    return now + _RESTS * (now - began) if now - began > _CHEAP_S else now


class Board:
    """What was found last, by run: found again only when an event has changed. Safe for several threads."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._kept: dict[str, _Kept] = {}
        self._moved: dict[tuple[str, int], Place] = {}
        self._lock = Lock()

    def between(self, store: StoreReader, run: str, begin: Micros, end: Micros) -> list[Incident]:
        """The incidents that have an event in a stretch."""
        with self._lock:
            change, at = newest_change(store), monotonic()
            kept = self._kept.get(run)
            if kept is not None and kept.change != change and at < kept.until:
                change = kept.change
            if kept is None or kept.change != change or begin < kept.begin or end > kept.end:
                if len(self._moved) > _MOST_PLACES:
                    self._moved.clear()
                if kept is not None and kept.change == change and max(end, kept.end) - min(begin, kept.begin) < 3 * _DAY:
                    begin, end = min(begin, kept.begin), max(end, kept.end)
                found = Incidents(store, run, self._places, shipped(), self._moved).between(begin, end)
                kept = self._kept[run] = _Kept(change, begin, end, found, _rest(at))
                for other in [each for each in self._kept if each != run][:-8]:
                    del self._kept[other]
            return kept.found

    def as_of(self, run: str) -> int:
        """The change of events as of which the incidents of a run were found last."""
        kept = self._kept.get(run)
        return kept.change if kept is not None else 0

    def of(self, store: StoreReader, events: Sequence[Event]) -> dict[str, Incident]:
        """The incident of each of these events that has one, by event."""
        found: dict[str, Incident] = {}
        wanted = {event.id for event in events if event.state != WITHDRAWN and shipped().of(event.kind)}
        for run in sorted({event.run for event in events if event.id in wanted}):
            starts = [event.start for event in events if event.run == run and event.id in wanted]
            for incident in self.between(store, run, min(starts), max(starts)):
                found |= {item.id: incident for item in incident.items if item.id in wanted}
        return found

    def _places(self, devices: Iterable[str]) -> Mapping[str, Place]:
        return places(self._desk, devices)


def board(desk: Desk) -> Board:
    """The one of this process."""
    if not isinstance(desk.incidents, Board):
        desk.incidents = Board(desk)
    return desk.incidents


def places(desk: Desk, devices: Iterable[str]) -> dict[str, Place]:
    """Where devices are, and what they are called."""
    wanted = list(devices)
    known = desk.catalogue.look(wanted)
    return {each: Place(known[each].lon, known[each].lat, known[each].name, known[each].area) for each in wanted}


def visible(desk: Desk, ask: Ask, incident: Incident) -> Incident | None:
    """The part of an incident that the one who asks may see; None when that is nothing."""
    if not areas_of(ask):
        return incident
    known = desk.catalogue.look(item.device for item in incident.items)
    allowed = [item.device for item in incident.items if sees(ask, known[item.device])]
    return seen(incident, allowed, shipped().of)


def with_incidents(desk: Desk, ask: Ask, store: StoreReader, events: Sequence[Event]) -> list[dict[str, Any]]:
    """Events in the API's words, each with `incident: {id, title}`, or null."""
    found = board(desk).of(store, events)
    mine: dict[str, dict[str, Any] | None] = {}
    for incident in found.values():
        if incident.id not in mine:
            part = visible(desk, ask, incident)
            mine[incident.id] = None if part is None else summary(part, shipped())
    return [
        event_told(event) | {"incident": mine[found[event.id].id] if event.id in found else None} for event in events
    ]  # fmt: skip


def incidents(desk: Desk, ask: Ask) -> dict[str, Any]:
    """Incidents that have an event in from..to, the newest first; the last day of each run's own time when nothing is said."""
    begin, end = ask.instant("from"), ask.instant("to")
    least = SEVERITIES.index(ask.choice("severity", *SEVERITIES))
    state, limit = ask.choice("state", "", "open", "closed"), ask.number("limit", _PAGE, 1, _MOST)
    runs = desk.runs(ask.text("run"))
    items: list[dict[str, Any]] = []
    with desk.stores.take() as store:
        for run, origin, clock in _runs(store, runs):
            until = end if end is not None else clock
            since = begin if begin is not None else until - _DAY
            for incident in board(desk).between(store, run, since, until):
                part = visible(desk, ask, incident)
                if part is None or not any(
                    item.start <= until and (item.end is None or item.end >= since) for item in part.items
                ):
                    continue
                words = told(part, shipped(), run, origin)
                if SEVERITIES.index(words["severity"]) >= least and state in ("", words["state"]):
                    items.append(words)
    items.sort(key=lambda words: (words["start"], words["id"]), reverse=True)
    return page(items[:limit], None, total=len(items))


def _runs(store: StoreReader, runs: Sequence[str] | None) -> list[tuple[str, str, Micros]]:
    """(run, origin, what time it is there) of each run that has data."""
    found = store.connection.execute("SELECT run, min(origin) FROM series GROUP BY run ORDER BY run").fetchall()
    now = times.now()
    return [
        (str(run), str(origin), (store.clock(str(run)) if run else None) or now)
        for run, origin in found
        if runs is None or run in runs
    ]


def incident(desk: Desk, ask: Ask) -> dict[str, Any]:
    """One incident with its events and timeline. A name that another incident has taken over finds that one."""
    identity = ask.path["id"]
    with desk.stores.take() as store:
        first = first_event(identity, store.event, PREFIX)
        found = board(desk).of(store, [first]).get(first.id) if first is not None else None
        part = visible(desk, ask, found) if found is not None else None
        if first is None or part is None:
            raise NotFoundError(f'incident "{identity[:64]}" does not exist', "`GET /api/incidents` lists them")
        events = [event for item in part.items[:_MOST_MEMBERS] if (event := store.event(item.id)) is not None]
    return told(part, shipped(), first.run, first.origin) | {
        "members": [event_told(event) for event in events],
        "timeline": timeline(part.items),
    }
