r"""What ships, base stations and buoys transmit, and the sentences that a receiver makes of it.

    type 1     class A position report, each minute, at anchor or moored every three       type 5     class A static and voyage data, every six
    type 18    class B position report, each minute, below 2 knots every three             type 24    class B static data (A and B), every six
    type 4     base station, each minute                                                   type 21    aid to navigation, every three

    \s:rx-gulei,c:1473868807*hh\!AIVDM,1,1,,A,16S...,0*hh CR LF

Each ship has its own second of the minute; all receivers in range hear the same report at that second. A receiver passes on what
it heard in a minute as one payload, or several when it is more than `MOST` reports.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from adapters._wire.ais_batch import pack_rows, turn_code, turn_codes
from adapters._wire.ais_encode import report
from adapters._wire.ais_fields import degrees, turn_of
from adapters._wire.nmea_sentence import xor
from sensing.model import Micros, Reading
from sensing.times import MINUTE, SECOND, to_datetime

from ..said import Truth
from .motion import State
from .ships import Ship
from .waters import Aid, Point, Receiver
from .world import Voyage

MOST = 400
"""Position reports in a payload: with static ones below 64 KiB, the largest packet that the door takes by default."""
_NOTHING = {"status": 15, "turn": -128, "speed": 1023, "lon": 181 * 600_000, "lat": 91 * 600_000, "course": 3600, "heading": 511}
_TURNS = {raw: turn_of(raw) for raw in range(-128, 128)}


class Static(NamedTuple):
    """Static data that a ship sent. voyage: index of what it says of its voyage."""

    ship: Ship
    time: Micros
    voyage: int


class Heard(NamedTuple):
    """One sender's report: what is claimed and what is true of it, and static data with it."""

    readings: list[Reading]
    truth: list[Truth]
    static: Static | None = None


def moving(ship: Ship, time: Micros, row: Sequence[int]) -> Heard:
    """A position report. row: lon, lat, speed, course, heading, turn, status as numbers on the wire."""
    native, thing = str(ship.mmsi), ship.thing
    place = (degrees(row[0]), degrees(row[1]))
    values: list[tuple[str, str, float, str]] = [
        ("speed", "speed_over_ground", row[2] / 10.0, "[kn_i]"),
        ("course", "course_over_ground", row[3] / 10.0, "deg"),
        ("heading", "heading", row[4], "deg"),
    ]
    if not ship.traits.class_b:
        values += [("status", "navigation_status", row[6], "1"), ("turn", "rate_of_turn", _TURNS[row[5]], "deg/min")]
    readings = [Reading(native, "position", "position", None, None, "instant", "", time, None, time, None, None, place)]
    truth = [Truth("position", "instant", "", None, time, None, thing, place)]
    for code, name, value, unit in values:
        readings.append(Reading(native, code, name, value, unit, "instant", "", time, None, time))
        truth.append(Truth(name, "instant", "", None, time, float(value), thing))
    return Heard(readings, truth)


def static(ship: Ship, time: Micros, voyage: int, draught: float) -> Heard:
    """Static data; of a class A ship with its draught."""
    if ship.traits.class_b:
        return Heard([], [], Static(ship, time, voyage))
    reading = Reading(str(ship.mmsi), "draught", "draught", draught, "m", time=time, wire_time=time)
    return Heard([reading], [Truth("draught", "instant", "", None, time, draught, ship.thing)], Static(ship, time, voyage))


def fixed(mmsi: int, point: Point, time: Micros, *, buoy: bool = False) -> Heard:
    """A base station's report, or a buoy's, which also says that it is in its place."""
    place = (degrees(round(point[0] * 600_000)), degrees(round(point[1] * 600_000)))
    native, thing = str(mmsi), f"mmsi-{mmsi}"
    readings = [Reading(native, "position", "position", None, time=time, wire_time=time, position=place)]
    truth = [Truth("position", "instant", "", None, time, None, thing, place)]
    if buoy:
        readings.append(Reading(native, "off_position", "ais_off_position", 0.0, "1", time=time, wire_time=time))
        truth.append(Truth("ais_off_position", "instant", "", None, time, 0.0, thing))
    return Heard(readings, truth)


def numbers(state: State) -> list[list[int]]:
    """States of n ships as rows of numbers on the wire, for `moving`."""
    columns = (
        np.round(state.lon * 600_000), np.round(state.lat * 600_000), np.clip(np.round(state.speed * 10), 0, 1022),
        np.round(state.course * 10) % 3600, np.round(state.heading) % 360, turn_codes(state.turn), state.status,
    )  # fmt: skip
    rows: list[list[int]] = np.stack([np.asarray(column, dtype=np.int64) for column in columns], axis=1).tolist()
    return rows


class Voice:
    """Turns what a receiver heard into its payload. voyages: what ships say by index; origin: the story's begin, µs."""

    def __init__(
        self, ships: Sequence[Ship], aids: Iterable[Aid], receivers: Iterable[Receiver], voyages: Sequence[Voyage], origin: Micros
    ) -> None:
        self._class_b = frozenset(str(ship.mmsi) for ship in ships if ship.traits.class_b)
        self._aids = {str(aid.mmsi): aid for aid in aids}
        self._stations = frozenset(str(receiver.base_station) for receiver in receivers)
        self._voyages, self._origin = voyages, origin
        self._data = lru_cache(maxsize=65_536)(self._static)
        self._buoy = lru_cache(maxsize=4096)(self._aid)

    def payload(self, receiver: str, readings: Sequence[Reading], statics: Sequence[Static]) -> bytes:
        """All sentences, a line each. Raises ValueError for a value that AIS cannot say."""
        tags = _Tags(receiver)
        draughts, others, rows = dict[str, Reading](), list[Reading](), list[dict[str, Any]]()
        row: dict[str, Any] = {}
        for reading in readings:
            code = reading.code
            if code == "draught":
                draughts[reading.native] = reading
            elif reading.native in self._stations or reading.native in self._aids:
                others.append(reading)
            else:
                if reading.native != row.get("native") or reading.time != row["time"]:
                    row = {"native": reading.native, "time": reading.time, **_NOTHING}
                    rows.append(row)
                _put(row, reading)
        lines = list[bytes]()
        for kind, chosen in (
            (1, [r for r in rows if r["native"] not in self._class_b]),
            (18, [r for r in rows if r["native"] in self._class_b]),
        ):
            lines += _reports(kind, chosen, tags)
        for said in statics:
            draught = draughts.get(str(said.ship.mmsi))
            time = said.time if draught is None or draught.time is None else draught.time
            value = 0.0 if draught is None or draught.value is None else float(draught.value)
            lines += [tags.of(time) + sentence for sentence in self._data(said.ship.number, said.ship, said.voyage, value)]
        lines += self._fixed(others, tags)
        return b"\r\n".join(lines) + b"\r\n" if lines else b""

    def _fixed(self, readings: Sequence[Reading], tags: _Tags) -> list[bytes]:
        off = {reading.native: reading.value for reading in readings if reading.code == "off_position"}
        lines = list[bytes]()
        for reading in readings:
            if reading.position is None:
                continue
            if reading.native in self._aids:
                second = 60 if reading.time is None else reading.time % MINUTE // SECOND
                sentences = self._buoy(reading.native, reading.position, second, bool(off.get(reading.native)))
            else:
                sentences = _base_station(reading)
            lines += [tags.of(reading.time) + sentence for sentence in sentences]
        return lines

    def _static(self, _number: int, ship: Ship, voyage: int, draught: float) -> list[bytes]:
        said = self._voyages[voyage]
        bow, port = round(ship.length * 0.78), ship.beam // 2
        sides = {"to_bow": bow, "to_stern": ship.length - bow, "to_port": port, "to_starboard": ship.beam - port}
        channel = "AB"[ship.number % 2]
        if ship.traits.class_b:
            first = {"msg_type": 24, "partno": 0, "mmsi": ship.mmsi, "shipname": ship.name}
            second = {"msg_type": 24, "partno": 1, "mmsi": ship.mmsi, "ship_type": ship.code, "callsign": ship.callsign, **sides}
            return report(first, channel=channel) + report(second, channel=channel)
        fields = {
            "msg_type": 5, "mmsi": ship.mmsi, "imo": ship.imo, "callsign": ship.callsign, "shipname": ship.name, "ship_type": ship.code,
            **sides, "epfd": 1, "draught": draught, "destination": said.destination, "month": 0, "day": 0, "hour": 24, "minute": 60,
        }  # fmt: skip
        if said.eta is not None:
            eta = to_datetime(self._origin + round(said.eta) * SECOND)
            fields |= {"month": eta.month, "day": eta.day, "hour": eta.hour, "minute": eta.minute}
        return report(fields, channel=channel, sequence=ship.number % 10)

    def _aid(self, native: str, place: Point, second: int, off: bool) -> list[bytes]:
        aid = self._aids[native]
        return report({
            "msg_type": 21, "mmsi": aid.mmsi, "aid_type": aid.kind, "name": aid.name, "lon": place[0], "lat": place[1], "epfd": 1,
            "second": second, "off_position": off, "to_bow": 1, "to_stern": 1, "to_port": 1, "to_starboard": 1,
        })  # fmt: skip


class _Tags:
    """Tag blocks of one receiver, by time: made once for each second."""

    def __init__(self, receiver: str) -> None:
        self._receiver, self._made = receiver, dict[Micros | None, bytes]()

    def of(self, time: Micros | None) -> bytes:
        found = self._made.get(time)
        if found is None:
            clock = "" if time is None else f",c:{time // SECOND if time % SECOND == 0 else time // 1000}"
            text = f"s:{self._receiver}{clock}".encode("ascii")
            found = self._made[time] = b"\\%b*%02X\\" % (text, xor(text))
        return found


def _put(row: dict[str, Any], reading: Reading) -> None:
    """One value of a position report, as the number on the wire. Raises ValueError for one that is no number of AIS."""
    code, value = reading.code, reading.value
    if code == "position":
        if reading.position is not None:
            row["lon"], row["lat"] = round(reading.position[0] * 600_000), round(reading.position[1] * 600_000)
        return
    if code not in _NOTHING:
        raise ValueError(f'a position report has no "{code}"')
    if value is None:
        return
    if isinstance(value, str):
        raise ValueError(f"{code} {value!r} is no number")  # noqa: TRY004 what AIS cannot say is a ValueError
    if code in ("speed", "course"):
        row[code] = round(value * 10)
    elif code == "turn":
        row[code] = int(value) if value in (-128, -127, 127) else turn_code(value)
    else:
        row[code] = round(value)


def _reports(kind: int, rows: Sequence[Mapping[str, Any]], tags: _Tags) -> list[bytes]:
    """Position reports of one type, tagged."""
    if not rows:
        return []
    names = ("speed", "lon", "lat", "course", "heading", *(("status", "turn") if kind == 1 else ()))
    columns = {name: np.array([row[name] for row in rows], dtype=np.int64) for name in names}
    columns["mmsi"] = np.array([int(row["native"]) for row in rows], dtype=np.int64)
    columns["second"] = np.array([60 if row["time"] is None else row["time"] % MINUTE // SECOND for row in rows], dtype=np.int64)
    lines = list[bytes]()
    for row, payload in zip(rows, pack_rows(kind, columns), strict=True):
        body = b"AIVDM,1,1,,%c,%b,0" % (65 + payload[4] % 2, payload)
        lines.append(b"%b!%b*%02X" % (tags.of(row["time"]), body, xor(body)))
    return lines


def _base_station(reading: Reading) -> list[bytes]:
    fields: dict[str, Any] = {"msg_type": 4, "mmsi": int(reading.native), "epfd": 1, "accuracy": 1}
    if reading.position is not None:
        fields |= {"lon": reading.position[0], "lat": reading.position[1]}
    if reading.time is not None:
        at = to_datetime(reading.time)
        fields |= {"year": at.year, "month": at.month, "day": at.day, "hour": at.hour, "minute": at.minute, "second": at.second}
    return report(fields)
