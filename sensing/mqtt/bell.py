"""Wakes a thread that waits for a socket when another thread has something for it (the self-pipe trick, once a wait)."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
from typing import Any

READ, WRITE = select.POLLIN, select.POLLOUT


class Bell:
    """`ring` from any thread; `wait` from one. poll() knows no highest file descriptor, unlike select()."""

    def __init__(self) -> None:
        self._ear, self._clapper = socket.socketpair()
        self._ear.setblocking(False)
        self._clapper.setblocking(False)
        self._ringing = False

    def ring(self) -> None:
        """End the wait that is on, or the next one. What it is about must be in its queue before."""
        if not self._ringing:
            self._ringing = True
            with contextlib.suppress(OSError):  # full: it rings already; closed: nobody listens any more
                self._clapper.send(b"!")

    def wait(self, timeout_s: float, connection: Any = None, events: int = 0) -> bool:
        """Until somebody rings, the time is over, or `connection` has one of `events` or is gone.

        Whether to read from the connection now; TLS may hold bytes that no poll can see.
        """
        held = bool(events & READ) and isinstance(connection, ssl.SSLSocket) and connection.pending() > 0
        poll = select.poll()
        poll.register(self._ear, READ)
        if connection is not None:
            poll.register(connection, events)
        ready = dict(poll.poll(0 if held else timeout_s * 1000))
        if ready.pop(self._ear.fileno(), 0):
            with contextlib.suppress(BlockingIOError):
                self._ear.recv(64)
        self._ringing = False  # before the caller looks into its queues: whoever adds to them later rings again
        return held or any(found & ~WRITE for found in ready.values())

    def close(self) -> None:
        self._ear.close()
        self._clapper.close()
