"""Weather of the city: stations that speak SenML, and shore instruments that speak NMEA 0183."""

from __future__ import annotations

import numpy as np

from adapters import nmea0183, senml
from sensing.model import Micros
from sensing.times import MINUTE

from ..said import Saying
from . import measures
from .voice import own_time, reports, turns
from .wires import Wire, column
from .world import Group, World

TIP_MM = 0.2
_TEMPERATURE = Wire("air_temperature", "air_temperature", "Cel", 10, 10, low=-30, high=60)
_HUMIDITY = Wire("relative_humidity", "relative_humidity", "%", low=0, high=100)
_RAIN = Wire("rainfall", "rainfall", "mm", 10, 10, low=0, high=999, statistic="sum/PT5M", period=5 * MINUTE)


class Senml:
    """Speaks for weather stations of 5 minutes."""

    def __init__(self, world: World) -> None:
        self.group: Group = world.group
        self._world = world

    def block(self, start: Micros, length: Micros) -> list[Saying]:
        world, times = self._world, turns(start, length, self.group.every)
        fallen = measures.tips(world, times, TIP_MM) - measures.tips(world, times - 5 * MINUTE, TIP_MM)
        return reports(self.group, times, [
            column(_TEMPERATURE, own_time(world, times, "air_temperature")),
            column(_HUMIDITY, own_time(world, times, "relative_humidity")),
            column(Wire("air_pressure", "air_pressure", "hPa", 10, 10, low=800, high=1100), own_time(world, times, "air_pressure")),
            column(Wire("wind_speed", "wind_speed", "m/s", 10, 10, low=0, high=99), own_time(world, times, "wind_speed")),
            column(Wire("wind_direction", "wind_direction", "deg", low=0, high=360), measures.wind_from(world, times)),
            column(_RAIN, fallen),
            column(Wire("battery_voltage", "battery_voltage", "V", 100, 100, low=0, high=36), measures.supply(world, times)),
        ])  # fmt: skip

    def encode(self, saying: Saying) -> bytes:
        return senml.encode(saying.readings)


class Shore:
    """Speaks for shore instruments: one MDA sentence a minute behind a ZDA."""

    def __init__(self, world: World) -> None:
        self.group: Group = world.group
        self._world = world

    def block(self, start: Micros, length: Micros) -> list[Saying]:
        world, times = self._world, turns(start, length, self.group.every)
        speed = np.maximum(0.0, world.noisy("wind_speed", times, 0.3))
        found = reports(self.group, times, [
            column(Wire("b_pressure_bar", "air_pressure", "bar", 10, 10_000, low=800, high=1100), world.noisy("air_pressure", times, 0.1)),
            column(Wire("air_temp", "air_temperature", "Cel", 10, 10, low=-30, high=60), world.noisy("air_temperature", times, 0.1)),
            column(Wire("rel_humidity", "relative_humidity", "%", low=0, high=100), world.noisy("relative_humidity", times, 0.5)),
            column(Wire("direction_true", "wind_direction", "deg", low=0, high=360), measures.wind_from(world, times)),
            column(Wire("wind_speed_meters", "wind_speed", "m/s", 10, 10, low=0, high=99), speed),
        ])  # fmt: skip
        for saying in found:
            for reading in saying.readings:
                reading.rank = _RANK[reading.code]
        return found

    def encode(self, saying: Saying) -> bytes:
        (sentences,) = nmea0183.encode(saying.readings, talker="WI")
        return sentences


_RANK = {"b_pressure_bar": 2, "air_temp": 2, "rel_humidity": 2, "direction_true": 1, "wind_speed_meters": 1}
"""That makes a field stand in MDA (config/codes/nmea0183.tsv): its own wind has rank 1, as MWD tells it better."""
