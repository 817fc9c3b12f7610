"""Chance that is smooth in space and time: a few travelling waves of seeded lengths, periods and phases (random Fourier features,
Rahimi and Recht 2007). Every place and time has its value by itself, so blocks and order do not matter.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ..clock import dice
from .sites import Sites

Array = NDArray[np.float64]


def smooth(seed: int, word: str, sites: Sites, hours: Array, *, km: float, h: float, waves: int = 6) -> Array:
    """Shape (places, times): mean 0, variance 1, nearly normal. km, h: how far and how long it stays much the same. hours: since the epoch."""
    chance = dice(seed, "noise", word)
    total = np.zeros((sites.count, len(hours)))
    for _ in range(waves):
        bearing, phase = chance.uniform(0, 2 * math.pi), chance.uniform(0, 2 * math.pi)
        length, period = chance.uniform(0.6, 1.6) * 4.4 * km, chance.uniform(0.6, 1.6) * 4.4 * h
        here = (sites.east * math.sin(bearing) + sites.north * math.cos(bearing)) * (2 * math.pi / length) + phase
        now = np.mod(hours, period) * (2 * math.pi / period)
        total += np.cos(here)[:, None] * np.cos(now)[None, :] - np.sin(here)[:, None] * np.sin(now)[None, :]
    return np.asarray(total * math.sqrt(2.0 / waves))


def own(seed: int, word: str, sites: Sites, hours: Array, *, h: float, waves: int = 4) -> Array:
    """The same, but each place for itself: what its neighbours do not share."""
    chance = dice(seed, "own", word)
    total = np.zeros((sites.count, len(hours)))
    for _ in range(waves):
        turns, period = chance.uniform(3.0, 40.0), chance.uniform(0.6, 1.6) * 4.4 * h
        here = sites.phase * (2 * math.pi * turns) + chance.uniform(0, 2 * math.pi)
        now = np.mod(hours, period) * (2 * math.pi / period)
        total += np.cos(here)[:, None] * np.cos(now)[None, :] - np.sin(here)[:, None] * np.sin(now)[None, :]
    return np.asarray(total * math.sqrt(2.0 / waves))
