"""The table of events: written as they begin, change and are withdrawn, with what people say of them.

An event is named by its start, so one whose start moves becomes another: the old one is kept as `withdrawn`, `superseded_by` names
the one that took its place, and what people said of it goes with it. `marks` holds what they said, by word (`acknowledged`, `closed`).
Somebody's `closed` holds for the severity that they saw: an event that rises above it is open again.
What the data say (kind, id, start, end, steps, peak) is the same whatever the order of arrival; when it was first seen, how often it
was changed, and what was withdrawn on the way are history, and are not.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import apsw
import msgspec
from msgspec import Struct, field

from sensing import derive
from sensing.errors import ConflictError, NotFoundError
from sensing.events import CLOSED, OPEN, WITHDRAWN, Episode, Step, event_id
from sensing.model import Micros
from sensing.rules import Rule
from sensing.times import rfc3339

from . import Mark

_COLUMNS = (
    "id", "series", "kind", "device", "property", "statistic", "channel", "run", "origin", "unit", "domain", "start", "end",
    "severity", "state", "steps", "peak", "peak_time", "marks", "first_seen", "heard", "place", "superseded_by", "version",
    "more", "group", "changed",
)  # fmt: skip
_NAMED = ("id", "series", "kind", "device", "property", "statistic", "channel", "run", "origin", "start")
"""What the id stands for: an event that is written again has the same, and the indexes over it are left alone."""
SELECT = "SELECT " + ", ".join(f'e."{name}"' for name in _COLUMNS) + " FROM events e"
_PUT = f"""INSERT INTO events({", ".join(f'"{name}"' for name in _COLUMNS)})
  VALUES({",".join("?" * (len(_COLUMNS) - 1))}, (SELECT ifnull(max(changed), 0) + 1 FROM events)) ON CONFLICT(id) DO UPDATE SET
  {", ".join(f'"{name}" = excluded."{name}"' for name in _COLUMNS if name not in _NAMED)}"""
MOST_ESCALATED = 2
"""Levels of escalation: there is nobody above."""
_HOPS = 100
_EVER = 1 << 62
NO_EVENTS = hashlib.sha256().hexdigest()
"""The digest of none at all."""
_JSON = tuple(_COLUMNS.index(name) for name in ("steps", "marks", "more"))
_json = msgspec.json.Encoder().encode
_steps = msgspec.json.Decoder(list[Step]).decode


class Event(Struct, gc=False):
    """A row. series: the datastream it is about. severity: index in SEVERITIES. marks: what people said, by word: {by, at, note, severity}, of
    `assigned` also {to, due}, of `escalated` {level}.

    first_seen: the door's stamp of the observation that raised it, first of all that it replaced; heard: the run's own clock then.
    place: that observation's frame. version: how often it was written. more: what its rule says of it (derive.about): `level` `colour` `over`
    `forecast`. group: the id of the event that it is a part of. changed: its place among all changes of events, which only grows.
    """

    id: str
    series: int
    kind: str
    device: str
    property: str
    statistic: str
    channel: str
    run: str
    origin: str
    unit: str
    domain: str
    start: Micros
    end: Micros | None
    severity: int
    state: str
    steps: list[Step]
    peak: float
    peak_time: Micros
    marks: dict[str, dict[str, Any]]
    first_seen: Micros
    heard: Micros
    place: int
    superseded_by: str = ""
    version: int = 0
    more: dict[str, Any] = field(default_factory=dict)
    group: str = ""
    changed: int = 0


class About(NamedTuple):
    """The datastream that an event is about."""

    series: int
    device: str
    property: str
    statistic: str
    channel: str
    run: str
    origin: str
    unit: str


class Seen(Struct):
    """The observation that showed something: the door's stamp, the run's clock, its frame, and the domain of its thing."""

    received: Micros
    heard: Micros
    place: int
    domain: str


def find(db: apsw.Connection, identity: str) -> Event | None:
    """An event by its id, withdrawn ones too."""
    found = rows(db, f"{SELECT} WHERE e.id=?", (identity,))
    return found[0] if found else None


def standing(db: apsw.Connection, series: int, after: Micros, before: Micros | None, kind: str | None = None) -> list[Event]:
    """A datastream's events that are not withdrawn and began between two instants, neither included; of one kind, or of all."""
    return rows(
        db,
        f"""{SELECT} WHERE e.series=?1 AND e.start > ?2 AND e.start < ?3 AND e.state <> ?4 AND (?5 IS NULL OR e.kind=?5)
        ORDER BY e.start""",
        (series, after, _EVER if before is None else before, WITHDRAWN, kind),
    )


def standing_of(
    db: apsw.Connection, of: About, kind: str, after: Micros = -_EVER, before: Micros | None = None
) -> list[Event]:  # fmt: skip
    """The same of what is about no datastream: of a device or gateway in a run."""
    return rows(
        db,
        f"{SELECT} WHERE e.device=? AND e.kind=? AND e.run=? AND e.start > ? AND e.start < ? AND e.state <> ? ORDER BY e.start",
        (of.device, kind, of.run, after, _EVER if before is None else before, WITHDRAWN),
    )


def about(db: apsw.Connection, series: int) -> About:
    """What the table of series says of one."""
    query = "SELECT id, thing, property, statistic, channel, run, origin, unit FROM series WHERE id=?"
    return About(*db.execute(query, (series,)).get)


def replace(
    db: apsw.Connection, of: About, rule: Rule | str, old: Sequence[Event], found: Iterable[Episode],
    seen: Mapping[Micros | None, Seen], *, fresh: bool = False,
) -> list[Event]:  # fmt: skip
    """Make what stands in a span what was found there: new events, amended ones, and the rest withdrawn. Returns what stands now.

    rule: which found it; the kind alone of what no rule does. old: what stands there. seen: what showed it, by time; under None for
    what no row at hand stands for. fresh: what was found begins later than anything written yet.
    """
    before = {event.id: event for event in old}
    now = {event.id: event for event in _events(db, of, rule, before, found, seen, fresh=fresh)}
    for event in old:
        if event.id in now:
            continue
        heir = next((new for new in now.values() if _overlap(event, new)), None)
        if heir is not None:
            _inherit(heir, event)
        put(db, msgspec.structs.replace(event, state=WITHDRAWN, superseded_by=heir.id if heir else "", version=event.version + 1))
    for event in now.values():
        event.state = _state(event)
        if event != before.get(event.id):
            event.version += 1
            put(db, event)
    return list(now.values())


def _events(
    db: apsw.Connection, of: About, rule: Rule | str, before: Mapping[str, Event], found: Iterable[Episode],
    seen: Mapping[Micros | None, Seen], *, fresh: bool,
) -> Iterator[Event]:  # fmt: skip
    """Each episode as an event: the one that has its id, amended, or a new one. One that was withdrawn may come back."""
    kind, unit = (rule, of.unit) if isinstance(rule, str) else (rule.kind, rule.unit(of.unit))
    named = f"{kind} {of.property}" if isinstance(rule, str) and of.property else kind  # else the kind says of what it is
    for one in found:
        identity = event_id(named, of.device, of.statistic, of.channel, of.run, one.start)
        was = before.get(identity) or (None if fresh else find(db, identity))
        if was is None:
            by = seen.get(one.raised) or seen[None]
            was = Event(
                *(identity, of.series, kind, *of[1:-1], unit, by.domain, one.start, None, 0, OPEN, [], one.peak, one.peak_time, {}),
                first_seen=by.received, heard=by.heard, place=by.place,
            )  # fmt: skip
        steps, peak, more = list(one.steps), one.peak, was.more
        if not isinstance(rule, str):
            more = derive.about(rule, one)
            if rule.take:
                steps = [Step(step.severity, step.time, derive.shown(rule, step.value)) for step in steps]
                peak = derive.shown(rule, peak)
        yield msgspec.structs.replace(
            was, end=one.end, severity=one.severity, steps=steps, peak=peak, peak_time=one.peak_time,
            superseded_by="", marks=dict(was.marks), more=more,
        )  # fmt: skip


def _overlap(one: Event, other: Event) -> bool:
    return (other.end is None or one.start <= other.end) and (one.end is None or other.start <= one.end)


def _inherit(heir: Event, event: Event) -> None:
    """What was said of an event goes to the one that takes its place; so does the time at which people first knew."""
    for word, mark in event.marks.items():
        heir.marks.setdefault(word, mark)
    if event.first_seen < heir.first_seen:
        heir.first_seen, heir.heard, heir.place = event.first_seen, event.heard, event.place


def _state(event: Event) -> str:
    closed = event.marks.get("closed")
    return CLOSED if event.end is not None or (closed is not None and event.severity <= closed["severity"]) else OPEN


def put(db: apsw.Connection, event: Event) -> None:
    """Write a row as it is."""
    row = list(msgspec.structs.astuple(event))
    for column in _JSON:
        row[column] = _json(row[column]).decode()
    db.execute(_PUT, row[:-1])


def current(db: apsw.Connection, identity: str) -> Event:
    """The event that stands for an id now: itself, or what took its place. Raises NotFoundError; ConflictError when it is withdrawn."""
    event = find(db, identity)
    if event is None:
        raise NotFoundError(f'event "{identity[:64]}" does not exist', "`sensing event list` shows them")
    for _ in range(_HOPS):
        following = find(db, event.superseded_by) if event.state == WITHDRAWN and event.superseded_by else None
        if following is None:
            break
        event = following
    if event.state == WITHDRAWN:
        raise ConflictError(f"event {identity} is withdrawn: later data say that it was none", "there is nothing to do about it")
    return event


def markable(db: apsw.Connection, identity: str, word: str) -> Event:
    """The event that a mark would go to. Raises NotFoundError, and ConflictError when there is nothing left to say."""
    event = current(db, identity)
    mark = event.marks.get(word)
    if word == "closed" and event.state == CLOSED:
        who = f" by {mark['by']}" if mark else f": it ended at {rfc3339(event.end or 0)}"
        raise ConflictError(f"event {event.id} is closed already{who}", "`sensing event show` tells its story")
    if word in ("assigned", "escalated") and event.state == CLOSED:
        raise ConflictError(f"event {event.id} is closed: there is nothing left to do", "`sensing event show` tells its story")
    if word == "escalated" and mark is not None and mark["level"] >= MOST_ESCALATED:
        raise ConflictError(f"event {event.id} is escalated as far as it can be", "`sensing event assign` gives it to somebody")
    if word == "acknowledged" and mark is not None and mark["severity"] >= event.severity:
        raise ConflictError(f"event {event.id} was acknowledged by {mark['by']}", "`sensing event show` tells its story")
    return event


def apply(db: apsw.Connection, mark: Mark) -> Event:
    """Write down what somebody said; returns the event. The command has asked `markable` before."""
    event = current(db, mark.event)
    said: dict[str, Any] = {"by": mark.by, "at": mark.at, "note": mark.note, "severity": event.severity, **mark.more}
    if mark.word == "escalated":
        said["level"] = int(event.marks.get("escalated", {}).get("level", 0)) + 1
    changed = msgspec.structs.replace(event, marks=event.marks | {mark.word: said}, version=event.version + 1)
    changed.state = _state(changed)
    put(db, changed)
    return changed


def digest(db: apsw.Connection, run: str | None = None) -> str:
    """One hash over the events that stand, but for ids and run, so that two runs of one storm compare (P5)."""
    total = hashlib.sha256()
    columns = 'kind, device, statistic, channel, start, "end", severity, steps, peak, peak_time, more'
    order = 'device, kind, statistic, channel, start, steps, peak, ifnull("end", 0)'
    query = f"SELECT {columns} FROM events WHERE state <> ? AND (?2 IS NULL OR run = ?2) ORDER BY {order}"
    for row in db.execute(query, (WITHDRAWN, run)):
        total.update(repr(row).encode())
    return total.hexdigest()


def rows(db: apsw.Connection, query: str, values: Sequence[Any]) -> list[Event]:
    """The events of a query that begins with SELECT."""
    found = []
    for row in db.execute(query, values):
        fields = dict(zip(_COLUMNS, row, strict=True))
        fields["steps"], fields["marks"] = _steps(fields["steps"]), json.loads(fields["marks"])
        fields["more"] = json.loads(fields["more"])
        found.append(Event(**fields))
    return found
