"""Rain becomes river stage: a loss, a delay, a linear reservoir, a rating curve.

- Runoff is a fixed share of the rain over the catchment, whose shape is a Gaussian of the same area.
- It reaches the gauge `lag` hours later through one linear reservoir, storage = k x outflow (Chow, Maidment, Mays: Applied Hydrology,
  1988, 8.5). A Gaussian pulse through it is a closed form: the exponentially modified Gaussian.
- Discharge becomes stage by a power law (ISO 18320: stage-discharge), stage = base stage x (discharge / base flow) ** 0.6.

k and lag grow with the catchment by rules of thumb; they are plausible and not calibrated on the real rivers.
Units: hours since the epoch, mm, mm/h over the catchment, m3/s, m above the station's own zero.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from . import shower
from .shower import Pulse, Spot

RUNOFF_SHARE = 0.25
BASE_FLOW = 0.05
"""m3/s a km2: a wet season."""
RATING_POWER = 0.6
"""Of a wide channel by Manning's formula: discharge ~ stage ** (5/3)."""
_MEMORY = 8.0
"""After this many k an old shower's share of the outflow is below 0.04 %."""


@dataclass(frozen=True)
class Catchment:
    """What drains to a gauge. area: km2; spot: its middle and spread; k, lag: h; base_stage: stage at base flow, m above zero."""

    area: float
    spot: Spot
    k: float
    lag: float
    base_stage: float


def catchment(lat: float, lon: float, area: float, upstream_deg: float, base_stage: float) -> Catchment:
    """The catchment above a gauge at (lat, lon), lying towards the bearing `upstream_deg`."""
    spread = math.sqrt(area / (2 * math.pi))
    gauge, bearing = shower.spot(lat, lon), math.radians(upstream_deg)
    middle = Spot(gauge.x + spread * math.sin(bearing), gauge.y + spread * math.cos(bearing), spread)
    return Catchment(area, middle, k=1.5 + 0.06 * math.sqrt(area), lag=0.15 + 0.05 * math.sqrt(area), base_stage=base_stage)


def outflow(rain: Pulse, k: float, time_h: float) -> float:
    """What a linear reservoir gives at an instant when a pulse of rain runs into it, mm/h. All that came in comes out."""
    since, width = time_h - rain.middle, rain.width
    if since < -8.0 * width:
        return 0.0
    decay = math.exp(0.5 * (width / k) ** 2 - since / k)
    return rain.depth / (2.0 * k) * decay * math.erfc((width / k - since / width) / math.sqrt(2))


def runoff(seed: int, place: Catchment, time_h: float) -> float:
    """Runoff from the rain of all showers so far, mm/h over the catchment."""
    then = time_h - place.lag
    rains = shower.pulses(seed, place.spot, then - _MEMORY * place.k, then)
    return RUNOFF_SHARE * sum(outflow(rain, place.k, then) for rain in rains)


def discharge(seed: int, place: Catchment, time_h: float) -> float:
    """Flow at the gauge, m3/s: base flow and runoff (1 mm/h over 1 km2 is 1/3.6 m3/s)."""
    return place.area * (BASE_FLOW + runoff(seed, place, time_h) / 3.6)


def stage(seed: int, place: Catchment, time_h: float) -> float:
    """Water level at the gauge, m above the station's own zero."""
    return float(place.base_stage * (discharge(seed, place, time_h) / (place.area * BASE_FLOW)) ** RATING_POWER)
