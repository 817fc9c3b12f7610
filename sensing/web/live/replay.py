"""One run over a stretch of the past, a step at a time: rows are reduced to the last of each datastream and step, then played into a `City`.

numpy comes with pyarrow, which reads the files: both are loaded when somebody first looks back.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from sensing import times
from sensing.events import CLOSED, OPEN
from sensing.model import Micros
from sensing.store.event_reader import WantedEvents
from sensing.store.events import Event
from sensing.store.reader import StoreReader
from sensing.store.wanted import Wanted

from .city import NEW, SILENT, City

if TYPE_CHECKING:
    from .hub import Hub

AGE = times.HOUR
"""How old a value may be at the first instant; slow things have three of their cadences."""
_OLDEST = times.DAY
_MOST_EVENTS = 5_000
_BASE = 1 << 60
"""Turns of a replay are later than anything that happened."""
_COLUMNS = ("series", "time", "seq", "result", "quality", "reason", "lon", "lat")
_UNJUDGED = 2
_TRIES = 5


class Replay:
    """`read`, then `step` through the instants in order. spoken: things that have been heard by now."""

    def __init__(self, run: str, instants: Sequence[Micros], hub: Hub, spoken: set[str]) -> None:
        self.city = City(run)
        self._instants = instants
        self._hub = hub
        self._spoken = spoken
        self._rows: list[list[tuple[Any, ...]]] = [[] for _ in instants]
        self._events: list[Event] = []

    @staticmethod
    def turn(number: int) -> Micros:
        """What stands for time in a replay."""
        return _BASE + number

    def read(self, store: StoreReader) -> None:
        """Read all of the stretch."""
        first, last = self._instants[0], self._instants[-1]
        slow = [place.id for place in self._hub.places.all.values() if place.patience > AGE and not place.gone]
        wanted = Wanted(runs=(self.city.run,), begin=first - AGE, end=last + 1)
        asked = [wanted]
        if slow:
            longest = max(self._hub.places.all[thing].patience for thing in slow)
            asked.append(replace(wanted, devices=slow, begin=first - min(_OLDEST, longest), end=first - AGE))
        for _ in range(_TRIES):
            try:
                rows = [row for each in asked for row in self._last(store, each)]
                break
            except FileNotFoundError:  # a file was replaced meanwhile
                continue
        else:
            raise FileNotFoundError("the files of the lake change faster than they are read")
        rows.sort(key=lambda row: (row[2], row[3]))
        for row in rows:
            self._rows[row[0]].append(row)
        for row in rows:
            if self.city.stream(row[1]) is None:
                words = store.words(row[1])
                if self._hub.places.of(words[0], store) is not None:
                    self.city.add_stream(row[1], words)
        things = [place.id for place in self._hub.places.all.values() if not place.gone and (place.version and not self.city.run)]
        for thing in things:
            self.city.standing(thing)
        for thing, facts in store.facts_of(self.city.standings, self.city.run).items():
            self.city.standings[thing].facts = facts
        found = WantedEvents(states=(OPEN, CLOSED), runs=(self.city.run,), begin=first, end=last + 1)
        self._events = store.events(found, _MOST_EVENTS)

    def step(self, number: int, instant: Micros) -> Iterator[str]:
        """Go on to an instant; gives the things that have changed."""
        city = self.city
        city.clock = instant
        for _, series, time, _, result, quality, reason, lon, lat in self._rows[number]:
            stream = city.stream(series)
            if stream is None:
                continue
            if city.take((number, series, time, time, result, quality, reason, lon, lat, True), stream, live=number > 0):
                yield stream.standing.id
        yield from self._hear(number, instant)
        yield from city.judge(self._hub.place, self.turn(number))
        if not number:
            for standing in city.standings.values():
                if standing.state == NEW and standing.id in self._spoken:
                    standing.state = SILENT

    def _hear(self, number: int, instant: Micros) -> Iterator[str]:
        before = self._instants[number - 1] if number else None
        for event in self._events:
            now, then = as_of(event, instant), as_of(event, before) if before is not None else None
            moved = now is not None and (then is None or (now.state, now.severity) != (then.state, then.severity))
            if now is not None and moved and (number or now.state == OPEN):
                yield self.city.hear(now, number)

    def _last(self, store: StoreReader, wanted: Wanted) -> list[tuple[Any, ...]]:
        """The last row, and the last good one, of each datastream and step: (step, series, time, seq, result, quality, reason, lon, lat)."""
        import numpy as np
        import pyarrow as pa

        pieces = []
        for table in store.batches(wanted, _COLUMNS):
            if not table.num_rows:
                continue
            series, time, seq = (_numbers(table[name]) for name in ("series", "time", "seq"))
            step = np.searchsorted(np.array(self._instants, dtype=np.int64), time, "left")
            good = table["quality"].to_numpy() <= _UNJUDGED
            order = np.lexsort((seq, time, step, series))
            kept = np.union1d(_ends(series, step, order), _ends(series, step, order[good[order]]))
            pieces.append(table.take(pa.array(kept)).append_column("step", pa.array(step[kept])))
        if not pieces:
            return []
        whole = pa.concat_tables(pieces, promote_options="default")
        columns = [whole["step"], whole["series"], _micros(whole["time"]), whole["seq"]]
        columns += [whole[name] for name in ("result", "quality", "reason", "lon", "lat")]
        return list(zip(*(column.to_pylist() for column in columns), strict=True))


def as_of(event: Event, instant: Micros) -> Event | None:
    """An event as it stood at an instant of its own time; None before it began."""
    steps = [step for step in event.steps if step.time <= instant]
    if event.start > instant or not steps:
        return None
    ended = event.end is not None and event.end <= instant
    known = event.peak_time <= instant
    top = max(steps, key=lambda step: step.severity)
    said = {} if event.run else {word: mark for word, mark in event.marks.items() if mark["at"] <= instant}
    return replace(
        event, steps=steps, severity=top.severity, end=event.end if ended else None, state=CLOSED if ended else OPEN, marks=said,
        peak=event.peak if known else top.value, peak_time=event.peak_time if known else top.time,
    )  # fmt: skip


def _ends(series: Any, step: Any, order: Any) -> Any:
    """Of rows in order, the last of each (series, step)."""
    import numpy as np

    if not len(order):
        return order
    last = np.ones(len(order), dtype=bool)
    last[:-1] = (series[order][1:] != series[order][:-1]) | (step[order][1:] != step[order][:-1])
    return order[last]


def _micros(column: Any) -> Any:
    import pyarrow as pa

    return column.cast(pa.timestamp("us", "UTC")).cast(pa.int64())


def _numbers(column: Any) -> Any:
    import pyarrow as pa

    if pa.types.is_timestamp(column.type):
        column = _micros(column)
    return column.combine_chunks().to_numpy()
