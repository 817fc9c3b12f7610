"""What weather does to the sea: surge and waves at coast stations.

Surge = inverse barometer + wind set-up, following the weather with a delay of RESPONSE_H.
- Inverse barometer: 1 cm a hPa below 1010 (Gill 1982, Atmosphere-Ocean Dynamics, 9.9).
- Set-up: the onshore share of the wind's stress piles water up over a shallow fetch, stress x fetch / (water's weight x depth) (Pugh 1987, Tides, Surges
  and Mean Sea-Level, 6.3); offshore wind draws it down, a tenth as far, because a bay has less fetch that way. Wind along the shore counts
  for 0.4 of what it would onshore: with the shore on its right hand the earth's turning presses the current against it (Freeman, Baer and Jung 1957's
  bathystrophic tide), with the shore on its left off it. Drag: Wu 1982, held at its
  value for 33 m/s (Powell et al. 2003).
Waves: wind sea over a limited fetch and depth by Bretschneider's formulas (Shore Protection Manual 1984, 3-39), by the onshore wind, and the swell of the storm
(the Manual's formula for slow hurricanes, 3-59, falling off outside its largest winds, less behind Taiwan and from over land); stations let in a share.

Fetches and depths are rough, the bays' shapes and the tide's own bending of a surge are left out.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .ground import inland
from .land import Coast
from .wind import Vortex

Array = NDArray[np.float64]

GRAVITY = 9.81
SEA = 1025.0
AIR = 1.2
RESPONSE_H = 0.75
ALONG = 0.4
BEHIND = 0.1
"""How far offshore wind draws the sea down, over how far onshore wind would pile it up."""


def setup(coasts: Sequence[Coast], east: Array, north: Array) -> Array:
    """Set-up once the sea has followed, m. east, north: wind at the stations, m/s, shape (stations, times)."""
    speed = np.hypot(east, north)
    drag = (0.8 + 0.065 * np.minimum(speed, 33.0)) * 1e-3
    pressing = onshore(coasts, east, north) + ALONG * onshore(coasts, north, -east)
    stress = AIR * drag * speed * np.where(pressing > 0, pressing, BEHIND * pressing)
    reach = np.array([coast.fetch_km * 1000.0 / (SEA * GRAVITY * coast.depth_m) for coast in coasts])
    return np.asarray(stress * reach[:, None])


def barometer(pressure: Array) -> Array:
    """m, of pressure at sea level, hPa."""
    return np.asarray(0.01 * (1010.0 - pressure))


def following(wanted: Array, step_h: float) -> Array:
    """What the sea does while the weather wants `wanted` (stations, steps): it follows with RESPONSE_H, exactly for values that stand a step."""
    keep = float(np.exp(-step_h / RESPONSE_H))
    done = np.empty_like(wanted)
    now = wanted[:, 0].copy()
    for step in range(wanted.shape[1]):
        now = keep * now + (1.0 - keep) * wanted[:, step]
        done[:, step] = now
    return done


def waves(fetch_km: Array, depth_m: Array, speed: Array) -> Array:
    """Significant height, m. fetch_km, depth_m: shape (n,); speed: of the wind along the fetch, m/s, shape (n, times)."""
    wind = np.maximum(speed, 0.5) ** 2
    deep = np.tanh(0.530 * (GRAVITY * depth_m[:, None] / wind) ** 0.75)
    grown = np.tanh(0.0125 * (GRAVITY * fetch_km[:, None] * 1000.0 / wind) ** 0.42 / deep)
    return np.asarray(0.283 * wind / GRAVITY * deep * grown)


def swell(storm: Vortex) -> Array:
    """Significant height of a storm's waves in the open, m, (places, times): 5.03 e^(R dp / 4700) (1 + 0.29 V / sqrt U) within R km, dp in mmHg.

    Outside they fall off as (R / r) ** 0.5. Waves from a storm that lies behind Taiwan or over land are 0.35 of that.
    """
    centre = storm.centre
    deepest = np.maximum(1010.0 - centre.pressure, 0.0) * 0.75
    way = np.hypot(centre.east, centre.north)
    highest = 5.03 * np.exp(storm.radius * deepest / 4700.0) * (1.0 + 0.29 * way / np.sqrt(np.maximum(centre.wind, 5.0)))
    strong = np.clip((centre.wind - 8.0) / 20.0, 0.0, 1.0)
    ashore = 1.0 / (1.0 + np.exp(-inland(centre.lat, centre.lon) / 15.0))
    behind = 1.0 / (1.0 + np.exp(-(centre.lon - 121.2) / 0.3)) * np.clip((centre.lat - 21.5) / 1.0, 0.0, 1.0)
    seen = 1.0 - 0.65 * np.maximum(ashore, behind)
    return np.asarray(highest * strong * seen * centre.life * np.sqrt(np.minimum(storm.radius / storm.far, 1.0)))


def onshore(coasts: Sequence[Coast], east: Array, north: Array) -> Array:
    """Wind that blows in from the open sea, m/s; negative: out to it."""
    bearing = np.radians(np.array([coast.seaward for coast in coasts]))[:, None]
    return np.asarray(-(east * np.sin(bearing) + north * np.cos(bearing)))
