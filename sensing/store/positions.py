"""Positions of ships in the store's own transaction: jumps and places off the water are doubted, and calls and the map pass them over.

A position that follows the one before it as a ship can costs a comparison. Where one does not, the newest positions of its ship, which are
kept in memory (its wake), are judged again; so are those around one that came late. What is older than the wake is read from the store.
Codes are functions of what is served around a position (checks.courses), whatever order it came in.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Container, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from sensing.checks.courses import GAP, SIDE, at_most_nm, room_nm
from sensing.model import Micros, Quality, QualityReason

from . import Row
from .verdicts import GOOD, NUMBERS, Key, Opinion, Verdicts, base

if TYPE_CHECKING:
    from .spans import Spans

_SERVED = "SELECT lon, lat, quality, reason FROM hot WHERE time=? AND series=? AND served"
_NEVER = -(1 << 62)
_AROUND = SIDE * GAP
_LONGEST = 600
_GOOD = int(Quality.GOOD)
_VERDICTS = (None, (int(Quality.SUSPECT), QualityReason.JUMP), (int(Quality.FAIL), QualityReason.JUMP))
_ASHORE = (int(Quality.SUSPECT), QualityReason.CONSISTENCY)
_JUMP_NUMBER = NUMBERS[QualityReason.JUMP]
JUMP, AFLOAT = "jump", "afloat"
Place = tuple[float, float]
Sealed = Mapping[Key, Mapping[int, Any]]


class Wake(Struct):
    """The newest positions of a ship: served, and good by their own flags. begin: none is missing from here on."""

    begin: Micros
    times: array[int]
    lons: array[float]
    lats: array[float]
    codes: bytearray

    def change(self, time: Micros, place: Place | None) -> None:
        """Make what stands at a time another position, or none."""
        at = bisect_left(self.times, time)
        there = at < len(self.times) and self.times[at] == time
        if there and place is None:
            del self.times[at], self.lons[at], self.lats[at], self.codes[at]
        elif there and place is not None:
            self.lons[at], self.lats[at] = place
        elif place is not None:
            self.times.insert(at, time)
            self.lons.insert(at, place[0])
            self.lats.insert(at, place[1])
            self.codes.insert(at, 0)

    def shorten(self) -> None:
        """Keep the newer half."""
        half = len(self.times) // 2
        del self.times[:half], self.lons[:half], self.lats[:half], self.codes[:half]
        self.begin = self.times[0]

    def put(self, time: Micros, lon: float, lat: float, quality: int, reason: int) -> None:
        """Add the newest one as it is stored."""
        jumped = reason == _JUMP_NUMBER
        self.times.append(time)
        self.lons.append(lon)
        self.lats.append(lat)
        self.codes.append(_VERDICTS.index((quality, QualityReason.JUMP)) if jumped else 0)

    def judge(self, knots: float) -> None:
        """Judge all of it again."""
        import numpy as np

        from sensing.checks.courses import jumps

        self.codes[:] = jumps(np.array(self.times, np.int64), np.array(self.lons), np.array(self.lats), knots).tobytes()


def _is_place(found: Sequence[Any] | None) -> bool:
    """Whether a served row (lon, lat, quality, reason) has a position that its own flag calls good."""
    return found is not None and found[0] is not None and base(int(found[2]), int(found[3])) == GOOD


def _empty(begin: Micros) -> Wake:
    return Wake(begin, array("q"), array("d"), array("d"), bytearray())


class Positions:
    """See above; of one store, inside its transactions."""

    def __init__(self, db: Any, verdicts: Verdicts, spans: Spans) -> None:
        self._db, self._verdicts, self._spans = db, verdicts, spans
        self._wakes: dict[int, Wake] = {}

    def forget(self) -> None:
        """Drop what is remembered of the store."""
        self._wakes.clear()

    def drop(self, series: int) -> None:
        """Drop what is remembered of one series."""
        self._wakes.pop(series, None)

    def settle(
        self, rows: Sequence[Row], looked: set[Key], sealed: Sealed, newest: Mapping[int, Micros], commit: int
    ) -> list[Row]:
        """Judge the positions of a batch that is written; rows whose flag changed, each as it is now. Those of `rows` are told as well."""
        mine = [row for row in rows if row.lon is not None and row.checks is not None and row.checks.knots is not None]
        if not mine:
            return []
        opinions = list[Opinion]()
        loud, late = dict[int, Micros](), dict[int, set[Micros]]()
        for row in mine:
            if (row.series, row.time) in looked:
                late.setdefault(row.series, set()).add(row.time)
            elif row.quality == _GOOD and row.time > newest.get(row.series, _NEVER):
                self._next(row, newest, loud, opinions)
            elif row.quality == _GOOD and not self._sound(row):
                self._told([row], {}, [(row.series, row.time)], sealed)
        last = {row.series: row for row in mine}
        for series, times in late.items():
            self._late(last[series], sorted(times), sealed, newest, opinions, loud)
        for series, since in loud.items():
            opinions += self._again(last[series], since, late.get(series, ()))
        if not opinions and not late:
            return []
        keys = {(series, time) for series, times in late.items() for time in times}
        told = {*self._verdicts.set(opinions, commit), *self._verdicts.show(keys, commit)}
        return self._told(mine, last, sorted(told | keys), sealed)

    def _next(self, row: Row, newest: Mapping[int, Micros], loud: dict[int, Micros], opinions: list[Opinion]) -> None:
        """One that is newer than all of its ship."""
        series, time, lon, lat = row.series, row.time, row.lon, row.lat
        assert row.checks is not None
        assert lon is not None
        assert lat is not None
        wake = self._wakes.get(series) or self._wake(series, newest)
        times = wake.times
        if times:
            between = time - times[-1]
            near = at_most_nm(lon - wake.lons[-1], lat - wake.lats[-1]) <= room_nm(between, row.checks.knots or 0)
            if wake.codes[-1] or not (near or between > GAP):
                loud.setdefault(series, time)
        times.append(time)
        wake.lons.append(lon)
        wake.lats.append(lat)
        wake.codes.append(0)
        if len(times) > _LONGEST and series not in loud:
            wake.shorten()
        opinion = _of_place(row, time, (lon, lat))
        if opinion.verdict is not None:
            opinions.append(opinion)

    def _sound(self, row: Row) -> bool:
        """Whether nobody doubts what comes again. It says what the row says that is stored: two receivers may hear one position."""
        wake = self._wakes.get(row.series)
        if wake is None or row.lon is None or row.lat is None:
            return False
        at = bisect_left(wake.times, row.time)
        known = at < len(wake.times) and wake.times[at] == row.time and not wake.codes[at]
        return known and _of_place(row, row.time, (row.lon, row.lat)).verdict is None

    def _wake(self, series: int, newest: Mapping[int, Micros]) -> Wake:
        """One that is not in memory: what was newest, until more is asked for."""
        time = newest.get(series)
        wake = self._wakes[series] = _empty(_NEVER if time is None else time)
        found = None if time is None else self._row(series, time, {})
        if time is not None and _is_place(found):
            wake.put(time, *found)  # type: ignore[misc]
        return wake

    def _late(
        self, row: Row, times: Sequence[Micros], sealed: Sealed, newest: Mapping[int, Micros], opinions: list[Opinion],
        loud: dict[int, Micros],
    ) -> None:  # fmt: skip
        """Positions that came late, or are others now."""
        series = row.series
        wake = self._wakes.get(series) or self._wake(series, newest)
        for time in times:
            place = self._served(series, time, sealed)
            opinions.append(Opinion(series, time, JUMP, None))
            opinions.append(_of_place(row, time, place))
            if time >= wake.begin:
                wake.change(time, place)
        if times[0] >= wake.begin:
            loud[series] = min(times[0], loud.get(series, times[0]))
        else:
            loud.pop(series, None)
            opinions += self._older(row, times)

    def _again(self, row: Row, since: Micros, anew: Container[Micros]) -> list[Opinion]:
        """Judge a wake again that changed at a time; it is read whole when it reaches back too little. anew: see `_judge`."""
        wake = self._wakes[row.series]
        if wake.begin > _NEVER and bisect_left(wake.times, since) < 2 * SIDE:
            wake = self._wakes[row.series] = self._read(row.series, since - 2 * _AROUND, -_NEVER)
        found = self._judge(row, wake, anew)
        if len(wake.times) > _LONGEST:
            wake.shorten()
        return found

    def _older(self, row: Row, times: Sequence[Micros]) -> list[Opinion]:
        """Judge what the store has around positions that are older than the wake, which is made anew."""
        self._wakes.pop(row.series, None)
        wake = self._read(row.series, times[0] - 2 * _AROUND, times[-1] + 2 * _AROUND)
        return [one for one in self._judge(row, wake, times) if one.time <= times[-1] + _AROUND]

    def _read(self, series: int, begin: Micros, end: Micros) -> Wake:
        wake = _empty(begin)
        for found in self._spans.positions(series, begin, end):
            if _is_place(found[1:]):
                wake.put(*found)
        return wake

    def _judge(self, row: Row, wake: Wake, anew: Container[Micros]) -> list[Opinion]:
        """What is otherwise now, but for those at the beginning of a wake, whose neighbours are not all in it. anew: nothing is said of these."""
        assert row.checks is not None
        assert row.checks.knots is not None
        known = bytearray(0 if time in anew else code for time, code in zip(wake.times, wake.codes, strict=True))
        wake.judge(row.checks.knots)
        found = []
        for at, (was, now) in enumerate(zip(known, wake.codes, strict=True)):
            if was != now and at < SIDE and wake.begin > _NEVER and wake.times[at] < wake.begin + _AROUND:
                wake.codes[at] = was
            elif was != now:
                found.append(Opinion(row.series, wake.times[at], JUMP, _VERDICTS[now], _told(wake, at, row.checks.knots)))
        return found

    def _served(self, series: int, time: Micros, sealed: Sealed) -> Place | None:
        """Where a ship was said to be at a time; None when nothing good by its own flag is served."""
        found = self._row(series, time, sealed)
        return (found[0], found[1]) if _is_place(found) and found is not None else None

    def _row(self, series: int, time: Micros, sealed: Sealed) -> tuple[Any, ...] | None:
        for one in sealed.get((series, time), {}).values():
            if one.served:
                return one.lon, one.lat, one.quality, one.reason
        found: tuple[Any, ...] | None = self._db.execute(_SERVED, (time, series)).get
        return found

    def _told(self, mine: Sequence[Row], last: Mapping[int, Row], keys: Sequence[Key], sealed: Sealed) -> list[Row]:
        """Rows as they are now."""
        found = dict[Key, tuple[Any, ...]]()
        for key in keys:
            now = self._row(*key, sealed)
            if now is not None:
                found[key] = now
        for row in mine:
            now = found.get((row.series, row.time))
            if now is not None and now[:2] == (row.lon, row.lat) and base(row.quality, row.reason) == GOOD:
                row.quality, row.reason = int(now[2]), int(now[3])
                row.current = row.current and row.quality == _GOOD
        return [
            msgspec.structs.replace(
                last[series], time=time, lon=lon, lat=lat, quality=int(quality), reason=int(reason), current=quality == _GOOD
            )
            for (series, time), (lon, lat, quality, reason) in found.items()
            if series in last
        ]  # fmt: skip

    def believable(self, series: int) -> Micros | None:
        """The time of the newest position that nobody doubts; None when none is in memory."""
        wake = self._wakes.get(series)
        if wake is None:
            return None
        return next((time for time, code in zip(reversed(wake.times), reversed(wake.codes), strict=True) if not code), None)


def _of_place(row: Row, time: Micros, place: Place | None) -> Opinion:
    """Whether a ship can be there."""
    from sensing.maritime.afloat import shipped

    room = None if row.checks is None else row.checks.ashore
    inland = shipped().ashore(*place, room) if place is not None and room is not None else 0.0
    if not inland:
        return Opinion(row.series, time, AFLOAT, None)
    return Opinion(row.series, time, AFLOAT, _ASHORE, msgspec.json.encode({"inland_m": round(inland), "ashore": room}).decode())


def _told(wake: Wake, at: int, knots: float) -> str:
    from sensing.times import rfc3339

    near = [place for place in (at - 1, at, at + 1) if 0 <= place < len(wake.times)]
    return msgspec.json.encode({
        "knots": knots, "positions": [[rfc3339(wake.times[one]), wake.lons[one], wake.lats[one]] for one in near],
    }).decode()  # fmt: skip
