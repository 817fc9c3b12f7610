"""HJ 212 of the city's air stations, stacks, VOC and noise monitors.

    2011  real time    each minute: pollutants (Rtd), or LA and Leq; DataTime is the minute, QN when it is sent
    2051  ten minutes  means (Avg) of the ten minutes that begin at DataTime, weather as well; from kinds that have such

Every value carries the flag N (normal).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from adapters import hj212
from adapters._wire.hj212_encode import Link
from sensing.model import Micros, Reading
from sensing.times import MINUTE

from ..said import Saying, Truth
from . import measures
from .chance import Floats, Times, draws, traits, wander
from .voice import turns
from .wires import Column, Wire, column
from .world import Group, World

REALTIME, MINUTES = 2011, 2051
TEN = 10 * MINUTE
BEHIND = 200_000
"""How long after a minute's real-time frame that of ten minutes follows, microseconds."""
O2_REFERENCE = {"stack": 6.0}
"""Oxygen that concentrations are converted to, % (GB 13223-2011: coal-fired boilers)."""

Measure = Callable[[World, Times], Floats]


class Factor(NamedTuple):
    """A factor, how it is written, and how it is measured."""

    wire: Wire
    measure: Measure


def _of(quantity: str, by: float) -> Measure:
    return lambda world, times: np.maximum(0.0, world.noisy(quantity, times, by))


def _part(quantity: str, share: float) -> Measure:
    """With an error of a share of the value, as of analysers far above their detection limit."""
    return lambda world, times: world.sample(quantity, times) * (1.0 + share * draws(world.keys, quantity, times))


def _gas(name: str, code: str, share: float) -> Factor:
    return Factor(Wire(code, name, "ug/m3", 10, 10, low=0, high=9999), _part(name, share))


AIR = (
    _gas("pm2_5", "a34004", 0.08),
    _gas("pm10", "a34002", 0.08),
    _gas("so2", "a21026", 0.06),
    _gas("no2", "a21004", 0.05),
    _gas("o3", "a05024", 0.03),
    Factor(Wire("a21005", "co", "mg/m3", 1000, 1000, low=0, high=99), _part("co", 0.05)),
)
WEATHER = (
    Factor(Wire("a01001", "air_temperature", "Cel", 10, 10, low=-30, high=60), lambda w, t: w.noisy("air_temperature", t, 0.2)),
    Factor(Wire("a01002", "relative_humidity", "%", 10, 10, low=0, high=100), lambda w, t: w.noisy("relative_humidity", t, 1.0)),
    Factor(Wire("a01006", "air_pressure", "kPa", 10, 100, low=800, high=1100), lambda w, t: w.noisy("air_pressure", t, 0.2)),
    Factor(Wire("a01007", "wind_speed", "m/s", 10, 10, low=0, high=99), _of("wind_speed", 0.3)),
)
NOISE = (
    Factor(Wire("LA", "sound_level", "dB{A}", 10, 10, low=20, high=140), measures.noise),
    Factor(
        Wire("Leq", "sound_level", "dB{A}", 10, 10, low=20, high=140, statistic="mean", channel="Leq"),
        lambda w, t: w.sample("sound_level", t) + 0.4 * draws(w.keys, "leq", t),
    ),
)
VOC = (
    Factor(
        Wire("a24088", "nmhc", "mg/m3", 1000, 1000, low=0, high=9999),
        lambda w, t: np.maximum(0.0, w.sample("voc", t) + 0.25 + 0.04 * draws(w.keys, "nmhc", t)),
    ),
    Factor(
        Wire("a25002", "benzene", "mg/m3", 1000, 1000, low=0, high=999),
        lambda w, t: np.maximum(0.0, 0.004 + 0.002 * draws(w.keys, "benzene", t)),
    ),
    Factor(Wire("a01007", "wind_speed", "m/s", 10, 10, low=0, high=99), _of("wind_speed", 0.3)),
    Factor(Wire("a01008", "wind_direction", "deg", low=0, high=360), measures.wind_from),
)


def _burnt(use: str, most: float) -> Measure:
    """What comes with the fire, canonical unit."""
    return lambda w, t: (
        traits(w.keys, use, 0.4 * most, most)[:, None] * measures.plant_load(w, t) * (1 + 0.08 * draws(w.keys, use, t))
    )


def _oxygen(world: World, times: Times) -> Floats:
    return 10.5 - 4.5 * measures.plant_load(world, times) + 0.3 * wander(world.keys, "o2", times, 30 * MINUTE)


def _converted(measure: Measure) -> Measure:
    """At the reference's oxygen (HJ 75-2017 annex)."""
    return lambda w, t: measure(w, t) * (21.0 - O2_REFERENCE["stack"]) / (21.0 - _oxygen(w, t))


_SO2, _NOX, _DUST = _burnt("so2", 30_000.0), _burnt("nox", 45_000.0), _burnt("dust", 9.0)
STACK = (
    Factor(Wire("a21026", "so2", "mg/m3", 1, 1000, low=0), _SO2),
    Factor(Wire("a21026-Zs", "so2_converted", "mg/m3", 1000, 1000, low=0), _converted(lambda w, t: _SO2(w, t) / 1000)),
    Factor(Wire("a21002", "nox", "mg/m3", 1, 1000, low=0), _NOX),
    Factor(Wire("a21002-Zs", "nox_converted", "mg/m3", 1000, 1000, low=0), _converted(lambda w, t: _NOX(w, t) / 1000)),
    Factor(Wire("a34013", "hj212_a34013", "mg/m3", 100, 100, low=0), _DUST),
    Factor(Wire("a34013-Zs", "hj212_a34013_converted", "mg/m3", 100, 100, low=0), _converted(_DUST)),
    Factor(Wire("a19001", "hj212_a19001", "%", 10, 10, low=0, high=21), _oxygen),
    Factor(Wire("a01011", "hj212_a01011", "m/s", 100, 100, low=0), lambda w, t: 4 + 12 * measures.plant_load(w, t)),
    Factor(Wire("a01012", "hj212_a01012", "Cel", 10, 10), lambda w, t: 60 + 55 * measures.plant_load(w, t)),
)


class Kind(NamedTuple):
    """What one kind of monitor says. st: kind of system. now: in 2011; mean: in 2051, () when it does not."""

    st: str
    now: Sequence[Factor]
    mean: Sequence[Factor] = ()


KINDS: Mapping[str, Kind] = {
    "air": Kind("22", AIR, (*AIR, *WEATHER)),
    "stack": Kind("31", STACK),
    "voc": Kind("27", VOC),
    "noise": Kind("23", NOISE),
}


class Smoke:
    """Speaks HJ 212 for one kind of monitor."""

    def __init__(self, world: World) -> None:
        self.group: Group = world.group
        self._world, self._kind = world, KINDS[self.group.kind]
        self._link = Link(st=self._kind.st)

    def block(self, start: Micros, length: Micros) -> list[Saying]:
        minutes = turns(start, length, self.group.every)
        now = [column(_named(factor.wire, "Rtd"), factor.measure(self._world, minutes)) for factor in self._kind.now]
        found = self._said(minutes, now, REALTIME, 0, 0)
        if self._kind.mean:
            ends = turns(start, length, TEN)
            ends = ends[ends - TEN >= self._world.begin]
            found += self._said(ends, self._means(start, length, ends), MINUTES, TEN, BEHIND)
        return found

    def encode(self, saying: Saying) -> bytes:
        (frame,) = hj212.encode(saying.readings, self._link)
        return frame

    def _means(self, start: Micros, length: Micros, ends: Times) -> list[Column]:
        minutes = np.arange(start - TEN, start + length - TEN, MINUTE, dtype=np.int64)
        kept = np.isin(turns(start, length, TEN), ends)
        return [
            column(
                _named(factor.wire, "Avg")._replace(statistic="mean/PT10M", period=TEN),
                factor.measure(self._world, minutes).reshape(len(self.group.devices), -1, 10).mean(axis=2)[:, kept],
            )
            for factor in self._kind.mean
        ]  # fmt: skip

    def _said(self, times: Times, columns: Sequence[Column], function: int, period: Micros, behind: Micros) -> list[Saying]:
        found = list[Saying]()
        wires = [each.wire for each in columns]
        for row, device in enumerate(self.group.devices):
            native, late = device.native, self.group.late[row] + behind
            values, results = [each.values[row] for each in columns], [each.results[row] for each in columns]
            for at, time in enumerate(times.tolist()):
                sent = (time + late) // 1000 * 1000
                begin = time - period if period else None
                stated = time - period
                readings, truth = list[Reading](), list[Truth]()
                for wire, said, kept in zip(wires, values, results, strict=True):
                    readings.append(Reading(
                        native, wire.code, wire.property, said[at], wire.unit, wire.statistic, wire.channel, time, begin, stated, "N",
                        None, None, sent,
                    ))  # fmt: skip
                    truth.append(Truth(wire.property or "", wire.statistic, wire.channel, begin, time, kept[at]))
                found.append(Saying(sent, device, readings, truth, function))
        return found


def _named(wire: Wire, item: str) -> Wire:
    """A factor's code as an item's name: a24088-Rtd, a21026-ZsRtd."""
    return wire._replace(code=wire.code + item if wire.code.endswith("-Zs") else f"{wire.code}-{item}")
