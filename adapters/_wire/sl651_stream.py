"""A byte stream to SL 651-2014 frames: sticky frames, halves, and junk before, between and in place of frames.

    [junk] frame [7E] frame ... [half a frame]

Rules of this file
- A frame is whole when its length is there and its checksum holds; nothing else ends one.
- After damage the next frame is found by trying every byte, not by the next 7E7E alone. All up to there is one piece of junk.
- Half a frame is kept until more comes; an intact frame behind it shows that it will never be whole.
- A 7E behind a frame's checksum is a habit of real stations: dropped without a word, unless it begins the next frame;
  line ends beside frames likewise.
"""

from __future__ import annotations

from sensing.errors import Reason

from . import sl651_frame
from .byte_stream import Cut, Junk

__all__ = ["Cut", "Junk", "cut"]

_QUIET = b"~\r\n "


def cut(data: bytes) -> Cut[tuple[int, int]]:
    """Cut bytes into frames: (start, end) of each intact one."""
    frames, junk, at, end = list[tuple[int, int]](), list[Junk](), 0, len(data)
    while at < end:
        size = sl651_frame.claimed(data, at)
        if size and sl651_frame.intact(data, at, size):
            frames.append((at, at + size))
            at += size
            continue
        whole = sl651_frame.next_whole(data, at + 1)
        stop = whole if whole is not None else _open(data, at, size)
        quiet = (frames or whole is not None) and not data[at:stop].strip(_QUIET)
        if stop > at and not quiet:
            junk.append(Junk(at, stop, *_why(data, at, stop, size)))
        at = stop
        if whole is None:
            break
    return Cut(frames, junk, at)


def _open(data: bytes, at: int, size: int | None) -> int:
    """Where half a frame begins: at `at`, or behind the damage there."""
    if size and at + size <= len(data):
        return sl651_frame.next_open(data, at + size, bound=False)
    return sl651_frame.next_open(data, at, bound=True)


def _why(data: bytes, at: int, stop: int, size: int | None) -> tuple[Reason, str]:
    """What is wrong with a piece that should have been a frame, in the order start, length, checksum."""
    if not sl651_frame.starts(data[at : at + 3]):
        return Reason.BAD_START, f"begins with {data[at : at + 4].hex().upper()}, not 7E7E or 01"
    have = len(data[at:stop].rstrip(_QUIET)) if stop < len(data) or data[stop - 1 :] in (b"~", b"\n", b"\r") else stop - at
    if size is None:
        return Reason.BAD_LENGTH, f"{have} bytes are too few for a header"
    if size not in (have, stop - at):
        return Reason.BAD_LENGTH, f"length says {size} bytes, {stop - at} are there"
    return Reason.BAD_CHECKSUM, f"checksum of {size} bytes is wrong"
