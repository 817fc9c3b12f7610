"""Reading events: pages of them, the newest first, and each in the words of the API."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import apsw
from msgspec import Struct

from sensing.events import CLOSED, OPEN
from sensing.model import Micros
from sensing.thresholds import SEVERITIES
from sensing.times import rfc3339

from .events import SELECT, Event, rows


class WantedEvents(Struct, frozen=True):
    """Which events. Empty means any. runs: as in Wanted. severity: this one or higher. begin, end: those that stood in [begin, end)."""

    devices: Sequence[str] = ()
    properties: Sequence[str] = ()
    kinds: Sequence[str] = ()
    states: Sequence[str] = (OPEN, CLOSED)
    severity: int = 0
    runs: Sequence[str] | None = ("",)
    begin: Micros | None = None
    end: Micros | None = None


def listed(db: apsw.Connection, wanted: WantedEvents, limit: int, after: tuple[Micros, str] | None = None) -> list[Event]:
    """The newest first; `after` is the (start, id) of the last one of the page before."""
    parts, values = ["e.severity >= ?"], list[Any]([wanted.severity])
    for column, words in (
        ("device", wanted.devices), ("property", wanted.properties), ("kind", wanted.kinds), ("state", wanted.states),
        ("run", wanted.runs or ()),
    ):  # fmt: skip
        if words:
            parts.append(f"e.{column} IN (SELECT value FROM json_each(?))")
            values.append(json.dumps(list(words)))
    for condition, bound in (('(e."end" IS NULL OR e."end" >= ?)', wanted.begin), ("e.start < ?", wanted.end)):
        if bound is not None:
            parts.append(condition)
            values.append(bound)
    if after is not None:
        parts.append("(e.start, e.id) < (?, ?)")
        values += after
    return rows(db, f"{SELECT} WHERE {' AND '.join(parts)} ORDER BY e.start DESC, e.id DESC LIMIT ?", (*values, limit))


def changed(db: apsw.Connection, after: int, limit: int, runs: Sequence[str] | None = None) -> list[Event]:
    """Events of any state in the order in which they were written last, after a place among all changes; runs: None is any.

    Each is told as it is now, once: whoever goes on from the `changed` of the last one misses no change that still stands.
    """
    where, values = ("", ()) if runs is None else (" AND e.run IN (SELECT value FROM json_each(?))", (json.dumps(list(runs)),))
    return rows(db, f"{SELECT} WHERE e.changed > ?{where} ORDER BY e.changed LIMIT ?", (after, *values, limit))


def told(event: Event) -> dict[str, Any]:
    """An event in the API's words: times RFC 3339, severities as words, what people said or null."""
    marks = {word: _said(mark) for word, mark in event.marks.items()}
    forecast = event.more.get("forecast")
    return {
        "id": event.id, "kind": event.kind, "severity": SEVERITIES[event.severity], "state": event.state, "device": event.device,
        "property": event.property, "statistic": event.statistic, "channel": event.channel, "domain": event.domain,
        "start": rfc3339(event.start), "end": None if event.end is None else rfc3339(event.end),
        "peak": {"value": event.peak, "time": rfc3339(event.peak_time)}, "unit": event.unit,
        "steps": [{"severity": SEVERITIES[s.severity], "time": rfc3339(s.time), "value": s.value} for s in event.steps],
        "acknowledged": marks.get("acknowledged"), "closed": marks.get("closed"),
        "assigned": marks.get("assigned"), "escalated": marks.get("escalated"), "level": event.more.get("level"),
        "colour": event.more.get("colour"), "over": event.more.get("over"),
        "forecast": None if forecast is None else forecast | {key: _when(forecast[key]) for key in ("at", "earliest", "latest")},
        "group": event.group or None, "changed": event.changed, "superseded_by": event.superseded_by or None,
        "first_seen": rfc3339(event.first_seen), "heard": rfc3339(event.heard), "frame": event.place, "version": event.version,
        "origin": event.origin, "run": event.run,
    }  # fmt: skip


def _said(mark: dict[str, Any]) -> dict[str, Any]:
    said = mark | {"at": rfc3339(mark["at"]), "severity": SEVERITIES[mark["severity"]]}
    return said | {"due": _when(mark["due"])} if "due" in mark else said


def _when(time: Micros | None) -> str | None:
    return None if time is None else rfc3339(time)
