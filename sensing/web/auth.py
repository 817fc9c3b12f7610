"""Who asks: `Authorization: Bearer TOKEN` of a program, or the cookie of a person's session. No tokens in addresses.

Who was known is remembered for two seconds, so that a page that asks often costs no hash each time and a revoked token, a closed session
or another role is in force within five. Wrong tokens are counted by address: past 30 at once, then one every two seconds, they are refused
without a look. A cookie proves nothing alone where something changes: the page sends `X-CSRF-Token` beside it, which other sites cannot know.
Each identity has a rate (`http.max_rate`), whatever its number of connections.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable
from typing import Protocol

from sensing.access import Identity, TokenBook, authenticate_token
from sensing.metrics import Metrics
from sensing.mqtt.limits import Buckets
from sensing.registry.sessions import csrf

COOKIE, SECURE_COOKIE = "sensing", "__Host-sensing"
"""Without and with TLS: a browser takes the second one over TLS only, for this host only."""
_REMEMBER_S = 2.0
_MOST = 10_000
_BURST = 30.0
_REGAIN = 0.5
"""Wrong tokens a second that one address may go on with."""
_TIDY_EVERY_S = 60.0


class Book(TokenBook, Protocol):
    """Where tokens and sessions are looked up."""

    def live_session(self, text: str) -> Identity | None:
        """Who a cookie stands for."""


class TooManyError(Exception):
    """This address has shown too many wrong tokens, or this identity asks too often; `wait_s` is when to try again."""

    def __init__(self, wait_s: float = 30.0) -> None:
        super().__init__()
        self.wait_s = wait_s


class Guard:
    """Knows bearers and cookies. Safe for several threads: what races is only remembered or forgotten a moment early."""

    def __init__(
        self,
        book: Book,
        metrics: Metrics,
        clock: Callable[[], float] = time.monotonic,
        *,
        rate: float = 200.0,
        burst: int = 1_000,
    ) -> None:
        self._book = book
        self._metrics = metrics
        self._clock = clock
        self._known: dict[bytes, tuple[Identity, float]] = {}
        self._wrong: dict[str, tuple[float, float]] = {}
        self._buckets = Buckets(rate, burst)
        self._tidied = clock()

    def identify(self, header: str | None, address: str, cookie: str | None = None) -> Identity | None:
        """Who asks; None when there is nothing to go by, or it is wrong. A header, when there is one, alone counts. Raises TooManyError."""
        if header is None and cookie:
            return self._known_or(_digest(f"cookie {cookie}"), lambda: self._book.live_session(cookie))
        scheme, _, text = (header or "").partition(" ")
        text = text.strip()
        if scheme.lower() != "bearer" or not text:
            return None
        return self._known_or(_digest(text), lambda: self._bearer(text, address))

    def spend(self, identity: Identity) -> None:
        """One request of an identity. Raises TooManyError when it asks too often. Of one thread only: the loop's."""
        now = self._clock()
        bucket = self._buckets.of(identity.key or identity.name, now)
        if bucket.available(now) < 1:
            self._metrics.count("sensing_requests_limited_total")
            raise TooManyError(bucket.wait_s(now, 0))
        bucket.spend(1)
        if now - self._tidied > _TIDY_EVERY_S:
            self._tidied = now
            self._buckets.forget(set(), now)

    def forget(self, cookie: str) -> None:
        """A session that has been closed is out at once."""
        self._known.pop(_digest(f"cookie {cookie}"), None)

    def _known_or(self, key: bytes, look: Callable[[], Identity | None]) -> Identity | None:
        now = self._clock()
        found = self._known.get(key)
        if found is not None and found[1] > now:
            return found[0]
        self._known.pop(key, None)
        identity = look()
        if identity is not None:
            if len(self._known) >= _MOST:
                self._known.clear()
            self._known[key] = identity, now + _REMEMBER_S
        return identity

    def _bearer(self, text: str, address: str) -> Identity | None:
        now = self._clock()
        if self._spent(address, now) >= _BURST:
            self._metrics.count("sensing_logins_limited_total")
            raise TooManyError
        identity = authenticate_token(self._book, text)
        if identity is None:
            self._metrics.count("sensing_logins_failed_total")
            self._note_wrong(address, now)
        return identity

    def _spent(self, address: str, now: float) -> float:
        count, at = self._wrong.get(address, (0.0, now))
        return max(0.0, count - (now - at) * _REGAIN)

    def _note_wrong(self, address: str, now: float) -> None:
        if len(self._wrong) >= _MOST:
            self._wrong = {each: seen for each, seen in self._wrong.items() if self._spent(each, now) > 1}
            if len(self._wrong) >= _MOST:
                self._wrong.clear()
        self._wrong[address] = self._spent(address, now) + 1, now


def meant(cookie: str, said: str | None) -> bool:
    """Whether a request that a cookie came with was made by our own page."""
    return said is not None and hmac.compare_digest(csrf(cookie).encode(), said.encode("utf-8", "replace"))


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()
