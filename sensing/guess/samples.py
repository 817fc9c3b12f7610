"""Payloads out of what people have at hand: a JSON document, one payload a line, hex, base64, a recording, raw bytes. Pure."""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Any

from msgspec import Struct

from sensing.errors import ValidationError
from sensing.model import Micros

MOST = 500
"""Payloads of a file that are looked at."""
_HEX = re.compile(r"(?:0x)?(?:[0-9A-Fa-f]{2}[ :]?){4,}")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
_HEX_KEYS = ("payload_hex", "raw_hex", "hex")
_BASE64_KEYS = ("payload_b64", "payload_base64")


class Sample(Struct, frozen=True):
    """One payload. received: microseconds, None when the file does not say. topic: "" when it does not."""

    payload: bytes
    received: Micros | None = None
    topic: str = ""


def samples(data: bytes) -> list[Sample]:
    """The payloads of a file, at most MOST. Raises ValidationError when there is none."""
    try:
        text = data.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        return [Sample(data)]
    if not text:
        raise ValidationError("the sample is empty", "give a file with one payload a line, or one JSON document")
    if any(sign < " " and sign not in "\r\n\t" for sign in text):
        return [Sample(data)]
    whole = _json(text)
    if whole is not None:
        return [_unwrapped(whole, text)]
    lines = [line.strip() for line in text.splitlines()]
    found = [_line(line) for line in lines if line and (not line.startswith("#") or line.startswith("##"))]
    return [sample for sample in found if sample is not None][:MOST]


def _line(line: str) -> Sample | None:
    tree = _json(line)
    if isinstance(tree, dict) and str(tree.get("format", "")).startswith("sensing-record/"):
        return None
    if tree is not None:
        return _unwrapped(tree, line)
    if _HEX.fullmatch(line):
        return Sample(bytes.fromhex(re.sub(r"^0x|[ :]", "", line)))
    if _BASE64.fullmatch(line) and not line.isalpha():
        found = _base64(line)
        if found is not None:
            return Sample(found)
    return Sample(line.encode())


def _unwrapped(tree: Any, text: str) -> Sample:
    """The payload inside a recorder's line, else the text itself."""
    if isinstance(tree, dict):
        topic = tree.get("topic") if isinstance(tree.get("topic"), str) else ""
        for keys, read in ((_HEX_KEYS, _hex), (_BASE64_KEYS, _base64)):
            for key in keys:
                found = read(tree[key]) if isinstance(tree.get(key), str) else None
                if found:
                    return Sample(found, _micros(tree.get("t")), str(topic))
    return Sample(text.encode())


def _json(text: str) -> Any:
    """An object or array; None for anything else."""
    if text[:1] not in {"{", "["}:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _hex(text: str) -> bytes | None:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return None


def _base64(text: str) -> bytes | None:
    plain = text.translate(str.maketrans("-_", "+/")).rstrip("=")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def _micros(value: Any) -> Micros | None:
    """Seconds, milliseconds or microseconds since 1970."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1e17:
        return None
    return int(value * (1_000_000 if value < 1e11 else 1000 if value < 1e14 else 1))
