"""One POST of one message: signed, to the address that was checked, without following anybody elsewhere.

Idempotency-Key: TARGET:THREAD-NUMBER                      the same however often it is sent
X-Sensing-Signature: t=SECONDS,v1=HEX                      HMAC-SHA-256 of `SECONDS.KEY.` and the body, under the target's secret
X-Sensing-Drill: 1                                         of all that is not live
"""

from __future__ import annotations

import hmac
import http.client
import socket
import ssl
import time
from collections.abc import Callable, Mapping

from sensing import __version__
from sensing.export.verdict import Fate, Verdict, judge

from .guard import ForbiddenTargetError, Target, parsed, resolved

_MOST_ANSWER = 4_096


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
        try:
            connection.request("POST", target.path, body, dict(headers))
            answer = connection.getresponse()
            text = answer.read(_MOST_ANSWER).decode("utf-8", "replace")
            return judge(answer.status, dict(answer.getheaders()), text)
        except (OSError, http.client.HTTPException) as error:
            return Verdict(Fate.SILENT, 0, f"no answer: {type(error).__name__}")
        finally:
            connection.close()


class _Straight(http.client.HTTPConnection):
    """A connection to the address that was checked, under the name that was asked for. Knows no proxy and no redirect."""

    def __init__(self, target: Target, timeout_s: float) -> None:
        super().__init__(target.host, target.port, timeout=timeout_s)
        self._target = target

    def connect(self) -> None:
        """Connect, over TLS where the URL says so."""
        plain = socket.create_connection((self._target.address, self._target.port), self.timeout)
        self.sock = plain
        if self._target.scheme == "https":
            self.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=self._target.host)
