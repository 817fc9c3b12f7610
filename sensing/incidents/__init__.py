"""Incidents: events that belong together, by place, time and kind. Pure: the same events make the same incidents, in any order.

rules    config/incidents.toml      join    events to incidents
shape    what an incident is, told  story   what one event is about, in plain words
"""

from __future__ import annotations

from msgspec import Struct

from sensing.model import Micros


class Place(Struct, frozen=True):
    """Where something is, WGS 84, and what people call it."""

    lon: float | None = None
    lat: float | None = None
    name: str = ""
    area: str = ""


NOWHERE = Place()


class Item(Struct, frozen=True):
    """An event as joining sees it. grown: the last time at which it began, rose, or was worst. end: None while it lasts.

    severity: index in SEVERITIES. steps: (severity, time). group: the event that it is a part of.
    """

    id: str
    kind: str
    device: str
    domain: str
    severity: int
    start: Micros
    end: Micros | None
    grown: Micros
    steps: tuple[tuple[int, Micros], ...]
    place: Place = NOWHERE
    group: str = ""


class Incident(Struct, frozen=True):
    """Events that are one incident, in order of (start, id). id: by the first that makes it (what follows does not). families: in order of first event."""

    id: str
    items: tuple[Item, ...]
    families: tuple[str, ...]


PREFIX = "inc-"


def incident_id(first: str) -> str:
    """An incident is named by its first event: later events do not rename it, and an old name finds where that event is now."""
    return PREFIX + first
