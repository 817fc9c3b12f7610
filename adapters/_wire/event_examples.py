"""Readings that other departments' events can say, for tests and documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sensing import properties
from sensing.model import Micros, Reading
from sensing.times import MINUTE, SECOND

_TIME: Micros = 1_787_293_800 * SECOND  # 2026-08-21 14:30 in Beijing


def event(
    source: str, kind: str, value: float, *, counted: bool = False, time: Micros = _TIME, place: tuple[float, float] | None = None
) -> Reading:  # fmt: skip
    """One event. counted: it states no value of its own, so that 1 and 0 stand for lasting and over."""
    kept = None if counted else properties.get(kind)
    name, unit = (kind, kept.unit) if kept else (properties.slug("events", kind), None)
    return Reading(source, kind, name, value, unit, time=time, wire_time=time, position=place)


EXAMPLES: Mapping[str, Sequence[Reading]] = {
    "a camera sees water": [event("cam-0412", "ponding_depth", 0.42, place=(117.65, 24.51))],
    "calls": [
        event("12345", "citizen_call", 1, counted=True),
        event("12345", "citizen_call", 1, counted=True, time=_TIME + MINUTE),
    ],
    "an alarm that ended": [event("cam-0412", "ponding_depth", 0, counted=True)],
    "free places": [event("parking-7", "parking_free", 83), event("parking-7", "parking_free", 0, time=_TIME + 1)],
    "of no table": [event("terminal-2", "Gate queue/max", 17.5)],
}
