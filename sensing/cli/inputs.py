"""Frames out of lines: text as it is, hex, base64, or any of them in JSON; a recorder's file with topics and times.

    7E7E01...            --hex                       {"payload_hex": "7E7E..."}  {"payload_b64": "fn4B..."}
    fn4B...              --base64                    {"data": "##0101QN=..."}          text, of protocols that are not JSON themselves
    ##0101QN=...         as it is                    {"t": ..., "topic": "sensing/v1/sl651/gw/up", "payload_b64": "..."}

Blank lines, comments (`# ...`), a recorder's header and frames of other adapters' topics are passed over.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any, NamedTuple

from sensing import times
from sensing.errors import DecodeError, Reason, UsageError
from sensing.model import Micros

AUTO, HEX, BASE64 = "auto", "hex", "base64"
JSON_SPEAKERS = frozenset(("senml", "plainjson", "gpsd", "lorawan", "events"))
"""Adapters whose own messages are JSON: only keys that no message of theirs has are a wrapper."""
_HEX_KEYS = ("payload_hex", "raw_hex")
_BASE64_KEYS = ("payload_b64", "payload_base64")
_TEXT_KEYS = ("data", "payload", "hex", "raw")
_INTRODUCTION = {"gateway", "kind", "devices"}
"""A recording's line about who speaks."""


class Input(NamedTuple):
    """One frame. topic: "" when the line does not say; received: microseconds, None for now; fport: of LoRaWAN."""

    payload: bytes
    topic: str = ""
    received: Micros | None = None
    fport: int | None = None


def read(line: bytes, form: str, adapter: str) -> Input | None:
    """The frame of a line; None when there is none in it. Raises DecodeError when it is not in the form it should be."""
    text = line.rstrip(b"\r\n")
    bare = text.strip()
    if not bare or (bare.startswith(b"#") and not bare.startswith(b"##")):
        return None
    if form == HEX:
        return Input(from_hex(bare))
    if form == BASE64:
        return Input(from_base64(bare))
    if bare[:1] == b"{" and bare[-1:] == b"}":
        return _wrapped(bare, text, adapter)
    return Input(text)


def from_hex(text: bytes) -> bytes:
    """Bytes of hex digits, with or without blanks and 0x. Raises DecodeError."""
    try:
        return bytes.fromhex(text.decode("ascii").strip().removeprefix("0x"))
    except (UnicodeDecodeError, ValueError):
        raise DecodeError(Reason.BAD_GRAMMAR, "the line is not hex") from None


def from_base64(text: bytes) -> bytes:
    """Bytes of base64, of either alphabet, padded or not. Raises DecodeError."""
    plain = b"".join(text.split()).translate(bytes.maketrans(b"-_", b"+/")).rstrip(b"=")
    try:
        return base64.b64decode(plain + b"=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise DecodeError(Reason.BAD_GRAMMAR, "the line is not base64") from None


def _wrapped(bare: bytes, text: bytes, adapter: str) -> Input | None:
    try:
        tree = json.loads(bare)
    except (ValueError, RecursionError):
        return Input(text)
    if not isinstance(tree, dict):
        return Input(text)
    if str(tree.get("format", "")).startswith("sensing-record/") or tree.keys() == _INTRODUCTION:
        return None
    topic = tree.get("topic") if isinstance(tree.get("topic"), str) else ""
    payload = _payload(tree, adapter)
    if payload is None:
        return Input(text)
    if topic and _other(topic, adapter):
        return None
    port = tree.get("fport", tree.get("fPort"))
    return Input(payload, topic or "", _time(tree.get("t")), port if type(port) is int else None)


def _payload(tree: dict[str, Any], adapter: str) -> bytes | None:
    """What a wrapper holds; None when this is no wrapper."""
    for keys, convert in ((_HEX_KEYS, from_hex), (_BASE64_KEYS, from_base64)):
        for key in keys:
            if isinstance(tree.get(key), str):
                return convert(tree[key].encode())
    if adapter not in JSON_SPEAKERS:
        found = next((tree[key] for key in _TEXT_KEYS if isinstance(tree.get(key), str)), None)
        return None if found is None else found.encode()
    return None


def _other(topic: str, adapter: str) -> bool:
    """Whether a topic of ours is another adapter's, or no device's uplink."""
    parts = topic.split("/")
    return parts[:2] == ["sensing", "v1"] and len(parts) == 5 and (parts[2] != adapter or parts[4] != "up")


def _time(value: Any) -> Micros | None:
    """A recorder's time: RFC 3339, or seconds, milliseconds or microseconds since 1970."""
    if isinstance(value, str):
        try:
            return times.parse_instant(value)
        except UsageError:
            return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1e17:
        return None
    return int(value * (1_000_000 if value < 1e11 else 1000 if value < 1e14 else 1))
