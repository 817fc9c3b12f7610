"""What other departments' systems report, in one shape: a camera's ponding alarm, a 12345 call, a container's gate move, a parking count.

    {"source": "cam-0412", "id": "a-20260914-118", "kind": "ponding_depth", "domain": "city", "time": "2026-09-14T19:00:00+08:00",
     "lon": 117.65, "lat": 24.51, "severity": "warning", "text": "水深过膝", "value": 0.42, "status": "open"}

`source`, `id`, `kind` and `time` are needed, the rest may be absent or null; other members are left alone. An array holds several.

An event becomes
    a reading   code: the kind. With a value: property of the same name (config/properties.toml), else `events_<kind>`, in its unit.
                Without: `events_<kind>`, 1 while it lasts and 0 when `status` says that it is over. Its place goes with it.
    a fact      key `event/<id>`: the whole of it as JSON, true from its time on. So (source, id, time) names it, and none is lost when
                two of one source and kind share an instant.

Setting of a device: `by_id` (false): counters of one source are told apart by `id`, which becomes the channel.
Refused, each event for itself: missing_key, bad_time, bad_number (value, lon, lat), bad_grammar (anything else of a wrong type or length).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from sensing import properties, times
from sensing.errors import DecodeError, Reason, ValidationError
from sensing.model import Context, Decoded, Domain, JsonState, Micros, Reading, Rejection, Span, WireFact

from ._wire import json_in, json_times, json_where
from ._wire.event_examples import EXAMPLES

__all__ = ["EXAMPLES", "NAME", "OVER", "STATEFUL", "annotate", "check", "decode", "encode", "expire"]

NAME = "events"
STATEFUL = False

OVER = frozenset(
    ("over", "closed", "cleared", "resolved", "ended", "cancelled", "done", "normal", "已结束", "已解除", "已办结", "已关闭")
)
"""Words of `status` that end an event; any other is taken as "it lasts"."""

_LONGEST = {"source": 128, "id": 128, "kind": 64, "domain": 16, "severity": 64, "status": 64, "text": 4096}
"""Characters of each member that is text."""
_NEEDED = ("source", "id", "kind", "time")
_MOST_PLACED = 8
"""Refused events of one payload that are looked for in its bytes."""
_DOMAINS = frozenset(Domain)


def decode(payload: bytes, context: Context, state: JsonState | None = None) -> Decoded:  # noqa: ARG001  # the port's
    """Read one event or an array of them. Raises DecodeError when the only one cannot be read."""
    tree = json_in.read(payload)
    readings: list[Reading] = []
    facts: list[WireFact] = []
    errors: list[Rejection] = []
    if type(tree) is not list:
        try:
            _event(tree, context, readings, facts)
        except DecodeError as error:
            error.offset, error.length = json_where.where(payload, error.path)
            raise
        return Decoded(readings, facts=facts)
    if len(tree) > json_in.MOST_RECORDS:
        raise DecodeError(Reason.TOO_LARGE, f"{len(tree)} events; the most is {json_in.MOST_RECORDS}")
    for number, record in enumerate(tree):
        try:
            _event(record, context, readings, facts)
        except DecodeError as error:
            place = json_where.where(payload, (number, *error.path)) if len(errors) < _MOST_PLACED else (0, 0)
            errors.append(Rejection(error.reason, f"event {number}: {error.detail}", *place))
    return Decoded(readings, errors=errors, facts=facts, controls=() if tree else ("no_events",))


def annotate(payload: bytes, context: Context) -> list[Span]:
    """What each byte of a payload says."""
    from ._wire.events_annotate import annotate as told  # decoding does without it

    return told(payload, context, decode, _became)


def _became(tree: Any, context: Context) -> list[Reading]:
    readings: list[Reading] = []
    _event(tree, context, readings, [])
    return readings


def expire(state: JsonState, now: Micros) -> Decoded:  # noqa: ARG001  # the port's
    """Nothing is ever waited for."""
    return Decoded()


def encode(readings: Sequence[Reading], **members: Any) -> bytes:
    """Events that say these readings, an array when there are several. members: of every event, such as severity and text."""
    found = []
    for number, reading in enumerate(readings, 1):
        assert reading.time is not None
        event: dict[str, Any] = {
            "source": reading.native,
            "id": reading.channel or f"{reading.code}-{number}",
            "kind": reading.code,
        }
        event["time"] = times.rfc3339(reading.time)
        if reading.position is not None:
            event["lon"], event["lat"] = reading.position
        if reading.property != _counted(reading.code) or reading.property == _measured(reading.code)[0]:
            event["value"] = reading.value
        elif not reading.value:
            event["status"] = "over"
        found.append(event | members)
    return msgspec.json.encode(found[0] if len(found) == 1 else found)


def check(settings: Mapping[str, Any]) -> None:
    """Whether a type's or device's settings can be read. Raises ValidationError naming the field."""
    if not isinstance(settings.get("by_id", False), bool):
        raise ValidationError(f"settings.by_id is {settings['by_id']!r}", "write true or false")


def _event(tree: Any, context: Context, readings: list[Reading], facts: list[WireFact]) -> None:
    if type(tree) is not dict:
        raise DecodeError(Reason.BAD_GRAMMAR, f"{json_in.shown(tree)} is no event: an object is")
    given = {key: value for key, value in tree.items() if value is not None}
    for key in _NEEDED:
        if key not in given:
            raise DecodeError(Reason.MISSING_KEY, f'no "{key}"')
    if type(given["id"]) is int and abs(given["id"]) < json_in.BIGGEST:
        given["id"] = str(given["id"])
    for key, longest in _LONGEST.items():
        if key in given and not (type(given[key]) is str and len(given[key]) <= longest and (given[key] or key not in _NEEDED)):
            raise DecodeError(
                Reason.BAD_GRAMMAR,
                f"{key} is {json_in.shown(given[key])}, not text of at most {longest} characters",
                path=(key,),
            )
    if given.get("domain", Domain.CITY) not in _DOMAINS:
        raise DecodeError(Reason.BAD_GRAMMAR, f'domain "{given["domain"]}" is none of {", ".join(Domain)}', path=("domain",))
    try:
        time = json_times.instant(given["time"])
    except DecodeError as error:
        error.path = ("time",)
        raise
    place, value = _place(given), _number(given, "value")
    source, kind = given["source"], given["kind"]
    if value is None:
        name, unit = _counted(kind), None
        value = 0 if given.get("status", "").lower() in OVER else 1
    else:
        name, unit = _measured(kind)
    channel = given["id"] if context.settings(source).get("by_id") else ""
    readings.append(Reading(source, kind, name, value, unit, "instant", channel, time, None, time, position=place))
    facts.append(WireFact(source, f"event/{given['id']}", _told(given), time))


def _told(given: Mapping[str, Any]) -> str:
    """The event without what names it, keys in one order: the same event is the same text."""
    return msgspec.json.encode({key: given[key] for key in _TOLD if key in given}).decode()


_TOLD = ("kind", "domain", "severity", "status", "text", "value", "lon", "lat")


def _place(given: Mapping[str, Any]) -> tuple[float, float] | None:
    lon, lat = _number(given, "lon"), _number(given, "lat")
    if lon is None and lat is None:
        return None
    if lon is None or lat is None:
        raise DecodeError(
            Reason.MISSING_KEY,
            f'"{"lat" if lat is None else "lon"}" is absent, its partner is not',
            path=("lat" if lon is None else "lon",),
        )
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise DecodeError(Reason.BAD_NUMBER, f"lon {lon}, lat {lat} is no place", path=("lat" if -180 <= lon <= 180 else "lon",))
    return (float(lon), float(lat))


def _number(given: Mapping[str, Any], key: str) -> float | None:
    if key not in given:
        return None
    found = json_in.number(given[key])
    if found is None:
        raise DecodeError(Reason.BAD_NUMBER, f"{key} is {json_in.shown(given[key])}, not a number", path=(key,))
    return found


@lru_cache(maxsize=4096)
def _measured(kind: str) -> tuple[str, str | None]:
    """(property, unit) of a kind's value."""
    kept = properties.get(kind)
    return (kind, kept.unit) if kept is not None and kind != "position" else (properties.slug(NAME, kind), None)


@lru_cache(maxsize=4096)
def _counted(kind: str) -> str:
    """The property that counts a kind's events."""
    return properties.slug(NAME, kind)
