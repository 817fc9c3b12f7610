"""A SenML pack byte by byte, for people: what each field is (RFC 8428 table 1), what it resolves to, and what it became."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from sensing.errors import DecodeError
from sensing.model import Context, Decoded, Micros, Reading, Span

from . import json_in, senml_cbor
from .annotate_cbor import annotate_cbor
from .annotate_text import Path, Said, annotate_json
from .spans import Meaning, marked, total
from .text_values import result, utc

FIELDS: dict[str, Meaning] = {
    "bver": ("版本", "version"), "bn": ("基础名称", "base name"), "bt": ("基础时间", "base time"), "bu": ("基础单位", "base unit"),
    "bv": ("基础值", "base value"), "bs": ("基础累计", "base sum"), "n": ("名称", "name"), "u": ("单位", "unit"), "v": ("数值", "value"),
    "vs": ("文本值", "text value"), "vb": ("真假值", "truth value"), "vd": ("数据值", "data value"), "s": ("累计", "sum"),
    "t": ("时间", "time"), "ut": ("更新间隔", "update time"),
}  # fmt: skip
RECORD: Meaning = ("记录", "record")
_VALUES = ("v", "vs", "vb", "vd", "s", "bv", "bs")


class Pack(Protocol):
    """The reader of a pack: the base fields in force, and the readings so far."""

    readings: list[Reading]
    name: str
    instant: Micros | None
    places: dict[tuple[str, Micros | None], dict[str, Reading]]

    def add(self, record: Any) -> None:
        """Take one record."""


Decode = Callable[[bytes, Context], Decoded]


def annotate(payload: bytes, context: Context, decode: Decode, pack: Pack) -> list[Span]:
    """Every byte of a pack; pack: a fresh reader for the same context."""
    return total(lambda payload, context: _annotate(payload, context, decode, pack))(payload, context)


def _annotate(payload: bytes, context: Context, decode: Decode, pack: Pack) -> list[Span]:
    binary = senml_cbor.is_cbor(payload)
    wrong: Sequence[DecodeError] = ()
    said: dict[Path, Said] = {}
    try:
        decode(payload, context)
    except DecodeError as error:
        wrong = (error,)
    try:
        tree = senml_cbor.read(payload) if binary else json_in.read(payload)
        said = _said(tree, pack) if isinstance(tree, list) else {}
    except DecodeError:
        pass
    if not binary:
        return annotate_json(payload, said, wrong)
    spans = annotate_cbor(payload, said, senml_cbor.LABELS)
    return marked(spans, len(payload), wrong[0]) if wrong else spans


def _said(tree: list[Any], pack: Pack) -> dict[Path, Said]:
    """What the fields of each record say, up to the first that cannot be read."""
    said: dict[Path, Said] = {}
    for number, record in enumerate(tree):
        if not isinstance(record, dict):
            break
        before = len(pack.readings)
        held = {id(one) for pair in pack.places.values() for one in pair.values()}
        said[(str(number),)] = Said(RECORD, f"{number}")
        for key in record:
            said[str(number), str(key)] = Said(FIELDS.get(str(key), ("未知字段", "unknown field")))
        try:
            pack.add(record)
        except DecodeError:
            break
        new = pack.readings[before:] + [one for pair in pack.places.values() for one in pair.values() if id(one) not in held]
        _became(said, str(number), record, new, pack)
    return said


def _became(said: dict[Path, Said], number: str, record: dict[str, Any], readings: list[Reading], pack: Pack) -> None:
    if "bt" in record:
        said[number, "bt"] = Said(FIELDS["bt"], utc(pack.instant))
    keys = [key for key in record if key in _VALUES]
    for key, reading in zip(keys, readings, strict=False):
        said[number, key] = Said(FIELDS[key], result(reading))
    if readings:
        first = readings[0]
        if "n" in record:
            said[number, "n"] = Said(FIELDS["n"], f"{record['n']} → {first.native} · {first.code}")
        if "t" in record:
            said[number, "t"] = Said(FIELDS["t"], utc(first.wire_time))
