r"""NMEA 0183 / IEC 61162-1: positions, depths, wind and weather of ships and of stations that speak like ships.

    $GPRMC,085412.000,A,5222.3198,N,00454.5784,E,0.58,251.34,030414,,,A*65
    ||  |  |          |                          |    |      |         | checksum: XOR between $ and *
    ||  formatter     valid                      knots degrees date
    |talker           position, ddmm.mmmm
    start             time of day, UTC

A payload holds one sentence, many, or half a one. The device is the principal, or whom its setting `talkers` names for a talker.
What is refused: bad_start, bad_length, bad_checksum, bad_grammar, bad_number, bad_time, unknown_function (AIS: it has its own
adapter). Sentences outside `nmea_fields` are named as controls.

Settings of a device: `talkers` {"SD": "echo-1"}; `fixed` (false): the station does not move, so wind is relative to north.
State of a stream: `tail` (half a sentence), `at` (the last instant told, and when it was received): it gives times of day a date.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sensing.errors import DecodeError, Reason
from sensing.model import Context, Decoded, JsonState, Micros, Reading, Span
from sensing.properties import slug
from sensing.times import DAY, from_datetime, to_datetime

from ._wire import nmea_fields as table
from ._wire import wrapping
from ._wire.nmea_encode import EXAMPLES, encode
from ._wire.nmea_sentence import parse
from ._wire.nmea_stream import Stream, lapse_tail, starts, tail_deadline

__all__ = ["EXAMPLES", "NAME", "STATEFUL", "annotate", "decode", "encode", "expire"]

NAME = "nmea0183"
STATEFUL = True
MOST_TRANSDUCERS = 64


def decode(payload: bytes, context: Context, state: JsonState | None = None) -> Decoded:
    """Read one payload. Raises DecodeError when it is one sentence that cannot be read."""
    return wrapping.pointing(payload, state, starts, _Sentences(context, state).take)


def annotate(payload: bytes, context: Context) -> list[Span]:
    """What each byte of a payload says."""
    from ._wire.nmea_annotate import annotate as told  # decoding does without it

    return told(payload, context, decode)


class _Sentences(Stream):
    """One payload of sentences. `now`: the last instant that one of them told."""

    def take(self, payload: bytes) -> Decoded:
        self.now: Micros | None = None
        settings = self.context.settings(self.context.principal)
        self.fixed = settings.get("fixed") is True
        talkers = settings.get("talkers")
        self.talkers: Mapping[str, Any] = talkers if isinstance(talkers, Mapping) else {}
        self.book(lapse_tail(self.state, self.context.received))
        self.lines(payload, self._line)
        return self.answer()

    def _line(self, line: bytes) -> None:
        sentence = parse(line)
        head, *values = sentence.body.decode("latin-1").split(",")
        talker, formatter = head[:-3], head[-3:]
        if formatter in ("VDM", "VDO"):
            raise DecodeError(Reason.UNKNOWN_FUNCTION, f"{head} is AIS: publish it to the ais adapter", path=(0,))
        names = table.FIELDS.get(formatter)
        if sentence.start != "$" or head[:1] == "P" or names is None or len(talker) != 2:
            self.controls.append(head[:16] or "empty")
            return
        native = str(self.talkers.get(talker, self.context.principal))
        fields = dict(zip(names, values, strict=False))
        time = self._time(formatter, fields, sentence.time)
        stored = _transducers(native, values) if formatter == "XDR" else _stored(native, formatter, fields, fixed=self.fixed)
        for reading in stored:
            reading.time, reading.wire_time = self.now, time
        if self.context.every_field:
            self.readings += _told(native, talker, formatter, fields, stored, self.now, time)
        elif stored:
            self.readings += stored
        else:
            self.controls.append(head)

    def _time(self, formatter: str, fields: Mapping[str, str], stamp: Micros | None) -> Micros | None:
        """The instant that a sentence tells, which those before it without one take as well."""
        of_day = table.clock(fields.get("timestamp", ""))
        time = stamp if of_day is None else self._dated(formatter, fields, of_day)
        if time is None:
            return None
        if self.now is None:
            for reading in self.readings:
                reading.time = time
        self.now = time
        if of_day is not None:
            self.state["at"] = [time, self.context.received]
        return time

    def _dated(self, formatter: str, fields: Mapping[str, str], of_day: Micros) -> Micros:
        midnight = _date(fields.get("datestamp", "")) if formatter == "RMC" else _zda(fields) if formatter == "ZDA" else None
        if midnight is not None:
            return midnight + of_day
        told = self.state.get("at")
        return table.nearest_day(of_day, told[0] + self.context.received - told[1] if told else self.context.received)


def _date(text: str) -> Micros | None:
    """`ddmmyy`; years 80-99 are of the last century."""
    if not text:
        return None
    if len(text) != 6 or not (text.isascii() and text.isdigit()):
        raise DecodeError(Reason.BAD_TIME, f'"{text[:20]}" is no date (ddmmyy)', path=("datestamp",))
    year = int(text[4:])
    return _midnight("datestamp", year + (1900 if year >= 80 else 2000), int(text[2:4]), int(text[:2]))


def _zda(fields: Mapping[str, str]) -> Micros | None:
    texts = [fields.get(name, "") for name in ("year", "month", "day")]
    if not all(texts):
        return None
    if not all(text.isascii() and text.isdigit() and len(text) <= 4 for text in texts):
        raise DecodeError(Reason.BAD_TIME, f'"{",".join(texts)[:20]}" is no date', path=("year",))
    return _midnight("day", *map(int, texts))


def _midnight(field: str, year: int, month: int, day: int) -> Micros:
    try:
        return from_datetime(datetime(year, month, day, tzinfo=UTC))
    except ValueError as error:
        raise DecodeError(Reason.BAD_TIME, f"{year}-{month}-{day}: {error}", path=(field,)) from None


def _stored(native: str, formatter: str, fields: Mapping[str, str], *, fixed: bool) -> list[Reading]:
    """What a sentence says, without times."""
    lat, lon = _place(fields)
    for name, allowed in table.VALID.get(formatter, ()):
        text = fields.get(name, "")
        if text and text not in allowed:
            return []
        if not text and name in ("status", "gps_qual"):
            return []
    if formatter == "MWV":
        return _wind(native, fields, fixed=fixed)
    if formatter == "HDG":
        return _heading(native, fields)
    found = list[Reading]()
    if lat is not None and lon is not None:
        rank = {"RMC": 3, "GGA": 2, "GNS": 2}.get(formatter, 1)
        found.append(Reading(native, "position", "position", None, position=(lon, lat), rank=rank))
    for name, text in fields.items():
        meaning, unit = table.MEANINGS.get(f"{formatter}.{name}"), ""
        instead = table.INSTEAD.get((formatter, name))
        if instead and not fields.get(instead[0]):
            meaning, unit = table.MEANINGS[f"{formatter}.{instead[0]}"], instead[1]
        if meaning and text:
            value = _number(name, text)
            found.append(Reading(native, name, meaning.property, value, unit or meaning.unit, rank=meaning.rank))
    return found


def _place(fields: Mapping[str, str]) -> tuple[float | None, float | None]:
    lat = table.degrees(fields.get("lat", ""), fields.get("lat_dir", ""), 90)
    return lat, table.degrees(fields.get("lon", ""), fields.get("lon_dir", ""), 180)


def _number(name: str, text: str, field: int = 0) -> float:
    value = table.number(text)
    if value is None:
        raise DecodeError(Reason.BAD_NUMBER, f'{name} "{text[:20]}" is no number', path=(field or name,))
    return value


def _wind(native: str, fields: Mapping[str, str], *, fixed: bool) -> list[Reading]:
    """MWV: relative to the bow, or to north where the station does not move."""
    reference, unit = fields.get("reference", ""), table.SPEEDS.get(fields.get("wind_speed_units", ""))
    kind = {"R": "apparent", "T": "true"}.get(reference)
    if kind is None:
        raise DecodeError(Reason.BAD_GRAMMAR, f'reference "{reference[:4]}" is neither R nor T', path=("reference",))
    angle, speed = table.MEANINGS[f"MWV.{kind}_angle"].property, table.MEANINGS[f"MWV.{kind}_speed"].property
    if fixed:
        angle, speed = "wind_direction", "wind_speed"
    found = list[Reading]()
    if fields.get("wind_angle"):
        found.append(Reading(native, "wind_angle", angle, _number("wind_angle", fields["wind_angle"]), "deg", rank=1))
    if fields.get("wind_speed") and unit:
        found.append(Reading(native, "wind_speed", speed, _number("wind_speed", fields["wind_speed"]), unit, rank=1))
    return found


def _heading(native: str, fields: Mapping[str, str]) -> list[Reading]:
    """HDG: magnetic; true when the variation is told (east is positive, IEC 61162-1)."""
    if not fields.get("heading"):
        return []
    heading, true = _number("heading", fields["heading"]), None
    corrections = 0.0
    for name, side in (("deviation", "dev_dir"), ("variation", "var_dir")):
        if fields.get(name):
            corrections += _number(name, fields[name]) * (-1 if fields.get(side) == "W" else 1)
    if fields.get("variation"):
        true = round((heading + corrections) % 360, 3)
    name = "nmea0183_heading_magnetic" if true is None else "heading"
    return [Reading(native, "heading", name, heading, "deg", result=true, rank=2)]


def _transducers(native: str, values: Sequence[str]) -> list[Reading]:
    """XDR: groups of type, value, unit, name; each its own channel."""
    found = list[Reading]()
    for at in range(0, min(len(values), 4 * MOST_TRANSDUCERS) - 3, 4):
        kind, text, unit, name = values[at : at + 4]
        if not text:
            continue
        upper = name.upper()
        meant = table.TRANSDUCERS.get((kind, unit)) if any(word in upper for word in ("AIR", "BARO", "HUMID")) else None
        property_, ucum = meant or (
            slug(NAME, f"xdr_{name or kind}"),
            "Pa" if (kind, unit) == ("P", "P") else table.XDR_UNITS.get(unit),
        )
        found.append(Reading(native, name or kind, property_, _number(name, text, at + 2), ucum, channel=name[:32]))
    return found


def _told(
    native: str,
    talker: str,
    formatter: str,
    fields: Mapping[str, str],
    stored: list[Reading],
    time: Micros | None,
    wire: Micros | None,
) -> list[Reading]:
    """A line for each field: those that are stored as they are, the others without a property."""
    by_code = {reading.code: reading for reading in stored}
    values: dict[str, float | str | None] = {"talker": talker, "type": formatter}
    values |= {name: _shown(name, text) for name, text in fields.items()}
    if "lat" in fields:
        values["latitude"], values["longitude"] = _place(fields)
    lines = [
        by_code.pop(name) if name in by_code else Reading(native, name, None, value, time=time, wire_time=wire)
        for name, value in values.items()
    ]
    return lines + list(by_code.values())


def _shown(name: str, text: str) -> float | str | None:
    if not text:
        return None
    if name == "timestamp":
        return to_datetime(table.clock(text) or 0).strftime("%H:%M:%S.%f").removesuffix(".000000") + "+00:00"
    if name == "datestamp":
        return to_datetime(_date(text) or 0).strftime("%Y-%m-%d")
    value = table.number(text)
    return text if value is None else value


def expire(state: JsonState, now: Micros) -> Decoded:
    """Give up half a sentence that has waited too long; a date is forgotten after a day."""
    left = dict(state)
    errors = lapse_tail(left, now)
    if "at" in left and now >= left["at"][1] + DAY:
        del left["at"]
    return Decoded(errors=errors, state=left or None, deadline=tail_deadline(left))
