"""ChirpStack's events in Protocol Buffers, as far as they are read: field numbers of chirpstack-api's
`integration/integration.proto` and `gw/gw.proto` (4.x), which are part of its interface and do not change.

A message is (tag, value) ...; tag = number << 3 | type; type 0 is a varint, 1 eight bytes, 2 a length and bytes, 5 four bytes. Unknown
fields are passed over. An event does not say which it is: each kind has fields of its own, and these tell.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

from sensing.errors import DecodeError, Reason
from sensing.model import Micros
from sensing.times import SECOND

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MOST_FIELDS = 2_000
_MOST_GATEWAYS = 64

DEDUPLICATION, TIME, DEVICE, DEV_ADDR = 1, 2, 3, 4
"""Of every event but log and txack."""
DEV_EUI, DEVICE_NAME = 8, 7


def fields(data: bytes, start: int = 0, end: int | None = None) -> Iterator[tuple[int, int, Any, int]]:
    """(number, type, value, offset) of each field. Raises DecodeError: bad_length, bad_grammar, too_large."""
    at, end, count = start, len(data) if end is None else end, 0
    value: Any
    while at < end:
        count += 1
        if count > _MOST_FIELDS:
            raise DecodeError(Reason.TOO_LARGE, f"more than {_MOST_FIELDS} fields", at)
        tag, at = _varint(data, at, end)
        number, kind = tag >> 3, tag & 7
        if number == 0:
            raise DecodeError(Reason.BAD_GRAMMAR, "field number 0", at)
        offset, value = at, None
        if kind == _VARINT:
            value, at = _varint(data, at, end)
        elif kind == _BYTES:
            size, at = _varint(data, at, end)
            offset, value, at = at, data[at : at + size], at + size
        elif kind in {_FIXED32, _FIXED64}:
            size = 4 if kind == _FIXED32 else 8
            value, at = data[at : at + size], at + size
        else:
            raise DecodeError(Reason.BAD_GRAMMAR, f"wire type {kind}", offset)
        if at > end:
            raise DecodeError(Reason.BAD_LENGTH, f"field {number} goes beyond the end", offset)
        yield number, kind, value, offset


def event(payload: bytes) -> dict[str, Any]:
    """An event as its JSON form has it, with `data` as bytes and its place as `data_at`. Raises DecodeError."""
    found: dict[int, list[tuple[int, Any, int]]] = {}
    for number, kind, value, offset in fields(payload):
        found.setdefault(number, []).append((kind, value, offset))
    first = found.get(DEDUPLICATION, [(0, b"", 0)])[0]
    late = first[0] == _BYTES and not _is_text(first[1])
    tree: dict[str, Any] = {}
    time, device = (1, 2) if late else (TIME, DEVICE)
    if time in found:
        tree["time"] = _timestamp(_message(found, time))
    if device in found:
        info = {number: value for number, kind, value, _ in fields(_message(found, device)) if kind == _BYTES}
        tree["deviceInfo"] = {"devEui": _text(info.get(DEV_EUI, b"")), "deviceName": _text(info.get(DEVICE_NAME, b""))}
    if late:
        return {**tree, "level": 1}
    return {**tree, **_kind(found)}


def _kind(found: dict[int, list[tuple[int, Any, int]]]) -> dict[str, Any]:
    """What is particular to the kind of event, which its fields tell."""
    kinds = {number: rows[0][0] for number, rows in found.items()}
    if kinds.get(DEDUPLICATION) == _VARINT:
        return {"downlinkId": 1}
    if kinds.keys() & {10, 11, 12, 13}:
        return _uplink(found)
    if 4 not in kinds:
        return _status(found) if kinds.keys() & {5, 6, 7, 8} else {}
    four = found[4][0][1] if kinds[4] == _BYTES else b""
    if not _is_text(four):
        return {"location": _location(four)}
    if _BYTES in {kinds.get(5), kinds.get(6)}:
        return {"integrationName": _text(four)}
    return {"acknowledged": bool(_number(found, 5))} if kinds.keys() & {5, 6} or len(four) > 8 else {"devAddr": _text(four)}


def _uplink(found: dict[int, list[tuple[int, Any, int]]]) -> dict[str, Any]:
    data = next((row for row in found.get(10, ()) if row[0] == _BYTES), (_BYTES, b"", 0))
    return {
        "dr": _number(found, 6), "fCnt": _number(found, 7), "fPort": _number(found, 8), "data": data[1], "data_at": data[2],
        "rxInfo": [_reception(value) for kind, value, _ in found.get(12, [])[:_MOST_GATEWAYS] if kind == _BYTES],
    }  # fmt: skip


def _reception(message: bytes) -> dict[str, Any]:
    seen: dict[str, Any] = {}
    for number, kind, value, _ in fields(message):
        if number == 6 and kind == _VARINT:
            seen["rssi"] = value - (1 << 64) if value >> 63 else value
        elif number == 7 and kind == _FIXED32:
            seen["snr"] = struct.unpack("<f", value)[0]
    return seen


def _status(found: dict[int, list[tuple[int, Any, int]]]) -> dict[str, Any]:
    margin = _number(found, 5)
    level = found[8][0][1] if 8 in found and found[8][0][0] == _FIXED32 else b"\0\0\0\0"
    return {
        "margin": margin - (1 << 64) if margin >> 63 else margin,
        "externalPowerSource": bool(_number(found, 6)),
        "batteryLevelUnavailable": bool(_number(found, 7)),
        "batteryLevel": round(struct.unpack("<f", level)[0], 2),
    }


def _location(message: bytes) -> dict[str, Any]:
    names = {1: "latitude", 2: "longitude", 3: "altitude"}
    return {
        names[number]: struct.unpack("<d", value)[0]
        for number, kind, value, _ in fields(message)
        if number in names and kind == _FIXED64
    }


def _timestamp(message: bytes) -> Micros:
    seconds = nanos = 0
    for number, kind, value, _ in fields(message):
        if kind == _VARINT and number == 1:
            seconds = value - (1 << 64) if value >> 63 else value
        elif kind == _VARINT and number == 2:
            nanos = value
    if not 0 <= nanos < 10**9 or not 0 <= seconds < 253_402_300_800:
        raise DecodeError(Reason.BAD_TIME, f"{seconds} s and {nanos} ns")
    return seconds * SECOND + nanos // 1000


def _message(found: dict[int, list[tuple[int, Any, int]]], number: int) -> bytes:
    kind, value, offset = found[number][0]
    if kind != _BYTES:
        raise DecodeError(Reason.BAD_GRAMMAR, f"field {number} is no message", offset)
    return bytes(value)


def _number(found: dict[int, list[tuple[int, Any, int]]], number: int) -> int:
    rows = found.get(number)
    return rows[0][1] if rows and rows[0][0] == _VARINT else 0


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _is_text(raw: bytes) -> bool:
    return raw.isascii() and raw.decode().isprintable()


def _varint(data: bytes, at: int, end: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= end:
            raise DecodeError(Reason.BAD_LENGTH, "a number is cut short", at)
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return value & (1 << 64) - 1, at
        shift += 7
        if shift > 63:
            raise DecodeError(Reason.BAD_GRAMMAR, "a number of more than ten bytes", at - 1)
