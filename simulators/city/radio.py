"""LoRaWAN sensors of the city behind a ChirpStack network server: the maker's bytes in the server's JSON, dated by the server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from adapters import lorawan
from sensing.model import Micros

from ..said import Saying
from . import measures
from .chance import Times, draws, traits
from .voice import between, own_time, reports, turns
from .wires import Column, Wire, column, same
from .world import Group, World, hour_of_day

NEAREST_M = 0.3
"""Blind zone of an ultrasonic or radar sensor: nearer water is measured as that near (makers' data sheets: 0.25-0.3 m)."""
FARTHEST_M = 9.9


class Model(NamedTuple):
    """One maker's sensor. codec: config/codecs. port: fPort. battery: how it tells its battery."""

    codec: str
    port: int
    battery: Wire


MODELS: Mapping[str, Model] = {
    "em500-udl": Model("milesight/em500-udl", 85, Wire("battery", "battery_level", "%", low=0, high=100)),
    "em410-rdl": Model("milesight/em410-rdl", 85, Wire("voltage", "battery_voltage", "mV", 1000, 1, low=0, high=5)),
    "ldds75": Model("dragino/ldds75", 2, Wire("battery", "battery_voltage", "mV", 1000, 1, low=0, high=5)),
    "sensecap-s2120": Model("sensecap-s2120/s2120", 3, Wire("battery", "battery_level", "%", low=0, high=100)),
    "em500-smtc": Model("milesight/em500-smtc", 85, Wire("battery", "battery_level", "%", low=0, high=100)),
}
"""By the type of config/things."""

_DISTANCE = Wire("distance", "distance_to_surface", "mm", 1000, 1, low=NEAREST_M, high=FARTHEST_M)
_ABOVE = Wire("", "water_level", "m", 1000, 1000)
_RSSI = Wire("rssi", "signal_strength", "dBm", low=-140, high=0)
_SNR = Wire("snr", "lorawan_snr", "", 2, 2, low=-20, high=15)


class Radio:
    """Speaks for one model of LoRaWAN sensor."""

    def __init__(self, world: World) -> None:
        self.group: Group = world.group
        self._world, self._model = world, MODELS[self.group.devices[0].type]

    def block(self, start: Micros, length: Micros) -> list[Saying]:
        world, times = self._world, turns(start, length, self.group.every)
        rows, width = len(self.group.devices), len(times)
        count = (times // self.group.every % 65_535 + 1).tolist()
        return reports(self.group, times, [
            self._battery(times),
            *self._own(times),
            column(_RSSI, measures.signal(world, times)),
            column(_SNR, 4 + 5 * draws(world.keys, "snr", times)),
            same(Wire("fport", None, "", told=False), self._model.port, rows, width),
            Column(Wire("fcnt", None, "", told=False), [count] * rows, [count] * rows),
        ])  # fmt: skip

    def encode(self, saying: Saying) -> bytes:
        (uplink,) = lorawan.encode(saying.readings, self._model.codec)
        return uplink

    def _battery(self, times: Times) -> Column:
        wire = self._model.battery
        full = (3.2, 3.65) if wire.property == "battery_voltage" else (60, 100)
        return column(wire, np.repeat(traits(self._world.keys, "battery", *full)[:, None], len(times), axis=1))

    def _own(self, times: Times) -> Sequence[Column]:
        """What the device measures, in the order of its codec."""
        world, kind = self._world, self.group.kind
        if kind == "soil":
            return self._soil(times)
        if kind == "weather":
            return _weather(world, times)
        found = level_as_distance(world, times, _DISTANCE)
        if self._model.codec == "milesight/em410-rdl":
            warm = own_time(world, times, "air_temperature")
            found.append(column(Wire("temperature", "air_temperature", "Cel", 10, 10, low=-30, high=60), warm))
        return found

    def _soil(self, times: Times) -> list[Column]:
        world = self._world
        wet = own_time(world, times, "soil_moisture") + 0.2 * draws(world.keys, "soil", times)
        warm = 0.5 * own_time(world, times, "air_temperature") + 12.5
        salt = traits(world.keys, "salt", 150, 600)[:, None] * (0.6 + wet / 100)
        return [
            column(Wire("temperature", "ground_temperature", "Cel", 10, 10, low=-20, high=60), warm),
            column(Wire("moisture", "lorawan_soil_moisture", "%", 100, 100, low=0, high=100), wet),
            column(Wire("electricity", "conductivity", "uS/cm", low=0, high=20000), salt),
        ]


def level_as_distance(world: World, times: Times, wire: Wire) -> list[Column]:
    """Distance from a sensor at its mount height, and the level that the store makes of it."""
    every = world.group.every
    level = measures.level(world, np.append(times, times[-1] + every))
    level = between(level[:, :-1], level[:, 1:], world.group)
    mounts = np.array([float(device.form_more["mount_height"]) for device in world.group.devices])[:, None]
    far = np.rint(np.clip(mounts - level, wire.low, wire.high) * 1000).astype(np.int64)
    above = np.rint(mounts * 1000).astype(np.int64) - far
    levels = (above / 1000).tolist()
    return [column(wire, far / 1000), Column(_ABOVE, levels, levels)]


def _weather(world: World, times: Times) -> list[Column]:
    """SenseCAP S2120: eight values of a minute, in the order of its two measurement frames."""
    lit = np.clip(np.sin((hour_of_day(times) - 6) / 12 * np.pi), 0, 1)[None, :]
    rain = own_time(world, times, "rain_rate")
    light = 90_000 * lit * np.exp(-rain / 6.0) + 5
    vane = measures.wind_from(world, times)
    return [
        column(
            Wire("air_temperature", "air_temperature", "Cel", 10, 10, low=-40, high=85), own_time(world, times, "air_temperature")
        ),
        column(Wire("air_humidity", "relative_humidity", "%", low=0, high=100), own_time(world, times, "relative_humidity")),
        column(Wire("light_intensity", "illuminance", "lx", low=0, high=160_000), light),
        column(Wire("uv_index", "lorawan_uv_index", "", 10, 10, low=0, high=16), light / 10_000),
        column(Wire("wind_speed", "wind_speed", "m/s", 10, 10, low=0, high=60), own_time(world, times, "wind_speed")),
        column(Wire("wind_direction", "wind_direction", "deg", low=0, high=360), vane),
        column(Wire("rain_gauge", "rainfall_rate", "mm/h", 1000, 1000, low=0, high=240), rain),
        column(
            Wire("barometric_pressure", "air_pressure", "Pa", 10, 1, 10, low=300, high=1100),
            own_time(world, times, "air_pressure"),
        ),
    ]
