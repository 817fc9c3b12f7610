"""JSON of the city: vendors' sensors by their type's mapping, and what other departments' systems report as events."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from adapters import events, plainjson
from sensing.model import Micros

from ..said import Saying
from . import measures, radio
from .chance import Floats, Times, traits
from .voice import between, own_time, reports, turns
from .wires import Column, Wire, column
from .world import Group, World


class Vendor:
    """Speaks for one vendor's sensor. settings: the mapping of its type."""

    def __init__(self, world: World, settings: Mapping[str, Any]) -> None:
        self.group: Group = world.group
        self._world, self._write = world, plainjson.writer(settings)

    def block(self, start: Micros, length: Micros) -> list[Saying]:
        times = turns(start, length, self.group.every)
        return reports(
            self.group,
            times,
            self._ultrasonic(times) if self.group.devices[0].type == "ultrasonic-gauge" else self._ponding(times),
        )

    def encode(self, saying: Saying) -> bytes:
        return self._write(saying.readings)

    def _ultrasonic(self, times: Times) -> list[Column]:
        wire = Wire("mm", "distance_to_surface", "mm", 1000, 1, low=radio.NEAREST_M, high=14.9)
        warm = own_time(self._world, times, "air_temperature")
        temperature = Wire("temp", "air_temperature", "Cel", 10, 10, low=-30, high=60)
        return [*radio.level_as_distance(self._world, times, wire), column(temperature, warm)]

    def _ponding(self, times: Times) -> list[Column]:
        world, every = self._world, self.group.every
        depth = measures.level(world, np.append(times, times[-1] + every))
        cell = np.repeat(traits(world.keys, "battery", 3.3, 3.65)[:, None], len(times), axis=1)
        return [
            column(
                Wire("data/depth", "water_level", "cm", 1000, 10, low=0, high=9), between(depth[:, :-1], depth[:, 1:], self.group)
            ),
            column(Wire("data/bat", "battery_voltage", "V", 100, 100, low=0, high=5), cell),
            column(Wire("data/rssi", "signal_strength", "dBm", low=-140, high=0), measures.signal(world, times)),
        ]


class Counter(NamedTuple):
    """What one kind of system counts. domain: the event's. by_id: the id is the channel."""

    domain: str
    measures: Sequence[tuple[Wire, Callable[[World, Times], Floats]]]


def _count(name: str, unit: str = "1", channel: str = "") -> Wire:
    return Wire(name, name, unit, low=0, channel=channel)


CAR_PARK = "P1"
COUNTERS: Mapping[str, Counter] = {
    "parking": Counter("city", ((_count("parking_free", channel=CAR_PARK), measures.parking_free),)),
    "crowd": Counter("people", ((_count("crowd_count"), measures.crowd),)),
    "camera": Counter("city", ((Wire("ponding_depth", "ponding_depth", "m", 100, 100, low=0, high=5), measures.level),)),
    "terminal": Counter("industry", (
        (_count("container_move"), measures.container_moves),
        (_count("truck_queue"), measures.truck_queue),
        (Wire("berth_occupancy", "berth_occupancy", "%", low=0, high=100), measures.berths_taken),
    )),
}  # fmt: skip


class Office:
    """Speaks events for one kind of system."""

    def __init__(self, world: World) -> None:
        self.group: Group = world.group
        self._world, self._counter = world, COUNTERS[world.group.kind]

    def block(self, start: Micros, length: Micros) -> list[Saying]:
        times = turns(start, length, self.group.every)
        return reports(self.group, times, [column(wire, measure(self._world, times)) for wire, measure in self._counter.measures])

    def encode(self, saying: Saying) -> bytes:
        return events.encode(saying.readings, domain=self._counter.domain)
