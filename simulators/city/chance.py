"""Chance in columns: one draw for each device and time, by counting, not by remembering.

A draw is a hash (splitmix64's finaliser: G. L. Steele, D. Lea, C. H. Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014)
of (device's key, what it is for, time), so the same question has the same answer in any order, block or process.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Keys = NDArray[np.uint64]
Times = NDArray[np.int64]

_STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


def word_key(*words: object) -> int:
    """64 bits that belong to some words."""
    return int.from_bytes(blake2b("|".join(map(str, words)).encode(), digest_size=8).digest(), "big")


def device_keys(seed: int, names: Sequence[str]) -> Keys:
    """A key for each device, shape (len(names),)."""
    return np.array([word_key(seed, name) for name in names], dtype=np.uint64)


def draws(keys: Keys, use: str, times: Times) -> Floats:
    """Uniform draws from -1 to 1, shape (len(keys), len(times)); `use` keeps noises apart that one device makes at one time."""
    mixed = keys[:, None] ^ _mixed(times.astype(np.uint64)[None, :] + np.uint64(word_key(use)))
    return (_mixed(mixed) >> np.uint64(11)).astype(np.float64) * 2.0**-52 - 1.0


def traits(keys: Keys, use: str, low: float, high: float) -> Floats:
    """What a device keeps for life: uniform from low to high, shape (len(keys),)."""
    return low + (high - low) * 0.5 * (1.0 + draws(keys, use, np.zeros(1, np.int64))[:, 0])


def wander(keys: Keys, use: str, times: Times, step: int) -> Floats:
    """A slow random course from -1 to 1: draws every `step` microseconds, straight lines between. Shape as `draws`."""
    slots, within = np.divmod(times, step)
    first = slots.min() if len(slots) else 0
    knots = draws(keys, use, np.arange(first, (slots.max() if len(slots) else 0) + 2))
    share = within / step
    at = slots - first
    return knots[:, at] * (1.0 - share) + knots[:, at + 1] * share


def _mixed(bits: Keys) -> Keys:
    with np.errstate(over="ignore"):
        bits = bits + _STEP
        bits = (bits ^ (bits >> np.uint64(30))) * _FIRST
        bits = (bits ^ (bits >> np.uint64(27))) * _SECOND
        return bits ^ (bits >> np.uint64(31))
