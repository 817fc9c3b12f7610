r"""AIS and GPS as JSON: gpsd's reports and AIS-catcher's, one object a line, an array, or {"msgs": [...]}.

    {"class": "AIS", "type": 1, "mmsi": 244660274, "scaled": true, "lon": 5.67, "lat": 52.85, "speed": 0.1, "second": 47, ...}
    |                |          |                  |               |                                        | UTC second
    |                |          native id          units: knots and degrees, or as in the message (false)   of the message
    |                message of ITU-R M.1371                        `rxuxtime` is AIS-catcher's time of reception
    TPV is the receiver's own position; VERSION, SKY ... have nothing to read

A vessel is its MMSI; the own position is the principal's. What is refused: not_utf8, not_json, too_deep, too_large, bad_grammar
(a key twice), missing_key (class, type, mmsi), bad_number, bad_time, unknown_function.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from sensing.errors import DecodeError, Reason
from sensing.model import Context, Decoded, JsonState, Micros, Reading, Rejection, Span, WireFact
from sensing.times import MINUTE, SECOND

from ._wire import ais_ships, gpsd_fields, json_in, json_times, json_where
from ._wire.ais_encode import UNDER_WAY, placed, reading
from ._wire.ais_message import NEWEST, place_of
from ._wire.ais_ships import thing_type

__all__ = ["ENROLS", "EXAMPLES", "NAME", "STATEFUL", "annotate", "decode", "encode", "expire", "thing_id", "thing_type"]

NAME = "gpsd"
STATEFUL = False
ENROLS = True
"""The type of those that enrol themselves under their receiver."""
MOST_ERRORS = 64
MOST_OBJECTS = 4096
_MOST_PLACED = 8
"""Refused objects of one payload that are looked for in its bytes."""

_WITH_FACTS = (5, 14, 19, 21, 24, 28)
_OWN = {
    "speed": ("speed_over_ground", "m/s"),
    "track": ("course_over_ground", "deg"),
    "altHAE": ("gpsd_altitude", "m"),
}


def thing_id(native: str) -> str:
    """The registry's id of a vessel; a receiver's own position is the principal's."""
    return f"mmsi-{native}" if native.isdigit() else native


def decode(payload: bytes, context: Context, state: JsonState | None = None) -> Decoded:  # noqa: ARG001  # the port's
    """Read one payload. Raises DecodeError when it is one object that cannot be read."""
    found, only = Decoded(readings=[], facts=[], errors=[], controls=[]), None
    for number, (text, offset) in enumerate(_texts(payload)):
        if number >= MOST_OBJECTS:
            _refuse(found, DecodeError(Reason.TOO_LARGE, f"more than {MOST_OBJECTS} objects"), offset, 0)
            break
        try:
            tree = json_in.read(text)
            trees = _objects(tree)
        except DecodeError as error:
            only = error if number == 0 else only
            _refuse(found, error, offset, len(text))
            continue
        for index, one in enumerate(trees):
            try:
                _object(one, context, found)
            except DecodeError as error:
                if len(found.errors) < _MOST_PLACED:
                    error.offset, error.length = json_where.where(text, (*_steps(tree, one, index), *error.path))
                only = error if number == 0 and len(trees) == 1 else only
                _refuse(found, error, offset, len(text))
    if only and len(found.errors) == 1 and not (found.readings or found.facts or found.controls):
        raise only
    return found


def annotate(payload: bytes, context: Context) -> list[Span]:
    """What each byte of a payload says."""
    from ._wire.gpsd_annotate import annotate as told  # decoding does without it

    return told(payload, context, decode, _texts, _became)


def _became(tree: Any, context: Context) -> list[Reading]:
    found = Decoded(readings=[], facts=[], errors=[], controls=[])
    _object(tree, context, found)
    return list(found.readings)


def _texts(payload: bytes) -> Sequence[tuple[bytes, int]]:
    """JSON texts and where they begin: lines when each is an object of its own, else the whole."""
    lines = payload.strip().splitlines(keepends=True)
    if len(lines) < 2 or not all(not line.strip() or line.strip().endswith(b"}") for line in lines):
        return [(payload, 0)]
    texts, at = list[tuple[bytes, int]](), payload.find(lines[0])
    for line in lines:
        if line.strip():
            texts.append((line.strip(), at))
        at += len(line)
    return texts


def _objects(tree: Any) -> Sequence[Any]:
    if isinstance(tree, dict) and isinstance(tree.get("msgs"), list):
        tree = tree["msgs"]
    if not isinstance(tree, list):
        return [tree]
    if len(tree) > MOST_OBJECTS:
        raise DecodeError(Reason.TOO_LARGE, f"{len(tree)} objects; the most is {MOST_OBJECTS}")
    return tree


def _steps(tree: Any, one: Any, index: int) -> tuple[str | int, ...]:
    """The path to one of a text's objects."""
    if one is tree:
        return ()
    return ("msgs", index) if isinstance(tree, dict) else (index,)


def _refuse(found: Decoded, error: DecodeError, offset: int, length: int) -> None:
    if len(found.errors) < MOST_ERRORS:
        rest = max(0, length - error.offset)
        found.errors.append(Rejection(error.reason, error.detail, offset + error.offset, error.length or rest))  # type: ignore[attr-defined]


def _object(tree: Any, context: Context, found: Any) -> None:
    if not isinstance(tree, dict):
        raise DecodeError(Reason.BAD_GRAMMAR, f"{json_in.shown(tree)} is no object")
    kind = tree.get("class")
    if not isinstance(kind, str):
        raise DecodeError(Reason.MISSING_KEY, 'no "class"')
    if kind == "AIS":
        readings, facts = _message(tree, context)
    elif kind == "TPV":
        readings, facts = _own_position(tree, context), []
    else:
        found.controls.append(kind[:32])
        return
    found.readings += readings
    found.facts += facts
    if not (readings or facts):
        found.controls.append(f"type-{tree['type']}" if kind == "AIS" else "no-fix")


def _whole(tree: Mapping[str, Any], key: str) -> int:
    value = tree.get(key)
    if value is None:
        raise DecodeError(Reason.MISSING_KEY, f'no "{key}"')
    if type(value) is not int or not 0 <= value < 1 << 30:
        raise DecodeError(Reason.BAD_NUMBER, f'"{key}" is {json_in.shown(value)}', path=(key,))
    return value


def _message(tree: Mapping[str, Any], context: Context) -> tuple[list[Reading], list[WireFact]]:
    kind, mmsi = _whole(tree, "type"), _whole(tree, "mmsi")
    if not 1 <= kind <= NEWEST:
        raise DecodeError(Reason.UNKNOWN_FUNCTION, f"message type {kind}; there are 1 to {NEWEST}", path=("type",))
    heard = gpsd_fields.stamp(tree)
    fields = gpsd_fields.normal(kind, tree)
    stored = gpsd_fields.readings(kind, fields, heard, context.received)
    facts = ais_ships.facts(fields, heard) if kind in _WITH_FACTS and ais_ships.known(mmsi) else []
    return (_told(tree, fields, stored, str(mmsi), heard) if context.every_field else stored), facts


def _own_position(tree: Mapping[str, Any], context: Context) -> list[Reading]:
    """TPV: the receiver's own position, of gpsd itself (m/s, degrees); without a fix (mode 0, 1) it says nothing."""
    time = None if tree.get("time") is None else json_times.instant(tree["time"])
    lon, lat, mode = (json_in.number(tree.get(key)) for key in ("lon", "lat", "mode"))
    stored, native = list[Reading](), context.principal
    if mode is not None and mode >= 2:
        if lon is not None and lat is not None and abs(lon) <= 180 and abs(lat) <= 90:
            stored.append(Reading(native, "position", "position", None, time=time, wire_time=time, position=(lon, lat)))
        for key, (name, unit) in _OWN.items():
            value = json_in.number(tree.get(key))
            if value is not None:
                stored.append(Reading(native, key, name, value, unit, time=time, wire_time=time))
    return _told(tree, tree, stored, native, time) if context.every_field else stored


def _told(
    tree: Mapping[str, Any], fields: Mapping[str, Any], stored: list[Reading], native: str, wire: Micros | None
) -> list[Reading]:
    """A line for each member: those that are stored as they are, the others without a property."""
    by_code = {one.code: one for one in stored}
    time, place = stored[0].time if stored else wire, place_of(fields)
    lines = list[Reading]()
    for name, value in tree.items():
        if isinstance(value, (dict, list)):
            continue
        shown = fields.get(name) if name in ("lon", "lat") else json_in.number(value) if type(value) is int else value
        known = by_code.pop(name) if name in by_code else None
        plain = Reading(native, name, None, shown, time=time, wire_time=wire, position=place if name in ("lon", "lat") else None)
        lines.append(plain if known is None else known)
        if name == "lat" and "position" in by_code:
            lines.append(by_code.pop("position"))
    return lines + list(by_code.values())


def expire(state: JsonState, now: Micros) -> Decoded:  # noqa: ARG001  # the port's
    """Nothing is waited for."""
    return Decoded()


def encode(readings: Sequence[Reading]) -> list[bytes]:
    """AIS-catcher's JSON, one message a payload: position reports of type 1, draughts as type 5. Raises ValueError for other codes."""
    messages: dict[tuple[str, Micros | None, int], dict[str, Any]] = {}
    for one in readings:
        kind = 5 if one.code == "draught" else 1
        second = 60 if one.time is None else one.time % MINUTE // SECOND
        seconds = None if one.time is None else one.time // SECOND if one.time % SECOND == 0 else one.time / SECOND
        head = {"class": "AIS", "rxuxtime": seconds, "scaled": True, "type": kind, "mmsi": int(one.native)}
        message = messages.setdefault((one.native, one.time, kind), head | ({"second": second} if kind == 1 else {}))
        if one.position is not None:
            message["lon"], message["lat"] = one.position
        elif one.code in ("status", "turn", "speed", "course", "heading", "draught"):
            message[one.code] = one.value
        else:
            raise ValueError(f'a class A report has no "{one.code}"')
    return [msgspec.json.encode(message) for message in messages.values()]


EXAMPLES: Mapping[str, Sequence[Reading]] = {
    "under way": list(UNDER_WAY),
    "two vessels": [placed(-70.811197, -43.115558), reading("heading", 88, "deg", "heading", native="416000001")],
    "draught": [reading("draught", 9.6, "m", "draught")],
}
