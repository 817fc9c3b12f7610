"""AIS six-bit armour (IEC 61162-1, table "six-bit binary field"): characters 0-W are 0-39, ` to w are 40-63.

Undone by way of base64, which the standard library reads in C: the same six bits a character, other letters.
"""

from __future__ import annotations

from binascii import Error, a2b_base64

from sensing.errors import DecodeError, Reason

_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_ARMOUR = bytes([*range(48, 88), *range(96, 120)])
_TO_BASE64 = bytes(_BASE64[_ARMOUR.index(code)] if code in _ARMOUR else 0x21 for code in range(256))


def bits_of(payload: bytes, fill: int) -> tuple[int, int]:
    """The bits of a payload without its fill bits, as (number, how many). Raises DecodeError for characters that are not armour."""
    size = len(payload)
    short = -size % 4
    try:
        data = a2b_base64(payload.translate(_TO_BASE64) + b"AAA"[:short])
    except Error:
        data = b""
    if len(data) * 4 != (size + short) * 3:
        wrong = next((index for index, code in enumerate(payload) if code not in _ARMOUR), 0)
        raise DecodeError(Reason.BAD_GRAMMAR, f"{payload[wrong : wrong + 1]!r} is no armour character (0-W, ` to w)", wrong, 1)
    return int.from_bytes(data, "big") >> 6 * short + fill, 6 * size - fill


def armour(message: int, bits: int) -> tuple[str, int]:
    """A message of `bits` bits as armour, and its fill bits."""
    fill = -bits % 6
    message <<= fill
    size = (bits + fill) // 6
    return "".join(chr(_ARMOUR[message >> 6 * at & 63]) for at in range(size - 1, -1, -1)), fill


def armour_table() -> bytes:
    """The 64 armour characters in order."""
    return _ARMOUR
