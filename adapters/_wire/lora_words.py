"""What a type says about codes that no table can know: `[[settings.values]]` with code, channel, property, unit, statistic.

[[settings.values]]
code = "analog_input"      # as `decode` prints it
channel = "2"              # only that of this channel; left out: of any
property = "water_level"
unit = "m"
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sensing.model import Reading

from . import value_rows

_KEYS = ("code", "property", "channel", "unit", "statistic", "name")

Words = Mapping[tuple[str, str | None], Mapping[str, Any]]


def check(rows: Any) -> None:
    """Whether these rows can be read. Raises ValidationError naming the field."""
    value_rows.check(rows, "lorawan", _KEYS, ("code", "property"))


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
