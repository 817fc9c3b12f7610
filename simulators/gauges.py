"""What a gauge measures at a time: the water, the rain in its bucket, its battery. Pure; the same question has the same answer for ever.

Values are those of a whole minute, for that is all that an SL 651 observation time can tell apart: a report that is sent twice
says the same twice. Sensor noise is a few millimetres, by chance of (seed, gauge, minute).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from sensing.model import Micros
from sensing.times import DAY, HOUR, MINUTE

from . import river, shower, tide
from .clock import dice, hours, jitter
from .river import Catchment
from .shower import Spot

NOISE_M = 0.002
TIP_MM = 0.1
"""What one tip of the rain gauge's bucket stands for."""


@dataclass(frozen=True)
class Water:
    """What moves the water at a gauge: a catchment or the tide, never both here."""

    catchment: Catchment | None = None
    tide: tide.Place | None = None


@dataclass(frozen=True)
class Gauge:
    """A simulated station. native: its SL 651 address. gateway: the principal it reports through. slot_s: the second of a minute
    in which it reports. rain: where its rain gauge stands; None without one. lat, lon: degrees, WGS 84.
    """

    id: str
    type: str
    native: str
    name: str
    lat: float
    lon: float
    area: str
    gateway: str
    datum: str
    slot_s: int
    water: Water
    rain: Spot | None = None

    def form(self) -> dict[str, object]:
        """The fields that registering it takes."""
        return {
            "id": self.id, "type": self.type, "adapter": "sl651", "native": self.native, "name": self.name, "lat": self.lat,
            "lon": self.lon, "area": self.area, "principal": self.gateway, "datum": self.datum, "zero": 0.0,
            "note": "simulated: the demo's",
        }  # fmt: skip


def level(seed: int, gauge: Gauge, time: Micros) -> float:
    """Water level at the minute of `time`, m above the station's own zero, to the millimetre."""
    minute = time // MINUTE
    if gauge.water.tide is not None:
        still = tide.level(minute * MINUTE, gauge.water.tide)
    else:
        assert gauge.water.catchment is not None
        still = river.stage(seed, gauge.water.catchment, hours(minute * MINUTE))
    return round(still + NOISE_M * jitter(seed, gauge.id, minute), 3)


def rainfall(seed: int, place: Spot, begin: Micros, end: Micros) -> float:
    """Rain in the bucket between two times, mm, in whole tips. Parts add up to their whole, day by day from 08:00 Beijing time."""
    tips, start = 0, begin
    while start < end:
        morning = start // DAY * DAY
        stop = min(end, morning + DAY)
        tips += _tips(seed, place, morning, stop) - _tips(seed, place, morning, start)
        start = stop
    return round(tips * TIP_MM, 1)


def rainfall_since_08(seed: int, place: Spot, time: Micros) -> float:
    """Rain of the hydrological day so far, mm; at 08:00 Beijing time sharp (00:00 UTC) that of the whole day before."""
    return rainfall(seed, place, (time - 1) // DAY * DAY, time)


def _tips(seed: int, place: Spot, morning: Micros, time: Micros) -> int:
    return math.floor(shower.depth(seed, place, hours(morning), hours(time)) / TIP_MM)


def battery(seed: int, gauge: Gauge, time: Micros) -> float:
    """Supply voltage of a 12 V battery with a solar panel, V: highest in the early afternoon, Beijing time."""
    of_day = ((time + 8 * HOUR) % DAY) / DAY
    charge = math.cos(2 * math.pi * (of_day - 14 / 24))
    own = dice(seed, "battery", gauge.id).uniform(12.4, 12.9)
    return round(own + 0.45 * charge + 0.01 * jitter(seed, "volt", gauge.id, time // MINUTE), 2)


def rising_fast(seed: int, gauge: Gauge, time: Micros, step_min: int = 5, by_m: float = 0.05) -> bool:
    """Whether a river rose by at least `by_m` in the `step_min` minutes before; never true of the tide, which always moves."""
    if gauge.water.catchment is None:
        return False
    return level(seed, gauge, time) - level(seed, gauge, time - step_min * MINUTE) >= by_m
