"""Buckets of time: days begin at local midnight, weeks on Monday, all else is counted from the epoch.

A bucket is begin <= t < end for instants. A value of a period belongs where its period lies: begin < time <= end, so that the rain of
10:00 to 11:00, which is told at 11:00, falls into the bucket of ten o'clock.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from sensing import times
from sensing.model import Micros

_MONDAY = 4
"""The epoch was a Thursday."""


class Buckets(Struct, frozen=True):
    """every: microseconds, None for one bucket over all. zone: microseconds east of UTC."""

    every: Micros | None
    zone: Micros

    @property
    def shift(self) -> Micros:
        """What is added to an instant before it is divided."""
        if self.every is None or self.every % times.DAY:
            return 0
        return self.zone - _MONDAY * times.DAY if self.every % (7 * times.DAY) == 0 else self.zone

    def of(self, time: Any, period: Any) -> Any:
        """The number of the bucket of each instant. time: an array of microseconds; period: an array of bool."""
        import numpy as np

        if self.every is None:
            return np.zeros(len(time), dtype=np.int64)
        return (time - period + self.shift) // self.every

    def begin(self, number: Any) -> Any:
        """When a bucket, or an array of them, begins. Not for the one over all."""
        assert self.every is not None
        return number * self.every - self.shift
