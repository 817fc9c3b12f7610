r"""Plain captures as frames: an AIS receiver's sentences (.nmea), a station's series (.csv). A .toml beside each says who speaks.

adapter, gateway       through whom
begin, step_s          .nmea, which has no times: a message a step from `begin` on, told by a tag block `\c:...*hh\` (NMEA 0183 4.10)
time                   .csv: a column of RFC 3339, or the columns of year, month, day, hour in Beijing time
period_s               values are means of so many seconds that begin at `time`; left out for instants
[device]               what registering the station takes
[columns]              .csv: the wire's own code or name = column, or { column = "...", factor = 0.1 }
[missing] values       what stands where nothing was measured; such a value is left out
"""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from adapters import hj212, plainjson
from adapters._wire.hj212_encode import Link
from sensing import topics
from sensing.errors import NotFoundError, ValidationError
from sensing.model import Micros, Reading
from sensing.times import BEIJING, SECOND, from_datetime, parse_instant

from .record import Entry

ENDINGS = (".nmea", ".csv")
_MISSING = ("",)


class Capture:
    """A capture and what its .toml says. Raises NotFoundError without one, ValidationError for one that cannot be read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        aside = path.with_suffix(".toml")
        try:
            self.about: Mapping[str, Any] = tomllib.loads(aside.read_text("utf-8"))
        except FileNotFoundError:
            raise NotFoundError(
                f"{aside} is not there", "it says who speaks and what the columns are; see docs/storms.md"
            ) from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ValidationError(f"{aside}: {error}", "mend the TOML") from None
        for key in ("adapter", "gateway"):
            if not isinstance(self.about.get(key), str):
                raise ValidationError(f"{aside}: {key} is missing", f'write {key} = "..."')
        self.gateway: str = self.about["gateway"]
        self.adapter: str = self.about["adapter"]

    @property
    def devices(self) -> list[dict[str, Any]]:
        """What registering its station takes; none for a receiver, whose vessels enrol themselves."""
        form = self.about.get("device")
        return [{"adapter": self.adapter, "principal": self.gateway, "note": "replayed", **form}] if form else []

    def frames(self) -> Iterator[Entry]:
        """Its frames in order. Raises ValidationError naming the line."""
        topic = topics.up(self.adapter, self.gateway)
        told = self._sentences() if self.path.suffix == ".nmea" else self._rows()
        return (Entry(t, topic, payload) for t, payload in told)

    def _sentences(self) -> Iterator[tuple[Micros, bytes]]:
        begin, step = from_datetime(self.about["begin"]), int(self.about.get("step_s", 1) * SECOND)
        number, whole = -1, dict[tuple[bytes, ...], Micros]()
        for line in self.path.read_bytes().splitlines():
            if not line.strip():
                continue
            fields = line.split(b",")
            message = tuple(fields[index] for index in (1, 3, 4)) if len(fields) > 4 else ()
            if fields[2:3] in ([b"1"], []) or message not in whole:
                number += 1
                whole[message] = begin + number * step
            time = whole[message]
            yield time, tagged(time, line.strip())

    def _rows(self) -> Iterator[tuple[Micros, bytes]]:
        with self.path.open(encoding="utf-8", newline="") as lines:
            for number, row in enumerate(csv.DictReader(lines), 2):
                try:
                    yield from self._row(row)
                except (KeyError, ValueError) as error:
                    raise ValidationError(
                        f"{self.path} line {number}: {error!r}", "mend the line, or the columns in its .toml"
                    ) from None

    def _row(self, row: Mapping[str, str]) -> Iterator[tuple[Micros, bytes]]:
        period = int(self.about.get("period_s", 0) * SECOND)
        start = self._time(row)
        time = start + period
        missing = tuple(self.about.get("missing", {}).get("values", _MISSING))
        device = self.devices[0]
        native = str(device.get("native") or device["id"])
        readings = [
            Reading(
                native=native, code=code, property=code, value=float(row[column]) * factor, time=time, wire_time=start, sent=time,
                begin=start if period else None, statistic="mean/PT1H" if period else "instant", flag="N" if period else None,
            )
            for code, column, factor in self.columns()
            if row[column] not in missing
        ]  # fmt: skip
        if not readings:
            return
        if self.adapter == "hj212":
            yield from ((time, payload) for payload in hj212.encode(readings, Link(st="22")))
        else:
            yield time, plainjson.encode(readings)

    def columns(self) -> Iterator[tuple[str, str, float]]:
        """The wire's code or name, the column, and what its numbers are multiplied with."""
        for code, stated in self.about["columns"].items():
            yield (code, stated, 1.0) if isinstance(stated, str) else (code, stated["column"], float(stated["factor"]))

    def _time(self, row: Mapping[str, str]) -> Micros:
        stated = self.about["time"]
        if isinstance(stated, str):
            return parse_instant(row[stated])
        year, month, day, hour = (int(row[column]) for column in stated)
        return from_datetime(datetime(year, month, day, hour, tzinfo=BEIJING))


def tagged(time: Micros, sentence: bytes) -> bytes:
    """A sentence with the second of its reception before it (NMEA 0183 4.10, tag block `c`)."""
    block = b"c:%d" % (time // SECOND)
    check = 0
    for byte in block:
        check ^= byte
    return b"\\%b*%02X\\%b" % (block, check, sentence)
