"""One POST of one message: signed, to the address that was checked, without following anybody elsewhere.

Idempotency-Key: TARGET:THREAD-NUMBER                      the same however often it is sent
X-Sensing-Signature: t=SECONDS,v1=HEX                      HMAC-SHA-256 of `SECONDS.KEY.` and the body, under the target's secret
X-Sensing-Drill: 1                                         of all that is not live
"""

from __future__ import annotations

import contextlib
import hmac
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO

from sensing import __version__
from sensing.export.verdict import Fate, Verdict, judge

from .guard import ForbiddenTargetError, Target, parsed, resolved

_MOST_HEAD = 256 << 10
_WHOLE = 3
"""So many times the patience for one answer of the network is the patience for all of it: who sends a byte now and then is cut off."""


def signature(secret: bytes, key: str, body: bytes, at: int) -> str:
    """The header that proves who sent a body, and when (seconds)."""
    found = hmac.new(secret, f"{at}.{key}.".encode() + body, "sha256").hexdigest()
    return f"t={at},v1={found}"


class Webhook:
    """The way to one URL. loopback, private: what the settings allow it to reach."""

    def __init__(
        self, url: str, secret: bytes, *, loopback: bool = False, private: bool = False, timeout_s: float = 10.0,
        resolve: Callable[[Target], Target] | None = None,
    ) -> None:  # fmt: skip
        self._url, self._secret, self._timeout_s = url, secret, timeout_s
        self._loopback = loopback
        self._resolve = resolve or (lambda target: resolved(target, loopback=loopback, private=private))

    def send(self, key: str, body: bytes, *, drill: bool) -> Verdict:
        """What came of it. An address that is not to be spoken to is LOST: a person must mend it."""
        try:
            target = self._resolve(parsed(self._url, loopback=self._loopback))
        except ForbiddenTargetError as error:
            return Verdict(Fate.LOST, 0, str(error))
        except OSError as error:
            return Verdict(Fate.SILENT, 0, f"its name is not known: {type(error).__name__}")
        headers = {
            "Content-Type": "application/json; charset=utf-8", "User-Agent": f"urban-sensing/{__version__}", "Idempotency-Key": key,
            **({"X-Sensing-Drill": "1"} if drill else {}),
        }  # fmt: skip
        if self._secret:
            headers["X-Sensing-Signature"] = signature(self._secret, key, body, int(time.time()))
        return self._post(target, body, headers)

    def _post(self, target: Target, body: bytes, headers: Mapping[str, str]) -> Verdict:
        connection = _Straight(target, self._timeout_s)
        watch = threading.Timer(_WHOLE * self._timeout_s, connection.cut)
        watch.daemon = True
        watch.start()
        try:
            connection.request("POST", target.path, body, dict(headers))
            answer = connection.getresponse()  # its body is not read: nothing in it matters, and it may have no end
            connection.go_on()
            return judge(answer.status, dict(answer.getheaders()), "")
        except (OSError, ValueError, http.client.HTTPException) as error:
            return Verdict(Fate.SILENT, 0, f"no answer: {type(error).__name__}")
        finally:
            watch.cancel()
            connection.close()


class _Head:
    """The bytes of an answer's head, up to a bound: `100 Continue` may come again and again, faster than any patience ends."""

    def __init__(self, raw: BinaryIO) -> None:
        self._raw, self._left = raw, _MOST_HEAD

    def readline(self, most: int = -1) -> bytes:
        """A line. Raises HTTPException beyond the bound."""
        line = self._raw.readline(most)
        self._left -= len(line)
        if self._left < 0:
            raise http.client.HTTPException("its head has no end")
        return line

    def flush(self) -> None:
        """Nothing is written."""

    def close(self) -> None:
        """Release the socket."""
        self._raw.close()


class _Answer(http.client.HTTPResponse):
    """An answer of which no more than a head is read."""

    def __init__(self, sock: socket.socket, *arguments: Any, **more: Any) -> None:
        super().__init__(sock, *arguments, **more)
        self.fp: Any = _Head(self.fp)


class _Straight(http.client.HTTPConnection):
    """A connection to the address that was checked, under the name that was asked for. Knows no proxy and no redirect."""

    response_class = _Answer

    def __init__(self, target: Target, timeout_s: float) -> None:
        super().__init__(target.host, target.port, timeout=timeout_s)
        self._target = target
        self._over = False

    def connect(self) -> None:
        """Connect, over TLS where the URL says so."""
        self.sock = socket.create_connection((self._target.address, self._target.port), self.timeout)
        if self._target.scheme == "https":
            wrapped = ssl.create_default_context().wrap_socket(
                self.sock, server_hostname=self._target.host, do_handshake_on_connect=False
            )
            self.sock = wrapped  # before the handshake, which may be slow on purpose, too
            self.go_on()
            wrapped.do_handshake()
        self.go_on()

    def cut(self) -> None:
        """End it from another thread: whoever waits for the other side is told that it is gone."""
        self._over = True
        if self.sock is not None:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(self.sock, socket.SHUT_RDWR)  # not TLS's own, which may not be called from here

    def go_on(self) -> None:
        """Raises TimeoutError when it was cut."""
        if self._over:
            raise TimeoutError
