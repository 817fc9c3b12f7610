"""Urban drainage points: water stands where rain beats the pipes, and longer where the tide shuts them.

A bowl: what runs off streets (0.85 of the rain) comes in; the pipes take up to their capacity out. As the sea rises above the outfall their head is
lost (flow ~ its root), until they are shut 0.8 m higher; a sea above the ground comes back up. Depth ~ the root of the volume: a hollow
whose water spreads as it deepens, `hollow_m2` at 0.3 m. All figures are invented. Units: mm/h, m, m3.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .land import Drain

Array = NDArray[np.float64]

RUNS_OFF = 0.85
SHUT_M = 0.8
"""From the outfall up, where the sea shuts the pipes."""
GROUND_M = 1.3
"""From the outfall up, where the sea comes out of the drains."""
AT_M = 0.3
DEEPEST_M = 2.0


def ponding(drains: Sequence[Drain], rain: Array, sea: Array, step_h: float) -> Array:
    """Depth at the end of each step, m, shape (drains, steps). rain: mm/h there; sea: level at their outfalls, m above the local zero."""
    area = np.array([drain.area_km2 for drain in drains]) * 1e6
    capacity = np.array([drain.capacity_mm_h for drain in drains]) * area / 1000.0
    outfall = np.array([drain.outfall_m for drain in drains])
    hollow = np.array([drain.hollow_m2 for drain in drains])
    most = hollow * DEEPEST_M**2 / (2 * AT_M)
    volume, depth = np.zeros(len(drains)), np.zeros(len(drains))
    depths = np.empty_like(rain)
    for step in range(rain.shape[1]):
        above = sea[:, step] - outfall
        opened = np.sqrt(np.clip(1.0 - above / SHUT_M, 0.0, 1.0))
        back = 0.5 * np.sqrt(np.clip((above - GROUND_M - depth) / 0.5, 0.0, 1.0))
        change = RUNS_OFF * rain[:, step] * area / 1000.0 - capacity * (opened - back)
        volume = np.clip(volume + change * step_h, 0.0, most)
        depth = np.sqrt(2 * AT_M * volume / hollow)
        depths[:, step] = depth
    return depths
