"""Device payloads through a codec's table: what each field says, as readings. No field is guessed: an entry that is in no table
ends the reading, what was read is kept, and the place is told.

    tlv     [key, data] ...        key: channel and type, a type with a channel before it (Cayenne), or a type
    fixed   field, field ...       may end sooner than the table
    flags   02, device id, flags, then a group of words for each flag (Decentlab)
    groups  seven bytes each, CRC-16/KERMIT at the end (SenseCAP)
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite, nan
from struct import error as StructError
from typing import Any

from fastcrc import crc16

from sensing.errors import Reason
from sensing.model import Micros, Reading, Rejection, WireFact
from sensing.times import DAY, HOUR, MINUTE, SECOND

from .payload_codecs import Codec, Entry, entry
from .payload_fields import Field, integer, unsigned

_VERSION = 2
"""Decentlab's protocol version."""
_GROUP = 7
_MOST = 4096
"""Readings of one payload: LoRaWAN carries 242 bytes at most, tests and tunnels more."""


class Payload:
    """What a payload says. time: of the uplink, which all readings but older ones carry."""

    def __init__(self, native: str, time: Micros | None, sent: Micros = 0, rank: int = 0, *, test: bool = False) -> None:
        self.readings: list[Reading] = []
        self.facts: list[WireFact] = []
        self.errors: list[Rejection] = []
        self._native, self._time, self._now = native, time, time
        self._sent, self._rank, self._test = sent, rank, test
        self._channel = ""
        self._words: dict[str, Any] = {}
        self._place: dict[str, float] = {}
        self._spoilt: set[str] = set()
        self._lists: dict[str, int] = {}

    def read(self, data: bytes, codec: Codec) -> Payload:
        """Everything that the codec's table finds in these bytes."""
        _READERS[codec.kind](self, data, codec)
        if self._spoilt:
            for reading in self.readings:
                if reading.code in self._spoilt and reading.time == self._time:
                    reading.flag = reading.flag or "tilt"
        return self

    def refuse(self, reason: Reason, detail: str, offset: int, length: int = 0) -> None:
        """A part that could not be read."""
        self.errors.append(Rejection(reason, detail, offset, length))

    # --- the four ways that fields stand ---

    def tlv(self, data: bytes, codec: Codec) -> None:
        at, end, entries = 0, len(data), codec.entries
        both, wide = codec.key == "both", 1 if codec.key == "type" else 2
        while at < end:
            if at + wide > end:
                self.refuse(Reason.BAD_LENGTH, f"a lonely byte {data[at]:02X} at the end", at, 1)
                return
            if both:
                key = data[at] << 8 | data[at + 1]
            else:
                key = data[at + wide - 1]
                self._channel = str(data[at]) if wide == 2 else ""
            found = entries.get(key)
            if found is None:
                what = f"channel {data[at]:02X} type {data[at + 1]:02X}" if wide == 2 else f"type {key:02X}"
                self.refuse(Reason.UNKNOWN_FUNCTION, f"{what} is not in the table of {codec.name}", at)
                return
            taken = self._entry(found, data, at + wide, codec)
            if taken < 0:
                self.refuse(Reason.BAD_LENGTH, f"{data[at : at + wide].hex().upper()} has {end - at - wide} bytes of data, too few", at)
                return
            at += wide + taken
            if len(self.readings) > _MOST:
                self.refuse(Reason.TOO_LARGE, f"more than {_MOST} readings in one payload", at)
                return

    def fixed(self, data: bytes, codec: Codec) -> None:
        if len(data) < codec.least:
            self.refuse(Reason.BAD_LENGTH, f"{len(data)} bytes; {codec.name} has {codec.least} at least", 0)
            return
        at = 0
        for one in codec.sequence:
            if at >= len(data):
                return
            taken = self._entry(one, data, at, codec)
            if taken < 0:
                self.refuse(Reason.BAD_LENGTH, f"{one.fields[0].code} is cut short", at)
                return
            at += taken

    def flags(self, data: bytes, codec: Codec) -> None:
        if len(data) < 5 or data[0] != _VERSION:
            reason = Reason.BAD_LENGTH if data[:1] == bytes((_VERSION,)) or not data else Reason.UNSUPPORTED_VERSION
            self.refuse(reason, f"{len(data)} bytes, version {data[0] if data else '-'}; needs 5 and version {_VERSION}", 0, 1)
            return
        flags, at = data[3] << 8 | data[4], 5
        self._put("device_id", None, data[1] << 8 | data[2])
        for number, one in enumerate(codec.sequence):
            if not flags >> number & 1:
                continue
            taken = self._entry(one, data, at, codec)
            if taken < 0:
                self.refuse(Reason.BAD_LENGTH, f"group {number} ({one.fields[0].code} ...) is cut short", at)
                return
            at += taken
        self._sums()
        if flags >> len(codec.sequence) or at < len(data):
            self.refuse(Reason.UNKNOWN_FUNCTION, f"flags {flags:04X}, {len(data) - at} bytes beyond the table of {codec.name}", at)

    def groups(self, data: bytes, codec: Codec) -> None:
        if len(data) < _GROUP + 2 or (len(data) - 2) % _GROUP:
            self.refuse(Reason.BAD_LENGTH, f"{len(data)} bytes are not groups of {_GROUP} and a checksum of 2", 0)
            return
        if crc16.kermit(data[:-2]) != int.from_bytes(data[-2:], "little"):
            self.refuse(Reason.BAD_CHECKSUM, "CRC-16/KERMIT", len(data) - 2, 2)
            return
        for at in range(0, len(data) - 2, _GROUP):
            self._channel = str(data[at])
            key = data[at + 1] | data[at + 2] << 8
            found = codec.entries.get(key)
            if found is not None:
                self._entry(found, data, at + 3, codec)
            elif key >= 0x1000:
                self._put(str(key), None, int.from_bytes(data[at + 3 : at + 7], "little", signed=True) / 1000)

    # --- entries and fields ---

    def _entry(self, one: Entry, data: bytes, at: int, codec: Codec) -> int:
        """Read one entry; returns the bytes it took, -1 when there are too few."""
        try:
            raws = one.packer.unpack_from(data, at)
        except StructError:
            return -1
        if one.plain:
            add, native, channel, time = self.readings.append, self._native, self._channel, self._time
            sent, rank, test = self._sent, self._rank, self._test
            for spec, raw in zip(one.fields, raws, strict=True):
                value = raw if spec.div == 1 and not spec.scaled else spec.number(raw)
                add(Reading(native, spec.code, spec.property, value, spec.unit, spec.statistic, channel or spec.channel, time, None, time,
                            None, None, None, sent, rank, test))  # fmt: skip
            return one.packer.size
        return self._special(one, raws, data, at, codec)

    def _special(self, one: Entry, raws: Sequence[Any], data: bytes, at: int, codec: Codec) -> int:
        if one.list:
            number = self._lists[one.list] = self._lists.get(one.list, 0) + 1
            self._channel = f"{one.list}.{number}"
        self._words, self._place = {}, {}
        taken = self._fields(one, raws, data, at, codec, 0)
        if len(self._place) == 2:
            self._position()
        self._now = self._time
        if one.list:
            self._channel = ""
        return taken

    def _fields(self, one: Entry, raws: Sequence[Any], data: bytes, at: int, codec: Codec, depth: int) -> int:
        taken, values = 0, iter(raws)
        if not one.flat:
            return self._switching(one, data, at, codec, depth)
        for spec in one.fields:
            if spec.type == "const":
                self._put(spec.code, spec.property, spec.constant)
            elif spec.type != "skip":
                self._field(spec, integer(next(values), spec.type, codec.endian))
        taken = one.packer.size
        return taken

    def _switching(self, one: Entry, data: bytes, at: int, codec: Codec, depth: int) -> int:
        """Field by field: what follows depends on what was read."""
        start = at
        for spec in one.fields:
            alone = entry_of(spec, codec)
            try:
                raws = alone.packer.unpack_from(data, at)
            except StructError:
                return -1
            at += alone.packer.size
            if spec.switch is None:
                self._fields(alone, raws, data, at, codec, depth)
                continue
            if spec.type != "none":
                self._field(spec, integer(raws[0], spec.type, codec.endian))
            chosen = spec.switch.get(self._words.get(f"{spec.by or spec.code}#", -1), ())
            follows = entry([*chosen], codec.members, codec.endian)
            room = max(spec.size, follows.packer.size)
            if at + room > len(data) or depth > 2:
                return -1
            inner = self._fields(follows, follows.packer.unpack_from(data, at) if follows.flat else (), data, at, codec, depth + 1)
            if inner < 0:
                return -1
            at += max(spec.size, inner)
        return at - start

    def _field(self, spec: Field, raw: Any) -> None:
        if spec.parts:
            bits = unsigned(raw, spec.type)
            for part in spec.parts:
                self._field(part, part.part(bits))
            return
        self._words[f"{spec.code}#"] = raw
        if spec.format is not None:
            self._text(spec, spec.format(raw))
        elif spec.values is not None:
            self._word(spec, raw)
        elif spec.role == "time":
            self._now = raw * SECOND
            self._put(spec.code, None, raw)
        elif spec.hidden:
            return
        elif raw in spec.sentinels:
            self._missing(spec, raw)
        else:
            value = spec.number(raw)
            if spec.axis:
                self._place[spec.axis] = value
            self._value(spec, value, None if isfinite(value) else nan)

    def _word(self, spec: Field, raw: int) -> None:
        assert spec.values is not None
        word = spec.values.get(raw, "unknown")
        self._words[spec.code] = word
        if spec.hidden:
            return
        self._value(spec, word, float(raw) if spec.property and raw in spec.values else None)
        self._spoilt.update(spec.spoils.get(word, ()))

    def _text(self, spec: Field, text: str) -> None:
        self._put(spec.code, None, text)
        if spec.fact:
            self.facts.append(WireFact(self._native, spec.code, text, self._now))

    def _missing(self, spec: Field, raw: int) -> None:
        """The wire's word for "no reading" is shown as it is, the result is missing."""
        why = spec.sentinels[raw]
        self._value(spec, spec.number(raw), nan, why)
        if spec.error:
            self._put(spec.error, None, why)

    def _value(self, spec: Field, value: Any, result: float | None, flag: str | None = None) -> None:
        code = spec.code.format_map(self._words) if "{" in spec.code else spec.code
        channel = self._channel or spec.channel or (code if code is not spec.code else "")
        self.readings.append(
            Reading(self._native, code, spec.property, value, spec.unit, spec.statistic, channel, self._now, None, self._now,
                    flag, result, None, self._sent, self._rank, self._test)  # fmt: skip
        )

    def _put(self, code: str, name: str | None, value: Any) -> None:
        self.readings.append(
            Reading(self._native, code, name, value, None, "instant", self._channel, self._now, None, self._now,
                    None, None, None, self._sent, self._rank, self._test)  # fmt: skip
        )

    def _position(self) -> None:
        lat, lon = self._place["lat"], self._place["lon"]
        if (lat or lon) and -90 <= lat <= 90 and -180 <= lon <= 180:
            self._put("location", "position", None)
            self.readings[-1].position = (lon, lat)

    def _sums(self) -> None:
        """A sum without a period is of the interval that the same payload states."""
        interval = next((reading.value for reading in self.readings if reading.code == "precipitation_interval"), None)
        if not isinstance(interval, int) or interval <= 0:
            return
        for reading in self.readings:
            if reading.statistic == "sum" and reading.time is not None:
                reading.begin = reading.time - interval * SECOND
                reading.statistic = f"sum/{period(interval * SECOND)}"


def period(span: Micros) -> str:
    """An ISO 8601 length of whole days, hours, minutes or seconds: PT10M."""
    for unit, letter in ((DAY, "D"), (HOUR, "H"), (MINUTE, "M")):
        if span % unit == 0:
            return f"P{span // unit}D" if letter == "D" else f"PT{span // unit}{letter}"
    return f"PT{span // SECOND}S"


_ALONE: dict[tuple[str, str], Entry] = {}


def entry_of(spec: Field, codec: Codec) -> Entry:
    """One field as an entry of its own."""
    key = next((name for name, member in codec.members.items() if member is spec), "")
    found = _ALONE.get((codec.name, key))
    if found is None:
        found = _ALONE[codec.name, key] = entry([key], codec.members, codec.endian)
    return found


_READERS = {"tlv": Payload.tlv, "fixed": Payload.fixed, "flags": Payload.flags, "groups": Payload.groups}
