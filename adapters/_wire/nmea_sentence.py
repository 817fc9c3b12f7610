r"""One NMEA 0183 / IEC 61162-1 sentence: tag blocks, checksum, fields.

    \g:1-2-73,s:r003669945,c:1120959341*hh\!AIVDM,2,1,8,A,55P5TL01VIaAL@7W...,0*hh,suffix
    | tag block (IEC 61162-450, NMEA 4.10)  | |talker             fields           | checksum: XOR of all between ! or $ and *
    |  c: UTC seconds or milliseconds       | start

Rules of this file
- Both checksums must hold; a sentence without one is refused, for nothing else tells damage.
- What follows the checksum (`,station,time` of some loggers) is not looked at.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from sensing.errors import DecodeError, Reason
from sensing.model import Micros
from sensing.times import SECOND

LONGEST = 1024
"""Bytes of a sentence with its tag blocks. The standard says 82; real receivers pass longer ones."""

HEX = {f"{number:{form}}".encode(): number for number in range(256) for form in ("02X", "02x")}
"""Two hex digits to their number; mixed case (`0aB`) is nobody's."""
_BODY = re.compile(rb"([!$])([ -)+-~]*)\*([0-9A-Fa-f]{2})(?:[ ,].*)?")
_BLOCK = re.compile(rb"\\([ -)+-\[\]-~]*)\*([0-9A-Fa-f]{2})\\")
_ODD = re.compile(rb"[^ -~]")
_STAMP = re.compile(r"[0-9]{1,13}")
_SECONDS = 10
"""Digits that seconds have at most; more are milliseconds."""


class Sentence(NamedTuple):
    """A sentence whose checksum holds. body: between start and *, printable ASCII. time: its tag block's `c:`."""

    start: str
    body: bytes
    time: Micros | None = None


def xor(data: bytes) -> int:
    """The checksum of NMEA 0183: all bytes exclusive-or. Folded as one big number, which is five times a loop's speed."""
    number, bits = int.from_bytes(data, "little"), 256
    while bits * 2 < len(data) * 8:
        bits *= 2
    while bits > 256:
        number ^= number >> bits
        bits //= 2
    number ^= number >> 256
    number ^= number >> 128
    number ^= number >> 64
    number ^= number >> 32
    number ^= number >> 16
    return (number ^ number >> 8) & 0xFF


def parse(line: bytes) -> Sentence:
    """A line as a sentence. Raises DecodeError: bad_start, bad_length, bad_checksum, bad_grammar, bad_time (tag block)."""
    if len(line) > LONGEST:
        raise DecodeError(Reason.TOO_LARGE, f"a sentence of {len(line)} bytes; the most is {LONGEST}")
    time, at = None, 0
    while line[at : at + 1] == b"\\":
        end = line.find(b"\\", at + 1) + 1
        try:
            stamp = _tagged(line[at : end or len(line)])
        except DecodeError as error:
            error.offset += at
            raise
        time, at = stamp if time is None else time, end
    if line[at : at + 1] not in (b"!", b"$"):
        raise DecodeError(Reason.BAD_START, f'begins with "{_text(line[at : at + 8])}", not ! or $', at)
    found = _BODY.fullmatch(line, at)
    if found is None:
        raise _refusal(line, at)
    start, body, given = found.groups()
    if xor(body) != int(given, 16):
        raise DecodeError(Reason.BAD_CHECKSUM, f"says {_text(given)}, it is {xor(body):02X}", found.start(3), 2)
    return Sentence(_text(start), body, time)


@lru_cache(maxsize=4096)
def _tagged(text: bytes) -> Micros | None:
    """The time of a whole tag block. Raises DecodeError with places in it. Kept, for a receiver stamps many sentences of a second alike."""
    block = _BLOCK.fullmatch(text)
    if block is None:
        raise DecodeError(Reason.BAD_GRAMMAR, "a tag block is \\fields*hh\\", 0)
    if xor(block[1]) != int(block[2], 16):
        raise DecodeError(Reason.BAD_CHECKSUM, f"tag block says {_text(block[2])}, it is {xor(block[1]):02X}", 0, len(text))
    return _stamp(_text(block[1]), 0)


def finished(line: bytes) -> bool:
    """Whether a line without a line end has all of its sentence: `*hh` behind the start."""
    begin = max(line.rfind(b"!"), line.rfind(b"$"))
    star = line.find(b"*", begin + 1)
    return begin >= 0 and 0 <= star <= len(line) - 3


def build(body: str, start: str, time: Micros | None = None) -> bytes:
    """A sentence with its checksum, after a tag block when there is a time. Raises ValueError for a time finer than 1 ms."""
    sentence = f"{start}{body}*{xor(body.encode('ascii')):02X}"
    if time is None:
        return sentence.encode("ascii")
    if time % 1000:
        raise ValueError(f"a tag block holds milliseconds, not {time} µs")
    tag = f"c:{time // SECOND if time % SECOND == 0 else time // 1000}"
    return f"\\{tag}*{xor(tag.encode('ascii')):02X}\\{sentence}".encode("ascii")


def _stamp(block: str, offset: int) -> Micros | None:
    for item in block.split(","):
        if item.startswith("c:"):
            if not _STAMP.fullmatch(item[2:]):
                raise DecodeError(Reason.BAD_TIME, f'tag block "{item[:30]}" is no UNIX time in s or ms', offset)
            return int(item[2:]) * (1000 if len(item) - 2 > _SECONDS else SECOND)
    return None


def _refusal(line: bytes, at: int) -> DecodeError:
    star = line.rfind(b"*")
    if star < at:
        return DecodeError(Reason.BAD_CHECKSUM, "no checksum", at)
    if not re.fullmatch(rb"[0-9A-Fa-f]{2}", line[star + 1 : star + 3]):
        return DecodeError(Reason.BAD_CHECKSUM, f'checksum "{_text(line[star + 1 : star + 3])}" is not two hex digits', star)
    odd = _ODD.search(line, at)
    return DecodeError(
        Reason.BAD_GRAMMAR, "bytes in a sentence that are not printable ASCII", *((odd.start(), 1) if odd else (at, 0))
    )


def _text(data: bytes) -> str:
    return data.decode("latin-1")
