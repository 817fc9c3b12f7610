"""Who asks. `Authorization: Bearer TOKEN`, nothing else: no cookies, no tokens in addresses.

A right token is remembered for two seconds, so that a page that asks often costs no hash each time and a revoked token is out within five.
Wrong ones are counted by address: past 30 at once, then one every two seconds, they are refused without a look.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable

from sensing.access import Identity, TokenBook, authenticate_token
from sensing.metrics import Metrics

_REMEMBER_S = 2.0
_MOST = 10_000
_BURST = 30.0
_REGAIN = 0.5
"""Wrong tokens a second that one address may go on with."""


class TooManyError(Exception):
    """This address has shown too many wrong tokens."""


class Guard:
    """Knows bearers. Safe for several threads: what races is only remembered or forgotten a moment early."""

    def __init__(self, book: TokenBook, metrics: Metrics, clock: Callable[[], float] = time.monotonic) -> None:
        self._book = book
        self._metrics = metrics
        self._clock = clock
        self._known: dict[bytes, tuple[Identity, float]] = {}
        self._wrong: dict[str, tuple[float, float]] = {}

    def identify(self, header: str | None, address: str) -> Identity | None:
        """The bearer; None when there is none or the token is wrong. Raises TooManyError."""
        scheme, _, text = (header or "").partition(" ")
        text = text.strip()
        if scheme.lower() != "bearer" or not text:
            return None
        now = self._clock()
        key = hashlib.sha256(text.encode("utf-8", "replace")).digest()
        found = self._known.get(key)
        if found is not None and found[1] > now:
            return found[0]
        self._known.pop(key, None)
        if self._spent(address, now) >= _BURST:
            self._metrics.count("sensing_logins_limited_total")
            raise TooManyError
        identity = authenticate_token(self._book, text)
        if identity is None:
            self._metrics.count("sensing_logins_failed_total")
            self._note_wrong(address, now)
            return None
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[key] = identity, now + _REMEMBER_S
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
