"""JSON from devices, read strictly: UTF-8, one spelling of each key, bounded depth, finite numbers.

Every refusal is a DecodeError: not_utf8, not_json, too_deep, too_large, bad_number, bad_grammar (a key twice).
"""

from __future__ import annotations

import json
import re
from math import isfinite
from typing import Any

import msgspec

from sensing.errors import DecodeError, Reason

from . import json_where

DEEPEST = 16
LARGEST = 1 << 20
MOST_RECORDS = 10_000
BIGGEST = 2**63
"""Integers must be smaller, either side of zero: what is larger is no measurement and no float can hold it exactly."""

_decode = msgspec.json.Decoder().decode
_LONG = 4_096
"""Bytes from which on Python reads the numbers: msgspec takes up to 13 us for one such as 1e308."""
_NUMBER = re.compile(r"\s*[+-]?[0-9]{1,40}(\.[0-9]{0,40})?([eE][+-]?[0-9]{1,3})?\s*")


def _finite(text: str) -> float:
    found = float(text)
    if not isfinite(found):
        raise ValueError("Number out of range")
    return found


_decode_long = msgspec.json.Decoder(float_hook=_finite).decode


def parsed(payload: bytes) -> Any:
    """The tree of one JSON text, unchecked. Raises what msgspec raises."""
    return _decode(payload) if len(payload) < _LONG else _decode_long(payload)


def read(payload: bytes) -> Any:
    """The tree of one JSON text; a byte order mark before it is tolerated."""
    if payload[:3] != b"\xef\xbb\xbf":
        return _read(payload)
    try:
        return _read(payload[3:])
    except DecodeError as error:
        error.offset += 3 if error.offset or error.length else 0
        raise


def _read(payload: bytes) -> Any:
    try:
        tree = parsed(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _refusal(payload, error) from None
    if payload.count(b"{") + payload.count(b"[") > DEEPEST and _is_deep(tree, 1):
        raise DecodeError(Reason.TOO_DEEP, f"deeper than {DEEPEST}", json_where.deeper(payload, DEEPEST))
    if type(tree) is not dict or len(tree) != payload.count(b'":') or b"\\" in payload or _has_gap(payload):
        _check_keys(payload, tree)
    return tree


def number(value: Any) -> float | None:
    """A finite number, or None when it is something else. Raises DecodeError bad_number for integers of 64 bits and more."""
    kind = type(value)
    if kind is float:
        return value if isfinite(value) else None
    if kind is not int:
        return None
    if not -BIGGEST < value < BIGGEST:
        raise DecodeError(Reason.BAD_NUMBER, f"{shown(value)}: an integer of more than 64 bits")
    return value  # type: ignore[no-any-return]  # an int is a float to the type checker; `decode` prints it as the wire wrote it


def text_number(text: str) -> float | None:
    """A decimal number in ASCII text, None when it is none (`nan`, `1_000` and full-width digits are none)."""
    if len(text) > 100 or not _NUMBER.fullmatch(text) or not text.isascii():
        return None
    found = float(text)
    return found if isfinite(found) else None


def shown(value: Any) -> str:
    """A value for a message: short, and safe for integers that Python refuses to print."""
    if type(value) is int and not -BIGGEST < value < BIGGEST:
        return f"an integer of {value.bit_length()} bits"
    return repr(value)[:40] if isinstance(value, (str, int, float, bool, type(None))) else type(value).__name__


def _refusal(payload: bytes, error: Exception) -> DecodeError:
    if len(payload) > LARGEST:
        return DecodeError(Reason.TOO_LARGE, f"{len(payload)} bytes; the most is {LARGEST}")
    try:
        payload.decode("utf-8")
    except UnicodeDecodeError as wrong:
        return DecodeError(Reason.NOT_UTF8, f"byte 0x{payload[wrong.start]:02x}", wrong.start, 1)
    if isinstance(error, RecursionError):
        return DecodeError(Reason.TOO_DEEP, f"deeper than {DEEPEST}", json_where.deeper(payload, DEEPEST))
    if isinstance(error, msgspec.ValidationError):
        return DecodeError(Reason.BAD_NUMBER, str(error), *json_where.odd_number(payload))
    place = re.search(r"\(byte (\d+)\)", str(error))
    return DecodeError(Reason.NOT_JSON, str(error), int(place[1]) if place else max(0, len(payload) - 1))


def _has_gap(payload: bytes) -> bool:
    return b" :" in payload or b"\n:" in payload or b"\t:" in payload or b"\r:" in payload


def _is_deep(tree: Any, depth: int) -> bool:
    if depth > DEEPEST:
        return True
    for value in tree.values() if type(tree) is dict else tree:
        if (type(value) is dict or type(value) is list) and _is_deep(value, depth + 1):
            return True
    return False


def _check_keys(payload: bytes, tree: Any) -> None:
    """Look for a key that stands twice: count where the bytes allow counting, else parse again."""
    if b"\\" not in payload and not _has_gap(payload) and _count_keys(tree) == payload.count(b'":'):
        return
    try:
        json.loads(payload, object_pairs_hook=_unique, parse_int=len, parse_float=len)
    except DecodeError as error:
        error.offset, error.length = json_where.repeated(payload)
        raise


def _count_keys(tree: Any) -> int:
    count, values = (len(tree), tree.values()) if type(tree) is dict else (0, tree if type(tree) is list else ())
    for value in values:
        if type(value) is dict or type(value) is list:
            count += _count_keys(value)
    return count


def _unique(pairs: list[tuple[str, Any]]) -> None:
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            raise DecodeError(Reason.BAD_GRAMMAR, f'key "{key[:40]}" stands twice')
        seen.add(key)
