"""Fields of device payloads, compiled from a codec's table (config/codecs/*.toml; docs/adapters/lorawan.md).

    temperature = { type = "i16", div = 10, unit = "Cel", property = "air_temperature" }

    type       u8 i8 u16 i16 u24 i24 u32 i32 f16 f32, u32w (two words, low one first), bytes, skip, const, none
    value      (raw - sub) * mul / div + add; with `values` a word; with `format` text
    parts      bits of the raw number, each with its own words (low, bits, signed)
    switch     which fields follow, by this raw number (or by another one's, `by`); `size` bytes are taken in any case
    sentinels  raw numbers (hex) that mean "no reading", and why
    spoils     by word: the codes of this payload that it makes suspect

A name that begins with `_` is never shown; `L{_time}` puts the word of another field of the same entry in.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from sensing import properties
from sensing.errors import ValidationError

_STRUCT = {
    "u8": "B", "i8": "b", "u16": "H", "i16": "h", "u32": "I", "i32": "i", "f16": "e", "f32": "f",
    "u24": "3s", "i24": "3s", "u32w": "4s",
}  # fmt: skip
_BITS = {"u8": 8, "i8": 8, "u16": 16, "i16": 16, "u24": 24, "i24": 24, "u32": 32, "i32": 32, "u32w": 32}
_ODD = frozenset(("u24", "i24", "u32w", "f16", "f32"))
"""Types that need a second look: struct cannot read them, or they may hold no number."""
_KNOWN = frozenset((
    "name", "type", "size", "unit", "property", "statistic", "channel", "sub", "mul", "div", "add", "values", "format", "parts",
    "switch", "by", "sentinels", "error", "fact", "axis", "role", "spoils", "value", "low", "bits", "signed",
))  # fmt: skip
FORMATS: Mapping[str, Callable[[bytes], str]] = {
    "hex": bytes.hex,
    "mac": lambda raw: raw.hex(":"),
    "nibbles": lambda raw: f"v{raw[0] >> 4}.{raw[0] & 15}",
    "hardware": lambda raw: f"v{raw[0]:x}.{raw[1] >> 4}",
    "firmware": lambda raw: f"v{raw[0]:x}.{raw[1]:x}",
    "decimals": lambda raw: f"v{raw[0]}.{raw[1]}",
    "dotted": lambda raw: ".".join(map(str, raw)),
}
"""How bytes become text."""


class Field(NamedTuple):
    """One field. plain: a number and nothing else, which most are."""

    key: str
    code: str
    type: str
    plain: bool
    property: str | None
    unit: str | None
    statistic: str
    channel: str
    sub: float
    mul: float
    div: float
    add: float
    values: Mapping[int, str] | None
    format: Callable[[bytes], str] | None
    parts: Sequence[Field]
    switch: Mapping[int, Sequence[str]] | None
    by: str
    size: int
    sentinels: Mapping[int, str]
    error: str
    fact: bool
    axis: str
    role: str
    spoils: Mapping[str, Sequence[str]]
    constant: str | None
    low: int
    bits: int
    signed: bool
    hidden: bool

    def scaled(self) -> bool:
        """Whether the value is not the raw number itself."""
        return (self.sub, self.mul, self.div, self.add) != (0, 1, 1, 0)

    def number(self, raw: float) -> float:
        """The value of a raw number, in the order in which makers' decoders compute it."""
        if not self.scaled():
            return raw
        value = raw - self.sub if self.sub else raw
        value = value * self.mul if self.mul != 1 else value
        value = value / self.div if self.div != 1 else value
        return value + self.add if self.add else value

    def raw(self, value: float | str) -> int:
        """The raw number of a value: the inverse of `number`, or of the words. Raises ValueError for a word that is none."""
        if self.values is not None:
            for raw, word in self.values.items():
                if word == value:
                    return raw
            raise ValueError(f'{self.code}: "{value}" is none of {", ".join(self.values.values())}')
        return round((float(value) - self.add) * self.div / self.mul + self.sub)

    def part(self, raw: int) -> int:
        """The bits of this part in the raw number."""
        found = raw >> self.low & (1 << self.bits) - 1
        return found - (1 << self.bits) if self.signed and found >> self.bits - 1 else found


def field(key: str, row: Mapping[str, Any], where: str) -> Field:
    """One row of `fields`. Raises ValidationError naming it."""
    odd = set(row) - _KNOWN
    kind = str(row.get("type", "part"))
    if odd or (kind not in _STRUCT and kind not in {"bytes", "skip", "const", "none", "part"}):
        raise ValidationError(
            f"{where}.{key}: {', '.join(sorted(odd)) or f'type {kind}'} is not known", "docs/adapters/lorawan.md lists what is"
        )
    code = str(row.get("name", key))
    words = row.get("values")
    values = (
        None
        if words is None
        else dict(enumerate(words))
        if isinstance(words, list)
        else {int(at): word for at, word in words.items()}
    )
    numeric = kind in _STRUCT or kind == "part"
    name = row.get("property")
    if name is None and numeric and values is None and not code.startswith("_"):
        name = properties.slug("lorawan", code)
    hidden = code.startswith("_")
    parts = tuple(field(str(part["name"]), part, f"{where}.{key}") for part in row.get("parts", ()))
    switch = row.get("switch")
    special = bool(
        values or parts or switch or hidden or row.keys() & {"sentinels", "fact", "axis", "role", "spoils"} or "{" in code
    )
    size = int(row.get("size", 0 if kind != "const" else 1))
    return Field(
        key=key, code=code, type=kind, plain=kind in _STRUCT and kind not in _ODD and not special,
        property=name or None, unit=row.get("unit"), statistic=row.get("statistic", "instant"), channel=row.get("channel", ""),
        sub=row.get("sub", 0), mul=row.get("mul", 1), div=row.get("div", 1), add=row.get("add", 0),
        values=values, format=FORMATS[row["format"]] if "format" in row else None, parts=parts,
        switch={int(at): tuple(names) for at, names in switch.items()} if switch else None, by=row.get("by", ""), size=size,
        sentinels=_sentinels(row.get("sentinels", {}), kind), error=row.get("error", ""), fact=row.get("fact", False),
        axis=row.get("axis", ""), role=row.get("role", ""), spoils=row.get("spoils", {}), constant=row.get("value"),
        low=row.get("low", 0), bits=row.get("bits", 0), signed=row.get("signed", False), hidden=hidden,
    )  # fmt: skip


def layout(fields: Sequence[Field], endian: str) -> struct.Struct:
    """The bytes of these fields, up to and with the first that switches."""
    return struct.Struct((">" if endian == "big" else "<") + "".join(map(_format, fields)))


def integer(raw: Any, kind: str, endian: str) -> Any:
    """What struct cannot read: three bytes, and words with the low one first."""
    if kind == "u32w":
        return int.from_bytes(raw[2:4] + raw[0:2], "big")
    if kind in {"u24", "i24"}:
        return int.from_bytes(raw, "big" if endian == "big" else "little", signed=kind == "i24")
    return raw


def packed(raw: int, kind: str, endian: str) -> Any:
    """What struct is given for a raw number; the inverse of `integer`."""
    if kind == "u32w":
        both = raw.to_bytes(4, "big")
        return both[2:4] + both[0:2]
    if kind in {"u24", "i24"}:
        return raw.to_bytes(3, "big" if endian == "big" else "little", signed=kind == "i24")
    return raw


def unsigned(raw: int, kind: str) -> int:
    """The bits of a raw number."""
    return raw & (1 << _BITS[kind]) - 1


def _format(one: Field) -> str:
    if one.type in _STRUCT:
        return _STRUCT[one.type]
    if one.type == "bytes":
        return f"{one.size}s"
    return f"{one.size}x" if one.type in {"skip", "const"} and one.size else ""


def _sentinels(rows: Mapping[str, str], kind: str) -> dict[int, str]:
    bits = _BITS.get(kind, 0)
    found = {}
    for digits, word in rows.items():
        raw = int(digits, 16)
        found[raw - (1 << bits) if kind.startswith("i") and raw >> bits - 1 else raw] = word
    return found
