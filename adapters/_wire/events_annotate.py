"""Events byte by byte, for people: each member with what it is and what it became."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sensing.errors import DecodeError
from sensing.model import Context, Reading, Span

from . import json_in
from .annotate_text import Path, Said, annotate_json, record_paths
from .spans import Meaning, total
from .text_values import result, utc
from .wrapping import Decode, refused

_MEMBERS: dict[str, Meaning] = {
    "source": ("来源", "source: the device"), "id": ("事件编号", "id of the event"), "kind": ("事件类型", "kind"), "domain": ("领域", "domain"),
    "time": ("时间", "time"), "lon": ("经度", "longitude"), "lat": ("纬度", "latitude"), "severity": ("级别", "severity"),
    "text": ("描述", "text"), "value": ("数值", "value"), "status": ("状态", "status: whether it lasts"),
}  # fmt: skip
_EVENT: Meaning = ("事件", "event")
Tell = Callable[[Any, Context], list[Reading]]
"""What one event becomes."""


def annotate(payload: bytes, context: Context, decode: Decode, tell: Tell) -> list[Span]:
    """Every byte of a payload."""
    return total(lambda payload, context: _annotate(payload, context, decode, tell))(payload, context)


def _annotate(payload: bytes, context: Context, decode: Decode, tell: Tell) -> list[Span]:
    said: dict[Path, Said] = {}
    try:
        for path, record in record_paths(json_in.read(payload)):
            if isinstance(record, dict):
                said |= _event(path, record, context, tell)
    except DecodeError:
        pass
    return annotate_json(payload, said, refused(payload, context, decode))


def _event(path: Path, record: dict[str, Any], context: Context, tell: Tell) -> dict[Path, Said]:
    said = {(*path, key): Said(meaning) for key, meaning in _MEMBERS.items()}
    try:
        (reading,) = tell(record, context)
    except DecodeError:
        return said | {path: Said(_EVENT)}
    value = result(reading) if reading.position is None else f"{reading.value:.10g} → {reading.property}"
    said[(*path, "time")] = Said(_MEMBERS["time"], utc(reading.time))
    member = "kind" if record.get("value") is None else "value"
    said[(*path, member)] = Said(_MEMBERS[member], value)
    return said | {path: Said(_EVENT, reading.native)}
