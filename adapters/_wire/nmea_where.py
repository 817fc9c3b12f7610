"""Where the fields of an NMEA 0183 sentence stand in its line: asked only when one is refused or shown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from sensing.errors import DecodeError

from .nmea_fields import FIELDS

_BLOCK = re.compile(rb"\\[^\\]*\\")


class Parts(NamedTuple):
    """A line: ends of its tag blocks, its fields (start, end) with the head first, and where its checksum begins (at `*`)."""

    blocks: list[int]
    start: int
    fields: list[tuple[int, int]]
    star: int


def parts(line: bytes) -> Parts:
    """Where everything stands in a line, whole or damaged. Without `*` the checksum begins at the end."""
    at, blocks = 0, list[int]()
    while block := _BLOCK.match(line, at):
        at = block.end()
        blocks.append(at)
    begin = at + (line[at : at + 1] in (b"!", b"$"))
    star = line.find(b"*", begin)
    star = len(line) if star < 0 else star
    fields, start = list[tuple[int, int]](), begin
    for text in line[begin:star].split(b","):
        fields.append((start, start + len(text)))
        start += len(text) + 1
    return Parts(blocks, at, fields, star)


def point(error: DecodeError, line: bytes) -> DecodeError:
    """The same refusal at the field that its path names (by number, or as `FIELDS` does), else where it said."""
    if not error.path:
        return error
    found = parts(line)
    step = error.path[0]
    if isinstance(step, str):
        low, high = found.fields[0]
        names = FIELDS.get(line[low:high].decode("latin-1")[-3:], ())
        step = names.index(step) + 1 if step in names else -1
    if 0 <= step < len(found.fields):
        low, high = _filled(found.fields, step)
        error.offset, error.length = low + error.offset, error.length or high - low
    error.path = ()
    return error


def _filled(fields: Sequence[tuple[int, int]], number: int) -> tuple[int, int]:
    """A field; an empty one with the comma before it, for it has no byte of its own."""
    low, high = fields[number]
    return (low, high) if high > low else (max(0, low - 1), high)
