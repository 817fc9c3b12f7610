"""Plain JSON: our generic form, and any vendor's by a mapping in the device's type (docs/adapters/plainjson.md).

    {"device": "gauge-7", "time": "2026-09-14T19:00:00Z", "water_level": 3.21, "battery_voltage": 12.6}
     └ default: the principal └ RFC 3339, or s or ms since 1970; absent: reception   └ property: number in its canonical unit

An array of such objects is several. `position` is [lon, lat]. Other numbers are `plainjson_<key>`; strings, truth values and
nested members are left alone. A bad number costs itself, a bad time or device the whole object.
With mappings (context.mappings), the one whose device and most values are found reads the payload.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from math import isnan, nan
from typing import Any, TypeVar

from sensing import properties
from sensing.errors import DecodeError, Reason
from sensing.model import Context, Decoded, JsonState, Micros, Reading, Span

from ._wire import json_examples as examples
from ._wire import json_in, json_registers, json_times, json_where, plainjson_annotate
from ._wire.json_layouts import any_mapped, layout_of
from ._wire.json_mapping import ABSENT, Layout, Pointer, Value, compiled, find, holds

NAME = "plainjson"
STATEFUL = False

EXAMPLES: Mapping[str, Sequence[Reading]] = examples.PLAINJSON
"""Readings that the generic form can say: what `decode(encode(x))` must give back."""

_RESERVED = frozenset(("device", "time"))
_BIGGEST = json_in.BIGGEST
Read = TypeVar("Read")
_LONGEST = 128
"""Characters of a device's native id."""


def decode(payload: bytes, context: Context, state: JsonState | None = None) -> Decoded:  # noqa: ARG001  # the port's
    """Read one payload. Raises DecodeError when nothing of it can be read."""
    tree = json_in.read(payload)
    readings: list[Reading] = []
    refused = json_where.Refused()
    try:
        _tree(tree, context, readings, refused)
    except DecodeError as error:
        if error.path:
            error.offset, error.length = json_where.where(payload, error.path)
        raise
    errors = refused.placed(payload) if refused.parts else ()
    return Decoded(readings, errors=errors, controls=() if readings or errors else ("no_values",))


def _tree(tree: Any, context: Context, readings: list[Reading], refused: json_where.Refused) -> None:
    mappings = context.mappings
    if mappings and any_mapped(mappings):
        layout = _chosen(tree, context)
        if layout is not None:
            _mapped(tree, layout, context, readings, refused)
            return
    if type(tree) is dict:
        _generic(tree, context.principal, readings, refused)
    elif type(tree) is list:
        for number, record in enumerate(_bounded(tree)):
            if type(record) is dict:
                _part(_generic, (number,), record, context.principal, readings, refused)
            else:
                refused.say(Reason.BAD_GRAMMAR, f"{type(record).__name__} where an object should be", (number,))
    else:
        raise DecodeError(Reason.BAD_GRAMMAR, f"{type(tree).__name__} is neither an object nor an array of objects")


def annotate(payload: bytes, context: Context) -> list[Span]:
    """Every byte of a payload: each member with its key, and what it became."""
    return plainjson_annotate.annotate(payload, context, decode, _followed)


def _followed(tree: Any, context: Context) -> Iterator[plainjson_annotate.Followed]:
    """Each record with its path, where its values stand, and its readings by code."""
    mappings = context.mappings
    layout = _chosen(tree, context) if mappings and any_mapped(mappings) else None
    records = tree if type(tree) is list else [tree]
    at: Pointer = ()
    if layout is not None:
        at = layout.each or ()
        records = _records(tree, layout)
    several = type(tree if layout is None else find(tree, at)) is list
    for number, record in enumerate(_bounded(records)):
        readings: list[Reading] = []
        if layout is None:
            _part(_generic, (), record, context.principal, readings, json_where.Refused())
        else:
            _part(_record, (), record, tree, layout, context, readings, json_where.Refused())
        yield plainjson_annotate.Followed((*at, str(number)) if several else at, record, layout, readings)


def expire(state: JsonState, now: Micros) -> Decoded:  # noqa: ARG001  # the port's
    """Nothing is ever waited for."""
    return Decoded()


def writer(settings: Mapping[str, Any]) -> Callable[[Sequence[Reading]], bytes]:
    """What says a device's readings in a vendor's JSON, by a type's mapping. Raises ValidationError for one that cannot be read.

    What it gives back raises ValueError for a reading or a time that the mapping has no place for.
    """
    from ._wire.json_write import Writer  # decoding does without it

    return Writer(settings).write


def encode(readings: Sequence[Reading]) -> bytes:
    """The generic form: one object for each device and time, in order; an array when there are several."""
    from ._wire.json_write import generic

    return generic(readings)


def check(settings: Mapping[str, Any]) -> None:
    """Whether a type's or device's settings are a mapping that can be read. Raises ValidationError naming the field."""
    compiled(settings)


def _generic(tree: Any, principal: str, readings: list[Reading], refused: json_where.Refused) -> None:
    if type(tree) is not dict:
        raise DecodeError(Reason.BAD_GRAMMAR, f"{type(tree).__name__} where an object should be")
    native = tree.get("device")
    native = principal if native is None else _at(("device",), _native, native)
    time = tree.get("time")
    if time is not None:
        time = _at(("time",), json_times.instant, time)
    for key, value in tree.items():
        kind = type(value)
        if kind is float or (kind is int and -_BIGGEST < value < _BIGGEST):
            if key in _RESERVED:
                continue
            name, unit = _meaning(key)
            readings.append(Reading(native, key, name, value, unit, "instant", "", time, None, time))
        elif kind is not str and key not in _RESERVED:
            _unusual(native, key, value, time, readings, refused)


def _unusual(
    native: str, key: str, value: Any, time: Micros | None, readings: list[Reading], refused: json_where.Refused
) -> None:
    """A position, a known property's null, or an integer too large; anything else is left alone."""
    if type(value) is int:
        refused.say(Reason.BAD_NUMBER, f'"{key[:40]}": an integer of more than 64 bits', (*refused.record, key))
    elif key == "position" and type(value) is list and len(value) == 2:
        readings.append(_placed(native, key, value[0], value[1], time))
    elif value is None and properties.get(key) is not None:
        readings.append(Reading(native, key, key, None, _meaning(key)[1], time=time, wire_time=time))


@lru_cache(maxsize=8192)
def _meaning(key: str) -> tuple[str, str | None]:
    kept = properties.get(key)
    return (key, kept.unit) if kept else (properties.slug(NAME, key), None)


def _native(value: Any) -> str:
    text = str(value) if type(value) is int and 0 <= value < _BIGGEST else value
    if type(text) is not str or not 1 <= len(text) <= _LONGEST:
        raise DecodeError(Reason.BAD_GRAMMAR, f"device is {json_in.shown(value)}, not text of 1 to {_LONGEST} characters")
    return text


def _bounded(records: list[Any]) -> list[Any]:
    if len(records) > json_in.MOST_RECORDS:
        raise DecodeError(Reason.TOO_LARGE, f"{len(records)} records; the most is {json_in.MOST_RECORDS}")
    return records


def _part(read: Any, path: tuple[str | int, ...], record: Any, *rest: Any) -> None:
    """One record of several, which stands at `path`: what cannot be read of it becomes a rejection of its own."""
    refused: json_where.Refused = rest[-1]
    refused.record = path
    try:
        read(record, *rest)
    except DecodeError as error:
        refused.add(error)


def _at(path: Pointer, read: Callable[[Any], Read], value: Any) -> Read:
    """What `read` makes of a member; its refusal says where that stands."""
    try:
        return read(value)
    except DecodeError as error:
        error.path = path
        raise


def _placed(native: str, code: str, lon: Any, lat: Any, time: Micros | None) -> Reading:
    known = type(lon) in (int, float) and type(lat) in (int, float) and abs(lon) <= 180 and abs(lat) <= 90
    position = (float(lon), float(lat)) if known else None
    return Reading(native, code, "position", None, time=time, wire_time=time, position=position)


# --- a vendor's own form, by its mapping ---


def _chosen(tree: Any, context: Context) -> Layout | None:
    """The layout that fits a payload best; None for the generic form. Raises DecodeError missing_key when none fits."""
    best: Layout | None = None
    most = 0
    for mapping in context.mappings:
        layout = layout_of(mapping)
        records = _records(tree, layout) if layout.values and holds(tree, layout.match) else []
        if records and (layout.device is None or _looked_up(records[0], tree, layout.device) is not ABSENT):
            found = sum(find(records[0], value.at) is not ABSENT for value in layout.values) + bool(layout.device)
            if found > most:
                best, most = layout, found
    if best is None and all("values" in mapping for mapping in context.mappings):
        raise DecodeError(Reason.MISSING_KEY, "no mapping of this principal's device types fits the payload")
    return best


def _mapped(tree: Any, layout: Layout, context: Context, readings: list[Reading], refused: json_where.Refused) -> None:
    records = _records(tree, layout)
    if len(records) == 1:
        refused.record = (*(layout.each or ()), *([0] if type(find(tree, layout.each or ())) is list else []))
        _record(records[0], tree, layout, context, readings, refused)
        return
    for number, record in enumerate(_bounded(records)):
        _part(_record, (*(layout.each or ()), number), record, tree, layout, context, readings, refused)


def _record(
    record: Any, tree: Any, layout: Layout, context: Context, readings: list[Reading], refused: json_where.Refused
) -> None:
    native = context.principal
    if layout.device is not None:
        found = _looked_up(record, tree, layout.device)
        if found is ABSENT or found is None:
            raise DecodeError(Reason.MISSING_KEY, f"/{'/'.join(layout.device)} names no device")
        native = _at(layout.device, _native, found)
    own = context.settings(native)
    if "values" in own:
        layout = layout_of(own)
    time = _time(record, tree, layout)
    for value in layout.values:
        raw = find(record, value.at)
        if raw is not ABSENT and (not value.when or holds(record, value.when)):
            try:
                readings.append(_reading(native, value, raw, time, context.received))
            except DecodeError as error:
                refused.say(error.reason, f"{value.code}: {error.detail}", (*refused.record, *value.at))
    if layout.position is not None:
        lon, lat = (_looked_up(record, tree, pointer) for pointer in layout.position)
        if lon is not ABSENT and lat is not ABSENT:
            readings.append(_placed(native, "position", _coordinate(lon), _coordinate(lat), time))


def _time(record: Any, tree: Any, layout: Layout) -> Micros | None:
    raw = _looked_up(record, tree, layout.time) if layout.time is not None else None
    return None if layout.time is None or raw is None or raw is ABSENT else _at(layout.time, layout.read_time, raw)


def _reading(native: str, value: Value, raw: Any, time: Micros | None, received: Micros) -> Reading:
    begin = None if value.period is None else (received if time is None else time) - value.period
    reading = Reading(
        native, value.code, value.property, None, value.unit or _meaning(value.property)[1], value.statistic, value.channel,
        time, begin, time,
    )  # fmt: skip
    if raw is None or (type(raw) is str and raw in value.sentinels):
        return reading
    found = json_registers.value(value.registers, raw) if value.registers else _number(raw, value)
    reading.value = found if value.change is None else value.change(found)
    if isnan(found):
        reading.value = None
    elif found in value.sentinels:
        reading.value, reading.result = found, nan  # the wire's word for "no reading" is shown as it is, the result is missing
    return reading


def _number(raw: Any, value: Value) -> float:
    found = float(raw) if type(raw) is bool else json_in.number(raw)
    if found is None and value.text and type(raw) is str:
        found = json_in.text_number(raw)
    if found is None:
        hint = "; the mapping says `text = true` for numbers in quotes" if type(raw) is str and not value.text else ""
        raise DecodeError(Reason.BAD_NUMBER, f"{json_in.shown(raw)} is no number{hint}")
    return found


def _coordinate(raw: Any) -> Any:
    return json_in.text_number(raw) if type(raw) is str else raw


def _looked_up(record: Any, tree: Any, pointer: Pointer) -> Any:
    """In the record, else in the whole payload: device and time often stand once, above the records."""
    found = find(record, pointer)
    return find(tree, pointer) if found is ABSENT else found


def _records(tree: Any, layout: Layout) -> list[Any]:
    found = tree if layout.each is None else find(tree, layout.each)
    return found if type(found) is list else [] if found is ABSENT else [found]
