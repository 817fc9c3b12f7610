"""Who knocks how often: connection attempts by address, before a word is read.

A city behind one address (a carrier's NAT, a network server) may come back all at once: the burst is large, and what is let in costs one. A
refused CONNECT costs fifty, so whoever guesses, or floods with nonsense, is soon not listened to; it is forgiven as time goes by.
"""

from __future__ import annotations

import ipaddress

from .limits import Buckets

BURST = 20_000
_REFUSED = 49
"""What a refusal costs beside the attempt itself."""


class Arrivals:
    """Attempts by address. rate: attempts a second that one may go on with."""

    def __init__(self, rate: float) -> None:
        self._buckets = Buckets(rate, BURST)

    def admit(self, address: str, now: float) -> bool:
        """Count an attempt; whether it is listened to. Sockets without an address are."""
        if not address:
            return True
        bucket = self._buckets.of(network(address), now)
        if bucket.available(now) < 1:
            return False
        bucket.spend(1)
        return True

    def refused(self, address: str, now: float) -> None:
        """An attempt was no good."""
        if address:
            bucket = self._buckets.of(network(address), now)
            bucket.spend(min(_REFUSED, max(0, bucket.available(now))))

    def forget(self, now: float) -> None:
        """Drop those who have not come for a while."""
        self._buckets.forget(set(), now)


def network(address: str) -> str:
    """What one customer of a provider has: an address, or 64 bits of IPv6."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(found) if found.version == 4 else str(ipaddress.ip_network((found, 64), strict=False))
