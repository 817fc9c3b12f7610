r"""A file of archived frames: written once, read a block at a time (docs/decisions/0012).

    "sensing-frames/1\n"
    block ...      zstd of: sources u32 x n | times i64 x n, each less the one before | duplicate u8 x n | lengths u32 x n | payloads
    index          zstd of JSON: `Index`
    trailer        offset of the index u64 | its length u64 | its SHA-256 | "sensing-frames/1\n"

All numbers are little-endian. Places are dense: the file knows its first, and every block how many it has. A block carries a CRC-32 of
its compressed bytes. Imports pyarrow, which brings zstd, when the first block is packed or opened.
"""

from __future__ import annotations

import hashlib
import os
import struct
import zlib
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
from msgspec import Struct

from sensing.errors import CheckFailedError
from sensing.model import Frame, Micros, Source

MAGIC = b"sensing-frames/1\n"
BLOCK = 512
"""Frames of a block: large enough that frames compress against each other, small enough that one is read in a millisecond."""
_TRAILER = struct.Struct(f"<QQ32s{len(MAGIC)}s")
_LEVEL = 3
_HINT = "`sensing doctor` looks at all of them; take the file out of a backup"

Row = tuple[int, Micros, int, bytes]
"""(number of the source within the file, received, duplicate, payload)."""


class Block(Struct, frozen=True, array_like=True):
    """Where a block lies, and what is in it. received: of its first frame."""

    offset: int
    length: int
    frames: int
    received: Micros
    crc: int


class Index(Struct, frozen=True):
    """What a file holds. sources: adapter, principal, topic, kind, origin, run."""

    first: int
    last: int
    sources: Sequence[tuple[str, str, str, str, str, str]]
    blocks: Sequence[Block]


@cache
def _zstd() -> Any:
    import pyarrow as pa

    return pa.Codec("zstd", _LEVEL)


class Writer:
    """Fills a file with frames from the place `first` on. `add` blocks, then `close`, once all sources are known."""

    def __init__(self, out: BinaryIO, first: int) -> None:
        self._out = out
        self._first = first
        self._count = 0
        self._blocks: list[Block] = []
        out.write(MAGIC)

    def add(self, rows: Sequence[Row]) -> None:
        """One block."""
        n = len(rows)
        sources, received, duplicates, payloads = zip(*rows, strict=True)
        steps = [0, *(after - before for before, after in pairwise(received))]
        raw = struct.pack(f"<I{n}I{n}q{n}B{n}I", n, *sources, *steps, *duplicates, *map(len, payloads)) + b"".join(payloads)
        packed = struct.pack("<I", len(raw)) + _zstd().compress(raw, asbytes=True)
        self._blocks.append(Block(self._out.tell(), len(packed), n, received[0], zlib.crc32(packed)))
        self._out.write(packed)
        self._count += n

    def close(self, sources: Sequence[Source]) -> None:
        """The index and the trailer; the file itself is the caller's to close."""
        words = [(s.adapter, s.principal, s.topic, s.kind, s.origin, s.run) for s in sources]
        index = msgspec.json.encode(Index(self._first, self._first + self._count - 1, words, self._blocks))
        packed = struct.pack("<I", len(index)) + _zstd().compress(index, asbytes=True)
        at = self._out.tell()
        self._out.write(packed + _TRAILER.pack(at, len(packed), hashlib.sha256(packed).digest(), MAGIC))


class FrameFile:
    """Reads a file. Raises FileNotFoundError, CheckFailedError when it is damaged. The block read last is kept."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            self.index = self._read_index()
        except BaseException:
            self.close()
            raise
        self.sources = [Source(*words) for words in self.index.sources]
        self._firsts = list(accumulate((block.frames for block in self.index.blocks), initial=self.index.first))[:-1]
        self._kept: tuple[int, list[Frame]] = (-1, [])

    def _read_index(self) -> Index:
        size = os.fstat(self._handle).st_size
        tail = os.pread(self._handle, _TRAILER.size, max(0, size - _TRAILER.size))
        if len(tail) < _TRAILER.size or not tail.endswith(MAGIC):
            raise self._damaged("it has no end")
        at, length, digest, _ = _TRAILER.unpack(tail)
        packed = os.pread(self._handle, length, at)
        if hashlib.sha256(packed).digest() != digest:
            raise self._damaged("its index is altered")
        return msgspec.json.decode(_unpacked(packed), type=Index)

    def _damaged(self, what: str) -> CheckFailedError:
        return CheckFailedError(f"{self._path}: {what}", _HINT)

    def number(self, place: int) -> int:
        """The block of a place that the file has."""
        return bisect_right(self._firsts, place) - 1

    def first_of(self, number: int) -> int:
        """The place of a block's first frame."""
        return self._firsts[number]

    def block(self, number: int) -> list[Frame]:
        """A block's frames. Raises CheckFailedError when it is damaged."""
        if self._kept[0] != number:
            self._kept = (number, self._frames(number))
        return self._kept[1]

    def _frames(self, number: int) -> list[Frame]:
        raw, n = self._raw(number), self.index.blocks[number].frames
        numbers = struct.unpack_from(f"<I{n}I{n}q{n}B{n}I", raw)
        sources, steps, marks, lengths = (numbers[1 + n * part : 1 + n * (part + 1)] for part in range(4))
        times = accumulate(steps[1:], initial=self.index.blocks[number].received)
        ends = list(accumulate(lengths, initial=struct.calcsize(f"<I{n}I{n}q{n}B{n}I")))
        place = self._firsts[number]
        return [
            Frame(self.sources[source], received, raw[start:end], bool(mark), place + at)
            for at, (source, received, mark, start, end) in enumerate(zip(sources, times, marks, ends, ends[1:], strict=False))
        ]

    def _raw(self, number: int) -> bytes:
        block = self.index.blocks[number]
        packed = os.pread(self._handle, block.length, block.offset)
        if zlib.crc32(packed) != block.crc:
            raise self._damaged(f"its block {number} is altered")
        return _unpacked(packed)

    def holds(self, number: int, payload: bytes) -> bool:
        """Whether a block may hold a payload: for those that look for one among many."""
        return payload in self._raw(number)

    def frames(self) -> Iterator[Frame]:
        """All of them, in order."""
        for number in range(len(self.index.blocks)):
            yield from self._frames(number)

    def close(self) -> None:
        """Release the file."""
        os.close(self._handle)


def _unpacked(packed: bytes) -> bytes:
    (size,) = struct.unpack_from("<I", packed)
    unpacked: bytes = _zstd().decompress(packed[4:], decompressed_size=size, asbytes=True)
    return unpacked
