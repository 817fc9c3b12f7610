"""A vendor's JSON described as data (docs/things.md): where device, time and values stand, and what they mean.

    [settings]
    device = "/sn"                                  # JSON pointer (RFC 6901); absent: the principal
    each = "/data"                                  # an array of records; pointers then start in each record
    match = { "/type" = "ponding" }                 # this mapping is for payloads where these hold
    time = { at = "/ts", format = "epoch_s", zone = "+08:00" }
    position = { lon = "/gps/lng", lat = "/gps/lat" }
    values = [ { at = "/depth", property = "water_level", unit = "cm", statistic, channel, scale, offset, sentinels, text,
                 registers = { type, index, order }, when = { "/ok" = 1 } } ]

Only `values` is needed, and in it `at` and `property`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from msgspec import Struct

from sensing import properties, units
from sensing.errors import ValidationError

from . import json_registers, json_times

ABSENT: Any = object()
"""What a pointer finds where nothing is; null is something."""

_STATISTIC = re.compile(r"instant|(mean|sum|min|max)(/[A-Za-z0-9-]{1,16})?")
_KEYS = {"device", "each", "match", "time", "position", "values", "level", "sentinels", "period_rule", "thresholds", "checks"}
_VALUE_KEYS = {
    "at",
    "property",
    "unit",
    "statistic",
    "channel",
    "scale",
    "offset",
    "sentinels",
    "text",
    "registers",
    "when",
    "code",
}

Pointer = tuple[str, ...]
Conditions = tuple[tuple[Pointer, Any], ...]


class Value(Struct, frozen=True):
    """One value of a record. period: length of the statistic, µs. change: scale and offset, None when they do nothing."""

    at: Pointer
    code: str
    property: str
    unit: str | None
    statistic: str
    period: int | None
    channel: str
    change: units.Convert | None
    sentinels: tuple[Any, ...]
    text: bool
    registers: json_registers.Registers | None
    when: Conditions


class Layout(Struct, frozen=True):
    """A mapping, checked and ready."""

    each: Pointer | None
    device: Pointer | None
    match: Conditions
    time: Pointer | None
    read_time: json_times.ReadTime
    position: tuple[Pointer, Pointer] | None
    values: tuple[Value, ...]


def find(tree: Any, pointer: Pointer) -> Any:
    """What a pointer points at, or ABSENT."""
    for token in pointer:
        if type(tree) is dict:
            tree = tree.get(token, ABSENT)
        elif type(tree) is list and token.isascii() and token.isdigit() and int(token[:6]) < len(tree):
            tree = tree[int(token[:6])]
        else:
            return ABSENT
    return tree


def holds(tree: Any, conditions: Conditions) -> bool:
    """Whether every pointer finds exactly its value (1 is not true)."""
    for pointer, wanted in conditions:
        found = find(tree, pointer)
        if found != wanted or isinstance(found, bool) != isinstance(wanted, bool):
            return False
    return True


def compiled(settings: Mapping[str, Any]) -> Layout:
    """A type's settings as a layout. Raises ValidationError naming the field."""
    unknown = sorted(set(settings) - _KEYS)
    if unknown:
        raise ValidationError(f"settings.{unknown[0]} is not a field of a JSON mapping", f"fields are {', '.join(sorted(_KEYS))}")
    time = _table(settings, "time", {"at", "format", "zone"})
    place = _table(settings, "position", {"lon", "lat"})
    return Layout(
        each=_pointer(settings["each"], "each") if "each" in settings else None,
        device=_pointer(settings["device"], "device") if "device" in settings else None,
        match=_conditions(settings.get("match", {}), "match"),
        time=_pointer(time.get("at"), "time.at") if time else None,
        read_time=json_times.reader(str(time.get("format", "auto")), str(time.get("zone", ""))),
        position=(_pointer(place.get("lon"), "position.lon"), _pointer(place.get("lat"), "position.lat")) if place else None,
        values=tuple(_value(row, f"values[{number}]") for number, row in enumerate(_rows(settings.get("values", ())))),
    )


def _rows(rows: Any) -> Sequence[Any]:
    if not isinstance(rows, (list, tuple)) or len(rows) > 256:
        raise ValidationError("settings.values is not a list of at most 256 tables", "write one [[settings.values]] a value")
    return rows


def _table(settings: Mapping[str, Any], name: str, keys: set[str]) -> Mapping[str, Any]:
    table = settings.get(name, {})
    if not isinstance(table, Mapping) or not set(table) <= keys:
        raise ValidationError(f"settings.{name} takes {', '.join(sorted(keys))}", "docs/things.md shows each")
    return table


def _value(row: Any, where: str) -> Value:
    if not isinstance(row, Mapping) or not set(row) <= _VALUE_KEYS:
        raise ValidationError(f"settings.{where} takes {', '.join(sorted(_VALUE_KEYS))}", "docs/things.md shows each")
    at = _pointer(row.get("at"), f"{where}.at")
    name, unit, statistic = str(row.get("property", "")), row.get("unit"), str(row.get("statistic", "instant"))
    _check_property(name, unit, where)
    if not _STATISTIC.fullmatch(statistic):
        raise ValidationError(
            f'settings.{where}.statistic "{statistic}" is not one', "write instant, mean/PT10M, sum/PT5M, sum/total ..."
        )
    registers = json_registers.compiled(row["registers"]) if "registers" in row else None
    code = "/".join(at) + (f"[{registers.index}]" if registers else "")
    sentinels = row.get("sentinels", [])
    if not isinstance(sentinels, list) or not all(isinstance(value, (int, float, str)) for value in sentinels):
        raise ValidationError(f"settings.{where}.sentinels is not a list of numbers or texts", "write sentinels = [65535, -999]")
    return Value(
        at=at,
        code=str(row.get("code", code)),
        property=name,
        unit=None if unit is None else str(unit),
        statistic=statistic,
        period=json_times.period(statistic),
        channel=str(row.get("channel", "")),
        change=units.linear(_rational(row.get("scale", 1), where), _rational(row.get("offset", 0), where)),
        sentinels=tuple(sentinels),
        text=bool(row.get("text", False)),
        registers=registers,
        when=_conditions(row.get("when", {}), f"{where}.when"),
    )


def _check_property(name: str, unit: Any, where: str) -> None:
    kept = properties.get(name)
    if kept is None and not re.fullmatch(r"plainjson_[a-z0-9_]{1,54}", name):
        raise ValidationError(
            f'settings.{where}.property "{name}" is not known', f"see config/properties.toml, or write plainjson_{name or 'NAME'}"
        )
    try:
        units.converter(str(unit), kept.unit if kept else units.preferred(str(unit))) if unit is not None else None
    except units.UnitError as error:
        raise ValidationError(f"settings.{where}.unit: {error.what}", error.hint) from None


def _pointer(text: Any, where: str) -> Pointer:
    if not isinstance(text, str) or (text and not text.startswith("/")):
        raise ValidationError(f"settings.{where} {text!r} is not a JSON pointer", 'write "/data/level"; "" is the whole payload')
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:])


def _conditions(table: Any, where: str) -> Conditions:
    if not isinstance(table, Mapping):
        raise ValidationError(f"settings.{where} is not a table", f'write {where} = {{ "/type" = "ponding" }}')
    return tuple((_pointer(pointer, where), wanted) for pointer, wanted in table.items())


def _rational(value: Any, where: str) -> Fraction:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not -1e30 < value < 1e30:
        raise ValidationError(f"settings.{where}: scale and offset are numbers, not {value!r}", "write scale = 0.1")
    return Fraction(repr(value))
