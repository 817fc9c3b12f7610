"""Values in a vendor's JSON: what a number under a key means, in which unit and scale; lists of {name, value}; Modbus words. Pure."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping
from typing import Any

from sensing import properties, units

from .words import properties_of, rank, table, unit_of

_NUMBER = re.compile(r"[+-]?\d{1,12}(\.\d{1,9})?")
_FORMATS = (
    (re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:?\d\d)"), "rfc3339", False),
    (re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?"), "rfc3339", True),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"), "%Y-%m-%d %H:%M:%S", True),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d"), "%Y-%m-%d %H:%M", True),
    (re.compile(r"\d{4}/\d\d?/\d\d? \d\d?:\d\d:\d\d"), "%Y/%m/%d %H:%M:%S", True),
    (re.compile(r"\d{4}/\d\d?/\d\d? \d\d?:\d\d"), "%Y/%m/%d %H:%M", True),
    (re.compile(r"20\d{12}"), "%Y%m%d%H%M%S", True),
)
"""Pattern, the mapping's word for it, whether it needs a zone."""
_DEPTH = 6
_ORDERS = ("ABCD", "CDAB", "BADC", "DCBA")


def leaves(tree: Any, path: str = "", depth: int = 0) -> Iterator[tuple[str, str, Any]]:
    """(pointer, key, value) of every value that is no object; lists of objects are left to whoever reads them."""
    if isinstance(tree, Mapping) and depth < _DEPTH:
        for key, value in tree.items():
            yield from leaves(value, f"{path}/{str(key).replace('~', '~0').replace('/', '~1')}", depth + 1)
    elif path:
        yield path, path.rpartition("/")[2].replace("~1", "/").replace("~0", "~"), tree


def time_format(value: Any) -> tuple[str, bool] | None:
    """(format, whether it needs a zone) of a value that is a time."""
    if isinstance(value, bool):
        return None
    number = value if isinstance(value, (int, float)) else None
    if isinstance(value, str):
        for pattern, form, naive in _FORMATS:
            if pattern.fullmatch(value):
                return form, naive
        number = int(value) if value.isascii() and value.isdigit() and len(value) < 16 else None
    if number is not None and 9e8 < number < 4.2e9:
        return "epoch_s", False
    return ("epoch_ms", False) if number is not None and 9e11 < number < 4.2e12 else None


def row_of(at: str, key: str, value: float, unit: str | None) -> tuple[dict[str, Any], str]:
    """A value's row, and what is not sure about it."""
    names = properties_of(key)
    stated = _unit(unit) or _unit(unit_of(key))
    if stated:
        names = [name for name in names if _fits(name, stated)] or names
    if not names:
        other = {"at": at, "property": properties.slug("plainjson", key)} | ({"unit": stated} if stated else {})
        return other, f"{key} = {value:g}: no property of ours by this name; take its id, or keep this one, or strike the value"
    name = names[0]
    row: dict[str, Any] = {"at": at, "property": name}
    chosen, note = (stated, "") if stated and _fits(name, stated) else _magnitude(name, value)
    if chosen and chosen != properties.unit_of(name):
        row["unit"] = chosen
    if isinstance(note, float):
        row["scale"] = note
        note = f"{value:g} is beyond what is usual: {note:g} of it is taken; strike scale if the device means {value:g}"
    rest = names[1:3]
    alternatives = f"or {', '.join(rest)}" if rest else ""
    return row, "; ".join(part for part in (str(note), alternatives) if part)


def _magnitude(name: str, value: float) -> tuple[str | None, str | float]:
    """(unit, note or scale) in which a value is usual."""
    kept = properties.unit_of(name)
    span = table()["usual"].get(name)
    if span is None or span[0] <= value <= span[1] or value == 0:
        return None, ""
    for unit in {"m": ("cm", "mm"), "V": ("mV",), "hPa": ("kPa", "Pa"), "ug/m3": ("mg/m3",)}.get(kept, ()):
        if span[0] <= units.convert(value, unit, kept) <= span[1]:
            return unit, f"{value:g} {kept} is beyond what is usual: {unit} is taken"
    for scale in (0.1, 0.01, 0.001):
        if span[0] <= value * scale <= span[1]:
            return None, scale
    return None, f"{value:g} {kept} is beyond what is usual: a sentinel, or another unit?"


def named(value: list[Any]) -> tuple[str, str, str | None] | None:
    """(name key, value key, unit key) of a list of {name, value, unit}; None when it is none."""
    first, keys = value[0], table()["keys"]
    if not isinstance(first, Mapping) or not all(isinstance(each, Mapping) for each in value):
        return None
    label = min(
        ((place, key) for key in first if (place := rank(key, keys["name"])) is not None and isinstance(first[key], str)),
        default=None,
    )
    number = min(
        ((place, key) for key in first if (place := rank(key, keys["value"])) is not None and is_number(first[key])),
        default=None,
    )
    unit = next((key for key in first if rank(key, keys["unit"]) is not None and isinstance(first[key], str)), None)
    if label is None or number is None or len({each.get(label[1]) for each in value}) < len(value):
        return None
    return label[1], number[1], unit


def named_rows(path: str, value: list[Any]) -> list[tuple[dict[str, Any], str]]:
    keys = named(value) if value and isinstance(value[0], Mapping) else None
    if keys is None:
        return []
    label, number, unit = keys
    found = []
    for place, each in enumerate(value):
        if is_number(each.get(number)):
            row, note = row_of(
                f"{path}/{place}/{number}", str(each[label]), float(each[number]), str(each.get(unit)) if unit else None
            )
            found.append(
                (
                    row
                    | ({"text": True} if isinstance(each[number], str) else {})
                    | {"when": {f"{path}/{place}/{label}": each[label]}},
                    note,
                )
            )
    return found


def register_rows(path: str, value: list[Any], record: Any) -> list[tuple[dict[str, Any], str]]:
    """Modbus words: floats where two words make a number with few digits, else whole numbers."""
    if not value or len(value) > 64 or not all(isinstance(each, int) and 0 <= each < 65_536 for each in value):
        return []
    when = {
        f"/{key}": record[key]
        for key in ("slave", "func", "addr", "unit", "fc")
        if isinstance(record, Mapping) and isinstance(record.get(key), int)
    }
    rows = []
    for index in range(0, len(value), 2):
        orders = [order for order in _ORDERS if _sensible(value[index : index + 2], order)]
        kind = {"type": "f32", "index": index, "order": orders[0]} if orders else {"type": "i16", "index": index}
        row: dict[str, Any] = {"at": path, "property": f"plainjson_register_{index}", "registers": kind}
        note = "name the property" + (f"; byte order may be {' '.join(orders[1:])}" if orders[1:] else "") + (
            "" if orders else "; often scaled: scale = 0.1")  # fmt: skip
        rows.append((row | ({"when": when} if when else {}), note))
        if not orders and index + 1 < len(value):
            rows.append(({**row, "property": f"plainjson_register_{index + 1}", "registers": {"type": "i16", "index": index + 1}}
                         | ({"when": when} if when else {}), note))  # fmt: skip
    return rows


def _sensible(pair: list[int], order: str) -> bool:
    if len(pair) < 2:
        return False
    raw = struct.pack(">HH", *pair)
    number = struct.unpack(">f", bytes(raw["ABCD".index(sign)] for sign in order))[0]
    return bool(number == number and 1e-3 <= abs(number) < 1e5)  # noqa: PLR0124 not a number


def _unit(text: str | None) -> str | None:
    try:
        return units.code(text) if text else None
    except units.UnitError:
        return None


def _fits(name: str, unit: str) -> bool:
    try:
        units.converter(unit, properties.unit_of(name))
    except units.UnitError:
        return False
    return True


def is_number(value: Any) -> bool:
    return (isinstance(value, (int, float)) and not isinstance(value, bool)) or (
        isinstance(value, str) and bool(_NUMBER.fullmatch(value))
    )
