"""One MQTT 3.1.1 connection of a simulated gateway: QoS 1 publishes, a window of them in flight, answers counted. Nothing else.

A general client costs 100 microseconds a message and would be the slowest part of a storm; this one costs about three, and its bytes are
those of any other. Packets are those of MQTT 3.1.1 section 3; a broker's acknowledgements come in the order of the publishes (4.6).

    Line.put      queue -> (window) -> socket        what was put stays in `queue` until its PUBACK is there
    Line.opened   a new connection begins with the oldest that was not acknowledged
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

from .said import Sent

WINDOW = 100
"""Publishes that wait for their acknowledgement at once."""
KEEPALIVE_S = 60
_CLEAN, _USER, _PASSWORD = 0x02, 0x80, 0x40
_CONNACK, _PUBLISH, _PUBACK = 2, 3, 4
_PING = b"\xc0\x00"
_GOODBYE = b"\xe0\x00"
CLOCKS = "sensing/v1/clock/"
_PATIENCE = 3
"""Breaths without a word from the other side, after which it is taken for gone."""
REFUSED = frozenset({4, 5})
"""CONNACK codes that say no to who we are: bad user name or password, not authorised."""


class RefusedError(ConnectionError):
    """The broker does not let us in."""


class Target(NamedTuple):
    """Where to play to. username: under which all connections go; None: each gateway under its own name."""

    host: str
    port: int
    tls: ssl.SSLContext | None = None
    username: str | None = None


class Line(asyncio.Protocol):
    """A gateway's line: what waits to be sent, oldest first, and the connection there is, if any.

    client_id, username, password: whom it connects as. topics: what it listens to. on_room: called when the queue has become shorter.
    clock: the last acknowledged frame that told the time. refused: the CONNACK code of this connection, None before it.
    """

    def __init__(
        self, client_id: str, username: str, password: str, topics: Sequence[str] = (), on_room: Callable[[], None] = lambda: None
    ) -> None:
        self._hello = hello(client_id, username, password)
        self._topics = topics
        self._on_room = on_room
        self.queue: deque[Sent] = deque()
        self.sent = self.clocks = self.answers = self.connections = 0
        self.refused: int | None = None
        self.clock: Sent | None = None
        self.closed = asyncio.Event()
        self.let_in = False
        self._transport: asyncio.Transport | None = None
        self._flying: deque[int] = deque()
        self._acked: set[int] = set()
        self._next_id = self._unheard = 0
        self._rest = b""
        self._paused = self._flushing = self._quiet = False

    def put(self, frame: Sent) -> None:
        """Take a frame; it is sent when its turn comes."""
        self.queue.append(frame)
        if not self._flushing and self.let_in:
            self._flushing = True
            asyncio.get_running_loop().call_soon(self._push)

    def drop(self) -> None:
        """Break the connection without a word, as a network does."""
        if self._transport is not None:
            self._transport.abort()

    def part(self) -> None:
        """Say goodbye and hang up."""
        if self._transport is not None:
            if self.let_in:
                self._transport.write(_GOODBYE)
            self._transport.close()

    def breathe(self) -> None:
        """Called now and then: a PINGREQ when nothing was said since the last time; the end, when nothing was heard for long."""
        self._unheard += 1
        if self._unheard >= _PATIENCE or not self.let_in:
            self.drop()
        elif self._quiet and self._transport is not None:
            self._transport.write(_PING)
        self._quiet = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._rest, self._unheard = transport, b"", 0
        self.refused, self._paused = None, False
        self._flying.clear()
        self._acked.clear()
        transport.write(self._hello)

    def connection_lost(self, _error: Exception | None) -> None:
        """See asyncio.Protocol."""
        self._transport, self.let_in = None, False
        self.closed.set()

    def pause_writing(self) -> None:
        """See asyncio.Protocol."""
        self._paused = True

    def resume_writing(self) -> None:
        """See asyncio.Protocol."""
        self._paused = False
        self._push()

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol: packets, whole or not."""
        self._unheard = 0
        data = self._rest + data if self._rest else data
        at, end, acked = 0, len(data), len(self.queue)
        while end - at >= 2:
            length, size = data[at + 1], 2
            if length & 128:
                length, size = _length(data, at + 1)
            if not size or at + size + length > end:
                break
            start = at + size
            at = start + length
            if data[start - size] == 0x40:
                self._answered(data[start] << 8 | data[start + 1])
            else:
                self._heard(data[start - size], data[start:at])
        self._rest = data[at:]
        if len(self.queue) < acked:
            self._push()
            self._on_room()

    def _answered(self, number: int) -> None:
        flying = self._flying
        self._acked.add(number)
        while flying and flying[0] in self._acked:
            self._acked.discard(flying.popleft())
            frame = self.queue.popleft()
            if frame.topic.startswith(CLOCKS):
                self.clock = frame
                self.clocks += 1
            else:
                self.sent += 1

    def _heard(self, head: int, body: bytes) -> None:
        kind = head >> 4
        if kind == _CONNACK:
            self.refused = body[1]
            if body[1]:
                self.drop()
                return
            self.let_in = True
            self.connections += 1
            assert self._transport is not None
            if self._topics:
                self._transport.write(subscribe(self._topics))
            self._push()
        elif kind == _PUBLISH:
            self.answers += 1
            if head & 6 and self._transport is not None:
                at = 2 + (body[0] << 8 | body[1])
                self._transport.write(b"\x40\x02" + body[at : at + 2])

    def _push(self) -> None:
        """Write as much as the window takes."""
        self._flushing = False
        transport, flying = self._transport, self._flying
        room = min(WINDOW, len(self.queue)) - len(flying)
        if transport is None or not self.let_in or self._paused or room <= 0:
            return
        first, packets, number = len(flying), [], self._next_id
        queue = self.queue
        for index in range(first, first + room):
            number = number % 65_535 + 1
            flying.append(number)
            frame = queue[index]
            packets.append(publish(frame.topic, frame.payload, number))
        self._next_id, self._quiet = number, False
        transport.write(b"".join(packets))


def hello(client_id: str, username: str, password: str) -> bytes:
    """CONNECT of a clean session."""
    flags = _CLEAN | (_USER if username else 0) | (_PASSWORD if password else 0)
    body = b"\x00\x04MQTT\x04" + bytes([flags]) + KEEPALIVE_S.to_bytes(2, "big") + _text(client_id)
    body += (_text(username) if username else b"") + (_text(password) if password else b"")
    return b"\x10" + _varint(len(body)) + body


def subscribe(topics: Sequence[str]) -> bytes:
    """SUBSCRIBE to topics, QoS 1."""
    body = b"\xff\xff" + b"".join(_text(topic) + b"\x01" for topic in topics)
    return b"\x82" + _varint(len(body)) + body


def publish(topic: str, payload: bytes, number: int) -> bytes:
    """PUBLISH, QoS 1."""
    head = _topic(topic)
    return b"\x32%b%b%b%b" % (_varint(len(head) + 2 + len(payload)), head, number.to_bytes(2, "big"), payload)


def _text(text: str) -> bytes:
    raw = text.encode()
    return len(raw).to_bytes(2, "big") + raw


@lru_cache(maxsize=4096)
def _topic(topic: str) -> bytes:
    return _text(topic)


@lru_cache(maxsize=4096)
def _varint(number: int) -> bytes:
    """A remaining length (2.2.3)."""
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def _length(data: bytes, at: int) -> tuple[int, int]:
    """(remaining length, size of the fixed header) of a length of several bytes; (0, 0) while it is not all there."""
    value = shift = 0
    for index in range(at, min(at + 4, len(data))):
        value |= (data[index] & 127) << shift
        shift += 7
        if data[index] < 128:
            return value, index - at + 2
    return 0, 0
