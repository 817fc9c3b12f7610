"""Modbus registers inside JSON: 16-bit words to numbers.

    words      one value of two words may come as  ABCD  high word first (Modicon), CDAB  low word first,
                                                   BADC  bytes swapped in each word, DCBA  both
    types      u16 i16 u32 i32 f32 (also written uint16 int16 uint32 int32 float32)

A list of words is what gateways put into JSON; a text of hex digits, four a word, is the same.
"""

from __future__ import annotations

import re
import struct
from math import isfinite, nan
from typing import Any

from msgspec import Struct

from sensing.errors import DecodeError, Reason, ValidationError

from .json_in import shown

_TYPES = {"u16": ">H", "i16": ">h", "u32": ">I", "i32": ">i", "f32": ">f"}
_SPELLINGS = {"uint16": "u16", "int16": "i16", "uint32": "u32", "int32": "i32", "float32": "f32", "float": "f32"}
_ORDERS = {"ABCD": (0, 1, 2, 3), "CDAB": (2, 3, 0, 1), "BADC": (1, 0, 3, 2), "DCBA": (3, 2, 1, 0), "AB": (0, 1), "BA": (1, 0)}
_HEX = re.compile(r"(?:[0-9A-Fa-f]{4}){1,256}")


class Registers(Struct, frozen=True):
    """What to read from a list of words. index: of the first word. order: of the bytes on the wire, by significance."""

    type: str
    index: int
    order: tuple[int, ...]

    @property
    def words(self) -> int:
        return len(self.order) // 2


def compiled(table: Any) -> Registers:
    """`{type, index = 0, order = "ABCD"}` checked. Raises ValidationError."""
    if not isinstance(table, dict) or not set(table) <= {"type", "index", "order"}:
        raise ValidationError(
            "registers takes type, index and order", 'write registers = { type = "i16", index = 0, order = "ABCD" }'
        )
    kind = _SPELLINGS.get(table.get("type", ""), table.get("type", ""))
    if kind not in _TYPES:
        raise ValidationError(f'register type "{kind}" is not known', "write u16, i16, u32, i32 or f32")
    size = struct.calcsize(_TYPES[kind])
    order = _ORDERS.get(table.get("order", "ABCD"[:size]))
    if size == 2 and table.get("order") in ("ABCD", "CDAB"):
        order = (0, 1)  # the order of words says nothing about one word
    if order is None or len(order) != size:
        raise ValidationError(
            f'register order "{table.get("order")}" does not fit {kind}', "write ABCD, CDAB, BADC or DCBA; AB or BA for one word"
        )
    index = table.get("index", 0)
    if type(index) is not int or not 0 <= index < 256:
        raise ValidationError(f"register index {index!r} is not 0-255", "count words from 0 within the list")
    return Registers(kind, index, order)


def value(registers: Registers, raw: Any) -> float:
    """The number in a list of words or in a text of hex digits; NaN where a float register says so. Raises DecodeError bad_number.

    A float is the shortest decimal that its 32 bits stand for: 3DCCCCCD is 0.1.
    """
    words = _words(raw)[registers.index : registers.index + registers.words]
    if len(words) < registers.words:
        raise DecodeError(Reason.BAD_NUMBER, f"{registers.type} at word {registers.index} is beyond the list")
    wire = b"".join(_word(word) for word in words)
    ordered = bytes(wire[place] for place in registers.order)
    found = struct.unpack(_TYPES[registers.type], ordered)[0]
    if registers.type != "f32":
        return found  # type: ignore[no-any-return]  # an int; `decode` prints it as the wire wrote it
    return _shortest(found) if isfinite(found) else nan


def _words(raw: Any) -> list[Any]:
    if isinstance(raw, str) and _HEX.fullmatch(raw):
        return [int(raw[place : place + 4], 16) for place in range(0, len(raw), 4)]
    if isinstance(raw, list):
        return raw
    raise DecodeError(Reason.BAD_NUMBER, "registers are neither a list of words nor hex digits in fours")


def _word(word: Any) -> bytes:
    if type(word) is not int or not -0x8000 <= word <= 0xFFFF:
        raise DecodeError(Reason.BAD_NUMBER, f"{shown(word)} is no 16-bit word")
    return (word & 0xFFFF).to_bytes(2, "big")


def _shortest(number: float) -> float:
    for digits in (6, 7, 8):
        short = float(f"{number:.{digits}g}")
        if struct.pack(">f", short) == struct.pack(">f", number):
            return short
    return float(f"{number:.9g}")
