"""Readings to a vendor's JSON by its mapping: the inverse of `json_mapping`, for simulators and tests.

One record a time; under `each` in an array, without it as the payload itself. Device, time and the constants that `match` wants stand where
their pointers say; values have the mapping's scale taken out. `registers` and conditions (`when`) are not written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import msgspec

from sensing import times
from sensing.model import Micros, Reading
from sensing.times import SECOND

from .json_mapping import Pointer, compiled
from .json_times import fixed_zone


class Writer:
    """Writes one mapping's JSON. Raises ValidationError for settings that are no mapping."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._layout = compiled(settings)
        time = settings.get("time", {})
        self._form, self._zone = str(time.get("format", "auto")), fixed_zone(str(time.get("zone", "")))
        self._values = {}
        for value, row in zip(self._layout.values, settings.get("values", ()), strict=True):
            change = (Fraction(str(row.get("scale", 1))), Fraction(str(row.get("offset", 0)))) if value.change else None
            if value.registers is None and not value.when:
                self._values[value.code, value.channel] = (value, change)

    def write(self, readings: Sequence[Reading]) -> bytes:
        """A payload that says these readings of one device. Raises ValueError for a reading or time that the mapping has no place for."""
        layout = self._layout
        whole: dict[str, Any] = {}
        records: dict[Micros | None, dict[str, Any]] = {}
        for pointer, constant in layout.match:
            _put(whole, pointer, constant)
        if layout.device and layout.each != ():
            _put(whole, layout.device, readings[0].native)
        for reading in readings:
            if reading.time not in records:
                records[reading.time] = self._record(reading, whole)
            self._say(records[reading.time], reading)
        if layout.each is None and len(records) > 1:
            raise ValueError("the mapping has no array for readings of several times")
        if layout.each == ():
            return msgspec.json.encode(list(records.values()))
        if layout.each:
            _put(whole, layout.each, list(records.values()))
        return msgspec.json.encode(whole)

    def _record(self, reading: Reading, whole: dict[str, Any]) -> dict[str, Any]:
        layout, record = self._layout, whole if self._layout.each is None else {}
        if layout.device and layout.each == ():
            _put(record, layout.device, reading.native)
        if layout.time and reading.time is not None:
            _put(record, layout.time, self._stamp(reading.time))
        return record

    def _say(self, record: dict[str, Any], reading: Reading) -> None:
        try:
            value, change = self._values[reading.code, reading.channel]
        except KeyError:
            raise ValueError(f'the mapping has no place for "{reading.code}"') from None
        said: Any = reading.value
        if said is None:
            said = value.sentinels[0] if value.sentinels else None
        else:
            if change is not None and not isinstance(said, str):
                exact = (Fraction(repr(said)) - change[1]) / change[0]
                said = exact.numerator if exact.denominator == 1 else float(exact)
            if said in value.sentinels:
                raise ValueError(f'"{reading.code}" {said} means no value here')
            said = str(said) if value.text else said
        _put(record, value.at, said)

    def _stamp(self, time: Micros) -> Any:
        if self._form in ("auto", "rfc3339"):
            return times.rfc3339(time)
        if self._form in ("epoch_s", "epoch_ms"):
            each = SECOND if self._form == "epoch_s" else 1000
            return time // each if time % each == 0 else time / each
        if time % SECOND:
            raise ValueError(f"{self._form} has no fractions of a second")
        return times.to_datetime(time).astimezone(self._zone).strftime(self._form)


def _put(tree: dict[str, Any], pointer: Pointer, value: Any) -> None:
    for step in pointer[:-1]:
        tree = tree.setdefault(step, {})
    tree[pointer[-1]] = value


def generic(readings: Sequence[Reading]) -> bytes:
    """The generic form: one object for each device and time, in order; an array when there are several."""
    groups: dict[tuple[str, Micros | None], dict[str, Any]] = {}
    for reading in readings:
        key = (reading.native, reading.time)
        if key not in groups:
            groups[key] = {"device": reading.native}
            if reading.time is not None:
                groups[key]["time"] = times.rfc3339(reading.time)
        groups[key][reading.code] = list(reading.position) if reading.position else reading.value
    objects = list(groups.values())
    return msgspec.json.encode(objects[0] if len(objects) == 1 else objects)
