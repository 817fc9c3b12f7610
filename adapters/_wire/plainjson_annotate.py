"""Plain JSON byte by byte, for people: each member with its key, what it is by the mapping, and what it became."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from sensing.errors import DecodeError, Reason
from sensing.model import Context, Decoded, Reading, Span

from . import json_in
from .annotate_text import Path, Said, annotate_json, became
from .json_mapping import Layout
from .spans import Meaning, total
from .text_values import utc

DEVICE: Meaning = ("设备", "device")
TIME: Meaning = ("时间", "time")
RECORD: Meaning = ("记录", "record")


class Followed(NamedTuple):
    """One record with its path, the mapping that reads it (None for the generic form), and its readings."""

    path: Path
    record: Any
    layout: Layout | None
    readings: list[Reading]


Decode = Callable[[bytes, Context], Decoded]
Follow = Callable[[Any, Context], Iterator[Followed]]


def annotate(payload: bytes, context: Context, decode: Decode, follow: Follow) -> list[Span]:
    """Every byte of a payload; follow: how its records are read."""
    return total(lambda payload, context: _annotate(payload, context, decode, follow))(payload, context)


def _annotate(payload: bytes, context: Context, decode: Decode, follow: Follow) -> list[Span]:
    wrong: list[DecodeError] = []
    said: dict[Path, Said] = {}
    try:
        rejected = decode(payload, context).errors
        placed = [each for each in rejected if each.length] or rejected[:1]
        wrong = [DecodeError(Reason(each.reason), each.detail, each.offset, each.length) for each in placed]
    except DecodeError as error:
        wrong = [error]
    try:
        for one in follow(json_in.read(payload), context):
            said[one.path] = Said(RECORD, one.readings[0].native if one.readings else "")
            for path, told in (_mapped(one, one.layout) if one.layout else _generic(one)).items():
                said.setdefault(path, told)
    except DecodeError:
        pass
    return annotate_json(payload, said, wrong)


def _generic(one: Followed) -> dict[Path, Said]:
    said = {(*one.path, reading.code): became(reading) for reading in one.readings}
    first = one.readings[0] if one.readings else None
    said[*one.path, "device"] = Said(DEVICE, first.native if first else "")
    said[*one.path, "time"] = Said(TIME, utc(first.wire_time) if first else "")
    return said


def _mapped(one: Followed, layout: Layout) -> dict[Path, Said]:
    """Values by the mapping's pointers; several of one member (registers) are told one after the other."""
    said: dict[Path, Said] = {}
    found = iter(one.readings)
    reading = next(found, None)
    for value in layout.values:
        if reading is None or (reading.code, reading.channel) != (value.code, value.channel):
            continue
        path = (*one.path, *value.at)
        new = became(reading)
        said[path] = Said(said[path].meaning, f"{said[path].value}; {new.value}") if path in said else new
        reading = next(found, None)
    first = one.readings[0] if one.readings else None
    for prefix in (one.path, ()):
        if layout.device is not None:
            said.setdefault((*prefix, *layout.device), Said(DEVICE, first.native if first else ""))
        if layout.time is not None:
            said.setdefault((*prefix, *layout.time), Said(TIME, utc(first.wire_time) if first else ""))
    return said
