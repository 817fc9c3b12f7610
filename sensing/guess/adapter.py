"""Which protocol payloads are: marks that each carries, then a decode that tells how much of it makes sense. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from sensing.errors import DecodeError
from sensing.model import Context, Micros, Reading
from sensing.ports import Adapter

from .samples import Sample

PRINCIPAL = "sample"


class Tried(Struct):
    """What an adapter made of samples. read: payloads with a reading. first: its first error, for a person."""

    adapter: str
    readings: list[Reading]
    read: int
    tried: int
    first: str = ""
    marked: bool = False

    @property
    def score(self) -> float:
        """How sure: mostly the payloads that it reads, a little the values that it can name, and the marks of the protocol."""
        named = sum(reading.property is not None for reading in self.readings) / max(1, len(self.readings))
        return round(0.5 * self.read / max(1, self.tried) + 0.2 * named + 0.3 * self.marked, 2)


def candidates(samples: Sequence[Sample], adapters: Mapping[str, Adapter], received: Micros) -> list[Tried]:
    """Adapters that may be meant, the likeliest first."""
    marked = _marks(samples[0])
    names = [name for name in dict.fromkeys((marked, "plainjson")) if name in adapters]
    names += [name for name in adapters if name not in names and name not in {"command", "clock"}]
    found = [tried(samples, adapters[name], {}, received, marked=name == marked) for name in names]
    return sorted((each for each in found if each.read or each.marked), key=lambda each: -each.score)


def tried(
    samples: Sequence[Sample], adapter: Adapter, settings: Mapping[str, Any], received: Micros, *, marked: bool = False
) -> Tried:
    """What an adapter makes of the samples with these settings; parts of one message are joined."""
    found, state, read, first = list[Reading](), None, 0, ""
    for place, sample in enumerate(samples, 1):
        context = Context(
            PRINCIPAL,
            sample.received or received,
            place,
            lambda _native: settings,
            [settings] if settings else [],
            every_field=True,
        )
        try:
            decoded = adapter.decode(sample.payload, context, state)
        except DecodeError as error:
            first = first or f"{error.reason}: {error.detail}"
            continue
        except Exception as error:  # noqa: BLE001 a parser's own bug must not stop a guess
            first = first or type(error).__name__
            continue
        state = decoded.state
        found += decoded.readings
        read += bool(decoded.readings or decoded.waiting)
        first = first or next((f"{each.reason}: {each.detail}" for each in decoded.errors), "")
    return Tried(adapter.NAME, found, read, len(samples), first, marked)


def _marks(sample: Sample) -> str:
    """The adapter whose marks a payload carries; "" when none's."""
    topic = sample.topic.split("/")
    if topic[:2] == ["sensing", "v1"] and len(topic) == 5:
        return topic[2]
    payload = sample.payload.lstrip()
    if re.match(rb"##\d{4}", payload):
        return "hj212"
    if payload[:2] in {b"\x7e\x7e", b"\x01\x01"} or re.match(rb"\x01\d{2}[0-9A-F]{10}", payload):
        return "sl651"
    if re.match(rb"(\\[^\\]+\\)?!(AI|BS|AB|AN)VD[MO],", payload):
        return "ais"
    if re.match(rb"(\\[^\\]+\\)?\$[A-Z]{2}[A-Z]{3},", payload):
        return "nmea0183"
    return _json_marks(payload) if payload[:1] in {b"{", b"["} else ""


def _json_marks(payload: bytes) -> str:
    try:
        tree = json.loads(payload)
    except (ValueError, RecursionError):
        return ""
    first = tree[0] if isinstance(tree, list) and tree else tree
    if not isinstance(first, dict):
        return ""
    keys = set(first)
    if isinstance(tree, list) and keys & {"n", "bn", "bt"} and keys & {"v", "vs", "vb", "bn", "u", "bv"}:
        return "senml"
    if keys & {"deviceInfo", "end_device_ids", "uplink_message"}:
        return "lorawan"
    if first.get("class") in {"TPV", "AIS", "SKY", "VERSION", "WATCH"}:
        return "gpsd"
    if {"source", "kind", "severity"} <= keys or {"source", "id", "kind"} <= keys:
        return "events"
    return "plainjson"
