"""How fast a principal may publish, and how many files the process may open."""

from __future__ import annotations

import resource


class Bucket:
    """Tokens that come back at `rate` a second, up to `burst`. One publish is one token; times are seconds of any clock."""

    def __init__(self, rate: float, burst: int, now: float) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = float(burst)
        self._at = now

    def available(self, now: float) -> int:
        """Whole tokens there are."""
        self._tokens = min(float(self._burst), self._tokens + max(0.0, now - self._at) * self._rate)
        self._at = now
        return int(self._tokens)

    def spend(self, tokens: int) -> None:
        self._tokens -= tokens

    def full(self, now: float) -> bool:
        """Whether it may be forgotten: a new one would be the same."""
        return self.available(now) >= self._burst

    def wait_s(self, now: float, used: int) -> float:
        """How long until there is a token again when `used` more are spent; at least 10 ms, so that waking is worth it."""
        return max(0.01, (1 + used - self._tokens - max(0.0, now - self._at) * self._rate) / self._rate)


class Buckets:
    """A bucket a principal, shared by all its connections and outliving them, so that reconnecting gains nothing."""

    def __init__(self, rate: float, burst: int) -> None:
        self._rate = rate
        self._burst = burst
        self._found: dict[str, Bucket] = {}

    def of(self, principal: str, now: float) -> Bucket:
        """The principal's bucket."""
        bucket = self._found.get(principal)
        if bucket is None:
            bucket = self._found[principal] = Bucket(self._rate, self._burst, now)
        return bucket

    def forget(self, connected: set[str], now: float) -> None:
        """Drop full buckets of those who are not connected."""
        self._found = {name: found for name, found in self._found.items() if name in connected or not found.full(now)}


def open_files(wanted: int) -> int:
    """Raise the soft limit on open files towards `wanted`, as far as the hard limit allows; returns the limit now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    goal = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < goal:
        resource.setrlimit(resource.RLIMIT_NOFILE, (goal, hard))
        return goal
    return soft
