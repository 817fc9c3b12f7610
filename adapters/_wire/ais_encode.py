"""AIS messages to sentences, for simulators and tests: what they say is read back as it was given.

A vessel's position, speed, course, heading, turn and status of one time are one class A report (type 1); its draught, and facts
as `ais_ships` names them, are a static report (type 5, in two sentences). Times go into a tag block.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pyais.messages import MSG_CLASS

from sensing.model import Micros, Reading, WireFact
from sensing.times import MINUTE, SECOND

from .ais_armour import armour
from .ais_fields import BITS, FIELDS, pack
from .nmea_sentence import build

LONGEST = 60
"""Armour characters of one sentence, as transponders cut them: 82 bytes with all the rest."""

_NOTHING = {"status": 15, "turn": -128.0, "speed": 102.3, "lon": 181.0, "lat": 91.0, "course": 360.0, "heading": 511}


def encode(
    readings: Sequence[Reading], facts: Iterable[WireFact] = (), *, talker: str = "AI", channel: str = "A", tagged: bool = True
) -> list[bytes]:
    """Sentences that say these readings and facts, one a payload. Raises ValueError for what AIS cannot say.

    tagged: times are in tag blocks (to the millisecond); else only their UTC second is in the message.
    """
    head = f"{talker}VDM"
    moves: dict[tuple[str, Micros | None], dict[str, Any]] = {}
    static: dict[tuple[str, Micros | None], dict[str, Any]] = {}
    for reading in readings:
        key = (reading.native, reading.time)
        if reading.code == "draught":
            static.setdefault(key, {})["draught"] = reading.value
        else:
            moves.setdefault(key, {}).update(_moved(reading))
    for fact in facts:
        static.setdefault((fact.native, fact.time), {}).update(_stated(fact))
    sentences = list[bytes]()
    for (native, time), fields in moves.items():
        second = 60 if time is None else time % MINUTE // SECOND
        message = {"msg_type": 1, "mmsi": int(native), **_NOTHING, "second": second, **fields}
        sentences += report(message, head, channel, 0, time if tagged else None)
    for number, ((native, time), fields) in enumerate(static.items()):
        message = {"msg_type": 5, "mmsi": int(native), **fields}
        sentences += report(message, head, channel, number % 10, time if tagged else None)
    return sentences


def report(
    fields: Mapping[str, Any], head: str = "AIVDM", channel: str = "A", sequence: int = 0, time: Micros | None = None
) -> list[bytes]:
    """The sentences of one message from its fields by pyais' names. Raises ValueError for a value that does not fit."""
    kind = fields["msg_type"]
    if kind in BITS:
        unknown = sorted(set(fields) - {field.name for field in FIELDS[kind]})
        if unknown:
            raise ValueError(f"message type {kind} has no {unknown[0]}")
        payload, fill = armour(pack(kind, fields), BITS[kind])
    else:
        payload, fill = MSG_CLASS[kind].create(**fields).encode()
    pieces = [payload[at : at + LONGEST] for at in range(0, len(payload), LONGEST)]
    if len(pieces) == 1:
        return [build(f"{head},1,1,,{channel},{payload},{fill}", "!", time)]
    total = len(pieces)
    return [
        build(f"{head},{total},{at},{sequence},{channel},{piece},{fill if at == total else 0}", "!", time if at == 1 else None)
        for at, piece in enumerate(pieces, 1)
    ]


def _moved(reading: Reading) -> dict[str, Any]:
    if reading.position is not None:
        return {"lon": reading.position[0], "lat": reading.position[1]}
    if reading.code not in _NOTHING:
        raise ValueError(f'a class A report has no "{reading.code}"')
    return {reading.code: reading.value}


def _stated(fact: WireFact) -> dict[str, Any]:
    key, value = fact.key, fact.value
    if key in ("callsign", "destination"):
        return {key: value}
    if key == "name":
        return {"shipname": value}
    if key == "imo":
        return {"imo": int(value)}
    if key == "draught":
        return {"draught": float(value)}
    if key == "ship_type_code":
        return {"ship_type": int(value)}
    if key == "dimensions":
        return dict(zip(("to_bow", "to_stern", "to_port", "to_starboard"), map(int, value.split(",")), strict=True))
    if key == "eta":
        clock = [int(value[6:8]), int(value[9:11])] if len(value) > 5 else [24, 60]
        return {"month": int(value[:2]), "day": int(value[3:5]), "hour": clock[0], "minute": clock[1]}
    return {}


_TIME: Micros = 1_789_412_400 * SECOND


def reading(
    code: str, value: float | None, unit: str | None, name: str, *, native: str = "413372870", time: Micros = _TIME
) -> Reading:
    """One reading as AIS says it."""
    return Reading(native, code, name, value, unit, time=time, wire_time=time)


def placed(lon: float, lat: float, *, native: str = "413372870", time: Micros = _TIME) -> Reading:
    return Reading(native, "position", "position", None, time=time, wire_time=time, position=(lon, lat))


UNDER_WAY = (
    placed(118.069183, 24.447717),
    reading("status", 0, "1", "navigation_status"),
    reading("turn", -11.0, "deg/min", "rate_of_turn"),
    reading("speed", 12.3, "[kn_i]", "speed_over_ground"),
)
EXAMPLES: Mapping[str, Sequence[Reading]] = {
    "under way": [
        *UNDER_WAY,
        reading("course", 87.5, "deg", "course_over_ground"),
        reading("heading", 88, "deg", "heading"),
    ],
    "at anchor, without heading, at a millisecond": [
        placed(-70.811197, -43.115558, native="2393200", time=_TIME + 123_000),
        reading("status", 1, "1", "navigation_status", native="2393200", time=_TIME + 123_000),
        reading("speed", 0.0, "[kn_i]", "speed_over_ground", native="2393200", time=_TIME + 123_000),
    ],
    "draught": [reading("draught", 9.6, "m", "draught")],
}
