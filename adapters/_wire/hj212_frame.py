"""HJ 212 frames: length, checksum and header; sealing them again.

    ##0087QN=20240601085857223;ST=32;CN=1011;PW=123456;MN=010000A8900016F000169DC0;Flag=9;CP=&&...&&2200 CR LF
    | |   |                    |     |       |         |                           |      |        |
    | |   |                    |     command password  native id                   |      data     checksum, 4 hex digits
    | |   when it was sent     kind of system                   bits 7-2 version, 1 in parts, 0 answer wanted
    | length of QN..&& in bytes (a fault of 1 is common)
    start

Rules of this file
- The checksum (HJ 212-2017 annex A) is not CRC-16/MODBUS: each byte goes into the HIGH byte, `crc = T[(crc >> 8) ^ byte]`. Only 8
  bits are carried on, so it is an 8-bit check, and length, `&&` and grammar must hold as well.
- Carrying on 8 zero bytes changes nothing (the order of T >> 8 is 8). So bytes 8 apart are folded together first, as one big
  integer, and 8 look-ups are left whatever the length: 2 us for 300 bytes instead of 20.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from fastcrc import crc16

from sensing.errors import DecodeError, Reason

from . import hj212_sm4

LENGTH_OFF_BY_ONE, MODBUS_CRC = "length_off_by_one", "modbus_crc"
"""What the device setting `tolerate` may name."""
OPEN, SHUT = b"CP=&&", b"&&"
LONGEST_NATIVE = 64


def _table() -> tuple[int, ...]:
    found = list(range(256))
    for _ in range(8):
        found = [crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1 for crc in found]
    return tuple(found)


TABLE = _table()


def _last(behind: int) -> tuple[int, ...]:
    """What a byte with so many more behind it leaves of a checksum."""
    found = range(256)
    for _ in range(behind):
        found = [TABLE[state] >> 8 for state in found]  # type: ignore[assignment]
    return tuple(TABLE[state] for state in found)


_A, _B, _C, _D, _E, _F, _G, _H = (_last(behind) for behind in range(7, -1, -1))


def checksum(segment: bytes) -> int:
    """The checksum of the bytes between length and checksum (annex A)."""
    size = len(segment)
    if not size:
        return 0xFFFF
    folded = int.from_bytes(segment, "big") ^ 0xFF << 8 * (size - 1)
    words = (size + 7) >> 3
    while words > 1:
        words = (words + 1) >> 1
        high = folded >> (words << 6)
        folded ^= high << (words << 6) ^ high
    a, b, c, d, e, f, g, h = folded.to_bytes(8, "big")
    return _A[a] ^ _B[b] ^ _C[c] ^ _D[d] ^ _E[e] ^ _F[f] ^ _G[g] ^ _H[h]


class Telegram(NamedTuple):
    """One frame, or one part of a message. qn: as written, "" when absent. flag: None when absent. total, part: 0 when in one."""

    qn: str
    st: str
    cn: str
    pw: str
    mn: str
    flag: int | None
    total: int
    part: int
    cp: str
    crc: int

    @property
    def version(self) -> int:
        """0 is 2005, 1 is 2017, 2 is 2025."""
        return (self.flag or 0) >> 2


_HEAD = re.compile(
    r"QN=([0-9]{17});ST=([0-9A-Z]{2});CN=([0-9]{4});PW=([^;&]*);MN=([0-9A-Za-z_]{1,64});(?:Flag=([0-9]{1,3});)?CP=&&"
)
_CN = re.compile(r"[0-9]{4}")
_NUMBER = re.compile(r"[0-9]{1,4}")


def read(segment: bytes, crc: int) -> Telegram:
    """The fields of an intact segment. Raises DecodeError bad_grammar, not_utf8."""
    try:
        text = segment.decode("ascii")
    except UnicodeDecodeError:
        text = in_words(segment)
    usual = _HEAD.match(text)
    if usual:
        qn, st, cn, pw, mn, flag = usual.groups()
        return Telegram(qn, st, cn, pw, mn, int(flag) if flag else None, 0, 0, text[usual.end() : -2], crc)
    head, opened, cp = text.partition("CP=&&")
    if not opened or not cp.endswith("&&"):
        raise DecodeError(Reason.BAD_GRAMMAR, "no CP=&&...&&")
    return _unusual(head, cp[:-2], crc)


def _unusual(head: str, cp: str, crc: int) -> Telegram:
    """A header with parts, blanks, or fields in another order."""
    fields = dict[str, str]()
    for item in head.split(";"):
        name, equals, value = item.partition("=")
        if not equals and name.strip():
            raise DecodeError(Reason.BAD_GRAMMAR, f'"{item[:40]}" in the header is no NAME=value')
        fields[name.strip().upper()] = value.strip()
    mn, cn = fields.get("MN", ""), fields.get("CN", "")
    if not 1 <= len(mn) <= LONGEST_NATIVE or not (mn.isascii() and mn.isprintable()):
        raise DecodeError(Reason.BAD_GRAMMAR, f'MN "{mn[:40]}" is not a device number of 1 to {LONGEST_NATIVE} characters')
    if not _CN.fullmatch(cn):
        raise DecodeError(Reason.BAD_GRAMMAR, f'CN "{cn[:40]}" is not 4 digits')
    flag = _number(fields, "FLAG")
    total, part = _number(fields, "PNUM") or 0, _number(fields, "PNO") or 0
    if total > 1 and not 1 <= part <= total:
        raise DecodeError(Reason.BAD_GRAMMAR, f"part PNO={part} of PNUM={total}")
    if total <= 1:
        total = part = 0
    return Telegram(fields.get("QN", ""), fields.get("ST", ""), cn, fields.get("PW", ""), mn, flag, total, part, cp, crc)


def _number(fields: Mapping[str, str], name: str) -> int | None:
    text = fields.get(name, "")
    if text and not _NUMBER.fullmatch(text):
        raise DecodeError(Reason.BAD_GRAMMAR, f'{name} "{text[:40]}" is not a number')
    return int(text) if text else None


def in_words(data: bytes) -> str:
    """Bytes that are not ASCII: UTF-8, else GB 18030 (which holds GBK). Raises DecodeError not_utf8."""
    for encoding in ("utf-8", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise DecodeError(Reason.NOT_UTF8, "the text is neither UTF-8 nor GB 18030")


def unlocked(segment: bytes, crc: int, settings: hj212_sm4.Settings) -> bytes:
    """The segment in clear, when its checksum holds. Raises DecodeError bad_checksum, missing_key."""
    right = checksum(segment) == crc
    if right and segment.isascii():
        return segment
    locked = hj212_sm4.locked(segment)
    if locked:
        opened = hj212_sm4.opened(segment, locked, settings)
        if opened is not None and checksum(opened) == crc and hj212_sm4.is_text(opened):
            return opened
        if opened is None and locked.hidden:
            raise DecodeError(Reason.MISSING_KEY, f"{locked.mn} sends SM4: set sm4_key (32 hex digits) for it")
    if right:
        return segment
    if crc16.modbus(segment) == crc:
        if tolerates(settings(_native(segment)), MODBUS_CRC):
            return segment
        raise DecodeError(
            Reason.BAD_CHECKSUM, f'{crc:04X} is CRC-16/MODBUS: set tolerate = ["{MODBUS_CRC}"] if the device means it'
        )
    with_key = " (nor with its SM4 key)" if locked and locked.hidden else ""
    raise DecodeError(Reason.BAD_CHECKSUM, f"checksum {crc:04X} is not {checksum(segment):04X}{with_key}")


def tolerates(settings: Mapping[str, Any], fault: str) -> bool:
    """Whether a device is set to be taken with a fault."""
    named = settings.get("tolerate")
    return isinstance(named, (list, tuple)) and fault in named


_MN = re.compile(rb"(?:^|;)\s*MN\s*=\s*([^;&\s]{1,64})")


def _native(segment: bytes) -> str:
    found = _MN.search(segment, 0, 400)
    return found[1].decode("ascii", "replace") if found else ""


def off_by_one(segment: bytes, settings: hj212_sm4.Settings) -> bool:
    """Whether the device of a segment may state a length that is off by one."""
    return tolerates(settings(_native(segment)), LENGTH_OFF_BY_ONE)


def sealed(segment: str | bytes) -> bytes:
    """A frame of a segment. Raises ValueError when it is longer than four digits can say."""
    data = segment.encode("gb18030") if isinstance(segment, str) else segment
    if len(data) > 9_999:
        raise ValueError(f"a segment of {len(data)} bytes is too long for HJ 212")
    return b"##%04d%b%04X\r\n" % (len(data), data, checksum(data))
