"""LoRaWAN devices behind a network server: ChirpStack v4 (JSON, Protocol Buffers) and The Things Stack v3 (docs/adapters/lorawan.md).

    envelope (`_wire/lora_envelope`)  whose uplink it is, when, on which port, how well it was heard, and the device's bytes
    payload  (`_wire/payload_read`)   those bytes by the table of the device's `codec`: config/codecs/*.toml

The native id is the device EUI, 16 hex digits in lower case; the principal when an envelope names none. Time is the server's. Each field of a
payload is a reading, its code the name that the maker's own decoder gives it. Without a codec of ours the server's `object` (or
`decoded_payload`) is read, and the bytes are shown as `payload_hex`. Beside them `rssi` (the best gateway's), `snr`, `fport` and `fcnt`.

Refused: not_json, not_utf8, too_deep, bad_grammar, bad_time, missing_key (no device), bad_length and bad_checksum (the device's bytes), and
unknown_function (an entry that is in no table: what stood before it is kept).

Settings of a device: `codec` (milesight/em500-udl), `values` (what a code means here), `fport` (for bytes without an envelope).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from sensing import properties, times
from sensing.errors import DecodeError, Reason, ValidationError
from sensing.model import Context, Decoded, JsonState, Micros, Reading, Span

from ._wire import bytes_in, json_in, json_where, lora_words, payload_codecs
from ._wire.lora_envelope import Event, from_json, from_protobuf, placed
from ._wire.lora_examples import EXAMPLES
from ._wire.payload_read import read
from ._wire.payload_said import Said
from ._wire.payload_write import payload_bytes

__all__ = ["EXAMPLES", "NAME", "STATEFUL", "annotate", "check", "decode", "encode", "expire", "model", "payload_bytes"]

NAME = "lorawan"
STATEFUL = False
BARE = "cayenne/lpp"
"""The codec of bytes without an envelope whose port is told and whose codec is not."""
MOST_VALUES = 1_000
"""Values of one `object`."""

_ENVELOPE = frozenset(("rssi", "snr", "fport", "fcnt"))
_PROTOBUF = re.compile(
    rb"\x0a[\x24\x20][0-9A-Fa-f-]{32,36}[\x12\x1a]|\x08[\x80-\xff]{0,4}[\x00-\x7f]\x12|\x0a[\x01-\x0f]\x08", re.DOTALL
)
"""How ChirpStack's events begin: a deduplication id, a downlink's number, or a time."""


def decode(payload: bytes, context: Context, state: JsonState | None = None) -> Decoded:  # noqa: ARG001  # the port's
    """Read one event, or a device's bytes without one when its codec is set. Raises DecodeError when nothing of it can be read."""
    if _is_json(payload, context):
        try:
            return _json(payload, context)
        except DecodeError as error:
            if error.path:
                error.offset, error.length = json_where.where(payload, error.path)
            raise
    if _PROTOBUF.match(payload):
        try:
            return _event(from_protobuf(payload, context.principal), context)
        except DecodeError as error:
            return _either(payload, context, error)
    return _bare(payload, context)


def annotate(payload: bytes, context: Context) -> list[Span]:
    """What each byte of a payload says."""
    from ._wire import lora_annotate as told  # decoding does without it

    return told.annotate(payload, context, told.Reader(decode, _parsed, _bare_codec))


def _parsed(payload: bytes, context: Context) -> Event | str | None:
    """What a payload is: an event, text that wraps bytes, or None for bytes alone. Raises DecodeError for no event of JSON."""
    if _is_json(payload, context):
        return from_json(payload, context.principal)
    if not _PROTOBUF.match(payload):
        return None
    try:
        return from_protobuf(payload, context.principal)
    except DecodeError:
        return None


def _json(payload: bytes, context: Context) -> Decoded:
    event = from_json(payload, context.principal)
    if not isinstance(event, str):
        return _event(event, context)
    if not context.settings(context.principal):
        raise DecodeError(Reason.MISSING_KEY, "bytes without deviceInfo or end_device_ids, and no codec is set for them")
    return _wrapped(event.encode(), payload, context)


def _wrapped(text: bytes, payload: bytes, context: Context) -> Decoded:
    """Bytes in a member of a JSON object: what is wrong with them is told of the member."""
    error: DecodeError | None = None
    try:
        said = _bare(text, context)
    except DecodeError as found:
        said, error = Decoded(), found
    if error or said.errors:
        key = next((key for key in bytes_in.KEYS if f'"{key}"'.encode() in payload), "")
        for part in [error] if error else said.errors:
            part.offset, part.length = json_where.where(payload, (key,))
    if error:
        raise error
    return said


def expire(state: JsonState, now: Micros) -> Decoded:  # noqa: ARG001  # the port's
    """Nothing is ever waited for."""
    return Decoded()


def encode(readings: Sequence[Reading], codec: str = "") -> list[bytes]:
    """ChirpStack uplinks that say these readings, one a device and time; in `object`, or in a codec's bytes.

    Raises ValueError for what the codec cannot say, ValidationError for a codec that is not there.
    """
    groups: dict[tuple[str, Micros | None], list[Reading]] = {}
    for reading in readings:
        groups.setdefault((reading.native, reading.time), []).append(reading)
    return [_uplink(native, time, group, codec) for (native, time), group in groups.items()]


def model(name: str) -> Mapping[str, Any] | None:
    """The settings of a device of this model; None when no codec has this name."""
    return {"codec": name} if payload_codecs.exists(name) else None


def check(settings: Mapping[str, Any]) -> None:
    """Whether a type's or device's settings can be read. Raises ValidationError naming the field."""
    if "codec" in settings:
        payload_codecs.find(str(settings["codec"]))
    if "values" in settings:
        lora_words.check(settings["values"])


def _is_json(payload: bytes, context: Context) -> bool:
    """Whether this begins like a JSON object; a device's own bytes may, but then they do not end like one."""
    start = payload[:1]
    if start == b"{":
        return payload[-1:] == b"}" or payload.rstrip()[-1:] == b"}" or not context.settings(context.principal)
    return payload[:3] == b"\xef\xbb\xbf" or (start in {b" ", b"\n", b"\r", b"\t"} and payload.lstrip()[:1] == b"{")


def _either(payload: bytes, context: Context, error: DecodeError) -> Decoded:
    """A device's own bytes that began like an event, if its codec reads all of them; else the error stands."""
    try:
        said = _bare(payload, context)
    except DecodeError:
        raise error from None
    if said.errors:
        raise error
    return said


def _event(event: Event, context: Context) -> Decoded:
    settings = context.settings(event.native)
    said = Said(event.native, event.time, event.time or 0, event.count, test=event.test)
    if event.kind == "up":
        _data(said, event, settings)
        _heard(said, event)
    else:
        _status(said, event)
    rows = settings.get("values") if settings else None
    if rows:
        lora_words.apply(said.readings, rows)
    return Decoded(said.readings, (), said.errors, said.facts, () if said.readings or said.errors else (event.kind,))


def _data(said: Said, event: Event, settings: Mapping[str, Any]) -> None:
    """The device's own bytes, by its codec; without one, what the network server made of them."""
    name = settings.get("codec") if settings else None
    if name and event.data is not None:
        codec = _codec(str(name))
        if codec.ports and event.port and event.port not in codec.ports:
            _add(said, event, "payload_hex", None, event.data.hex().upper())
            return
        read(said, event.data, codec)
        if said.errors:
            said.errors = [placed(error, event) for error in said.errors]
        return
    if len(memoryview(event.object)) > 4:  # not absent, null or {}
        try:
            _object(said, event, json_in.read(bytes(event.object)))
        except DecodeError as error:
            said.refuse(error.reason, f"object: {error.detail}", 0)
    if event.data is not None:
        _add(said, event, "payload_hex", None, event.data.hex().upper())


def _heard(said: Said, event: Event) -> None:
    if event.rssi is not None:
        _add(said, event, "rssi", "signal_strength", event.rssi, "dBm")
    if event.snr is not None:
        _add(said, event, "snr", "lorawan_snr", event.snr)
    _add(said, event, "fport", None, event.port)
    _add(said, event, "fcnt", None, event.count)


def _status(said: Said, event: Event) -> None:
    if event.battery is not None and 0 <= event.battery <= 100:
        _add(said, event, "batteryLevel", "battery_level", event.battery, "%")
    if event.margin is not None:
        _add(said, event, "margin", "lorawan_margin", event.margin)
    if event.position is not None:
        _add(said, event, "location", "position", None)
        said.readings[-1].position = event.position


def _object(said: Said, event: Event, tree: Any, path: str = "") -> None:
    """What the network server's own decoder made of the bytes: numbers, numbers in quotes, texts; nested names joined by dots."""
    if len(said.readings) > MOST_VALUES:
        raise DecodeError(Reason.TOO_LARGE, f"more than {MOST_VALUES} values")
    if type(tree) is dict or type(tree) is list:
        for key, value in tree.items() if type(tree) is dict else enumerate(tree):
            _object(said, event, value, f"{path}.{key}" if path else str(key))
        return
    if type(tree) is str:
        number = json_in.text_number(tree)
        if number is None:
            _add(said, event, path, None, tree)
            return
    elif type(tree) is bool:
        number = float(tree)
    else:
        number = json_in.number(tree)
    if number is not None:
        kept = properties.get(path)
        _add(said, event, path, path if kept and path != "position" else properties.slug(NAME, path), number)


def _add(said: Said, event: Event, code: str, name: str | None, value: float | str | None, unit: str | None = None) -> None:
    time = event.time
    said.readings.append(Reading(
        event.native, code, name, value, unit, "instant", "", time, None, time, None, None, None, time or 0, event.count, event.test
    ))  # fmt: skip


def _codec(name: str) -> payload_codecs.Codec:
    try:
        return payload_codecs.find(name)
    except ValidationError as error:
        raise DecodeError(Reason.UNKNOWN_FUNCTION, error.what) from None


def _bare_codec(context: Context) -> payload_codecs.Codec:
    """The codec of a device's bytes without an envelope. Raises DecodeError when none is set."""
    settings = context.settings(context.principal)
    name = settings.get("codec") or (BARE if "fport" in settings else None)
    if not name:
        raise DecodeError(
            Reason.BAD_START, "neither an event of ChirpStack or The Things Stack, nor the bytes of a device whose codec is set"
        )
    return _codec(str(name))


def _bare(payload: bytes, context: Context) -> Decoded:
    """A device's bytes without an envelope, raw or wrapped: the principal is the device, its settings must say the codec."""
    settings = context.settings(context.principal)
    codec = _bare_codec(context)
    via, said = bytes_in.RAW, read(Said(context.principal, None), payload, codec)
    if said.errors:
        data, via = bytes_in.unwrap(payload, lambda data: bool(data) and not read(Said("", None), data, codec).errors)
        said = said if via == bytes_in.RAW else read(Said(context.principal, None), data, codec)
    if settings.get("values"):
        lora_words.apply(said.readings, settings["values"])
    if said.errors and not said.readings:
        only = said.errors[0]
        raise DecodeError(Reason(only.reason), only.detail, only.offset if via == bytes_in.RAW else 0, only.length)
    return Decoded(said.readings, (), said.errors, said.facts, () if said.readings else ("empty",))


def _uplink(native: str, time: Micros | None, group: Sequence[Reading], codec: str) -> bytes:
    envelope = {reading.code: reading.value for reading in group if reading.code in _ENVELOPE}
    own = [reading for reading in group if reading.code not in _ENVELOPE and reading.code != "payload_hex"]
    tree: dict[str, Any] = {"deviceInfo": {"devEui": native}}
    if time is not None:
        tree["time"] = times.rfc3339(time)
    tree |= {key: envelope[code] for key, code in (("fPort", "fport"), ("fCnt", "fcnt")) if envelope.get(code)}
    if codec:
        tree["data"] = _base64(payload_bytes(codec, [(r.code, r.channel, r.value) for r in own]))
    else:
        raw = next((str(r.value) for r in group if r.code == "payload_hex"), "")
        tree |= {"object": {r.code: r.value for r in own}} if own else {}
        tree |= {"data": _base64(bytes.fromhex(raw))} if raw else {}
    tree["rxInfo"] = [{key: envelope[key] for key in ("rssi", "snr") if key in envelope}] if "rssi" in envelope else []
    return msgspec.json.encode(tree)


def _base64(data: bytes) -> str:
    return msgspec.to_builtins(data) if data else ""
