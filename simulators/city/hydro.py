"""SL 651-2014 of the city's gauges: self-reports on virtual time.

    32H  timed     every `every`: the group's values; rain of the last five minutes and since 08:00; voltage
    33H  extra     in place of, or between, those while water rises fast: level first, for it is the trigger
    34H  hourly    on the hour: twelve 5-minute values of rain (F4) and level (F5), the first at minute 05, then as 32H
    2FH  alive     every five minutes from the first gauge of a gateway; not answered, its serial is the last report's again

Mode M2: each frame is confirmed by the service. An observation time has no seconds (6.6.2), so a gauge reports at most once a minute.
A serial is the minute it is about, so that it needs no memory; it is unique for 45 days.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from adapters import sl651
from adapters._wire import sl651_codes
from adapters._wire.sl651_encode import opening, uplink
from adapters._wire.sl651_times import SINCE_08, begin
from sensing.model import Micros, Reading
from sensing.times import HOUR, MINUTE, SECOND

from ..said import Saying, Truth
from . import measures
from .chance import Floats, Times
from .voice import turns
from .wires import Column, Wire, column
from .world import Group, World

KEEP_ALIVE, TIMED, EXTRA, HOURLY = 0x2F, 0x32, 0x33, 0x34
SLOT = 5 * MINUTE
RISE_M = 0.05
"""A rise in five minutes that makes a gauge report out of turn, m."""
TIP_MM = {"rain": 0.5}
"""What one tip of the bucket stands for; 0.1 mm in kinds that are not named."""
_LEVEL = Wire("39", "water_level", "m", 1000, 1000, low=-99, high=999)
_DAM = Wire("3B", "water_level_upstream", "m", 1000, 1000, low=-99, high=999)
_SLOT_LEVEL = Wire("F5", "water_level", "m", 100, 100, low=0, high=650, channel="F5")
_SLOT_RAIN = Wire("F4", "rainfall", "mm", 10, 10, low=0, high=measures.BUCKET_MOST_MM, statistic="sum/PT5M", period=SLOT)
_RAIN = _SLOT_RAIN._replace(code="22")
_SINCE_08 = Wire("20", "rainfall", "mm", 10, 10, low=0, statistic="sum/since-08")
_VOLTAGE = Wire("38", "supply_voltage", "V", 100, 100, low=0, high=36)
_SEA = (
    (Wire("35", "wind_speed", "m/s", 10, 10, low=0, high=99), "wind_speed", 0.3),
    (Wire("08", "air_pressure", "hPa", low=500, high=1100), "air_pressure", 0.2),
    (Wire("0F", "wave_height", "m", 100, 100, low=0, high=30), "wave_height", 0.05),
)
_VANE = Wire("33", "wind_direction", "")
_QUICK = {"river", "ponding"}
"""Kinds that report out of turn; the tide always moves."""
_RAINED = {"river", "rain", "reservoir", "ponding"}
"""Kinds with a bucket."""


class Spoken(NamedTuple):
    """One column on its minutes: which place in its rows a minute has."""

    column: Column
    places: dict[Micros, int]


class Hydro:
    """Speaks SL 651 for one kind of gauge. speakers: numbers of the devices that keep their gateway's line alive."""

    def __init__(self, world: World, speakers: frozenset[int]) -> None:
        self.group: Group = world.group
        self._world, self._speakers = world, speakers
        self._level = None if self.group.kind == "rain" else _DAM if self.group.kind == "reservoir" else _LEVEL
        self._tip = TIP_MM.get(self.group.kind, 0.1)
        self._class = {"tide": "T", "reservoir": "K", "rain": "P"}.get(self.group.kind, "H")
        self._links = sl651.Link(station_class=self._class)

    def block(self, start: Micros, length: Micros) -> list[Saying]:
        minutes = turns(start, length, MINUTE if self.group.kind in _QUICK else self.group.every)
        rises = self._rises(minutes)
        spoken = [Spoken(each, {time: at for at, time in enumerate(minutes.tolist())}) for each in self._columns(minutes)]
        blocks = self._blocks(start) if start % HOUR == 0 and start - HOUR + SLOT >= self._world.begin else []
        found: list[Saying] = []
        for row in range(len(self.group.devices)):
            rising = rises[row]
            for at, minute in enumerate(minutes.tolist()):
                if row in self._speakers and minute // MINUTE % 5 == 2:
                    found.append(self._alive(row, minute))
                if minute % HOUR == 0 and blocks:
                    found.append(self._report(row, minute, HOURLY, spoken, blocks))
                elif rising[at]:
                    found.append(self._report(row, minute, EXTRA, spoken, ()))
                elif minute % self.group.every == 0:
                    found.append(self._report(row, minute, TIMED, spoken, ()))
        if self._speakers and self.group.kind not in _QUICK and self.group.every > MINUTE:
            found += [
                self._alive(row, minute)
                for row in sorted(self._speakers)
                for minute in range(start + 2 * MINUTE, start + length, SLOT)
            ]
        return found

    def encode(self, saying: Saying) -> bytes:
        link = self._links._replace(serial=saying.serial)
        if saying.control:
            (frame,) = uplink(saying.device.native, KEEP_ALIVE, bytes.fromhex(opening(saying.serial, saying.time)), link)
        else:
            (frame,) = sl651.encode(saying.readings, link)
        return frame

    def _rises(self, minutes: Times) -> list[list[bool]]:
        if self.group.kind not in _QUICK:
            return [[False] * len(minutes)] * len(self.group.devices)
        rise = measures.level(self._world, minutes) - measures.level(self._world, minutes - SLOT)
        quick: list[list[bool]] = ((rise >= RISE_M) & (minutes - SLOT >= self._world.begin)).tolist()
        return quick

    def _columns(self, minutes: Times) -> list[Column]:
        """What each report says of its minute, in the order of the wire."""
        world, kind, found = self._world, self.group.kind, list[Column]()
        if self._level is not None:
            found.append(column(self._level, measures.level(world, minutes)))
        if kind == "tide":
            found += [column(wire, world.noisy(quantity, minutes, by)) for wire, quantity, by in _SEA]
            found.append(_sixteenths(measures.wind_from(world, minutes)))
        if kind in _RAINED:
            found.append(column(_RAIN, self._fallen(minutes)))
            found.append(column(_SINCE_08, measures.since_08(world, minutes, self._tip)))
        found.append(column(_VOLTAGE, measures.supply(world, minutes)))
        return found

    def _fallen(self, ends: Times) -> Floats:
        return measures.tips(self._world, ends, self._tip) - measures.tips(self._world, ends - SLOT, self._tip)

    def _blocks(self, start: Micros) -> list[Column]:
        """Twelve values each of the hour before."""
        slots = np.arange(start - HOUR + SLOT, start + 1, SLOT, dtype=np.int64)
        found = [column(_SLOT_RAIN, self._fallen(slots))] if self.group.kind in _RAINED else []
        if self._level is _LEVEL:
            found.append(column(_SLOT_LEVEL, measures.level(self._world, slots)))
        return found

    def _report(self, row: int, minute: Micros, function: int, spoken: Sequence[Spoken], blocks: Sequence[Column]) -> Saying:
        device, rank = self.group.devices[row], sl651_codes.RANK[function]
        time = minute + self.group.late[row]
        sent = time // SECOND * SECOND
        zero = device.zero
        readings, truth = list[Reading](), list[Truth]()
        for block in blocks:
            wire, first = block.wire, minute - HOUR + SLOT
            relative = zero if wire.code == "F5" and zero else 0.0
            for at, value in enumerate(block.values[row]):
                slot = first + at * SLOT
                readings.append(_said(device.native, wire, value, first, slot, sent, rank))
                kept = block.results[row][at]
                truth.append(_true(wire, slot, round(relative + kept, 6) if relative else kept))
        for column_, places in spoken:
            wire = column_.wire
            if wire.code == "22" and minute % SLOT:
                continue
            at = places[minute]
            readings.append(_said(device.native, wire, column_.values[row][at], minute, minute, sent, rank))
            truth.append(_true(wire, minute, column_.results[row][at]))
        return Saying(time, device, readings, truth, function, _serial(minute))

    def _alive(self, row: int, minute: Micros) -> Saying:
        time = minute + self.group.late[row]
        return Saying(time, self.group.devices[row], [], [], KEEP_ALIVE, _serial(minute // SLOT * SLOT), control=True)


def _said(native: str, wire: Wire, value: float, stated: Micros, time: Micros, sent: Micros, rank: int) -> Reading:
    return Reading(
        native, wire.code, wire.property, value, wire.unit, wire.statistic, wire.channel, time, _since(wire, time), stated, None, None,
        None, sent, rank,
    )  # fmt: skip


def _true(wire: Wire, time: Micros, result: float) -> Truth:
    return Truth(wire.property or "", wire.statistic, wire.channel, _since(wire, time), time, result)


def _since(wire: Wire, time: Micros) -> Micros | None:
    return begin(time, SINCE_08) if wire.code == "20" else time - wire.period if wire.period else None


def _serial(minute: Micros) -> int:
    return minute // MINUTE % 65_535 + 1


def _sixteenths(degrees: Floats) -> Column:
    """Wind direction as 1 to 16, clockwise from north (annex C)."""
    sectors = np.mod(np.rint(degrees / 22.5).astype(np.int64), 16)
    return Column(_VANE, (sectors + 1).tolist(), (sectors * 22.5).tolist())
