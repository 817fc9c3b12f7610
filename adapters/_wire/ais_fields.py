"""AIS messages as tables of bit fields (ITU-R M.1371-5 annex 8), for those that we read ourselves: position reports.

    "name:bits:kind", in the order of the bits; a name `-` is spare. Kinds: unsigned when it says none;
    bool; tenth (n / 10); float (n); deg and deg600 (signed, 1/600000 and 1/600 degree); turn (signed, coded); text (6-bit ASCII).

Names are pyais' (MIT). `STORED` says what becomes a reading: property, unit, and the number that means "not available".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import copysign, sqrt
from typing import Any, NamedTuple

_HEAD = "msg_type:6 repeat:2 mmsi:30"
_CLASS_A = (
    f"{_HEAD} status:4 turn:8:turn speed:10:tenth accuracy:1:bool lon:28:deg lat:27:deg course:12:tenth heading:9 second:6 "
    "maneuver:2 -:3 raim:1:bool radio:19"
)
_CLASS_B = (
    f"{_HEAD} reserved_1:8 speed:10:tenth accuracy:1:bool lon:28:deg lat:27:deg course:12:tenth heading:9 second:6 reserved_2:"
)
_LAYOUTS = {
    1: _CLASS_A,
    2: _CLASS_A,
    3: _CLASS_A,
    9: f"{_HEAD} alt:12 speed:10:float accuracy:1:bool lon:28:deg lat:27:deg course:12:tenth second:6 reserved_1:8 dte:1:bool -:3 "
    "assigned:1:bool raim:1:bool radio:20",
    18: f"{_CLASS_B}2 cs:1:bool display:1:bool dsc:1:bool band:1:bool msg22:1:bool assigned:1:bool raim:1:bool radio:20",
    19: f"{_CLASS_B}4 shipname:120:text ship_type:8 to_bow:9 to_stern:9 to_port:6 to_starboard:6 epfd:4 raim:1:bool dte:1:bool "
    "assigned:1:bool -:4",
    27: f"{_HEAD} accuracy:1:bool raim:1:bool status:4 lon:18:deg600 lat:17:deg600 speed:6:float course:9:float gnss:1:bool -:1",
}  # fmt: skip


class Stored(NamedTuple):
    """What a field becomes. absent: the number on the wire that means "not available" (M.1371-5 table 48 and others)."""

    property: str
    unit: str
    absent: int


_SPEED = Stored("speed_over_ground", "[kn_i]", 1023)
_COURSE = Stored("course_over_ground", "deg", 3600)
_CLASS_B_STORED = {"speed": _SPEED, "course": _COURSE, "heading": Stored("heading", "deg", 511)}
_STATUS = Stored("navigation_status", "1", 15)
_CLASS_A_STORED = {"status": _STATUS, "turn": Stored("rate_of_turn", "deg/min", -128), **_CLASS_B_STORED}
STORED: Mapping[int, Mapping[str, Stored]] = {
    1: _CLASS_A_STORED,
    2: _CLASS_A_STORED,
    3: _CLASS_A_STORED,
    9: {"alt": Stored("ais_altitude", "m", 4095), "speed": _SPEED, "course": _COURSE},
    18: _CLASS_B_STORED,
    19: _CLASS_B_STORED,
    27: {
        "status": _STATUS,
        "speed": Stored("speed_over_ground", "[kn_i]", 63),
        "course": Stored("course_over_ground", "deg", 511),
    },
}


class Field(NamedTuple):
    """A field within a message of `BITS[type]` bits: `(message >> shift) & mask`, then `sign` for signed ones, then `read`."""

    name: str
    start: int
    width: int
    shift: int
    mask: int
    sign: int
    kind: str
    read: Callable[[int], Any]


def turn_of(raw: int) -> float:
    """Rate of turn in degrees a minute, whole ones as pyais has it: (raw / 4.733) squared. ±127 is faster than 5°/30 s, -128 none."""
    return float(raw) if raw in (-128, -127, 127) else copysign(round((raw / 4.733) ** 2), raw) if raw else 0.0


def degrees(raw: int) -> float:
    """1/600000 degree to degrees, to six decimals: round(raw / 600000, 6) in whole numbers."""
    return ((10 * raw + 3) // 6) / 1e6


def degrees600(raw: int) -> float:
    """1/600 degree (tenths of a minute) to degrees, to six decimals."""
    return ((10_000 * raw + 3) // 6) / 1e6


def tenth(raw: int) -> float:
    return raw / 10.0


_READ: Mapping[str, Callable[[int], Any]] = {
    "": int, "bool": bool, "tenth": tenth, "float": float, "deg": degrees, "deg600": degrees600, "turn": turn_of, "text": int,
}  # fmt: skip
_SIGNED = ("deg", "deg600", "turn")


def _turn_code(rate: float) -> int:
    return int(rate) if rate in (-128, -127, 127) else int(copysign(round(4.733 * sqrt(abs(rate))), rate))


def _text_bits(text: str) -> int:
    bits = 0
    for letter in text:
        code = ord(letter.upper())
        if not 32 <= code < 96:
            raise ValueError(f"{text!r}: six-bit text has no {letter!r}")
        bits = bits << 6 | code & 63
    return bits


_WRITE: Mapping[str, Callable[[Any], int]] = {
    "": int, "bool": int, "tenth": lambda v: round(v * 10), "float": round, "deg": lambda v: round(v * 600_000),
    "deg600": lambda v: round(v * 600), "turn": _turn_code, "text": _text_bits,
}  # fmt: skip


def text_of(message: int, bits: int, start: int, width: int) -> str:
    """Six-bit ASCII at `start` of a message of `bits` bits, without @ and blanks at its end."""
    letters = list[str]()
    for at in range(start, min(start + width, bits), 6):
        there = min(6, bits - at)
        letter = message >> bits - at - there & (1 << there) - 1
        letters.append(chr(letter if letter >= 32 else letter + 64))
    return "".join(letters).rstrip("@").strip()


def _fields(layout: str) -> tuple[int, tuple[Field, ...]]:
    rows = [(*item.split(":"), "")[:3] for item in layout.split()]
    total, start, found = sum(int(width) for _, width, _ in rows), 0, list[Field]()
    for name, digits, kind in rows:
        width = int(digits)
        sign = 1 << width - 1 if kind in _SIGNED else 0
        field = Field(name, start, width, total - start - width, (1 << width) - 1, sign, kind, _READ[kind])
        found += [field] if name != "-" else []
        start += width
    return total, tuple(found)


BITS = {number: _fields(layout)[0] for number, layout in _LAYOUTS.items()}
FIELDS = {number: _fields(layout)[1] for number, layout in _LAYOUTS.items()}


def number_at(field: Field, message: int) -> int:
    """A field's number in a message of full length."""
    raw = message >> field.shift & field.mask
    return (raw ^ field.sign) - field.sign


def every(kind: int, message: int, bits: int) -> dict[str, Any]:
    """Every field of a position message by name; None where a message of fewer bits ends before it.

    A field that is cut in two keeps the bits that are there, as pyais does.
    """
    found: dict[str, Any] = {}
    for field in FIELDS[kind]:
        there = min(field.width, bits - field.start)
        if there <= 0:
            found[field.name] = None
            continue
        if field.kind == "text":
            found[field.name] = text_of(message, bits, field.start, field.width)
            continue
        raw = message >> bits - field.start - there & (1 << there) - 1
        sign = field.sign >> field.width - there
        found[field.name] = field.read((raw ^ sign) - sign)
    return found


def pack(kind: int, values: Mapping[str, Any]) -> int:
    """A message of `BITS[kind]` bits from its fields by name; absent ones are 0. Raises ValueError for what does not fit."""
    message = 0
    for field in FIELDS[kind]:
        raw = _WRITE[field.kind](values.get(field.name, "" if field.kind == "text" else 0))
        if field.kind == "text":
            raw <<= field.width - 6 * len(str(values.get(field.name, "")))
        low, high = (-field.sign, field.sign - 1) if field.sign else (0, field.mask)
        if not low <= raw <= high:
            raise ValueError(f"{field.name} {values.get(field.name)!r} does not fit {field.width} bits")
        message |= (raw & field.mask) << field.shift
    return message
