"""HJ 212-2025: data under SM4 (GB/T 32907), ECB, a key for each device, no padding.

    ...;CP=&& | whole blocks of 16 bytes, enciphered | up to 15 bytes in clear | && checksum

Rules of this file
- Length and checksum are those of the text in clear; enciphering changes no length. Cipher bytes may hold `&&` or a line end.
- Nothing in a frame says that it is enciphered: version 2025, a command that must be, and bytes that are no text do.
- Ciphertext also comes as text, `{0x1A,0x2B,...}`, as the annex prints it; then the length may be that of the text in clear.
- The key is a setting of the device (`sm4_key`, 32 hex digits). It stands in no message, log or argument.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

Settings = Callable[[str], Mapping[str, Any]]
BLOCK = 16
_HEAD = re.compile(
    rb"(?=[^&]{0,300}?;CN=(2[0-9]{3}|1014|3020);)(?=[^&]{0,300}?;MN=([^;&]{1,64});)[^&]{0,300}?;Flag=([0-9]{1,3});[^&]{0,80}?CP=&&"
)
_PRINTED = bytes(range(32, 127)) + b"\r\n\t"
_SPELLED = re.compile(rb"\{(0x[0-9A-Fa-f]{2}(?:\s*,\s*0x[0-9A-Fa-f]{2}){15,1100}),?\s*\}")
_BYTE = re.compile(rb"0x([0-9A-Fa-f]{2})")
_KEY = re.compile(r"[0-9A-Fa-f]{32}")
_LONGEST_SPELLED = 7_000
"""Bytes of ciphertext as text: 1024 bytes of segment at 5 to 6 characters each."""


class Locked(NamedTuple):
    """A segment that may be enciphered. start, end: its whole blocks. hidden: whether they are anything but text."""

    mn: str
    start: int
    end: int
    hidden: bool


def locked(segment: bytes) -> Locked | None:
    """Where a segment may be enciphered; None when it cannot be."""
    head = _HEAD.match(segment)
    if head is None or int(head[3]) >> 2 != 2:
        return None
    start = head.end()
    end = start + (len(segment) - 2 - start) // BLOCK * BLOCK
    blocks = segment[start:end]
    if not blocks:
        return None
    strange = len(blocks.translate(None, _PRINTED))
    return Locked(head[2].decode("ascii", "replace").strip(), start, end, strange > 0.3 * len(blocks))


def opened(segment: bytes, where: Locked, settings: Settings) -> bytes | None:
    """The segment with its blocks deciphered; None when the device has no key."""
    key = key_of(settings(where.mn))
    return None if key is None else segment[: where.start] + turned(segment[where.start : where.end], key) + segment[where.end :]


def key_of(settings: Mapping[str, Any]) -> bytes | None:
    """The device's key; None when there is none, or none that is 32 hex digits."""
    text = settings.get("sm4_key")
    return bytes.fromhex(text) if isinstance(text, str) and _KEY.fullmatch(text) else None


def turned(blocks: bytes, key: bytes, *, encipher: bool = False) -> bytes:
    """Whole blocks deciphered, or enciphered."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    cipher = Cipher(algorithms.SM4(key), modes.ECB())  # noqa: S305 what the standard says
    context = cipher.encryptor() if encipher else cipher.decryptor()
    return context.update(blocks) + context.finalize()


def shut(segment: bytes, key: bytes) -> bytes:
    """A segment in clear with the whole blocks of its data enciphered."""
    start = segment.index(b"CP=&&") + 5
    end = start + (len(segment) - 2 - start) // BLOCK * BLOCK
    return segment[:start] + turned(segment[start:end], key, encipher=True) + segment[end:]


def is_text(segment: bytes) -> bool:
    """Whether bytes are text in UTF-8 or GB 18030 without control characters."""
    for encoding in ("utf-8", "gb18030"):
        try:
            text = segment.decode(encoding)
        except UnicodeDecodeError:
            continue
        return not any(ord(letter) < 32 and letter not in "\r\n\t" for letter in text)
    return False


class Spelled(NamedTuple):
    """Ciphertext as text. start, end: where it stands, braces included. blocks: its bytes."""

    start: int
    end: int
    blocks: bytes


def spelled(data: bytes, at: int) -> Spelled | None:
    """Ciphertext as text in the frame that begins at `at`; None when there is none, or it is not whole."""
    start = data.find(b"CP=&&{0x", at, at + 400)
    if start < 0:
        return None
    found = _SPELLED.match(data, start + 5, start + 5 + _LONGEST_SPELLED)
    if found is None:
        return None
    return Spelled(found.start(), found.end(), bytes.fromhex(b"".join(_BYTE.findall(found[1])).decode()))


def packed(segment: bytes) -> bytes:
    """A segment with ciphertext as text turned into its bytes; any other as it is."""
    found = spelled(segment, 0)
    return segment[: found.start] + found.blocks + segment[found.end :] if found else segment


def spells(data: bytes, at: int) -> bool:
    """Whether ciphertext as text begins in the frame at `at` and may still go on behind the end of `data`."""
    start = data.find(b"CP=&&{0x", at, at + 400)
    return start >= 0 and data.find(b"}", start, start + _LONGEST_SPELLED) < 0 and len(data) - start < _LONGEST_SPELLED
