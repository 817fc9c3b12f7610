"""Stretches of many series out of hot and lake at once, inside work's transaction: what trails are made of."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from sensing.checks import judge
from sensing.model import Micros, Quality, QualityReason

from . import CONFIGURATION_BITS, ROW_BITS
from .verdicts import BEHIND, GOOD, base

_HOT = """SELECT series, time, result, quality, reason, generation FROM hot WHERE series IN (SELECT CAST(value AS INTEGER) FROM json_each(?)) AND time >= ? AND time <= ?
  AND served AND seq >= ? AND result IS NOT NULL AND quality IN (1, 3, 4) ORDER BY series, time"""
_AMENDED = """SELECT seq, generation, sent, rank, quality, reason, served FROM amended WHERE seq < ? AND series IN
  (SELECT CAST(value AS INTEGER) FROM json_each(?))"""
_NAMES = ("series", "time", "result", "quality", "reason", "generation", "served")
_PLACES = ("time", "lon", "lat", "quality", "reason", "served")
_POSITIONS = """SELECT time, lon, lat, quality, reason FROM hot WHERE time >= ? AND time <= ? AND series=? AND served AND seq >= ?
  AND lon IS NOT NULL"""
_CONFIGURATION = (1 << CONFIGURATION_BITS) - 1
_Raw = tuple[int, int, float, int, int, int]
_REASONS = tuple(QualityReason)
_PLAIN = (int(Quality.GOOD), int(Quality.SUSPECT), int(Quality.FAIL))
Stretch = tuple["array[int]", "array[float]", bytearray, "array[int]"]
"""Times, values, codes, configurations."""


def configuration(generation: int) -> int:
    """Which configuration of its device a row was observed with."""
    return generation & _CONFIGURATION


def code(quality: int, reason: int) -> int:
    """The code of a judged row that shows (quality, reason); GOOD for another check's verdict."""
    return judge.CODES.get((quality, _REASONS[reason]), judge.GOOD)


class Spans:
    """See above. lake: the folder of its files; None where nothing is sealed."""

    def __init__(self, db: Any, lake: Path | None) -> None:
        self._db, self._lake = db, lake

    def read(self, series: Iterable[int], begin: Micros, end: Micros) -> dict[int, Stretch]:
        """Served values of begin <= time <= end whose first flag is good, by series; {} of those that have none."""
        numbers = sorted(set(series))
        found: dict[int, list[tuple[int, float, int, int]]] = {}
        listed = msgspec.json.encode(numbers).decode()
        for number, time, result, quality, reason, generation in self._rows(numbers, listed, begin, end):
            if base(quality, reason) == GOOD and (quality, reason) != BEHIND:
                found.setdefault(number, []).append((time, result, code(quality, reason), configuration(generation)))
        return {number: _stretch(rows) for number, rows in found.items()}

    def positions(self, series: int, begin: Micros, end: Micros) -> list[tuple[int, float, float, int, int]]:
        """Served positions of a ship: (time, lon, lat, quality, reason), in order; begin <= time <= end."""
        found, seam = list[Any](), 0
        if self._lake is not None:
            from .lake import catalogue

            now = catalogue.read(self._db)
            seam = (now.sealed + 1) << ROW_BITS
            if now.segments:
                found += self._files(now, [series], msgspec.json.encode([series]).decode(), begin, end, _PLACES)
        found += self._db.execute(_POSITIONS, (begin, end, series, seam)).fetchall()
        return sorted(row for row in found if row[1] is not None and row[3] in _PLAIN)

    def _rows(self, numbers: list[int], listed: str, begin: Micros, end: Micros) -> Iterator[_Raw]:
        seam = 0
        if self._lake is not None:
            from .lake import catalogue

            now = catalogue.read(self._db)
            seam = (now.sealed + 1) << ROW_BITS
            if now.segments:
                yield from self._sealed(now, numbers, listed, begin, end)
        for number, time, result, quality, reason, generation in self._db.execute(_HOT, (listed, begin, end, seam)):
            yield int(number), int(time), float(result), int(quality), int(reason), int(generation)

    def _sealed(self, now: Any, numbers: list[int], listed: str, begin: Micros, end: Micros) -> Iterator[_Raw]:
        for row in self._files(now, numbers, listed, begin, end, _NAMES):
            if row[2] is not None and row[3] in _PLAIN:
                yield row

    def _files(
        self, now: Any, numbers: list[int], listed: str, begin: Micros, end: Micros, names: Sequence[str]
    ) -> Iterator[Any]:
        """What is sealed: all but the last of these columns, for that says what is served."""
        import numpy as np

        from .lake import scan
        from .lake.groups import Files

        assert self._lake is not None
        seam = (now.sealed + 1) << ROW_BITS
        query = scan.Query(np.array(numbers, np.int64), begin, end + 1)
        segments = scan.segments(now.segments, query)
        amendments = scan.Amendments(self._db.execute(_AMENDED, (seam, listed)).fetchall()) if segments else None
        files = Files(self._lake)
        for segment in segments:
            for piece in scan.read(files, segment, query, names, amendments):  # type: ignore[arg-type]
                yield from zip(*(piece[name].to_pylist() for name in names[:-1]), strict=True)


def _stretch(rows: list[tuple[int, float, int, int]]) -> Stretch:
    rows.sort()
    times, values, codes, configs = zip(*rows, strict=True)
    return array("q", times), array("d", values), bytearray(codes), array("H", configs)
