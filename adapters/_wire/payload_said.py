"""Readings from the fields of a device's payload, entry by entry."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import isfinite, nan
from struct import error as struct_error
from typing import Any

from sensing.errors import Reason
from sensing.model import Micros, Reading, Rejection, WireFact
from sensing.times import SECOND

from .payload_codecs import Codec, Entry, entry, find
from .payload_fields import Field, integer, unsigned


class Said:
    """What a payload says. time: of the uplink, which all readings but older ones carry. channel: of what is read now."""

    def __init__(self, native: str, time: Micros | None, sent: Micros = 0, rank: int = 0, *, test: bool = False) -> None:
        self.readings: list[Reading] = []
        self.facts: list[WireFact] = []
        self.errors: list[Rejection] = []
        self._native, self._time, self._now = native, time, time
        self._sent, self._rank, self._test = sent, rank, test
        self.channel = ""
        self._words: dict[str, Any] = {}
        self._place: dict[str, float] = {}
        self._spoilt: dict[str, str] = {}
        self._lists: dict[str, int] = {}

    def refuse(self, reason: Reason, detail: str, offset: int, length: int = 0) -> None:
        """A part that could not be read."""
        self.errors.append(Rejection(reason, detail, offset, length))

    def finish(self) -> None:
        """Make suspect what a word of the payload spoils: a tilted sensor's distance."""
        for reading in self.readings if self._spoilt else ():
            if reading.code in self._spoilt and reading.time == self._time and reading.flag is None:
                reading.flag = self._spoilt[reading.code]

    def entry(self, one: Entry, data: bytes, at: int, codec: Codec) -> int:
        """Read one entry; returns the bytes it took, -1 when there are too few."""
        try:
            raws = one.packer.unpack_from(data, at)
        except struct_error:
            return -1
        if one.plain:
            add, native, channel, time = self.readings.append, self._native, self.channel, self._time
            sent, rank, test = self._sent, self._rank, self._test
            for spec, raw in zip(one.fields, raws, strict=True):
                at_channel, value = channel or spec.channel, spec.number(raw)
                said = Reading(native, spec.code, spec.property, value, spec.unit, spec.statistic, at_channel, time, None, time)
                said.sent, said.rank, said.test = sent, rank, test
                add(said)
            return one.packer.size
        return self._special(one, raws, data, at, codec)

    def _special(self, one: Entry, raws: Sequence[Any], data: bytes, at: int, codec: Codec) -> int:
        if one.list:
            number = self._lists[one.list] = self._lists.get(one.list, 0) + 1
            self.channel = f"{one.list}.{number}"
        self._place = {}
        taken = self._fields(one, raws, data, at, codec, 0)
        if len(self._place) == 2:
            self._position()
        self._now = self._time
        if one.list:
            self.channel = ""
        return taken

    def _fields(self, one: Entry, raws: Sequence[Any], data: bytes, at: int, codec: Codec, depth: int) -> int:
        if not one.flat:
            return self._switching(one, data, at, codec, depth)
        values = iter(raws)
        for spec in one.fields:
            if spec.type == "const":
                self.put(spec.code, spec.property, spec.constant)
            elif spec.type != "skip":
                self._field(spec, integer(next(values), spec.type, codec.endian))
        return one.packer.size

    def _switching(self, one: Entry, data: bytes, at: int, codec: Codec, depth: int) -> int:
        """Field by field: what follows depends on what was read."""
        start = at
        for spec in one.fields:
            alone = _made(codec, (spec.key,))
            try:
                raws = alone.packer.unpack_from(data, at)
            except struct_error:
                return -1
            at += alone.packer.size
            if spec.switch is None:
                self._fields(alone, raws, data, at, codec, depth)
                continue
            if spec.type != "none":
                self._field(spec, integer(raws[0], spec.type, codec.endian))
            chosen = spec.switch.get(self._words.get(f"{spec.by or spec.code}#", -1), ())
            follows = _made(codec, tuple(chosen))
            room = max(spec.size, follows.packer.size)
            if at + room > len(data) or depth > 2:
                return -1
            inner = self._fields(
                follows, follows.packer.unpack_from(data, at) if follows.flat else (), data, at, codec, depth + 1
            )
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
            self.put(spec.code, None, raw)
        elif spec.hidden:
            return
        elif raw in spec.sentinels:
            self._missing(spec, raw)
        else:
            value = spec.number(raw)
            if spec.axis:
                self._place[spec.axis] = value
            self._value(spec, value if isfinite(value) else None, None)

    def _word(self, spec: Field, raw: int) -> None:
        assert spec.values is not None
        word = spec.values.get(raw, "unknown")
        self._words[spec.code] = word
        if spec.hidden:
            return
        self._value(spec, word, float(raw) if spec.property and raw in spec.values else None)
        self._spoilt.update(dict.fromkeys(spec.spoils.get(word, ()), word))

    def _text(self, spec: Field, text: str) -> None:
        self.put(spec.code, None, text)
        if spec.fact:
            self.facts.append(WireFact(self._native, spec.code, text, self._now))

    def _missing(self, spec: Field, raw: int) -> None:
        """The wire's word for "no reading" is shown as it is, the result is missing."""
        why = spec.sentinels[raw]
        self._value(spec, spec.number(raw), nan, why)
        if spec.error:
            self.put(spec.error, None, why)

    def _value(self, spec: Field, value: Any, result: float | None, flag: str | None = None) -> None:
        code = spec.code.format_map(self._words) if "{" in spec.code else spec.code
        channel = self.channel or spec.channel or ("" if code is spec.code else code)
        self._say(code, spec.property, value, spec, channel, flag, result)

    def put(self, code: str, name: str | None, value: Any) -> None:
        self._say(code, name, value, None, self.channel)

    def _say(
        self,
        code: str,
        name: str | None,
        value: Any,
        spec: Field | None,
        channel: str,
        flag: str | None = None,
        result: float | None = None,
    ) -> None:
        at, unit, statistic = self._now, spec.unit if spec else None, spec.statistic if spec else "instant"
        said = Reading(self._native, code, name, value, unit, statistic, channel, at, None, at, flag, result)
        said.sent, said.rank, said.test = self._sent, self._rank, self._test
        self.readings.append(said)

    def _position(self) -> None:
        lat, lon = self._place["lat"], self._place["lon"]
        if (lat or lon) and -90 <= lat <= 90 and -180 <= lon <= 180:
            self.put("location", "position", None)
            self.readings[-1].position = (lon, lat)


@lru_cache(maxsize=4096)
def _of(codec: str, names: tuple[str, ...]) -> Entry:
    found = find(codec)
    return entry(names, found.members, found.endian)


def _made(codec: Codec, names: tuple[str, ...]) -> Entry:
    """Fields that a switch brings in, as an entry of their own."""
    return _of(codec.name, names)
