"""LoRaWAN uplinks byte by byte, for people: the envelope by its members, and the device's own bytes entry by entry of its codec."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from sensing import properties
from sensing.errors import DecodeError
from sensing.model import Context, Reading, Span

from . import bytes_in, json_in, lora_words, payload_codecs
from .annotate_text import Path, Said, annotate_json, became
from .lora_envelope import Event
from .payload_codecs import Codec, Entry
from .payload_read import read
from .payload_said import Said as Payload
from .spans import Meaning, Tape, marked, total
from .text_values import result, utc
from .wrapping import Decode, refused, spans_outside

_DEVICE: Meaning = ("设备", "device")
_TIME: Meaning = ("时间", "time")
_PORT: Meaning = ("端口", "port")
_COUNT: Meaning = ("帧计数", "frame counter")
_BYTES: Meaning = ("设备数据", "the device's bytes")
_OBJECT: Meaning = ("服务器解码结果", "what the network server made of them")
_RSSI: Meaning = ("接收信号强度", "signal strength")
_SNR: Meaning = ("信噪比", "signal to noise")
_BATTERY: Meaning = ("电量", "battery level")
_ENVELOPE: Meaning = ("网络服务器封装", "envelope of the network server")
_ENTRY: Meaning = ("数据项", "entry")
_HEAD: Meaning = ("头部", "head")
_OTHER: Meaning = ("其他字节", "other bytes")
_CHECK: Meaning = ("校验码", "checksum")
_UP = "uplink_message"
_MEMBERS: Mapping[Path, Meaning] = {
    ("deviceInfo", "devEui"): _DEVICE, ("time",): _TIME, ("fPort",): _PORT, ("fCnt",): _COUNT, ("data",): _BYTES, ("object",): _OBJECT,
    ("payload",): _BYTES, ("hex",): _BYTES, ("end_device_ids", "dev_eui"): _DEVICE, ("end_device_ids", "device_id"): _DEVICE,
    ("received_at",): _TIME, (_UP, "received_at"): _TIME, (_UP, "f_port"): _PORT, (_UP, "f_cnt"): _COUNT, (_UP, "frm_payload"): _BYTES,
    (_UP, "decoded_payload"): _OBJECT, ("batteryLevel",): _BATTERY,
}  # fmt: skip
_DATA: tuple[Path, ...] = (("data",), (_UP, "frm_payload"), ("payload",), ("hex",))
_OBJECTS: tuple[Path, ...] = (("object",), (_UP, "decoded_payload"))
_NOT_OURS = frozenset(("rssi", "snr", "fport", "fcnt", "payload_hex"))
_KEYS = {"groups": 3, "fixed": 0, "flags": 0}
"""Bytes of an entry before its data; of tlv, one or two by the codec."""
Parsed = Callable[[bytes, Context], Event | str | None]


class Reader(NamedTuple):
    """How the adapter reads. event: what a payload is (text: wrapped bytes; None: bare ones). codec: whose bytes bare ones are."""

    decode: Decode
    event: Parsed
    codec: Callable[[Context], Codec]


class Step(NamedTuple):
    """One entry that was read: from `at`, `size` bytes, what it said."""

    at: int
    size: int
    first: int
    last: int


class Traced(Payload):
    """What a payload says, with where each entry stood."""

    def __init__(self) -> None:
        super().__init__("", None)
        self.steps: list[Step] = []

    def entry(self, one: Entry, data: bytes, at: int, codec: Codec) -> int:
        """As any; and remembered."""
        first = len(self.readings)
        taken = super().entry(one, data, at, codec)
        if taken > 0:
            self.steps.append(Step(at, taken, first, len(self.readings)))
        return taken


def annotate(payload: bytes, context: Context, reader: Reader) -> list[Span]:
    """Every byte of a payload: an event, bytes wrapped in JSON, or a device's bytes alone."""
    return total(lambda payload, context: _annotate(payload, context, reader))(payload, context)


def _annotate(payload: bytes, context: Context, reader: Reader) -> list[Span]:
    if not payload:
        return []
    errors = refused(payload, context, reader.decode)
    try:
        event = reader.event(payload, context)
    except DecodeError:
        event = ""
    if isinstance(event, str) or (event and payload.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{"):
        return annotate_json(payload, _said(payload, event, context, reader), errors)
    spans = _inside(payload, event, context) if event else _bare(payload, context, reader)
    for error in errors:
        spans = marked(spans, len(payload), error)
    return spans


def _said(payload: bytes, event: Event | str, context: Context, reader: Reader) -> dict[Path, Said]:
    said = {path: Said(meaning) for path, meaning in _MEMBERS.items()}
    try:
        readings = list(reader.decode(payload, context).readings)
    except DecodeError:
        readings = []
    own = [reading for reading in readings if reading.code not in _NOT_OURS]
    settings = context.settings(event.native if isinstance(event, Event) else context.principal)
    codec = str(settings.get("codec") or "")
    if codec:
        for path in _DATA:
            said[path] = Said(_BYTES, "; ".join([f"codec {codec}", *(f"{one.code} {result(one)}" for one in own)])[:1_000])
    if isinstance(event, Event):
        for path in (("deviceInfo", "devEui"), ("end_device_ids", "dev_eui")):
            said[path] = Said(_DEVICE, event.native)
        said[("time",)] = said[_UP, "received_at"] = Said(_TIME, utc(event.time))
        said[("received_at",)] = Said(_TIME, utc(event.time) if payload.count(b'"received_at"') == 1 else "")
    found = {reading.code: reading for reading in readings}
    if not codec:
        for path in _OBJECTS:
            said |= {(*path, *code.split(".")): became(reading) for code, reading in found.items()}
    said |= dict(_heard(payload, found))
    return said


def _heard(payload: bytes, found: Mapping[str, Reading]) -> list[tuple[Path, Said]]:
    """How well each gateway heard it; of the one that is kept, what it became."""
    try:
        tree: Any = json_in.read(payload)
    except DecodeError:
        return []
    told = list[tuple[Path, Said]]()
    for path, rows in ((("rxInfo",), _at(tree, "rxInfo")), ((_UP, "rx_metadata"), _at(_at(tree, _UP), "rx_metadata"))):
        kept = found.get("rssi")
        for number, row in enumerate(rows if isinstance(rows, list) else ()):
            best = kept is not None and _at(row, "rssi") == kept.value
            for code, meaning in (("rssi", _RSSI), ("snr", _SNR)):
                value = result(found[code]) if best and code in found else ""
                told.append(((*path, str(number), code), Said(meaning, value)))
            kept = None if best else kept
    if "batteryLevel" in found:
        told.append((("batteryLevel",), Said(_BATTERY, result(found["batteryLevel"]))))
    return told


def _at(tree: Any, key: str) -> Any:
    return tree.get(key) if isinstance(tree, dict) else None


def _inside(payload: bytes, event: Event, context: Context) -> list[Span]:
    """Protocol Buffers: the device's bytes within their envelope."""
    tape = Tape()
    said = f"{event.kind}, device {event.native}, {utc(event.time)}, port {event.port}, counter {event.count}"
    if event.data is None or event.data_at <= 0:
        tape.upto(len(payload), event.kind, _ENVELOPE, said)
        return tape.spans
    tape.upto(event.data_at, event.kind, _ENVELOPE, said)
    settings = context.settings(event.native)
    end = event.data_at + len(event.data)
    codec = payload_codecs.find(str(settings["codec"])) if settings.get("codec") else None
    if codec and not (codec.ports and event.port and event.port not in codec.ports):
        entries(tape, event.data, codec, settings)
    tape.upto(end, "data", _BYTES, event.data.hex().upper())
    tape.upto(len(payload), event.kind, _ENVELOPE)
    return tape.spans


def _bare(payload: bytes, context: Context, reader: Reader) -> list[Span]:
    codec, settings = reader.codec(context), context.settings(context.principal)
    data, via, places = bytes_in.located(payload, lambda data: bool(data) and not read(Payload("", None), data, codec).errors)
    tape = Tape()
    entries(tape, data, codec, settings)
    return tape.spans if via == bytes_in.RAW else spans_outside(tape.spans, places, len(payload), via)


def entries(tape: Tape, data: bytes, codec: Codec, settings: Mapping[str, Any]) -> None:
    """A device's bytes, one span an entry: its key and its data, what its fields say."""
    base, traced = tape.at, Traced()
    read(traced, data, codec)
    if settings.get("values"):
        lora_words.apply(traced.readings, settings["values"])
    size = _KEYS.get(codec.kind, 1 if codec.key == "type" else 2)
    for step in traced.steps:
        tape.upto(base + step.at - size, codec.name if not tape.spans else "", _HEAD if codec.kind == "flags" else _OTHER)
        start = tape.at - base
        said = traced.readings[step.first : step.last]
        value = "; ".join(f"{one.code} {result(one)}" for one in said)[:1_000]
        key = data[start : start + size].hex().upper()
        name = key or (said[0].code if said else "")
        tape.upto(base + step.at + step.size, name, _meaning(said), value if start else f"{codec.name}: {value}")
    rest = len(data) - (tape.at - base)
    if codec.kind == "groups" and rest >= 2:
        tape.take(rest - 2, "", _OTHER)
        tape.take(2, "crc", _CHECK)
    tape.upto(base + len(data), "", _OTHER)


def _meaning(said: list[Reading]) -> Meaning:
    """What an entry is called: as its only property is."""
    known = [kept for one in said if one.property and (kept := properties.get(one.property))]
    return (known[0].name_zh, known[0].name_en) if len(known) == 1 else _ENTRY
