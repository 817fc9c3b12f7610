"""Ships as a Speaker: what each receiver heard, minute by minute."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from sensing.model import Micros
from sensing.times import MINUTE, SECOND

from ..said import Device, Saying
from ..story import Story
from . import speech
from .motion import Bools, Floats, Ints, Motion, State
from .record import Incident, PortCall
from .ships import Ship
from .speech import Heard, Static, Voice
from .waters import M_DEG, Receiver, Waters
from .world import Voyage

_STATIC_MIN, _AID_MIN = 6, 3
_LYING_MIN = 3
"""Minutes between the reports of a ship that lies still (ITU-R M.1371-5 annex 1 table 1, annex 7 table 1): class A at anchor or moored and
not above 3 knots, class B below 2 knots. Every ship under way is passed on once a minute, whatever it sends."""
_AT_ANCHOR, _MOORED = 1, 5
_CLASS_A_KNOTS, _CLASS_B_KNOTS = 3.0, 2.0
_FIRST_MS, _APART_MS, _CHUNK_MS = 2000, 3000, 250
"""After a minute's end: when the first receiver sends, how much later each further one, and each further payload of it."""
_CLASS_B_RANGE = 0.75
"""Share of a receiver's range at which class B, with a sixth of the power, is heard."""


class Traffic:
    """Ships of a story, and who hears them. Its gateways must be principals of kind `receiver`, for vessels enrol themselves."""

    gateway_kind = "receiver"

    def __init__(
        self, story: Story, ships: Sequence[Ship], waters: Waters, motion: Motion, voyages: Sequence[Voyage],
        calls: Sequence[PortCall], incidents: Sequence[Incident], dark: Mapping[int, tuple[float, float]],
    ) -> None:  # fmt: skip
        self.ships, self.begin, self.end = tuple(ships), story.begin, story.end
        self._motion, self._calls, self._incidents = motion, tuple(calls), tuple(incidents)
        self._receivers, self._aids = waters.receivers, waters.aids
        self._voice = Voice(ships, waters.aids, waters.receivers, voyages, story.begin)
        self._devices = [_device(receiver) for receiver in waters.receivers]
        self._numbers = np.arange(len(ships), dtype=np.int64)
        self._second = self._numbers * 37 % 60
        self._class_b = np.array([ship.traits.class_b for ship in ships], dtype=bool)
        self._reach = np.where(self._class_b, _CLASS_B_RANGE, 1.0)
        self._dark_from = np.array([dark.get(ship.number, (np.inf, 0.0))[0] for ship in ships])
        self._dark_to = np.array([dark.get(ship.number, (0.0, -np.inf))[1] for ship in ships])

    @property
    def gateways(self) -> Sequence[str]:
        return sorted(receiver.id for receiver in self._receivers)

    @property
    def devices(self) -> Sequence[Device]:
        return self._devices

    def calls(self) -> Sequence[PortCall]:
        """The truth of all port calls of the story, in order of berthing."""
        return self._calls

    def incidents(self) -> Sequence[Incident]:
        """The truth of what ships did wrong, in order of time."""
        return self._incidents

    def positions(self, times: Ints) -> State:
        """All ships at times (microseconds UTC): columns of shape (ships, len(times)), whoever hears them or not."""
        count, seconds = len(times), (np.asarray(times) - self.begin) / SECOND
        flat = self._motion.at(np.repeat(self._numbers, count), np.tile(seconds, len(self.ships)))
        lon, lat, speed, course, heading, turn = (column.reshape(-1, count) for column in flat[:6])
        return State(lon, lat, speed, course, heading, turn, flat.status.reshape(-1, count), flat.leg.reshape(-1, count))

    def sayings(self, begin: Micros, end: Micros) -> Iterator[Saying]:
        """What receivers send in [begin, end), in order of time."""
        first = max(0, (begin - self.begin) // MINUTE - 2)
        last = min((end - self.begin) // MINUTE + 1, -(-(self.end - self.begin) // MINUTE))
        for minute in range(first, last):
            if self.begin + (minute + 2) * MINUTE > begin and self.begin + (minute + 1) * MINUTE < end:
                yield from (saying for saying in self._minute(minute) if begin <= saying.time < end)

    def encode(self, saying: Saying) -> bytes:
        """The payload of a saying, from its readings. Raises ValueError for a value that AIS cannot say."""
        return self._voice.payload(saying.device.id, saying.readings, saying.meta)

    def _minute(self, minute: int) -> Iterator[Saying]:
        """What every receiver heard in a minute of the story, in the order in which they send it."""
        seconds = (minute * 60 + self._second).astype(np.float64)
        state = self._motion.at(self._numbers, seconds)
        speaks = (state.status >= 0) & ~((seconds >= self._dark_from) & (seconds < self._dark_to))
        distances = self._distances_km(state)
        near = np.stack(
            [distance <= receiver.range_km * self._reach for distance, receiver in zip(distances, self._receivers, strict=True)]
        )
        near &= speaks & self._reporting(minute, state)
        reports = self._reports(minute, state, np.flatnonzero(near.any(axis=0)).tolist())
        start = self.begin + minute * MINUTE
        sayings = list[Saying]()
        for at, device in enumerate(self._devices):
            heard = [reports[number] for number in np.flatnonzero(near[at]).tolist()]
            for part in range(0, max(1, len(heard)), speech.MOST):
                time = start + MINUTE + (_FIRST_MS + at * _APART_MS + part // speech.MOST * _CHUNK_MS) * 1000
                more = self._fixed(minute, at) if part == 0 else []
                sayings.append(_saying(time, device, [one for pair in heard[part : part + speech.MOST] for one in pair] + more))
        yield from sorted(sayings, key=lambda saying: saying.time)

    def _reporting(self, minute: int, state: State) -> Bools:
        """Whose report falls into a minute: everybody's, but of ships that lie still each third one's."""
        lies = np.isin(state.status, (_AT_ANCHOR, _MOORED)) & (state.speed <= _CLASS_A_KNOTS)
        lies = np.where(self._class_b, state.speed < _CLASS_B_KNOTS, lies)
        return np.asarray(~lies | ((minute + self._numbers) % _LYING_MIN == 0))

    def _reports(self, minute: int, state: State, heard: Sequence[int]) -> dict[int, list[Heard]]:
        """What the ships that anybody hears say in a minute, by number."""
        found: dict[int, list[Heard]] = {}
        rows, start = speech.numbers(state), self.begin + minute * MINUTE
        for number in heard:
            ship, second = self.ships[number], number * 37 % 60
            said = found[number] = [speech.moving(ship, start + second * SECOND, rows[number])]
            if (minute + number) % _STATIC_MIN == 0:
                leg = int(state.leg[number])
                later = start + (second + 20) % 60 * SECOND
                said.append(speech.static(ship, later, int(self._motion.voyage[leg]), float(self._motion.draught[leg])))
        return found

    def _fixed(self, minute: int, at: int) -> list[Heard]:
        """Base stations and buoys that a receiver hears."""
        start, own = self.begin + minute * MINUTE, self._receivers[at]
        found = [
            speech.fixed(other.base_station, other.point, start + (7 * number + 3) * SECOND)
            for number, other in enumerate(self._receivers)
            if _apart_km(own.point, other.point) <= own.range_km
        ]
        for number, aid in enumerate(self._aids):
            if (minute + number) % _AID_MIN == 0 and _apart_km(own.point, aid.point) <= own.range_km * _CLASS_B_RANGE:
                found.append(speech.fixed(aid.mmsi, aid.point, start + number * 11 % 60 * SECOND, buoy=True))
        return found

    def _distances_km(self, state: State) -> list[Floats]:
        wide = np.cos(np.radians(state.lat))
        return [
            np.hypot((state.lon - receiver.point[0]) * wide, state.lat - receiver.point[1]) * M_DEG / 1000
            for receiver in self._receivers
        ]


def _saying(time: Micros, device: Device, heard: Sequence[Heard]) -> Saying:
    statics: list[Static] = [one.static for one in heard if one.static is not None]
    readings = [reading for one in heard for reading in one.readings]
    truth = [each for one in heard for each in one.truth]
    return Saying(time, device, readings, truth, meta=statics, control=not readings)


def _apart_km(one: tuple[float, float], other: tuple[float, float]) -> float:
    wide = np.cos(np.radians(one[1]))
    return float(np.hypot((one[0] - other[0]) * wide, one[1] - other[1])) * M_DEG / 1000


def _device(receiver: Receiver) -> Device:
    return Device(
        id=receiver.id, type="ais-receiver", adapter="ais", native=receiver.id, name=receiver.name, lat=receiver.point[1],
        lon=receiver.point[0], area="", gateway=receiver.id, kind="ais",
    )  # fmt: skip
