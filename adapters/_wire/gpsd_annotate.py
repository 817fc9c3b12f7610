"""gpsd's and AIS-catcher's JSON byte by byte, for people: each object by its members, with what they became."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sensing import properties
from sensing.errors import DecodeError
from sensing.model import Context, Reading, Span

from . import json_in
from .annotate_text import Path, Said, annotate_json, record_paths
from .spans import Meaning, marked, total
from .text_values import result
from .wrapping import BETWEEN, Decode, refused

_MEMBERS: dict[str, Meaning] = {
    "class": ("类别", "class of report"), "type": ("消息类型", "message type"), "mmsi": ("MMSI 船舶识别码", "MMSI"), "lon": ("经度", "longitude"),
    "lat": ("纬度", "latitude"), "time": ("时间", "time"), "rxuxtime": ("接收时间", "when it was received"),
    "rxtime": ("接收时间", "when it was received"), "scaled": ("是否换算", "whether in knots and degrees"), "second": ("UTC 秒", "UTC second"),
    "device": ("设备", "device"), "mode": ("定位模式", "kind of fix"), "repeat": ("转发次数", "repeated"), "channel": ("信道", "radio channel"),
    "signalpower": ("信号功率", "signal power"), "shipname": ("船名", "name"), "callsign": ("呼号", "call sign"), "imo": ("IMO 编号", "IMO number"),
    "shiptype": ("船舶类型", "kind of vessel"), "destination": ("目的地", "destination"), "eta": ("预计到达", "expected"),
    "to_bow": ("至船首", "to bow"), "to_stern": ("至船尾", "to stern"), "to_port": ("至左舷", "to port"), "to_starboard": ("至右舷", "to starboard"),
}  # fmt: skip
_OBJECT: Meaning = ("消息", "message")
Texts = Callable[[bytes], Sequence[tuple[bytes, int]]]
Tell = Callable[[Any, Context], list[Reading]]
"""What one object becomes."""


def annotate(payload: bytes, context: Context, decode: Decode, texts: Texts, tell: Tell) -> list[Span]:
    """Every byte of a payload. texts: its JSON texts and where they begin."""
    return total(lambda payload, context: _annotate(payload, context, decode, texts, tell))(payload, context)


def _annotate(payload: bytes, context: Context, decode: Decode, texts: Texts, tell: Tell) -> list[Span]:
    spans, at = list[Span](), 0
    for text, offset in texts(payload) if payload else ():
        if offset > at:
            spans.append(Span(at, offset - at, "", BETWEEN))
        told = annotate_json(text, dict(_said(text, context, tell)))
        spans += [Span(one.offset + offset, one.length, one.name, one.meaning, one.value) for one in told]
        at = offset + len(text)
    if at < len(payload):
        spans.append(Span(at, len(payload) - at, "", BETWEEN))
    for error in refused(payload, context, decode):
        spans = marked(spans, len(payload), error)
    return spans


def _said(text: bytes, context: Context, tell: Tell) -> Iterator[tuple[Path, Said]]:
    try:
        tree = json_in.read(text)
    except DecodeError:
        return
    prefix: Path = ()
    if isinstance(tree, dict) and isinstance(tree.get("msgs"), list):
        tree, prefix = tree["msgs"], ("msgs",)
    for path, record in record_paths(tree, prefix):
        if isinstance(record, dict):
            yield from _object(path, record, context, tell)


def _object(path: Path, record: dict[str, Any], context: Context, tell: Tell) -> Iterator[tuple[Path, Said]]:
    try:
        readings = {reading.code: reading for reading in tell(record, context)}
    except DecodeError:
        readings = {}
    native = next((reading.native for reading in readings.values()), "")
    yield path, Said(_OBJECT, native)
    for key in record:
        reading = readings.get("position" if key in ("lon", "lat") else key)
        kept = properties.get(reading.property or "") if reading else None
        meaning = _MEMBERS.get(key) or ((kept.name_zh, kept.name_en) if kept else None)
        if reading is not None:
            yield (*path, key), Said(meaning or ("数值", "value"), result(reading))
        elif meaning:
            yield (*path, key), Said(meaning)
