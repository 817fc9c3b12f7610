"""SenML (RFC 8428, 9100), JSON and CBOR, told apart by the first byte.

    [{"bn": "urn:dev:7/", "bt": 1320067464, "n": "water_level", "u": "cm", "v": 321.4}, {"n": "temperature", "u": "Cel", "v": 27.2}]
      └ base name, time, unit, value, sum (bn bt bu bv bs) hold until changed; name = bn + n, time = bt + t, value = bv + v

The device is the resolved name up to its last `:` or `/` (the principal when it has none), the code is the rest. A code that is a
property is that property; any other is `senml_<code>`. An empty rest takes the unit as its code: `%RH`, `%EL`, and `lon` with `lat`
of one time are one position. A unit that does not fit the property leaves the reading unmapped. Times below 2^28 s count from
reception. A pack is read whole or refused whole: a bad record would change what its successors mean.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

import msgspec

from sensing import units
from sensing.errors import DecodeError, Reason
from sensing.model import Context, Decoded, JsonState, Micros, Reading, Span
from sensing.times import SECOND

from ._wire import json_examples as examples
from ._wire import json_in, json_times, json_where, senml_annotate, senml_cbor
from ._wire.senml_names import NAME_SHAPE, UNITS, check_values, meaning, split, sum_meaning

NAME = "senml"
STATEFUL = False

EXAMPLES: Mapping[str, Sequence[Reading]] = examples.SENML
"""Readings that SenML can say: what `decode(encode(x))` must give back, in JSON and in CBOR."""

VERSION = 10
"""RFC 8428 4.4: the version this reads; a higher one is refused."""
RELATIVE = 2**28
"""RFC 8428 4.5.3: seconds below this count from now."""

_BASES = frozenset(("bver", "bn", "bt", "bu", "bv", "bs"))
_PLAIN = frozenset(("n", "u", "v", "t"))
_SIMPLE = _BASES | _PLAIN
_KNOWN = _BASES | _PLAIN | {"vs", "vb", "vd", "s", "ut"}
_VALUES = ("v", "vs", "vb", "vd")


def decode(payload: bytes, context: Context, state: JsonState | None = None) -> Decoded:  # noqa: ARG001  # the port's
    """Read one pack. Raises DecodeError."""
    binary = senml_cbor.is_cbor(payload)
    pack = senml_cbor.read(payload) if binary else json_in.read(payload)
    if type(pack) is not list:
        raise DecodeError(Reason.BAD_GRAMMAR, f"a pack is an array of records, not {type(pack).__name__}")
    if len(pack) > json_in.MOST_RECORDS:
        raise DecodeError(Reason.TOO_LARGE, f"{len(pack)} records; the most is {json_in.MOST_RECORDS}")
    reader = _Pack(context)
    for number, record in enumerate(pack):
        try:
            reader.add(record)
        except DecodeError as error:
            where = (senml_cbor if binary else json_where).where(payload, (number, *error.path))
            raise DecodeError(error.reason, f"record {number}: {error.detail}", *where) from None
    readings = reader.finish()
    return Decoded(readings, controls=() if readings else ("no_values",))


def check(settings: Mapping[str, Any]) -> None:
    """Whether a type's or device's settings can be read: [[settings.values]] of code, property, unit, statistic, channel.

    Raises ValidationError naming the field.
    """
    check_values(settings.get("values", []))


def annotate(payload: bytes, context: Context) -> list[Span]:
    """Every byte of a pack: base fields, names as they resolve, values and what they became."""
    return senml_annotate.annotate(payload, context, decode, _Pack(context))


def expire(state: JsonState, now: Micros) -> Decoded:  # noqa: ARG001  # the port's
    """Nothing is ever waited for."""
    return Decoded()


def encode(readings: Sequence[Reading], *, cbor: bool = False) -> bytes:
    """A pack that decodes to the same readings: full names, absolute times, no base fields but the first's name."""
    records = [record for reading in readings for record in _records(reading)]
    return senml_cbor.write(records) if cbor else msgspec.json.encode(records)


class _Pack:
    """The base fields in force and the readings so far."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.readings: list[Reading] = []
        self.name = ""
        self.unit: str | None = None
        self.time: float = 0
        self.value: float | None = None
        self.sum: float | None = None
        self.instant: Micros | None = None
        """What `time` alone means."""
        self.places: dict[tuple[str, Micros | None], dict[str, Reading]] = {}
        self.settings: dict[str, Mapping[str, Any]] = {}

    def add(self, record: Any) -> None:
        if type(record) is not dict:
            raise DecodeError(Reason.BAD_GRAMMAR, f"{type(record).__name__} where a record should be")
        if not _PLAIN.issuperset(record):
            if not _KNOWN.issuperset(record):
                _check_unknown(record)
            if not _BASES.isdisjoint(record):
                self._rebase(record)
        native, rest, unit, time = self._head(record)
        if "v" in record and self.sum is None and _SIMPLE.issuperset(record):
            self._number(native, rest, unit, time, _plus(self.value, _number(record, "v")))
        else:
            self._other(record, native, rest, unit, time)

    def _head(self, record: dict[str, Any]) -> tuple[str, str, str | None, Micros | None]:
        """(device, code, unit, time) of a record."""
        own, unit = record.get("n", ""), record.get("u", self.unit)
        if type(own) is not str or (unit is not None and type(unit) is not str):
            raise DecodeError(Reason.BAD_GRAMMAR, "n or u is not text", path=("n" if type(own) is not str else "u",))
        if not own and not self.name and _BASES.issuperset(record):
            return "", "", unit, None  # a record that only sets bases needs no name yet
        native, rest = split(self.name + own, self.context.principal)
        return native, rest, unit, self._instant(_number(record, "t")) if "t" in record else self.instant

    def _other(self, record: dict[str, Any], native: str, rest: str, unit: str | None, time: Micros | None) -> None:
        """A record with a value that is no plain number, with a sum, or with bases only."""
        kinds = [key for key in _VALUES if key in record]
        sums = "s" in record or self.sum is not None
        if len(kinds) > 1:
            raise DecodeError(Reason.BAD_GRAMMAR, f"{' and '.join(kinds)} in one record")
        if not kinds and self.value is not None:
            kinds = ["v"]
        if not kinds and not sums:
            if _BASES.issuperset(record):
                return
            raise DecodeError(Reason.BAD_GRAMMAR, "neither a value nor a sum")
        if "ut" in record:
            _number(record, "ut")
        for kind in kinds:
            if kind == "v":
                self._number(native, rest, unit, time, _plus(self.value, _number(record, "v")))
            elif kind == "vb":
                self._number(native, rest, unit, time, _truth(record["vb"]))
            else:
                text = _text(record, kind, "")
                self.readings.append(Reading(native, rest or unit or "", None, text, unit, time=time, wire_time=time))
        if sums:
            total = _plus(self.sum, _number(record, "s"))
            name, over = sum_meaning(rest, unit)
            self.readings.append(Reading(native, f"{rest}.s", name, total, over, "sum/total", "", time, None, time))

    def finish(self) -> list[Reading]:
        """Every reading; a lon without its lat, or the other way round, is unmapped."""
        for pair in self.places.values():
            self.readings.extend(pair.values())
        return self.readings

    def _rebase(self, record: Mapping[str, Any]) -> None:
        version = record.get("bver", VERSION)
        if type(version) is not int or version < 1:
            raise DecodeError(Reason.BAD_GRAMMAR, f"bver {json_in.shown(version)} is no version", path=("bver",))
        if version > VERSION:
            raise DecodeError(
                Reason.UNSUPPORTED_VERSION, f"bver {json_in.shown(version)}; this reads up to {VERSION}", path=("bver",)
            )
        if "bn" in record:
            self.name = _text(record, "bn", "")
        if "bu" in record:
            self.unit = _text(record, "bu", None)
        if "bt" in record:
            self.time = _number(record, "bt")
        if "bv" in record:
            self.value = _number(record, "bv")
        if "bs" in record:
            self.sum = _number(record, "bs")
        self.instant = self._instant(0)

    def _instant(self, t: float) -> Micros | None:
        """None for "now", else bt + t. Each is rounded to µs by itself, so that 1276020076.001 - 5 is exact."""
        seconds = self.time + t
        if seconds == 0:
            return None
        if seconds < -RELATIVE:
            raise DecodeError(Reason.BAD_TIME, f"{seconds:g} s is more than 8.5 years before reception")
        found = json_times.epoch(self.time, SECOND) + json_times.epoch(t, SECOND)
        if seconds < RELATIVE:
            found += self.context.received
        if not found < json_times.LATEST:
            raise DecodeError(Reason.BAD_TIME, f"{seconds:g} s is after the year 9999")
        return found

    def _number(self, native: str, rest: str, unit: str | None, time: Micros | None, number: float) -> None:
        settings = self.settings.get(native)
        if settings is None:
            settings = self.settings[native] = self.context.settings(native)
        row = _own(settings, rest or unit or "") if settings else None
        if row is not None:
            self.readings.append(_configured(row, native, rest or unit or "", number, unit, time, self.context.received))
            return
        code, name = meaning(rest, unit)
        wire = UNITS.get(unit, unit) if unit else None
        reading = Reading(native, code, name, number, wire, "instant", "", time, None, time)
        if name == "position":
            self._keep(reading)
        else:
            self.readings.append(reading)

    def _keep(self, reading: Reading) -> None:
        """Hold lon until its lat comes, and the other way round."""
        reading.property = None
        pair = self.places.setdefault((reading.native, reading.time), {})
        if reading.code in pair:
            self.readings.append(pair.pop(reading.code))
        pair[reading.code] = reading
        if len(pair) == 2:
            del self.places[reading.native, reading.time]
            self.readings.append(_position(pair["lon"], pair["lat"]))


def _position(lon: Reading, lat: Reading) -> Reading:
    place = (float(lon.value or 0), float(lat.value or 0))
    position = place if abs(place[0]) <= 180 and abs(place[1]) <= 90 else None
    return Reading(lon.native, "lon+lat", "position", None, None, time=lon.time, wire_time=lon.time, position=position)


def _own(settings: Mapping[str, Any], code: str) -> Mapping[str, Any] | None:
    """What the device's type says of a code: [[settings.values]] code, property, unit, statistic, channel."""
    return next((row for row in settings.get("values", ()) if row.get("code") == code), None)


def _configured(
    row: Mapping[str, Any], native: str, code: str, number: float, unit: str | None, time: Micros | None, received: Micros
) -> Reading:
    statistic = row.get("statistic", "instant")
    length = json_times.period(statistic)
    begin = None if length is None else (received if time is None else time) - length
    name = row.get("property", code)
    wire = row.get("unit") or (UNITS.get(unit, unit) if unit else None)
    return Reading(native, code, name, number, wire, statistic, row.get("channel", ""), time, begin, time)


def _check_unknown(record: Mapping[Any, Any]) -> None:
    for key in record:
        if key not in _KNOWN and isinstance(key, str) and key.endswith("_"):
            raise DecodeError(Reason.BAD_GRAMMAR, f'"{key[:40]}" must be understood (RFC 8428 4.4), and is not', path=(key,))


def _text(record: Mapping[str, Any], key: str, absent: Any) -> Any:
    found = record.get(key, absent)
    if found is not absent and type(found) is not str:
        raise DecodeError(Reason.BAD_GRAMMAR, f"{key} is {type(found).__name__}, not text", path=(key,))
    return found


def _number(record: Mapping[str, Any], key: str) -> float:
    """A numeric field; 0 when it is absent (RFC 8428 4.1)."""
    found = json_in.number(record.get(key, 0))
    if found is None:
        raise DecodeError(Reason.BAD_NUMBER, f"{key} is {json_in.shown(record[key])}, not a finite number", path=(key,))
    return found


def _truth(value: Any) -> int:
    if type(value) is not bool:
        raise DecodeError(Reason.BAD_GRAMMAR, f"vb is {type(value).__name__}, not true or false", path=("vb",))
    return int(value)


def _plus(base: float | None, number: float) -> float:
    """The sum as decimals: 20.1 + 0.2 is 20.3."""
    found = number if base is None else units.total(base, number)
    if not isfinite(found):
        raise DecodeError(Reason.BAD_NUMBER, f"{base} + {number} is beyond what a double can hold")
    return found


def _records(reading: Reading) -> list[dict[str, Any]]:
    """One record, or two for a position."""
    stamp: dict[str, Any] = {} if reading.time is None else {"t": _seconds(reading.time)}
    if reading.position is not None:
        base = {"n": f"{reading.native}:"}
        return [{**base, "u": "lon", "v": reading.position[0], **stamp}, {**base, "u": "lat", "v": reading.position[1], **stamp}]
    named = NAME_SHAPE.fullmatch(f"{reading.native}:{reading.code}") is not None
    record: dict[str, Any] = {"n": f"{reading.native}:{reading.code if named else ''}"}
    if reading.unit is not None:
        record["u"] = reading.unit
    record["vs" if isinstance(reading.value, str) else "v"] = reading.value
    return [{**record, **stamp}]


def _seconds(time: Micros) -> float:
    return time // SECOND if time % SECOND == 0 else time / SECOND
