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

from typing import NamedTuple

from sensing.errors import Reason

from . import sl651_frame

_QUIET = b"~\r\n "


class Junk(NamedTuple):
    """Bytes from `start` to `end` that are no frame."""

    start: int
    end: int
    reason: Reason
    detail: str


class Cut(NamedTuple):
    """What bytes fall into. frames: (start, end) of each intact one. tail: where half a frame begins, their length if none."""

    frames: list[tuple[int, int]]
    junk: list[Junk]
    tail: int


def cut(data: bytes) -> Cut:
    """Cut bytes into frames."""
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


class Buffer:
    """What is there of a stream: bytes held from earlier payloads and those of this one, each with its frame's place."""

    def __init__(self, held: bytes, places: list[tuple[int, int]], payload: bytes, place: int) -> None:
        self.data = held + payload
        self.spans = [*places, (place, len(payload))]
        """(place, bytes) in the order they came."""

    def pieces(self, start: int, end: int) -> list[tuple[int, int, int, bool]]:
        """A range by frame: place, offset in that frame's bytes, length, and whether it is this payload's frame."""
        found, at = list[tuple[int, int, int, bool]](), 0
        for index, (place, size) in enumerate(self.spans):
            low, high = max(start, at), min(end, at + size)
            if low < high:
                found.append((place, low - at, high - low, index == len(self.spans) - 1))
            at += size
        return found

    def rest(self, start: int) -> list[tuple[int, int]]:
        """(place, bytes) of what is kept from `start` on."""
        return [(place, length) for place, _, length, _ in self.pieces(start, len(self.data))]
