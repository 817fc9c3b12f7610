"""AIS as JSON: one object of gpsd or AIS-catcher in the names and units of `ais_message` (pyais names, degrees, knots, metres).

gpsd's `scaled` false means numbers as they are in the message: 1/600000 degree (1/600 in types 17 and 27), 0.1 kn (kn in 9 and
27), 0.1 degree (degrees in 27), turn coded. Text in place of a number ("n/a", "nan", "fastleft") is no number.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from math import isfinite
from typing import Any

from sensing.errors import DecodeError, Reason
from sensing.model import Micros, Reading
from sensing.times import from_datetime

from . import json_in, json_times
from .ais_fields import FIELDS, STORED, turn_of
from .ais_message import from_fields, nearest
from .ais_ships import known

_RENAMED = {"shiptype": "ship_type"}
_COARSE = (17, 27)
_ABSENT = {
    (kind, field.name): field.read(stored[field.name].absent)
    for kind, stored in STORED.items()
    for field in FIELDS[kind]
    if field.name in stored
}
_ETA = re.compile(r"(\d\d)-(\d\d)T(\d\d):(\d\d)Z")
_STAMP = re.compile(r"[0-9]{14}")


def normal(kind: int, tree: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of an object by pyais' names in degrees, knots and metres. Raises DecodeError for numbers of 64 bits and more."""
    fields = {_RENAMED.get(name, name): value for name, value in tree.items() if not isinstance(value, (dict, list))}
    raw = tree.get("scaled") is False
    for name in ("lon", "lat"):
        fields[name] = (
            _degrees(fields.get(name), 600 if kind in _COARSE else 600_000) if raw else json_in.number(fields.get(name))
        )
    for name in ("speed", "course", "turn", "draught", "heading", "status", "second", "alt"):
        value = json_in.number(fields.get(name))
        if value is not None and raw and name == "turn":
            value = turn_of(int(value)) if -128 <= value <= 127 else None
        elif (
            value is not None
            and raw
            and (name == "draught" or (name == "course" and kind != 27) or (name == "speed" and kind not in (9, 27)))
        ):
            value /= 10
        fields[name] = value
    eta = _ETA.fullmatch(fields["eta"]) if isinstance(fields.get("eta"), str) else None
    if eta and "month" not in fields:
        fields |= dict(zip(("month", "day", "hour", "minute"), map(int, eta.groups()), strict=True))
    for name in (
        "ship_type",
        "aid_type",
        "imo",
        "month",
        "day",
        "hour",
        "minute",
        "to_bow",
        "to_stern",
        "to_port",
        "to_starboard",
    ):
        if name in fields and not (type(fields[name]) is int and 0 <= fields[name] <= 0x3FFF_FFFF):
            fields[name] = None
    return {name: value for name, value in fields.items() if value is not None or name in tree}


def stamp(tree: Mapping[str, Any]) -> Micros | None:
    """When the receiver heard it: AIS-catcher's `rxuxtime` (s) or `rxtime` (yyyymmddHHMMSS UTC). Raises DecodeError bad_time."""
    seconds, text = tree.get("rxuxtime"), tree.get("rxtime")
    if seconds is not None:
        number = json_in.number(seconds)
        if number is None:
            raise DecodeError(Reason.BAD_TIME, f"rxuxtime {json_in.shown(seconds)} is no time")
        return json_times.epoch(number, 1_000_000)
    if text is None:
        return None
    if not isinstance(text, str) or not _STAMP.fullmatch(text):
        raise DecodeError(Reason.BAD_TIME, f"rxtime {json_in.shown(text)} is not yyyymmddHHMMSS")
    year, month, day, hour, minute, second = (int(text[at : at + 2]) for at in (2, 4, 6, 8, 10, 12))
    try:
        return from_datetime(datetime(int(text[:2]) * 100 + year, month, day, hour, minute, second, tzinfo=UTC))
    except ValueError as error:
        raise DecodeError(Reason.BAD_TIME, f"rxtime {text}: {error}") from None


def readings(kind: int, fields: Mapping[str, Any], heard: Micros | None, received: Micros) -> list[Reading]:
    """Readings of a message; as the `ais` adapter's, rounded as the message itself is, so that receivers agree."""
    if not known(fields["mmsi"]):
        return []
    if kind not in STORED:
        return [_rounded(reading) for reading in from_fields(kind, _timed(kind, fields), heard, received)]
    second = fields.get("second")
    time = heard if heard is not None else nearest(int(second), received) if second is not None and 0 <= second < 64 else None
    if time is None:
        return []
    native, found = str(fields["mmsi"]), list[Reading]()
    lon, lat = fields.get("lon"), fields.get("lat")
    if lon is not None and lat is not None and abs(lon) <= 180 and abs(lat) <= 90:
        place = (round(lon, 6), round(lat, 6))
        found.append(Reading(native, "position", "position", None, time=time, wire_time=heard, position=place))
    for name, stored in STORED[kind].items():
        value = fields.get(name)
        if value is None or value == _ABSENT[kind, name] or (name == "turn" and abs(value) == 127) or not isfinite(value):
            continue
        result = round(value, 1) if round(value, 1) != value else None
        found.append(Reading(native, name, stored.property, value, stored.unit, time=time, wire_time=heard, result=result))
    return found


def _degrees(value: Any, scale: int) -> float | None:
    number = json_in.number(value)
    return None if number is None else round(number / scale, 6)


def _timed(kind: int, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """A base station's time, which gpsd writes as text."""
    text = fields.get("timestamp")
    if kind not in (4, 11) or not isinstance(text, str):
        return fields
    parts = [int(part) for part in re.findall(r"\d{1,4}", text[:32], re.ASCII)]
    return {**fields, **dict(zip(("year", "month", "day", "hour", "minute", "second"), parts, strict=False))}


def _rounded(reading: Reading) -> Reading:
    if reading.position is not None:
        reading.position = (round(reading.position[0], 6), round(reading.position[1], 6))
    return reading
