"""Bytes out of the wrappings that DTUs put round them: as they are, as hex text, as base64, or either in a JSON member.

A protocol says how its messages start; a payload that starts so is taken as it is. What follows half a message is
unwrapped as that half was (`via`), for the second half of anything may look like anything.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable

import msgspec

from sensing.errors import DecodeError, Reason

from . import json_in, json_where

RAW, HEX, BASE64, JSON = "raw", "hex", "base64", "json"
KEYS = ("data", "payload", "hex")
"""Members of a JSON wrapper that may hold the bytes, in the order they are tried."""

_HEX = re.compile(rb"\s*[0-9A-Fa-f][0-9A-Fa-f\s]*")
_CHARACTER = re.compile(rb"\\u[0-9A-Fa-f]{4}|\\.|[^\\\s]")
"""One character of the text in a wrapper; its escapes count as one, blanks as none."""
_BASE64 = re.compile(rb"\s*[A-Za-z0-9+/_-][A-Za-z0-9+/_\s-]*={0,2}\s*")


def unwrap(payload: bytes, starts: Callable[[bytes], bool], via: str | None = None) -> tuple[bytes, str]:
    """The bytes in a payload, and how they were wrapped (raw, hex, base64, json).

    starts: whether bytes may be the beginning of a message. via: how the first half was wrapped, None when there is none.
    Raises DecodeError: bad_length (half a byte), not_json, no_key.
    """
    if via == RAW or (via is None and starts(payload)):
        return payload, RAW
    if via in (None, JSON) and payload.lstrip()[:1] == b"{":
        inner = _member(payload)
        if inner is not None:
            return _text(inner.encode(), starts, bool(via))[0], JSON
    if via == JSON:
        return payload, RAW
    return _text(payload, starts, bool(via), via)


def _text(text: bytes, starts: Callable[[bytes], bool], going_on: bool, via: str | None = None) -> tuple[bytes, str]:
    if via in (None, HEX) and _HEX.fullmatch(text):
        digits = b"".join(text.split())
        if len(digits) % 2:
            raise DecodeError(Reason.BAD_LENGTH, f"{len(digits)} hex digits are not whole bytes")
        found = bytes.fromhex(digits.decode())
        if going_on or starts(found):
            return found, HEX
    if via in (None, BASE64) and _BASE64.fullmatch(text):
        found = _from_base64(b"".join(text.split()))
        if found and (going_on or starts(found)):
            return found, BASE64
    return text, RAW


def _from_base64(text: bytes) -> bytes:
    try:
        return base64.b64decode(
            text.rstrip(b"=") + b"=" * (-len(text.rstrip(b"=")) % 4), altchars=b"-_" if b"-" in text or b"_" in text else None
        )
    except (binascii.Error, ValueError):
        return b""


def _member(payload: bytes) -> str | None:
    """The text in a JSON wrapper; None when this only begins like one."""
    try:
        tree = json_in.parsed(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        if payload.rstrip()[-1:] == b"}":
            raise DecodeError(Reason.NOT_JSON, "begins and ends like a JSON object, and is none") from None
        return None
    for key in KEYS:
        value = tree.get(key)
        if isinstance(value, str):
            return value
    raise DecodeError(Reason.NO_KEY, f"a JSON wrapper needs its bytes as text in one of {', '.join(KEYS)}")


def located(payload: bytes, starts: Callable[[bytes], bool]) -> tuple[bytes, str, list[int]]:
    """As `unwrap`, and where in the payload each byte stands, with the end of the last one after them.

    A byte of base64 stands in parts of two characters: it is taken to begin in the first that is its own.
    """
    data, via = unwrap(payload, starts)
    if via == RAW:
        return data, via, list(range(len(data) + 1))
    begin, end = 0, len(payload)
    inner = via
    if via == JSON:
        begin, end = _member_range(payload)
        inner = _text(payload[begin:end], starts, False)[1]
    places = [begin + found.start() for found in _CHARACTER.finditer(payload[begin:end])]
    if not places or inner == RAW:
        return data, via, [begin + at for at in range(len(data) + 1)]
    closed = places[-1] + 1
    step = 2 if inner == HEX else 4 / 3
    return data, via, [*(places[int(step * at)] for at in range(len(data))), closed]


def _member_range(payload: bytes) -> tuple[int, int]:
    """Where the text of the wrapper's member stands, within its quotes."""
    tree = msgspec.json.decode(payload)
    key = next(key for key in KEYS if isinstance(tree.get(key), str))
    offset, length = json_where.where(payload, (key,))
    return offset + 1, offset + length - 1
