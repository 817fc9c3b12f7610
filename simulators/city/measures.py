"""What instruments of each kind measure: the story, with the errors of sensors, and what people and works do about it.

All functions take a World and times (microseconds UTC, shape (t,)) and give canonical units, shape (devices, t).
"""

from __future__ import annotations

import numpy as np

from sensing.times import DAY, HOUR, MINUTE

from .chance import Floats, Times, draws, traits, wander
from .world import World, hour_of_day

LEVEL_NOISE_M = 0.002
LEVELS = {
    "river": "stage",
    "tide": "sea_level",
    "reservoir": "reservoir_level",
    "ponding": "ponding_depth",
    "camera": "ponding_depth",
}
"""Which of the story's quantities is the level of a kind, m above its own zero."""
OWN_SHARE = {"river": (0.92, 1.08), "ponding": (0.5, 1.3), "camera": (0.5, 1.3)}
"""How much of its site's level a further gauge sees: another cross-section, another hollow. Of the sea and a lake, all."""
BUCKET_MOST_MM = 25.4
"""In five minutes: what a slot of SL 651's block F4 holds (table C.1). More (305 mm/h) is lost, as in a bucket that cannot tip faster."""


def level(world: World, times: Times) -> Floats:
    """Water level or depth, m, to be rounded by the wire."""
    kind = world.group.kind
    still = world.sample(LEVELS[kind], times) * world.group.shares[:, None]
    noise = LEVEL_NOISE_M * draws(world.keys, "level", times)
    return np.maximum(0.0, still + noise * (still > 0)) if kind in ("ponding", "camera") else still + noise


def tips(world: World, times: Times, tip_mm: float) -> Floats:
    """Rain in the bucket since the story began, mm in whole tips; funnels catch 98 to 102 %."""
    caught = world.sample("rain_total", times) * traits(world.keys, "funnel", 0.98, 1.02)[:, None]
    return np.floor(np.maximum(0.0, caught) / tip_mm + 1e-9) * tip_mm


def since_08(world: World, times: Times, tip_mm: float) -> Floats:
    """Rain of the hydrological day so far, mm; at 08:00 Beijing time sharp (00:00 UTC) that of the whole day before."""
    mornings, which = np.unique((times - 1) // DAY * DAY, return_inverse=True)
    return tips(world, times, tip_mm) - tips(world, mornings, tip_mm)[:, which]


def supply(world: World, times: Times) -> Floats:
    """A 12 V battery with a solar panel, V: highest in the early afternoon, Beijing time."""
    charge = np.cos(2 * np.pi * (hour_of_day(times) - 14) / 24)
    return traits(world.keys, "volt", 12.4, 12.9)[:, None] + 0.45 * charge + 0.01 * draws(world.keys, "volt", times)


def signal(world: World, times: Times) -> Floats:
    """How well a radio is heard, dBm."""
    return traits(world.keys, "rssi", -115, -85)[:, None] + 3 * draws(world.keys, "rssi", times)


def wind_from(world: World, times: Times) -> Floats:
    """Where the wind comes from, degrees 0 to 360."""
    return np.mod(world.sample("wind_direction", times) + 4 * draws(world.keys, "vane", times), 360.0)


def parking_free(world: World, times: Times) -> Floats:
    """Free places of a car park: offices by day, homes by night; in a typhoon cars stay where they are."""
    size = traits(world.keys, "places", 80, 600)[:, None]
    home = traits(world.keys, "home", 0, 1)[:, None]
    day = np.clip(np.sin((hour_of_day(times) - 6) / 13 * np.pi), 0, 1)
    storm = np.clip((world.sample("wind_speed", times) - 12) / 10, 0, 1)
    usual = home * (0.95 - 0.5 * day) + (1 - home) * (0.15 + 0.75 * day)
    taken = usual * (1 - storm) + storm * (0.55 + 0.35 * home) + 0.03 * wander(world.keys, "cars", times, 20 * MINUTE)
    return size * np.clip(1 - taken, 0, 1)


def crowd(world: World, times: Times) -> Floats:
    """People in front of a camera: afternoons and evenings, fewer in rain, none in a gale."""
    hour = hour_of_day(times)
    busy = 0.04 + 0.6 * np.exp(-(((hour - 15) / 3.0) ** 2)) + 0.9 * np.exp(-(((hour - 20) / 2.0) ** 2))
    rain, wind = world.sample("rain_rate", times), world.sample("wind_speed", times)
    stay = np.exp(-rain / 8.0) * np.clip((17 - wind) / 9, 0, 1)
    most = traits(world.keys, "square", 150, 1200)[:, None]
    found: Floats = most * busy * stay * (1 + 0.15 * wander(world.keys, "people", times, 10 * MINUTE))
    return np.maximum(0.0, found)


def _cranes(world: World, times: Times) -> Floats:
    """How much a terminal works, 0 to 1: quay cranes stop at gusts of 20 m/s (GB/T 3811: working wind of port cranes)."""
    return np.clip((20 - world.sample("wind_gust", times)) / 4, 0, 1)


def container_moves(world: World, times: Times) -> Floats:
    """Boxes lifted in the last five minutes."""
    pace = traits(world.keys, "cranes", 6, 30)[:, None]
    return np.maximum(0.0, pace * _cranes(world, times) * (1 + 0.4 * draws(world.keys, "boxes", times)))


def truck_queue(world: World, times: Times) -> Floats:
    """Trucks before the gate: by day, and many when the cranes stop."""
    day = 0.4 + 0.6 * np.clip(np.sin((hour_of_day(times) - 6) / 14 * np.pi), 0, 1)
    usual = traits(world.keys, "trucks", 8, 40)[:, None] * day
    return np.maximum(0.0, usual * (1 + 1.5 * (1 - _cranes(world, times)) + 0.3 * wander(world.keys, "gate", times, 15 * MINUTE)))


def berths_taken(world: World, times: Times) -> Floats:
    """Berths with a ship, %: emptied before a storm, when ships go to sea or to shelter."""
    usual = 65 + 25 * wander(world.keys, "berths", times, 6 * HOUR)
    return np.clip(usual * np.clip((17 - world.sample("wind_speed", times)) / 7, 0, 1), 0, 100)


def noise(world: World, times: Times) -> Floats:
    """A-weighted sound level, dB."""
    return world.sample("sound_level", times) + 1.5 * draws(world.keys, "sound", times)


def plant_load(world: World, times: Times) -> Floats:
    """How much a works burns, 0 to 1.1: steady, run down to idling when it blows a gale."""
    steady = 0.9 + 0.1 * wander(world.keys, "load", times, 2 * HOUR)
    return steady * (0.25 + 0.75 * np.clip((24 - world.sample("wind_speed", times)) / 6, 0, 1))
