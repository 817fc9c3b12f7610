"""Readings to NMEA 0183 sentences, for simulators and tests: one payload for each time, RMC or ZDA first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sensing.model import Micros, Reading
from sensing.times import SECOND, to_datetime

from .nmea_fields import FIELDS, MEANINGS
from .nmea_sentence import build

_MOVES = ("position", "spd_over_grnd", "true_course")
_SYMBOLS = {
    "HDT": {"hdg_true": "T"}, "HDM": {"magnetic": "M"}, "MTW": {"units": "C"}, "MTA": {"units": "C"}, "ROT": {"status": "A"},
    "DBT": {"unit_meters": "M"}, "MWD": {"true": "T", "meters": "M"}, "VHW": {"knots": "N"},
    "MDA": {"bars": "B", "a_celsius": "C", "w_celsius": "C", "d_celsius": "C", "true": "T", "meters": "M"},
}  # fmt: skip
"""Fields that only say the unit of the one before."""


def encode(readings: Sequence[Reading], *, talker: str = "GP") -> list[bytes]:
    """Payloads that say these readings. Raises ValueError for a code or a time (finer than 1 ms) that no sentence holds."""
    times: dict[Micros | None, list[Reading]] = {}
    for reading in readings:
        times.setdefault(reading.time, []).append(reading)
    return [b"\r\n".join(_payload(time, group, talker)) + b"\r\n" for time, group in times.items()]


def _payload(time: Micros | None, readings: Sequence[Reading], talker: str) -> list[bytes]:
    moves = [reading for reading in readings if reading.code in _MOVES]
    if moves and time is None:
        raise ValueError("a position needs a time")
    sentences = []
    if time is not None:
        sentences.append(_rmc(time, moves, talker) if moves else _zda(time, talker))
    others: dict[str, dict[str, Any]] = {}
    for reading in readings:
        if reading.code not in _MOVES:
            formatter = _formatter(reading)
            others.setdefault(formatter, dict(_SYMBOLS.get(formatter, {})))[reading.code] = reading.value
    for formatter, fields in others.items():
        body = ",".join("" if fields.get(name) is None else str(fields[name]) for name in FIELDS[formatter])
        sentences.append(build(f"{talker}{formatter},{body}", "$"))
    return sentences


def _formatter(reading: Reading) -> str:
    for code, meaning in MEANINGS.items():
        formatter, _, field = code.partition(".")
        if (field, meaning.property, meaning.rank) == (reading.code, reading.property, reading.rank) and field in FIELDS[
            formatter
        ]:
            return formatter
    raise ValueError(f'no sentence has "{reading.code}" for {reading.property} at rank {reading.rank}')


def _rmc(time: Micros, moves: Sequence[Reading], talker: str) -> bytes:
    said: dict[str, Any] = {reading.code: reading.value for reading in moves}
    place = next((reading.position for reading in moves if reading.position), None)
    where = f"{_angle(place[1], 2, 'NS')},{_angle(place[0], 3, 'EW')}" if place else ",,,"
    speed, course = (said.get(name) for name in ("spd_over_grnd", "true_course"))
    body = f"{_clock(time)},A,{where},{'' if speed is None else speed},{'' if course is None else course},{to_datetime(time):%d%m%y},,,A"
    return build(f"{talker}RMC,{body}", "$")


def _zda(time: Micros, talker: str) -> bytes:
    return build(f"{talker}ZDA,{_clock(time)},{to_datetime(time):%d,%m,%Y},00,00", "$")


def _clock(time: Micros) -> str:
    if time % 1000:
        raise ValueError(f"a sentence holds milliseconds, not {time} µs")
    return f"{to_datetime(time):%H%M%S}.{time % SECOND // 1000:03d}"


def _angle(degrees: float, width: int, sides: str) -> str:
    whole, minutes = divmod(round(abs(degrees) * 60_000_000), 60_000_000)
    return f"{whole:0{width}d}{minutes / 1_000_000:09.6f},{sides[degrees < 0]}"


_TIME: Micros = 1_789_412_400 * SECOND


def reading(code: str, value: float | None, unit: str | None, name: str, rank: int, *, told: bool = False) -> Reading:
    """One reading as NMEA 0183 says it. told: whether its own sentence tells the time."""
    return Reading("golden", code, name, value, unit, time=_TIME, wire_time=_TIME if told else None, rank=rank)


EXAMPLES: Mapping[str, Sequence[Reading]] = {
    "a ship's position and course": [
        Reading("golden", "position", "position", None, time=_TIME, wire_time=_TIME, position=(118.069183, -24.447717), rank=3),
        reading("spd_over_grnd", 12.3, "[kn_i]", "speed_over_ground", 3, told=True),
        reading("true_course", 87.5, "deg", "course_over_ground", 3, told=True),
        reading("heading", 88.0, "deg", "heading", 3),
        reading("depth", 10.4, "m", "nmea0183_depth", 2),
    ],
    "a shore weather station": [
        reading("b_pressure_bar", 1.0132, "bar", "air_pressure", 2),
        reading("air_temp", -2.5, "Cel", "air_temperature", 2),
        reading("rel_humidity", 88.0, "%", "relative_humidity", 2),
        reading("direction_true", 45.0, "deg", "wind_direction", 1),
        reading("wind_speed_meters", 23.4, "m/s", "wind_speed", 1),
    ],
    "water temperature, no clock": [Reading("golden", "temperature", "water_temperature", 18.2, "Cel", rank=2)],
}
