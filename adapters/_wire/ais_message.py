"""One whole AIS message to readings and facts (ITU-R M.1371-5 annex 8).

Position reports (1-3, 9, 18, 19, 27) are read here; the rest by pyais. Of the rest only what becomes something is read in
service: base stations (4, 11), static data (5, 24), aids to navigation (21, 28), weather (8), safety texts (14), DGNSS (17).

Time: the tag block's; else the message's own UTC (4, 11, weather); else the instant nearest to reception whose UTC second
is the message's. A message that has none of these says facts only, for receivers would not agree on when.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from pyais.bit_vector import bit_vector
from pyais.messages import MSG_CLASS

from sensing.errors import DecodeError, Reason
from sensing.model import Context, Micros, Reading, WireFact
from sensing.times import DAY, MINUTE, SECOND, from_datetime, to_datetime

from . import ais_ships, codes
from .ais_armour import bits_of
from .ais_fields import BITS, FIELDS, STORED, every

NEWEST = 28
_SECOND_SHIFT = {kind: next((f.shift for f in fields if f.name == "second"), None) for kind, fields in FIELDS.items()}
_NEEDED = {4: 168, 5: 420, 8: 346, 11: 168, 14: 46, 17: 80, 21: 272, 24: 160, 28: 168}
"""Bits without which a message of a type says nothing that we trust; also the types that are read in service."""
_WITH_FACTS = (5, 14, 19, 21, 24, 28)
_WEATHER = ((1, 11), (1, 31))


class Weather(NamedTuple):
    """A field of the weather messages or of an aid to navigation: what it becomes, and which values are measurements."""

    property: str
    unit: str
    statistic: str
    period: int
    low: float
    high: float


def _weather(row: Mapping[str, str]) -> Weather:
    period = codes.period(row["statistic"])
    return Weather(row["property"], row["ucum"], row["statistic"], period, float(row["low"]), float(row["high"]))


TABLE = codes.load("ais", "code", _weather)


class Said(NamedTuple):
    """What a message says. name: what it is called when it says nothing."""

    readings: list[Reading]
    facts: list[WireFact]
    name: str


def _plan(kind: int) -> tuple[tuple[Any, ...], ...]:
    rows = []
    for field in FIELDS[kind]:
        stored = STORED[kind].get(field.name)
        if stored:
            absent = (-128, -127, 127) if field.name == "turn" else (stored.absent,)
            rows.append((field.name, stored.property, stored.unit, field.shift, field.mask, field.sign, absent, field.read))
    return tuple(rows)


_PLANS = {kind: _plan(kind) for kind in FIELDS}
_PLACES = {
    kind: tuple(
        (field.shift, field.mask, field.sign, field.read, limit * (600 if kind == 27 else 600_000))
        for field in fields
        for name, limit in (("lon", 180), ("lat", 90))
        if field.name == name
    )
    for kind, fields in FIELDS.items()
}
_ANY = Context("")
_UNITS = {"lon": "deg", "lat": "deg", "speed": "[kn_i]", "course": "deg", "heading": "deg", "turn": "deg/min", "draught": "m"}


def understand(payload: bytes, fill: int, stamp: Micros | None, context: Context) -> Said:
    """A message from its armour. Raises DecodeError: bad_length, bad_grammar, unknown_function."""
    if stamp is not None and not context.every_field:
        return _heard(payload, fill, stamp)
    return _understand(payload, fill, stamp, context)


@lru_cache(maxsize=4096)
def _heard(payload: bytes, fill: int, stamp: Micros) -> Said:
    """A stamped message, which says the same whenever it is read. Kept, for most of a harbour is heard by several receivers."""
    return _understand(payload, fill, stamp, _ANY)


def _understand(payload: bytes, fill: int, stamp: Micros | None, context: Context) -> Said:
    if not payload:
        return Said([], [], "empty")  # receivers pass on slots in which they heard nothing they could read
    message, bits = bits_of(payload, fill)
    kind = message >> bits - 6 if bits >= 6 else 0
    if bits < 38:
        raise DecodeError(Reason.BAD_LENGTH, f"{bits} bits are too few for an MMSI")
    if not 1 <= kind <= NEWEST:
        raise DecodeError(Reason.UNKNOWN_FUNCTION, f"message type {kind}; there are 1 to {NEWEST}", 0, 1)
    mmsi = message >> bits - 38 & 0x3FFF_FFFF
    if kind in BITS:
        return _position_report(kind, message, bits, mmsi, stamp, context)
    if not context.every_field and (bits < _NEEDED.get(kind, 1 << 20) or not ais_ships.known(mmsi)):
        return Said([], [], f"type-{kind}")
    fields = _by_pyais(kind, payload, fill)
    whole = bits >= _NEEDED.get(kind, 1 << 20) and ais_ships.known(mmsi)
    stored = from_fields(kind, fields, stamp, context.received) if whole else []
    facts = ais_ships.facts(fields, stamp) if whole and kind in _WITH_FACTS else []
    return Said(told(fields, stored, stamp) if context.every_field else stored, facts, f"type-{kind}")


def _position_report(kind: int, message: int, bits: int, mmsi: int, stamp: Micros | None, context: Context) -> Said:
    short = bits - BITS[kind]
    if short < 0 or not ais_ships.known(mmsi):
        lines = told(every(kind, message, bits), [], stamp) if context.every_field else []
        return Said(lines, [], f"type-{kind}")
    whole = message >> short
    time = stamp
    if time is None:
        shift = _SECOND_SHIFT[kind]
        time = None if shift is None else nearest(whole >> shift & 63, context.received)
    readings = list[Reading]()
    if time is not None:
        native = str(mmsi)
        (at, mask, sign, degrees, most), (at2, mask2, sign2, _, most2) = _PLACES[kind]
        lon, lat = ((whole >> at & mask) ^ sign) - sign, ((whole >> at2 & mask2) ^ sign2) - sign2
        if -most <= lon <= most and -most2 <= lat <= most2:
            place = (degrees(lon), degrees(lat))
            readings.append(
                Reading(native, "position", "position", None, None, "instant", "", time, None, stamp, None, None, place)
            )
        for name, property_, unit, shift, mask, sign, absent, read in _PLANS[kind]:
            raw = ((whole >> shift & mask) ^ sign) - sign
            if raw not in absent:
                readings.append(Reading(native, name, property_, read(raw), unit, "instant", "", time, None, stamp))
    facts = list[WireFact]()
    if kind == 19 or context.every_field:
        fields = every(kind, message, bits)
        facts = ais_ships.facts(fields, stamp) if kind == 19 else facts
        readings = told(fields, readings, stamp) if context.every_field else readings
    return Said(readings, facts, f"type-{kind}")


@lru_cache(maxsize=4096)
def _by_pyais(kind: int, payload: bytes, fill: int) -> Mapping[str, Any]:
    """The fields of a message. Kept, for a ship says the same of itself every six minutes."""
    try:
        found = MSG_CLASS[kind].from_vector(bit_vector(payload, fill)).asdict(enum_as_int=True)
    except Exception as error:  # noqa: BLE001 whatever a foreign parser makes of hostile bits, it is one bad message
        raise DecodeError(Reason.BAD_GRAMMAR, f"message type {kind}: {type(error).__name__}: {error}") from None
    fields = {name: _plain(value) for name, value in found.items()}
    message, bits = bits_of(payload, fill)
    if kind == 17 and bits >= 75:
        # M.1371-5 table 67: signed tenths of a minute; pyais 3.3 reads them unsigned, and in minutes
        for name, start, width in (("lon", 40, 18), ("lat", 58, 17)):
            raw, sign = message >> bits - start - width & (1 << width) - 1, 1 << width - 1
            fields[name] = round(((raw ^ sign) - sign) / 600, 5)
    return fields


def _plain(value: Any) -> Any:
    """A value that JSON can write: enumerations as numbers, bytes as hex."""
    if isinstance(value, (bytes, bytearray)):
        return value.hex()
    if isinstance(value, (bool, type(None))):
        return value
    return int(value) if isinstance(value, int) else float(value) if isinstance(value, float) else str(value)


def from_fields(kind: int, fields: Mapping[str, Any], stamp: Micros | None, received: Micros) -> list[Reading]:
    """Readings of a message by its fields (pyais' names, degrees, knots, metres)."""
    time = _time_of(kind, fields, stamp, received)
    if time is None:
        return []
    native, wire = str(fields["mmsi"]), time if kind in (4, 8, 11) else stamp
    place = place_of(fields)
    readings = list[Reading]()
    if place and kind != 8:
        readings.append(Reading(native, "position", "position", None, None, "instant", "", time, None, wire, position=place))
    if fields.get("draught") and kind == 5:
        readings.append(Reading(native, "draught", "draught", fields["draught"], "m", time=time, wire_time=wire))
    wanted = TABLE if kind == 8 and (fields.get("dac"), fields.get("fid")) in _WEATHER else {}
    if kind == 21 and (fields.get("second") or 0) < 60:
        wanted = {"off_position": TABLE["off_position"]}
    for name, row in wanted.items():
        value = fields.get(name)
        if isinstance(value, (int, float)) and row.low <= value <= row.high:
            begin = time - row.period if row.period else None
            readings.append(
                Reading(
                    native,
                    name,
                    row.property,
                    float(value),
                    row.unit,
                    row.statistic,
                    "",
                    time,
                    begin,
                    wire,
                    position=place if kind == 8 else None,
                )
            )
    return readings


def told(fields: Mapping[str, Any], stored: list[Reading], stamp: Micros | None) -> list[Reading]:
    """A line for each field: those that are stored as they are, the others without a property."""
    by_code = {reading.code: reading for reading in stored}
    native, place = str(fields["mmsi"]), place_of(fields)
    time = stored[0].time if stored else stamp
    lines = list[Reading]()
    for name, value in fields.items():
        where = place if name in ("lon", "lat") else None
        plain = Reading(native, name, None, value, _UNITS.get(name), time=time, wire_time=stamp, position=where)
        lines.append(by_code.get(name, plain))
        if name == "lat" and "position" in by_code:
            lines.append(by_code["position"])
    return lines


def nearest(second: int, received: Micros) -> Micros | None:
    """The instant nearest to `received` whose UTC second this is; None for 60 to 63 (not available, manual, estimated, broken)."""
    if second > 59:
        return None
    time = received // MINUTE * MINUTE + second * SECOND
    if time - received > 30 * SECOND:
        return time - MINUTE
    return time + MINUTE if received - time >= 30 * SECOND else time


def _time_of(kind: int, fields: Mapping[str, Any], stamp: Micros | None, received: Micros) -> Micros | None:
    if kind in (4, 11):
        own = _calendar(fields)
        return own if own is not None else stamp
    if kind == 8:
        own = _this_month(fields, received if stamp is None else stamp)
        return own if own is not None else stamp
    if stamp is not None:
        return stamp
    second = fields.get("second")
    return nearest(second, received) if isinstance(second, int) and kind in (21, 28) else None


def _calendar(fields: Mapping[str, Any]) -> Micros | None:
    try:
        year, month, day, hour, minute, second = (fields[name] for name in ("year", "month", "day", "hour", "minute", "second"))
        return from_datetime(datetime(year, month, day, hour, minute, second, tzinfo=UTC)) if year else None
    except (ValueError, TypeError, KeyError):
        return None


def _this_month(fields: Mapping[str, Any], around: Micros) -> Micros | None:
    """The instant nearest to `around` with this day of the month, hour and minute; None when they are not available."""
    found = list[Micros]()
    for shift in (-28, 0, 28):
        month = to_datetime(around + shift * DAY)
        try:
            at = month.replace(day=fields["day"], hour=fields["hour"], minute=fields["minute"], second=0, microsecond=0)
        except (ValueError, TypeError, KeyError):
            continue
        found.append(from_datetime(at))
    return min(found, key=lambda time: abs(time - around), default=None)


def place_of(fields: Mapping[str, Any]) -> tuple[float, float] | None:
    """(lon, lat) of a message; None when either is missing or "not available" (181, 91)."""
    lon, lat = fields.get("lon"), fields.get("lat")
    if isinstance(lon, (int, float)) and isinstance(lat, (int, float)) and abs(lon) <= 180 and abs(lat) <= 90:
        return float(lon), float(lat)
    return None
