"""How many wrong passwords are looked at: by address, and by account. Nobody can shut a person out by guessing at their name.

An address has 20 attempts at once, then one every 5 s. An account has 10 from addresses that it never signed in from, all of them
together, then one every 10 s; each address that it did sign in from has as many of its own, which strangers cannot spend. A right password costs nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock

from sensing.mqtt.arrivals import network
from sensing.mqtt.limits import Bucket

from .auth import TooManyError

ADDRESS = (0.2, 20)
ACCOUNT = (0.1, 10)
"""Attempts a second, and at once."""
_MOST = 20_000


class Patience:
    """Counts attempts to sign in. at_home: whether an account has signed in from an address before. Safe for several threads."""

    def __init__(self, at_home: Callable[[str, str], bool], clock: Callable[[], float] = time.monotonic) -> None:
        self._at_home = at_home
        self._clock = clock
        self._lock = Lock()
        self._buckets: dict[tuple[str, ...], Bucket] = {}

    def attempt(self, account: str, address: str) -> Callable[[], None]:
        """Count an attempt before it is looked at; call what it gives when the password was right. Raises TooManyError."""
        net = network(address)
        mine = ("account", account, net) if self._at_home(account, address) else ("account", account)
        with self._lock:
            now = self._clock()
            chosen = [self._bucket(("address", net), *ADDRESS, now), self._bucket(mine, *ACCOUNT, now)]
            waits = [bucket.wait_s(now, 0) for bucket in chosen if bucket.available(now) < 1]
            if waits:
                raise TooManyError(max(waits))
            for bucket in chosen:
                bucket.spend(1)

        def right() -> None:
            with self._lock:
                for bucket in chosen:
                    bucket.spend(-1)

        return right

    def _bucket(self, key: tuple[str, ...], rate: float, burst: int, now: float) -> Bucket:
        if len(self._buckets) >= _MOST:
            self._buckets = {name: found for name, found in self._buckets.items() if not found.full(now)}
            if len(self._buckets) >= _MOST:
                self._buckets.clear()
        return self._buckets.setdefault(key, Bucket(rate, burst, now))
