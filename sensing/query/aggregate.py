"""Rows of each datastream and bucket as one line: mean, least, greatest, sum, percentiles.

One line is of one (device, property, statistic, channel, run): statistics are never mixed. Means of directions are those of their
unit vectors; a direction has no least, greatest, sum or percentile. Sums are of amounts told for periods only (whole.py).
Where something cannot be said it is null.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa

from sensing.errors import UsageError

from . import partial, whole
from .asked import MOST_BUCKETS, Request, columns, share
from .buckets import Buckets
from .partial import Lines

WORDS = ("thing", "property", "statistic", "channel", "unit", "origin", "run")
COLUMNS = ("series", *WORDS, "time", "begin", "result", "quality", "lon", "lat")
_NO_DIRECTION = ("min", "max", "sum")
_INSTANT = pa.timestamp("us", "UTC")
_FLAT = 1e-9
"""A mean vector shorter than this points nowhere."""


@cache
def circular(prop: str, unit: str) -> bool:
    """Whether values of a property are directions, so that 0 and 360 meet."""
    if unit != "deg":
        return False
    from sensing import properties

    known = properties.get(prop)
    return known is None or known.circular


def refuse(request: Request, properties: Iterable[str]) -> None:
    """Raise UsageError when all that is asked for is what directions do not have, of directions; beside a mean it is null."""
    asked = [name for name in request.aggs if name in _NO_DIRECTION or share(name) is not None]
    named = list(properties)
    if asked and len(asked) == len(request.aggs) and named and all(circular(name, "deg") and _in_degrees(name) for name in named):
        raise UsageError(f"{named[0]} is a direction: it has no {asked[0]}", "ask for its mean, first, last or count")


def _in_degrees(name: str) -> bool:
    from sensing import properties

    return properties.unit_of(name) == "deg"


def schema(aggs: Sequence[str]) -> Any:
    """Names and types of the columns of lines."""
    word = pa.dictionary(pa.int32(), pa.string())
    kinds = dict.fromkeys(("device", "property", "statistic", "channel", "unit", "origin", "run"), word)
    kinds |= {"begin": _INSTANT, "time": _INSTANT, "count": pa.int64(), "left_out": pa.int64(), "summed": pa.int64()}
    return pa.schema([(name, kinds.get(name, pa.float64())) for name in columns(aggs)])


class Gathering:
    """Takes pieces of a reader's tables, in any order, and gives one table of lines."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._buckets = Buckets(request.every, request.zone)
        self._parts: list[Lines] = []
        self._words: dict[int, tuple[str, ...]] = {}
        self._shares = {name: found for name in request.aggs if (found := share(name)) is not None}
        self._values = whole.Whole()
        self._amounts = whole.Whole()
        self.left_out = 0

    def add(self, table: Any) -> None:
        """Rows with the columns `COLUMNS`, in the reader's names."""
        if not table.num_rows:
            return
        wanted = self._request.wanted
        time, period = _micros(table["time"]), ~table["begin"].combine_chunks().is_null().to_numpy(zero_copy_only=False)
        inside = np.ones(len(time), dtype=bool)
        if wanted.end is not None:
            inside &= time < wanted.end + period
        if wanted.begin is not None:
            inside &= time >= wanted.begin + period
        mask = self._request.keep.mask(table)
        inside &= True if mask is None else mask
        if not inside.all():
            table = table.filter(pa.array(inside))
            time, period = time[inside], period[inside]
        if len(time):
            self._add(table, time, period)

    def _add(self, table: Any, time: Any, period: Any) -> None:
        series, value = table["series"].to_numpy(), table["result"].to_numpy()
        present = self._learn(table, series)
        longitude, latitude = table["lon"].to_numpy(), table["lat"].to_numpy()
        placed = ~np.isnan(longitude)
        used = np.isin(table["quality"].to_numpy(), sorted(self._request.trusted)) & (~np.isnan(value) | placed)
        self.left_out += int(len(used) - used.sum())
        turning = [number for number in present if circular(self._words[number][1], self._words[number][4])]
        directions = np.isin(series, turning) if turning else None
        bucket = self._buckets.of(time, period)
        places = (longitude, latitude) if placed.any() else None
        self._parts.append(partial.lines(series, bucket, time, value, used, places, directions=directions))
        if len(self._parts) >= 64:
            self._parts = [partial.joined(self._parts)]
        if self._shares:
            mine = used & ~np.isnan(value)
            self._values.add(series[mine], bucket[mine], value[mine])
        if "sum" in self._request.aggs:
            self._add_amounts(table, series, bucket, time, value, used & period, present)

    def _add_amounts(self, table: Any, series: Any, bucket: Any, time: Any, value: Any, used: Any, present: list[int]) -> None:
        amounts = [number for number in present if whole.adds_up(self._words[number][2])]
        mine = used & np.isin(series, amounts) & ~np.isnan(value)
        begin = _micros(table["begin"])
        inner = begin + whole.slack(begin, time)
        if self._request.every is not None:
            mine &= inner >= self._buckets.begin(bucket)
        elif self._request.wanted.begin is not None:
            mine &= inner >= self._request.wanted.begin
        self._amounts.add(series[mine], bucket[mine], time[mine], begin[mine], value[mine])

    def _learn(self, table: Any, series: Any) -> list[int]:
        """Series that occur in a piece, their words noted."""
        present, rows = np.unique(series, return_index=True)
        numbers = [int(number) for number in present]
        fresh = [place for place, number in enumerate(numbers) if number not in self._words]
        if fresh:
            taken = table.select(WORDS).take(pa.array(rows[fresh]))
            listed = zip(*(column.to_pylist() for column in taken.columns), strict=True)
            self._words |= {numbers[place]: words for place, words in zip(fresh, listed, strict=True)}
        return numbers

    def table(self) -> Any:
        """All lines, by time, then device, property, statistic, channel and run."""
        if not self._parts:
            return schema(self._request.aggs).empty_table()
        found = partial.joined(self._parts)
        if self._request.fill and self._request.every is not None:
            found = _filled(found, self._request, self._buckets)
        made = self._columns(found)
        rank = {number: place for place, number in enumerate(sorted(self._words, key=lambda number: _place(self._words[number])))}
        ranks = np.array([rank[int(number)] for number in np.unique(found["series"])])
        order = np.lexsort((ranks[np.searchsorted(np.unique(found["series"]), found["series"])], found["bucket"]))
        return pa.table(made, schema=schema(self._request.aggs)).take(pa.array(order))

    def _named(self) -> list[str]:
        return [name for name in self._request.aggs if name != "count"]

    def _columns(self, found: Lines) -> Mapping[str, Any]:
        numbers, which = np.unique(found["series"], return_inverse=True)
        words = [self._words[int(number)] for number in numbers]
        made = {
            "device" if name == "thing" else name: _coded([one[place] for one in words], which)
            for place, name in enumerate(WORDS)
        }
        turning = np.array([circular(one[1], one[4]) for one in words], dtype=bool)[which]
        begin, end = self._bounds(found)
        made |= {"begin": begin, "time": end, "count": pa.array(found["count"]), "left_out": pa.array(found["left_out"])}
        made |= {name: _nullable(found[name]) for name in ("lon", "lat")}
        for name in self._named():
            if name == "sum":
                value, made["summed"] = whole.sums(self._amounts.rows(by=2), found["series"], found["bucket"])
            elif name in self._shares:
                value = whole.percentiles(self._values.rows(by=2), found["series"], found["bucket"], self._shares[name])
                value = np.where(turning, np.nan, value)
            else:
                value = _simple(name, found, turning)
            made[name] = _nullable(value)
        return {name: made[name] for name in schema(self._request.aggs).names}

    def _bounds(self, found: Lines) -> tuple[Any, Any]:
        """Begin and end of each bucket; of the one over all what was asked for, else the first and last row that counts."""
        every, wanted = self._request.every, self._request.wanted
        if every is not None:
            begin = self._buckets.begin(found["bucket"])
            return pa.array(begin, pa.int64()).cast(_INSTANT), pa.array(begin + every, pa.int64()).cast(_INSTANT)
        none = found["count"] == 0
        first = found["first_time"] if wanted.begin is None else np.full(len(none), wanted.begin)
        last = found["last_time"] if wanted.end is None else np.full(len(none), wanted.end)
        masks = none & (wanted.begin is None), none & (wanted.end is None)
        told = (pa.array(each, pa.int64(), mask=mask) for each, mask in zip((first, last), masks, strict=True))
        begin, end = (each.cast(_INSTANT) for each in told)
        return begin, end


def _simple(name: str, found: Lines, turning: Any) -> Any:
    if name == "mean":
        with np.errstate(divide="ignore", invalid="ignore"):
            plain = found["total"] / found["valued"]
            length = np.hypot(found["sin"], found["cos"]) / found["valued"]
        around = np.degrees(np.arctan2(found["sin"], found["cos"])) % 360.0
        around = np.where(around >= 360.0, 0.0, around)
        return np.where(turning, np.where(length > _FLAT, around, np.nan), plain)
    if name in {"min", "max"}:
        value = found["least" if name == "min" else "greatest"]
        return np.where(turning | ~np.isfinite(value), np.nan, value)
    return found[name]


def _filled(found: Lines, request: Request, buckets: Buckets) -> Lines:
    """The same lines and empty ones between, for each series, over the time that was asked for or that there is."""
    none, edge = np.zeros(1, dtype=bool), request.wanted
    low = int(found["bucket"].min()) if edge.begin is None else int(buckets.of(np.array([edge.begin]), none)[0])
    high = int(found["bucket"].max()) if edge.end is None else int(buckets.of(np.array([edge.end - 1]), none)[0])
    series = np.unique(found["series"])
    if len(series) * (high - low + 1) > MOST_BUCKETS:
        raise UsageError(
            f"{len(series) * (high - low + 1):,} buckets to fill", "make them longer, or ask for less time or fewer devices"
        )
    both = np.repeat(series, high - low + 1), np.tile(np.arange(low, high + 1), len(series))
    empty: Lines = {
        name: np.zeros(len(both[0]), dtype=column.dtype) if name in {"count", "left_out", "valued", "total", "sin", "cos"}
        else np.full(len(both[0]), np.nan) for name, column in found.items()
    }  # fmt: skip
    empty |= {"series": both[0], "bucket": both[1]}
    far = np.iinfo(np.int64).max
    empty |= {"first_time": np.full(len(both[0]), far), "last_time": np.full(len(both[0]), -far)}
    empty |= {"least": np.full(len(both[0]), np.inf), "greatest": np.full(len(both[0]), -np.inf)}
    return partial.joined([found, empty])


def _micros(column: Any) -> Any:
    return column.cast(_INSTANT).cast(pa.int64()).combine_chunks().fill_null(0).to_numpy()


def _place(words: tuple[str, ...]) -> tuple[str, ...]:
    return (*words[:4], words[6])


def _coded(words: list[str], which: Any) -> Any:
    known = pa.array(words, pa.string()).dictionary_encode()
    return pa.DictionaryArray.from_arrays(known.indices.take(pa.array(which)).cast(pa.int32()), known.dictionary)


def _nullable(value: Any) -> Any:
    return pa.array(value, pa.float64(), from_pandas=True)


def gathered(pieces: Iterator[Any], request: Request) -> Any:
    """Lines of all these pieces, as one table."""
    found = Gathering(request)
    for piece in pieces:
        found.add(piece)
    return found.table()
