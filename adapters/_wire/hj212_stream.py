"""A byte stream to HJ 212 frames: sticky frames, halves, and junk before, between and in place of frames.

    [junk] ## 4 digits segment checksum [CR LF] ## ... [half a frame]

Rules of this file
- A frame ends where its length says, with `&&` before and four hex digits behind; nothing else ends one. The line end may be missing.
- `##` and four digits behind damage begin the next frame. All up to there is one piece of junk; blanks and line ends are nothing.
- Half a frame is kept until more comes, unless it is shut already (`&&` and checksum at its end): then its length is wrong.
- Checksums that fail are counted: no payload makes us read it more than four times over.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from sensing.errors import DecodeError, Reason

from . import hj212_frame, hj212_sm4
from .byte_stream import Cut, Junk
from .hj212_frame import SHUT

_NEXT = re.compile(rb"##[0-9]{4}")
_BLANK = re.compile(rb"[\r\n \t\0]*")
_CRC = re.compile(rb"[0-9A-Fa-f]{4}")
_OPENING = re.compile(rb"#(?:#[0-9]{0,4})?\Z")
_OVERHEAD = 10
"""Bytes of `##`, length and checksum."""
_LONGEST = 20_000
"""Bytes of half a frame that are kept: twice what four digits can say, for ciphertext written as text."""


class Frame(NamedTuple):
    """An intact frame from `start` to `end`. segment: in clear."""

    start: int
    end: int
    segment: bytes
    crc: int


def cut(data: bytes, settings: hj212_sm4.Settings) -> Cut[Frame]:
    """Cut bytes into frames. settings: those of a device, by its native id."""
    frames, junk, at, end = list[Frame](), list[Junk](), 0, len(data)
    left = 4 * end + 40_000
    while (at := _BLANK.match(data, at).end()) < end:  # type: ignore[union-attr]  # it matches nothing as well
        problem: DecodeError | None = None
        if data.startswith(b"##", at):
            try:
                found = _frame(data, at, settings) if left > 0 else None
            except DecodeError as error:
                found, problem = None, error
                left -= _claimed(data, at)
            if found:
                frames.append(found)
                at = found.end
                continue
        behind = _NEXT.search(data, at + 1)
        stop = behind.start() if behind else end if problem else _open(data, at)
        if stop > at and junk and junk[-1].end == at:
            junk[-1] = junk[-1]._replace(end=stop)
        elif stop > at:
            junk.append(Junk(at, stop, *_why(data[at:stop], problem)))
        at = stop
        if behind is None:
            break
    return Cut(frames, junk, at)


def whole(data: bytes) -> tuple[bytes, int] | None:
    """Segment and checksum when the bytes are one plain frame and nothing else, which nearly every payload is."""
    end = len(data) - (6 if data.endswith(b"\r\n") else 4)
    size = data[2:6]
    if end < 12 or data[:2] != b"##" or not size.isdigit() or int(size) != end - 6 or data[end - 2 : end] != SHUT:
        return None
    segment, crc = data[6:end], data[end : end + 4]
    if not segment.isascii() or not _CRC.fullmatch(crc):
        return None
    stated = int(crc, 16)
    return (segment, stated) if hj212_frame.checksum(segment) == stated else None


def _claimed(data: bytes, at: int) -> int:
    size = data[at + 2 : at + 6]
    return int(size) if len(size) == 4 and size.isdigit() else 0


def _frame(data: bytes, at: int, settings: hj212_sm4.Settings) -> Frame | None:
    """The frame at `at`; None when there is none, or only half. Raises DecodeError bad_length, bad_checksum, missing_key."""
    size = _claimed(data, at)
    if not size:
        return None
    end = at + 6 + size
    if _shuts(data, end):
        return _intact(data, at, end, hj212_sm4.packed(data[at + 6 : end]), settings)
    for off in (end - 1, end + 1):
        if _shuts(data, off):
            found = _intact(data, at, off, data[at + 6 : off], settings)
            if hj212_frame.off_by_one(found.segment, settings):
                return found
            stated = f"length says {size} bytes, {off - at - 6} are there"
            raise DecodeError(Reason.BAD_LENGTH, f'{stated}: set tolerate = ["length_off_by_one"] if the device counts so')
    spelled = hj212_sm4.spelled(data, at)
    if spelled and _shuts(data, off := _spelled_end(spelled, at, size)):
        clear = data[at + 6 : spelled.start] + spelled.blocks + data[spelled.end : off]
        return _intact(data, at, off, clear, settings)
    return None


def _spelled_end(spelled: hj212_sm4.Spelled, at: int, size: int) -> int:
    """Where a segment with ciphertext as text ends when its length is that of the text in clear."""
    return spelled.end + size - (spelled.start - at - 6) - len(spelled.blocks)


def _shuts(data: bytes, end: int) -> bool:
    return data[end - 2 : end] == SHUT and _CRC.match(data, end) is not None


def _intact(data: bytes, at: int, end: int, segment: bytes, settings: hj212_sm4.Settings) -> Frame:
    crc = int(data[end : end + 4], 16)
    return Frame(at, end + 4, hj212_frame.unlocked(segment, crc, settings), crc)


def _open(data: bytes, at: int) -> int:
    """Where half a frame begins: at `at`, or in the last bytes; the end when nowhere."""
    size, have = _claimed(data, at), len(data) - at
    if size and data.startswith(b"##", at) and have < _LONGEST:
        end = at + 6 + size
        short = have < size + _OVERHEAD and data[end - 1 : end] in (b"", b"&")
        one_short = have == size + _OVERHEAD and data[end - 1 : end + 1] == SHUT
        spelled = hj212_sm4.spelled(data, at)
        rest = hj212_sm4.spells(data, at) or (spelled and _spelled_end(spelled, at, size) + 4 > len(data))
        if (short or one_short or rest) and not _closed(data, at):
            return at
    opening = _OPENING.search(data, max(at, len(data) - 6))
    return opening.start() if opening else len(data)


def _closed(data: bytes, at: int) -> bool:
    """Whether what begins at `at` has data and ends like a frame, whatever its length says."""
    end = len(data.rstrip(b"\r\n \t")) - 4
    begun = data.find(hj212_frame.OPEN, at, at + 400)
    return _shuts(data, end) and 0 <= begun <= end - len(hj212_frame.OPEN + SHUT)


def _why(piece: bytes, problem: DecodeError | None) -> tuple[Reason, str]:
    """What is wrong with a piece that should have been a frame, in the order start, length, checksum."""
    if problem:
        return problem.reason, problem.detail
    if not piece.startswith(b"##"):
        return Reason.BAD_START, f"begins with {piece[:6]!r}, not ##"
    size = piece[2:6]
    if not (len(size) == 4 and size.isdigit()):
        return Reason.BAD_LENGTH, f"{size!r} is not a length of 4 digits"
    have = len(piece.rstrip(b"\r\n \t\0")) - _OVERHEAD
    if int(size) == have:
        return Reason.BAD_CHECKSUM, f"{have} bytes do not end with && and 4 hex digits"
    return Reason.BAD_LENGTH, f"length says {int(size)} bytes, {have} are there"
