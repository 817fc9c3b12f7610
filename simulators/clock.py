"""A run's own time, and its chance: both seeded, neither looks at the host.

Virtual time is microseconds since 1970-01-01 UTC. The player asks how long to wait; nobody else knows how fast time goes.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from hashlib import blake2b

from sensing.model import Micros
from sensing.times import SECOND

MAX_SPEED = math.inf


@dataclass(frozen=True)
class Clock:
    """Virtual time of a run. start: where it begins; speed: virtual seconds in a real one, MAX_SPEED for "do not wait"."""

    start: Micros
    speed: float = 1.0

    def __post_init__(self) -> None:
        if not self.speed > 0:
            raise ValueError(f"speed {self.speed} is not above 0")

    def wait_s(self, time: Micros, elapsed_s: float) -> float:
        """Real seconds still to wait for virtual `time`, `elapsed_s` real seconds after the start; never below 0."""
        return max(0.0, (time - self.start) / SECOND / self.speed - elapsed_s)


def dice(seed: int, *words: object) -> random.Random:
    """Chance that belongs to `words` alone: asking in another order, or for more, changes nothing."""
    return random.Random("|".join(str(word) for word in (seed, *words)))


def jitter(seed: int, *words: object) -> float:
    """One draw from -1 to 1, as stable as `dice` and much cheaper."""
    text = "|".join(str(word) for word in (seed, *words))
    return int.from_bytes(blake2b(text.encode(), digest_size=4).digest(), "big") / 0x7FFFFFFF - 1.0
