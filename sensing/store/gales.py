"""When it blows too hard to lie open: gales that are measured near the harbours, and those that storms are expected to bring to each port.

What is expected follows from the storm's track as somebody told it last (`vessel track import`): from `lead_h` before the wind reaches
`wind_ms` there. Nobody is told before the ship itself was heard at that time, so an event never begins in the future.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

import apsw

from sensing.maritime.conduct import rules
from sensing.maritime.harbours import Point, shipped
from sensing.maritime.storms import Point as Centre
from sensing.maritime.storms import between, blows_at
from sensing.model import Micros
from sensing.times import HOUR

from . import Bulletin
from .airs import Airs

Span = tuple[Micros, Micros | None]
_PUT = """INSERT INTO storms VALUES(?,?,?,?,?,?) ON CONFLICT(run, storm) DO UPDATE SET points = excluded.points, by = excluded.by,
  at = excluded.at, place = excluded.place"""


class Gales:
    """Over the tables `storms` and `airs`, inside work's transaction."""

    def __init__(self, db: apsw.Connection, airs: Airs) -> None:
        self._db, self._airs = db, airs
        self._expected: dict[str, dict[str, list[tuple[Micros, Micros]]]] = {}

    def forget(self) -> None:
        """Drop what is remembered of the file."""
        self._expected.clear()

    def put(self, bulletins: Iterable[Bulletin]) -> set[str]:
        """Write down what was told of storms; returns the runs that it is about."""
        found = set()
        for one in bulletins:
            self._db.execute(_PUT, (one.run, one.storm, json.dumps(one.points), one.by, one.at, one.place))
            self._expected.pop(one.run, None)
            found.add(one.run)
        return found

    def of(self, run: str) -> dict[str, list[Span]]:
        """By port: from when until when no ship should lie open there, in order; None: it goes on."""
        blowing = self._airs.gales(run)
        return {port: _joined([*blowing, *expected]) for port, expected in self._foretold(run).items()}

    def _foretold(self, run: str) -> dict[str, list[tuple[Micros, Micros]]]:
        known = self._expected.get(run)
        if known is None:
            told, lead = rules()["gale"], round(rules()["gale"]["lead_h"] * HOUR)
            tracks = [points for _, _, points in storms(self._db, [run])]
            known = self._expected[run] = {
                port.id: [
                    (begin - lead, end)
                    for points in tracks
                    for begin, end in blows_at(_middle(port.limits), between(points), told["wind_ms"])
                ]
                for port in shipped().ports
            }
        return known


def storms(db: apsw.Connection, runs: Sequence[str] | None) -> list[tuple[str, str, list[Centre]]]:
    """(run, name, points in order of time) of the storms that were told of in these runs, None for all."""
    rows = db.execute("SELECT run, storm, points FROM storms ORDER BY run, storm")
    return [
        (run, storm, [Centre(*point) for point in json.loads(points)])
        for run, storm, points in rows
        if runs is None or run in runs
    ]


def _middle(polygon: Sequence[Point]) -> Point:
    return sum(lon for lon, _ in polygon) / len(polygon), sum(lat for _, lat in polygon) / len(polygon)


def _joined(spans: Iterable[Span]) -> list[Span]:
    found: list[Span] = []
    for begin, end in sorted(spans, key=lambda span: span[0]):
        last = found[-1][1] if found else None
        if found and (last is None or begin <= last):
            found[-1] = found[-1][0], None if last is None or end is None else max(last, end)
        else:
            found.append((begin, end))
    return found
