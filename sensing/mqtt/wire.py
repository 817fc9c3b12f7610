"""MQTT 3.1.1 and 5 from bytes: no socket, no clock. `write.encode` is the other direction.

Rules of this file
- `Decoder.feed` never raises. What cannot be read ends its list as a WireError; after that it reads nothing more.
- The size of a packet is judged from its fixed header, before any of it is kept; so are its type and flags.
- The version is that of the CONNECT that was read (server), or the one given (client). Without one, only CONNECT is read.
- PUBLISH is read in line, everything else by `_READ`: a PUBLISH costs about one microsecond.
"""

from __future__ import annotations

from collections.abc import Callable

from . import packets as p
from . import properties
from .packets import V5, V311, Code, Packet, Publish
from .reading import Reader, WireError, topic_filter, topic_name
from .write import encode

__all__ = ["Decoder", "WireError", "encode"]

_FLAGS = {1: 0, 2: 0, 4: 0, 5: 0, 6: 2, 7: 0, 8: 2, 9: 0, 10: 2, 11: 0, 12: 0, 13: 0, 14: 0, 15: 0}
_HEADS = frozenset(kind << 4 | flags for kind, flags in _FLAGS.items())
"""First bytes that may open a packet other than PUBLISH (MQTT 5 table 2-2)."""
_TOPICS = 64
"""Topic names a decoder remembers, so that a stream's topic is decoded and checked once."""


class Decoder:
    """Bytes of one connection in any pieces; packets out. `max_packet` in bytes, fixed header included."""

    def __init__(self, max_packet: int = 268_435_460, version: int = 0) -> None:
        self.version = version
        self._max_packet = max_packet
        self._held: list[bytes] = []
        self._held_size = 0
        self._need = 0
        self._topics: dict[bytes, str] = {}
        self._broken = False

    def feed(self, data: bytes) -> list[Packet | WireError]:
        """Every packet that `data` completes, in order."""
        if self._broken:
            return []
        if self._held:
            self._held.append(data)
            self._held_size += len(data)
            if self._held_size < self._need:
                return []
            data = b"".join(self._held)
            self._held.clear()
        found: list[Packet | WireError] = []
        try:
            at = self._read(data, found)
        except WireError as error:
            self._broken = True
            found.append(error)
            return found
        if at < len(data):
            self._held.append(data[at:] if at else data)
            self._held_size = len(data) - at
        return found

    def _read(self, data: bytes, found: list[Packet | WireError]) -> int:  # noqa: C901, PLR0912 PUBLISH in line is the hot path
        """Append the packets of `data` to `found`; where the incomplete rest begins. Raises WireError."""
        at, end, topics = 0, len(data), self._topics
        while end - at >= 2:
            head, length, body = data[at], data[at + 1], at + 2
            if length > 127:
                if body < end and 0 < data[body] < 128:  # two bytes, as nearly every packet of ours has
                    length, body = length & 127 | data[body] << 7, body + 1
                else:
                    length, body = _length(data, at + 1)
            if head & 0xF0 != 0x30:
                self._check_head(head)
            elif head & 6 == 6 or head & 14 == 8 or not self.version:
                raise _bad_publish(head)
            stop = body + length
            if stop - at > self._max_packet:
                raise WireError(Code.TOO_LARGE, f"packet of {stop - at} bytes; {self._max_packet} are the limit")
            if stop > end or length < 0:
                self._need = stop - at if length >= 0 else end - at + 1
                return at
            if head & 0xF0 != 0x30:
                found.append(self._other(head, Reader(data, body, stop)))
            else:
                if length < 2:
                    raise WireError(Code.MALFORMED, "PUBLISH ends within its topic")
                after = body + 2 + (data[body] << 8 | data[body + 1])
                qos = head >> 1 & 3
                if after + 2 > stop and (qos or after > stop):
                    raise WireError(Code.MALFORMED, "PUBLISH ends within its topic or packet identifier")
                raw = data[body + 2 : after]
                topic = topics.get(raw) or self._topic(raw)
                pid = 0
                if qos:
                    pid = data[after] << 8 | data[after + 1]
                    after += 2
                    if not pid:
                        raise WireError(Code.PROTOCOL_ERROR, "PUBLISH has packet identifier 0")
                if self.version != V5:
                    more = None
                elif after < stop and not data[after]:
                    more = None
                    after += 1
                else:
                    reader = Reader(data, after, stop)
                    more = properties.read(reader, "publish")
                    after = reader.at
                if not topic and (more is None or "topic_alias" not in more):
                    raise WireError(Code.PROTOCOL_ERROR, "PUBLISH has neither topic nor alias")
                found.append(Publish(topic, data[after:stop], qos, pid, head & 8 != 0, head & 1 != 0, more))
            at = stop
        self._need = 2
        return at

    def _topic(self, raw: bytes) -> str:
        found = topic_name(raw)
        if len(self._topics) < _TOPICS:
            self._topics[raw] = found
        return found

    def _check_head(self, head: int) -> None:
        if head not in _HEADS:
            raise WireError(Code.MALFORMED, f"first byte 0x{head:02X} opens no packet")
        if not self.version and head != 0x10:
            raise WireError(Code.PROTOCOL_ERROR, "the first packet is not CONNECT")

    def _other(self, head: int, reader: Reader) -> Packet:
        packet = _READ[head >> 4](reader, self.version)
        if not reader.done():
            raise WireError(Code.MALFORMED, f"{type(packet).__name__.upper()} is {reader.stop - reader.at} bytes too long")
        if isinstance(packet, p.Connect):
            self.version = packet.version
        return packet


def _length(data: bytes, at: int) -> tuple[int, int]:
    """Remaining length and where the body begins; length -1 when its bytes have not all come. Raises WireError."""
    reader = Reader(data, at, min(len(data), at + 4))
    if len(data) < at + 4 and all(byte > 127 for byte in data[at:]):
        return -1, len(data)
    length = reader.varint()
    return length, reader.at


def _bad_publish(head: int) -> WireError:
    if head & 6 == 6:
        return WireError(Code.MALFORMED, "PUBLISH has QoS 3")
    if head & 14 == 8:
        return WireError(Code.MALFORMED, "PUBLISH has DUP at QoS 0")
    return WireError(Code.PROTOCOL_ERROR, "the first packet is not CONNECT")


def _connect(reader: Reader, _version: int) -> p.Connect:
    protocol, version = reader.binary(), reader.u8()
    if protocol not in (b"MQTT", b"MQIsdp"):
        raise WireError(Code.PROTOCOL_ERROR, f"protocol {protocol[:16]!r} is not MQTT")
    if protocol != b"MQTT" or version not in (V311, V5):
        raise WireError(Code.UNSUPPORTED_VERSION, f"MQTT level {version}; 4 (3.1.1) and 5 are spoken here")
    flags, keep_alive = reader.u8(), reader.u16()
    if flags & 1 or flags >> 3 & 3 == 3 or (not flags & 4 and flags & 0x38) or (version == V311 and flags & 0xC0 == 0x40):
        raise WireError(Code.MALFORMED, f"CONNECT flags are 0x{flags:02X}")
    more = properties.read(reader, "connect") if version == V5 else None
    if more and "authentication_data" in more and "authentication_method" not in more:
        raise WireError(Code.PROTOCOL_ERROR, "authentication data without a method")
    client_id = reader.text()
    will = _will(reader, flags, version) if flags & 4 else None
    username = reader.text() if flags & 0x80 else None
    password = reader.binary() if flags & 0x40 else None
    return p.Connect(client_id, version, bool(flags & 2), keep_alive, username, password, will, more)


def _will(reader: Reader, flags: int, version: int) -> p.Will:
    more = properties.read(reader, "will") if version == V5 else None
    topic = topic_name(reader.binary())
    if not topic:
        raise WireError(Code.PROTOCOL_ERROR, "the will has no topic")
    return p.Will(topic, reader.binary(), flags >> 3 & 3, bool(flags & 0x20), more)


def _connack(reader: Reader, version: int) -> p.Connack:
    flags, code = reader.u8(), reader.u8()
    if flags > 1:
        raise WireError(Code.MALFORMED, f"CONNACK flags are 0x{flags:02X}")
    return p.Connack(bool(flags), code, properties.read(reader, "connack") if version == V5 else None)


def _ack(kind: type[p.Puback]) -> Callable[[Reader, int], Packet]:
    def read(reader: Reader, version: int) -> p.Puback:
        pid = reader.pid()
        code, more = _reason(reader, version, "ack")
        return kind(pid, code, more)

    return read


def _reason(reader: Reader, version: int, packet: str) -> tuple[int, p.Properties | None]:
    """Reason code and properties, both of which MQTT 5 may leave out at the end."""
    if version != V5 or reader.done():
        return 0, None
    code = reader.u8()
    return code, None if reader.done() else properties.read(reader, packet)


def _subscribe(reader: Reader, version: int) -> p.Subscribe:
    pid = reader.pid()
    more = properties.read(reader, "subscribe") if version == V5 else None
    filters: list[tuple[str, int]] = []
    while not reader.done():
        name, options = topic_filter(reader.binary()), reader.u8()
        reserved = 0xC0 if version == V5 else 0xFC
        if options & reserved or options & 3 == 3 or options & 0x30 == 0x30:
            raise WireError(Code.MALFORMED, f"subscription options are 0x{options:02X}")
        filters.append((name, options))
    if not filters:
        raise WireError(Code.PROTOCOL_ERROR, "SUBSCRIBE has no filter")
    return p.Subscribe(pid, tuple(filters), more)


def _suback(reader: Reader, version: int) -> p.Suback:
    pid = reader.pid()
    more = properties.read(reader, "ack") if version == V5 else None
    return p.Suback(pid, _rest(reader), more)


def _unsubscribe(reader: Reader, version: int) -> p.Unsubscribe:
    pid = reader.pid()
    more = properties.read(reader, "unsubscribe") if version == V5 else None
    filters: list[str] = []
    while not reader.done():
        filters.append(topic_filter(reader.binary()))
    if not filters:
        raise WireError(Code.PROTOCOL_ERROR, "UNSUBSCRIBE has no filter")
    return p.Unsubscribe(pid, tuple(filters), more)


def _unsuback(reader: Reader, version: int) -> p.Unsuback:
    pid = reader.pid()
    if version != V5:
        return p.Unsuback(pid)
    more = properties.read(reader, "ack")
    return p.Unsuback(pid, _rest(reader), more)


def _rest(reader: Reader) -> tuple[int, ...]:
    begin = reader.skip(reader.stop - reader.at)
    return tuple(reader.data[begin : reader.stop])


def _disconnect(reader: Reader, version: int) -> p.Disconnect:
    return p.Disconnect(*_reason(reader, version, "disconnect"))


def _auth(reader: Reader, version: int) -> p.Auth:
    if version != V5:
        raise WireError(Code.MALFORMED, "AUTH is not of MQTT 3.1.1")
    return p.Auth(*_reason(reader, version, "auth"))


_READ: dict[int, Callable[[Reader, int], Packet]] = {
    1: _connect,
    2: _connack,
    4: _ack(p.Puback),
    5: _ack(p.Pubrec),
    6: _ack(p.Pubrel),
    7: _ack(p.Pubcomp),
    8: _subscribe,
    9: _suback,
    10: _unsubscribe,
    11: _unsuback,
    12: lambda _reader, _version: p.Pingreq(),
    13: lambda _reader, _version: p.Pingresp(),
    14: _disconnect,
    15: _auth,
}
