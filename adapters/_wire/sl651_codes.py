"""SL 651-2014 codes (annex C.1) and functions (annex B): what each says, and what each becomes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from . import codes
from .sl651_times import SINCE_08

BLOCK_DIGITS = {0xF4: 2} | dict.fromkeys(range(0xF5, 0xFD), 4)
"""Blocks of 12 five-minute values: hex digits of one value (F4 is 0.1 mm, F5..FC 0.01 m)."""
BLOCK_SCALE = {2: 10, 4: 100}
CLASSES = b"PHKZDTMGQIO"
"""Station classes (annex A): rain, river, reservoir, sluice, pump, tide, soil, groundwater, quality, intake, outlet."""

RANK = {0x33: 5, 0x35: 4, 0x32: 3, 0x34: 2, 0x31: 1}
"""Which function is served where several tell one value (DECISIONS "Identity, order, time")."""
KEEP_ALIVE, TEST, UNIFORM, PICTURE, PERIOD, PUMP, VERSION = 0x2F, 0x30, 0x31, 0x36, 0x38, 0x44, 0x45
REPORTS = {*range(0x30, 0x3B), 0x46}
"""Functions whose body is made of elements."""
SERIES = (UNIFORM, PERIOD)
"""Functions whose element after a step code is a list of values."""
CONTROLS = {
    0x2F: "keep-alive", 0x30: "test", 0x31: "uniform-report", 0x32: "timed-report", 0x33: "extra-report", 0x34: "hourly-report",
    0x35: "manual-report", 0x36: "picture", 0x37: "real-time-data", 0x38: "period-data", 0x39: "manual-data", 0x3A: "element-data",
    0x40: "set-basic-parameters", 0x41: "basic-parameters", 0x42: "set-running-parameters", 0x43: "running-parameters",
    0x44: "pump-motor-data", 0x45: "version", 0x46: "status", 0x47: "clear-history", 0x48: "factory-reset", 0x49: "change-password",
    0x4A: "set-clock", 0x4B: "set-ic-card", 0x4C: "pump-control", 0x4D: "valve-control", 0x4E: "gate-control", 0x4F: "quota-control",
    0x50: "event-records", 0x51: "clock",
}  # fmt: skip
"""Every function of the standard by name; what a frame with nothing to read is called."""


class Code(NamedTuple):
    """One element: what it becomes. period: microseconds, 0 for an instant, SINCE_08."""

    id: str
    name: str
    property: str | None
    unit: str | None
    statistic: str = "instant"
    channel: str = ""
    period: int = 0
    digits: int = 0
    decimals: int = 0


class Rule(NamedTuple):
    """How the data of one (guide, definition byte) are read: hex digits, divisor, and its code's fields."""

    digits: int
    divisor: int
    code: str
    property: str | None
    unit: str | None
    statistic: str
    channel: str
    period: int


def _code(row: Mapping[str, str]) -> Code:
    statistic = row["statistic"]
    period = SINCE_08 if statistic == "sum/since-08" else codes.period(statistic)
    digits, _, decimals = row["format"].removeprefix("N(").removesuffix(")").partition(",")
    size = (int(digits), int(decimals or 0)) if digits.isdigit() else (0, 0)
    unit = None if row["id_hex"] == "05" else row["ucum"] or None
    return Code(row["id_hex"], row["ascii"], row["property"], unit, statistic, row["channel"], period, *size)


BY_ID = codes.load("sl651", "id_hex", _code)
BY_NAME = {code.name.upper(): code for code in BY_ID.values()}

_SPECIAL = {"00", "04", "05", "33", "45", "FF", *(f"{guide:02X}" for guide in range(0xF0, 0xFE))}


def code_of(wire: str) -> Code:
    """The code of a guide (`39`, `FF09`); one outside the table has no property."""
    return BY_ID.get(wire) or Code(wire, wire, None, None)


@lru_cache(8192)
def rule_of(wire: str, definition: int) -> Rule:
    """How to read a guide with its definition byte: high 5 bits bytes, low 3 bits decimals (6.6.3.2)."""
    code = code_of(wire)
    scale = 10 ** (definition & 7)
    return Rule((definition >> 3) * 2, scale, wire, code.property, code.unit, code.statistic, code.channel, code.period)


class Rules(dict[str, "Rule | None"]):
    """Rules by the four hex digits of guide and definition byte; None for those that need more than one look."""

    def __missing__(self, key: str) -> Rule | None:
        wire = key[:2].upper()
        definition = int(key[2:4] or "0", 16)
        found = self[key] = None if wire in _SPECIAL or len(key) < 4 else rule_of(wire, definition)
        return found


RULES = Rules()
