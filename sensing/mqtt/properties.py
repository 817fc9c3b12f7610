"""Properties of MQTT 5 (section 2.2.2.2): one table, read and written by it.

A property comes at most once, except those of _REPEATED, which are lists. Where the specification lists the values of
a byte, or forbids 0, others are a protocol error.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from .packets import Code, Properties
from .reading import Reader, WireError, topic_name

TABLE = {
    0x01: ("payload_format_indicator", "bit", "publish will"),
    0x02: ("message_expiry_interval", "u32", "publish will"),
    0x03: ("content_type", "text", "publish will"),
    0x08: ("response_topic", "topic", "publish will"),
    0x09: ("correlation_data", "binary", "publish will"),
    0x0B: ("subscription_identifier", "varint+", "publish subscribe"),
    0x11: ("session_expiry_interval", "u32", "connect connack disconnect"),
    0x12: ("assigned_client_identifier", "text", "connack"),
    0x13: ("server_keep_alive", "u16", "connack"),
    0x15: ("authentication_method", "text", "connect connack auth"),
    0x16: ("authentication_data", "binary", "connect connack auth"),
    0x17: ("request_problem_information", "bit", "connect"),
    0x18: ("will_delay_interval", "u32", "will"),
    0x19: ("request_response_information", "bit", "connect"),
    0x1A: ("response_information", "text", "connack"),
    0x1C: ("server_reference", "text", "connack disconnect"),
    0x1F: ("reason_string", "text", "connack ack disconnect auth"),
    0x21: ("receive_maximum", "u16+", "connect connack"),
    0x22: ("topic_alias_maximum", "u16", "connect connack"),
    0x23: ("topic_alias", "u16+", "publish"),
    0x24: ("maximum_qos", "bit", "connack"),
    0x25: ("retain_available", "bit", "connack"),
    0x26: ("user_property", "pair", "connect connack publish will ack subscribe unsubscribe disconnect auth"),
    0x27: ("maximum_packet_size", "u32+", "connect connack"),
    0x28: ("wildcard_subscription_available", "bit", "connack"),
    0x29: ("subscription_identifier_available", "bit", "connack"),
    0x2A: ("shared_subscription_available", "bit", "connack"),
}
"""Identifier -> name, kind, packets. `+` is "not 0"; `ack` is PUBACK, PUBREC, PUBREL, PUBCOMP, SUBACK and UNSUBACK."""

_REPEATED = {"user_property": "*", "subscription_identifier": "publish"}
_READ: dict[str, Callable[[Reader], object]] = {
    "bit": Reader.u8,
    "u16": Reader.u16,
    "u32": Reader.u32,
    "varint": Reader.varint,
    "text": Reader.text,
    "topic": lambda reader: topic_name(reader.binary()),
    "binary": Reader.binary,
    "pair": lambda reader: (reader.text(), reader.text()),
}
_BY_ID = {key: (name, kind.rstrip("+"), kind.endswith("+"), set(packets.split())) for key, (name, kind, packets) in TABLE.items()}
_IDS = {name: (key, kind.rstrip("+")) for key, (name, kind, _packets) in TABLE.items()}


def read(reader: Reader, packet: str) -> Properties | None:
    """The properties that stand next, for a packet of TABLE's third column. Raises WireError."""
    length = reader.varint()
    if not length:
        return None
    begin = reader.skip(length)
    inner = Reader(reader.data, begin, begin + length)
    found: Properties = {}
    while not inner.done():
        key = inner.varint()
        if key not in _BY_ID:
            raise WireError(Code.MALFORMED, f"property 0x{key:02X} does not exist")
        name, kind, positive, packets = _BY_ID[key]
        if packet not in packets:
            raise WireError(Code.PROTOCOL_ERROR, f"property {name} does not belong to {packet}")
        _add(found, packet, name, _checked(name, kind, _READ[kind](inner), positive=positive))
    return found


def _checked(name: str, kind: str, value: object, *, positive: bool) -> object:
    if (positive and value == 0) or (kind == "bit" and value not in (0, 1)):
        code = Code.BAD_ALIAS if name == "topic_alias" else Code.PROTOCOL_ERROR
        raise WireError(code, f"property {name} is {value!r}")
    return value


def _add(found: Properties, packet: str, name: str, value: object) -> None:
    if _REPEATED.get(name) in ("*", packet):
        found.setdefault(name, []).append(value)
    elif name in found:
        raise WireError(Code.PROTOCOL_ERROR, f"property {name} comes twice")
    else:
        found[name] = value


def write(properties: Properties | None) -> bytes:
    """Length and properties, in the order of the dict."""
    if not properties:
        return b"\0"
    parts = []
    for name, value in properties.items():
        key, kind = _IDS[name]
        parts += [bytes((key,)) + _WRITE[kind](item) for item in (value if isinstance(value, list) else [value])]
    body = b"".join(parts)
    return varint(len(body)) + body


def varint(value: int) -> bytes:
    """Variable byte integer, 0 to 268,435,455. Raises ValueError beyond."""
    if not 0 <= value <= 268_435_455:
        raise ValueError(f"{value} does not fit a variable byte integer")
    parts = bytearray()
    while value > 127:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    parts.append(value)
    return bytes(parts)


def binary(raw: bytes | str) -> bytes:
    """Text or bytes with their length before them, at most 65,535."""
    data = raw.encode() if isinstance(raw, str) else raw
    return struct.pack(">H", len(data)) + data


_WRITE: dict[str, Callable[..., bytes]] = {
    "bit": lambda value: struct.pack(">B", value),
    "u16": lambda value: struct.pack(">H", value),
    "u32": lambda value: struct.pack(">I", value),
    "varint": varint,
    "text": binary,
    "topic": binary,
    "binary": binary,
    "pair": lambda pair: binary(pair[0]) + binary(pair[1]),
}
