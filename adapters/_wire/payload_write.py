"""Device payloads from values: the inverse of `payload_read`, for simulators and tests. What switches or stands in lists is not written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from math import isclose
from struct import error as struct_error
from typing import Any

from fastcrc import crc16

from .payload_codecs import Codec, Entry, find
from .payload_fields import Field, packed

Value = tuple[str, str, Any]
"""(code, channel, value) of one reading."""


def payload_bytes(name: str, values: Sequence[Value]) -> bytes:
    """A payload that says these values. Raises ValueError for what the codec cannot say, ValidationError when there is none."""
    codec = find(name)
    if codec.kind == "flags":
        return _flags(codec, values)
    if codec.kind == "fixed":
        return _fixed(codec, values)
    return _tlv(codec, values) if codec.kind == "tlv" else _groups(codec, values)


def _tlv(codec: Codec, values: Sequence[Value]) -> bytes:
    return b"".join(_key(codec, key, channel) + data for key, channel, data in _entries(codec, values))


def _groups(codec: Codec, values: Sequence[Value]) -> bytes:
    body = b"".join(
        bytes((int(channel or 1),)) + key.to_bytes(2, "little") + data for key, channel, data in _entries(codec, values)
    )
    return body + crc16.kermit(body).to_bytes(2, "little")


def _key(codec: Codec, key: int, channel: str) -> bytes:
    if codec.key == "both":
        return key.to_bytes(2, "big")
    return bytes((int(channel or 0), key) if codec.key == "channel+type" else (key,))


def _entries(codec: Codec, values: Sequence[Value]) -> Iterator[tuple[int, str, bytes]]:
    """(key, channel, data) of each entry that says these values, in order."""
    at = 0
    while at < len(values):
        key, count, data = _said(codec, values, at)
        yield key, values[at][1], data
        at += count


def _said(codec: Codec, values: Sequence[Value], at: int) -> tuple[int, int, bytes]:
    """(key, values, data) of the entry that says most of what comes next, and says it exactly if one does."""
    best: tuple[bool, int, int, bytes] | None = None
    trouble = f'{codec.name} has no field "{values[at][0]}"'
    for key, one, codes in _starting(codec.name).get(values[at][0], ()):
        count = len(codes)
        if codes != [code for code, _, _ in values[at : at + count]]:
            continue
        given = {code: value for code, _, value in values[at : at + count]}
        try:
            data = _packed(one, given, codec.endian)
        except ValueError as error:
            trouble = str(error)
            continue
        found = (_exact(one, given), count, key, data)
        if best is None or found[:2] > best[:2]:
            best = found
    if best is None:
        raise ValueError(trouble)
    return best[2], best[1], best[3]


@lru_cache(maxsize=64)
def _starting(name: str) -> Mapping[str, Sequence[tuple[int, Entry, list[str]]]]:
    """Entries that can be written, by the code that stands first in them: (key, entry, all its codes)."""
    found: dict[str, list[tuple[int, Entry, list[str]]]] = {}
    for key, one in find(name).entries.items():
        codes = _codes(one)
        if codes and one.flat and not one.list and not any(spec.role == "time" for spec in one.fields):
            found.setdefault(codes[0], []).append((key, one, codes))
    return found


def _exact(one: Entry, given: Mapping[str, Any]) -> bool:
    """Whether the values come back as they are: one code may stand in two entries, of different units."""
    shown = [part for spec in one.fields for part in spec.parts or (spec,) if part.code in given and part.values is None]
    return all(
        spec.type in {"f16", "f32"} or isclose(spec.number(spec.raw(given[spec.code])), given[spec.code]) for spec in shown
    )


def _fixed(codec: Codec, values: Sequence[Value]) -> bytes:
    given, out = {code: value for code, _, value in values}, bytearray()
    for one in codec.sequence:
        if not given:
            break
        codes = _codes(one)
        if not one.flat or not all(code in given for code in codes):
            raise ValueError(f"{codec.name} needs {', '.join(codes)} before {', '.join(given)}")
        out += _packed(one, given, codec.endian)
        for code in codes:
            del given[code]
    return bytes(out)


def _flags(codec: Codec, values: Sequence[Value]) -> bytes:
    given = {code: value for code, _, value in values}
    flags, body = 0, b""
    for number, one in enumerate(codec.sequence):
        if all(code in given for code in _codes(one)):
            flags |= 1 << number
            body += _packed(one, given, codec.endian)
    if not flags:
        raise ValueError(f"{codec.name} has no group of {', '.join(given)}")
    return bytes((2,)) + int(given.get("device_id", 0)).to_bytes(2, "big") + flags.to_bytes(2, "big") + body


def _codes(one: Entry) -> list[str]:
    """The codes that an entry shows."""
    return [part.code for spec in one.fields for part in spec.parts or (spec,) if spec.type != "skip" and not part.hidden]


def _packed(one: Entry, given: Mapping[str, Any], endian: str) -> bytes:
    try:
        return one.packer.pack(*(packed(_raw(spec, given), spec.type, endian) for spec in one.visible))
    except (KeyError, OverflowError, struct_error, TypeError) as error:
        raise ValueError(f"{one.fields[0].code}: {error}") from None


def _raw(spec: Field, given: Mapping[str, Any]) -> Any:
    if spec.parts:
        raw = 0
        for part in spec.parts:
            raw |= (part.raw(given[part.code]) & (1 << part.bits) - 1) << part.low if not part.hidden else 0
        return raw - (1 << 16) if spec.type == "i16" and raw >> 15 else raw
    if spec.format is not None:
        raise ValueError(f"{spec.code} is text, which is not written")
    return float(given[spec.code]) if spec.type in {"f16", "f32"} else spec.raw(given[spec.code])
