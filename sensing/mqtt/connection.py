"""A socket and its dialogue: asyncio calls in, bytes out.

All connections read into one buffer: asyncio's own would be 256 KiB a read, which costs half the rate with 1,000 slow devices.
"""

from __future__ import annotations

import asyncio
import socket

from sensing import logs

from . import peers
from .arrivals import Arrivals
from .desk import Desk
from .dialogue import Dialogue

_BUFFER = 65_536
_LINGER_S = 5.0
_CHOKED_S = 60.0
_buffer = memoryview(bytearray(_BUFFER))
_log = logs.get("door")


class Connection(asyncio.BufferedProtocol):
    """One client's socket. `open_ones` is the door's set of live connections, which this one joins and leaves."""

    def __init__(self, desk: Desk, open_ones: set[Connection], most: int, arrivals: Arrivals) -> None:
        self.dialogue = Dialogue(desk, self)
        self._desk = desk
        self._open = open_ones
        self._most = most
        self._arrivals = arrivals
        self._transport: asyncio.Transport
        self._closing: float | None = None
        self._choked: float | None = None
        self._wanted = True

    # asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.dialogue.address = peers.address(transport)
        self.dialogue.certificate = peers.certificate(transport)
        if not self._arrivals.admit(self.dialogue.address, self._desk.clock()[0]):
            self._desk.turned_away("too_many_attempts")
            transport.abort()
            return
        if len(self._open) >= self._most:
            _log.warning("connection_refused", reason="too_many", limit=self._most)
            transport.abort()
            return
        found = transport.get_extra_info("socket")
        if found is not None and found.family in (socket.AF_INET, socket.AF_INET6):
            # a peer that vanished without a word, and wants no keep-alive, is found by TCP
            found.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._open.add(self)

    def get_buffer(self, _sizehint: int) -> memoryview:
        return _buffer

    def buffer_updated(self, nbytes: int) -> None:
        self.dialogue.receive(bytes(_buffer[:nbytes]))

    def eof_received(self) -> bool:
        # TLS cannot stay half open
        return self.dialogue.end() and self._transport.get_extra_info("sslcontext") is None

    def connection_lost(self, _error: Exception | None) -> None:
        self._open.discard(self)
        self.dialogue.lost()

    def pause_writing(self) -> None:
        """The peer does not take its acknowledgements: read no more of what it says."""
        self._choked = self._desk.clock()[0]
        self._set_reading()

    def resume_writing(self) -> None:
        self._choked = None
        self._set_reading()

    # The dialogue's side

    @property
    def choked(self) -> bool:
        """Whether the peer leaves what was written to it."""
        return self._choked is not None

    def write(self, data: bytes) -> None:
        self._transport.write(data)

    def close(self) -> None:
        if self._closing is None:
            self._closing = self._desk.clock()[0]
            self._transport.close()

    def read_more(self, wanted: bool) -> None:
        self._wanted = wanted
        self._set_reading()

    # The door's side

    def abort(self) -> None:
        self._transport.abort()

    def check(self, now: float) -> bool:
        """Hang up on who takes too long to close or to read; True when the client has been silent for too long."""
        if self._closing is not None and now - self._closing > _LINGER_S:
            self._transport.abort()
        elif self._choked is not None:
            if now - self._choked > _CHOKED_S:
                self._transport.abort()
        elif self.dialogue.overdue(now):
            return True
        return False

    def _set_reading(self) -> None:
        if self._transport.is_closing():
            return
        if self._wanted and self._choked is None:
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()
