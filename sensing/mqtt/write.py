"""Packets to bytes, for both sides: the door answers, tests and benchmarks speak as clients.

Values are written as given: what the specification forbids can be written too, for tests need it.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct
from typing import Any

from . import packets as p
from .packets import V5, Packet, Properties
from .properties import binary, varint
from .properties import write as properties

_U16 = Struct(">H").pack
_ACKS = {p.Puback: 0x40, p.Pubrec: 0x50, p.Pubrel: 0x62, p.Pubcomp: 0x70}
short_ack = Struct(">HH").pack
"""`short_ack(0x4002, pid)` is PUBACK, `0x5002` PUBREC, `0x7002` PUBCOMP, all successful, in both versions."""
PINGRESP = b"\xd0\0"


def encode(packet: Packet, version: int = p.V311) -> bytes:
    """The packet on the wire in this version; a Connect states its own."""
    return _WRITERS[type(packet)](packet, version)


def _framed(head: int, body: bytes) -> bytes:
    return bytes((head,)) + varint(len(body)) + body


def _extra(value: Properties | None, version: int) -> bytes:
    return properties(value) if version == V5 else b""


def _connect(packet: p.Connect, _version: int) -> bytes:
    version, will = packet.version, packet.will
    flags = packet.clean << 1
    parts = [binary(packet.client_id)]
    if will is not None:
        flags |= 4 | will.qos << 3 | will.retain << 5
        parts += [_extra(will.properties, version), binary(will.topic), binary(will.payload)]
    if packet.username is not None:
        flags |= 0x80
        parts.append(binary(packet.username))
    if packet.password is not None:
        flags |= 0x40
        parts.append(binary(packet.password))
    head = b"\0\4MQTT" + bytes((version, flags)) + _U16(packet.keep_alive) + _extra(packet.properties, version)
    return _framed(0x10, head + b"".join(parts))


def _connack(packet: p.Connack, version: int) -> bytes:
    return _framed(0x20, bytes((packet.session_present, packet.code)) + _extra(packet.properties, version))


def _publish(packet: p.Publish, version: int) -> bytes:
    head = 0x30 | packet.dup << 3 | packet.qos << 1 | packet.retain
    pid = _U16(packet.pid) if packet.qos else b""
    return _framed(head, binary(packet.topic) + pid + _extra(packet.properties, version) + packet.payload)


def _ack(packet: p.Puback, version: int) -> bytes:
    body = _U16(packet.pid)
    if version == V5 and (packet.code or packet.properties):
        body += bytes((packet.code,)) + (properties(packet.properties) if packet.properties else b"")
    return _framed(_ACKS[type(packet)], body)


def _subscribe(packet: p.Subscribe, version: int) -> bytes:
    filters = b"".join(binary(name) + bytes((options,)) for name, options in packet.filters)
    return _framed(0x82, _U16(packet.pid) + _extra(packet.properties, version) + filters)


def _suback(packet: p.Suback, version: int) -> bytes:
    return _framed(0x90, _U16(packet.pid) + _extra(packet.properties, version) + bytes(packet.codes))


def _unsubscribe(packet: p.Unsubscribe, version: int) -> bytes:
    return _framed(0xA2, _U16(packet.pid) + _extra(packet.properties, version) + b"".join(map(binary, packet.filters)))


def _unsuback(packet: p.Unsuback, version: int) -> bytes:
    codes = bytes(packet.codes) if version == V5 else b""
    return _framed(0xB0, _U16(packet.pid) + _extra(packet.properties, version) + codes)


def _ending(head: int) -> Callable[[Any, int], bytes]:
    def write(packet: p.Disconnect | p.Auth, version: int) -> bytes:
        if version != V5 or not (packet.code or packet.properties):
            return _framed(head, b"")
        return _framed(head, bytes((packet.code,)) + (properties(packet.properties) if packet.properties else b""))

    return write


_WRITERS: dict[type, Callable[[Any, int], bytes]] = {
    p.Connect: _connect,
    p.Connack: _connack,
    p.Publish: _publish,
    p.Puback: _ack,
    p.Pubrec: _ack,
    p.Pubrel: _ack,
    p.Pubcomp: _ack,
    p.Subscribe: _subscribe,
    p.Suback: _suback,
    p.Unsubscribe: _unsubscribe,
    p.Unsuback: _unsuback,
    p.Pingreq: lambda _packet, _version: b"\xc0\0",
    p.Pingresp: lambda _packet, _version: PINGRESP,
    p.Disconnect: _ending(0xE0),
    p.Auth: _ending(0xF0),
}
