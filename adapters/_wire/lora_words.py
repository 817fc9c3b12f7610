"""What a type says about codes that no table can know: `[[settings.values]]` with code, channel, property, unit, statistic.

[[settings.values]]
code = "analog_input"      # as `decode` prints it
channel = "2"              # only that of this channel; left out: of any
property = "water_level"
unit = "m"
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sensing import properties, units
from sensing.errors import ValidationError
from sensing.model import Reading

_KEYS = frozenset(("code", "channel", "property", "unit", "statistic", "name"))
_OWN = re.compile(r"lorawan_[a-z0-9_]{1,56}")

Words = Mapping[tuple[str, str | None], Mapping[str, Any]]


def check(rows: Any) -> None:
    """Whether these rows can be read. Raises ValidationError naming the field."""
    if not isinstance(rows, list):
        raise ValidationError("settings.values is not a list of tables", "write one [[settings.values]] a code")
    for number, row in enumerate(rows):
        where = f"settings.values[{number}]"
        if not isinstance(row, dict) or not set(row) <= _KEYS or not {"code", "property"} <= set(row):
            raise ValidationError(
                f"{where} takes code, property, channel, unit, statistic, name", "docs/adapters/lorawan.md shows it"
            )
        name, kept = str(row["property"]), properties.get(str(row["property"]))
        if kept is None and not _OWN.fullmatch(name):
            raise ValidationError(
                f'{where}.property "{name}" is not known', f"see config/properties.toml, or write lorawan_{name}"
            )
        if kept is not None and "unit" in row:
            units.converter(str(row["unit"]), kept.unit)


def apply(readings: Sequence[Reading], rows: Sequence[Mapping[str, Any]]) -> None:
    """Change each reading that a row names; `name` becomes its channel."""
    words = _words(rows)
    for reading in readings:
        row = words.get((reading.code, reading.channel)) or words.get((reading.code, None))
        if row is not None:
            reading.property = row["property"]
            reading.unit = row.get("unit", reading.unit)
            reading.statistic = row.get("statistic", reading.statistic)
            reading.channel = row.get("name", reading.channel)


_KNOWN: dict[int, tuple[Any, Words]] = {}


def _words(rows: Sequence[Mapping[str, Any]]) -> Words:
    """Rows by code and channel, remembered by identity: devices share their type's until they override them."""
    known = _KNOWN.get(id(rows))
    if known is not None:
        return known[1]
    if len(_KNOWN) > 4096:
        _KNOWN.clear()
    words: dict[tuple[str, str | None], Mapping[str, Any]] = {}
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, Mapping) and {"code", "property"} <= row.keys():
            words[str(row["code"]), str(row["channel"]) if "channel" in row else None] = row
    _KNOWN[id(rows)] = (rows, words)
    return words
