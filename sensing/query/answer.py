"""A request answered from a reader: pieces of tables, by time, each of some million rows at most.

Each piece is of one moment, and later ones may see what was committed since; `Wanted.as_of` pins all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from msgspec.structs import replace

from sensing import times
from sensing.errors import UsageError
from sensing.model import Micros
from sensing.store.wanted import Wanted

from .asked import Request
from .buckets import Buckets
from .keep import Devices, Keep, matching
from .known import Look
from .spans import Span, spans, total

_MOST_ROWS = 8_000_000
"""Rows that are sorted at once."""
Tell = Callable[[float], None]
"""Told how much is done, 0..1."""


class Reader(Protocol):
    """What is asked of a store."""

    def batches(self, wanted: Wanted, columns: Sequence[str]) -> Iterator[Any]:
        """Wanted rows as `pyarrow.Table`s, in no order."""

    def segments(self) -> Any:
        """The catalogue: `segments`, each with begin, end and rows."""

    def devices(self) -> Sequence[str]:
        """Every device of which there are rows."""

    def properties(self) -> Sequence[str]:
        """Every property of which there are rows."""


ROW = (
    "cursor", "device", "property", "statistic", "channel", "begin", "time", "received", "result", "unit", "quality", "reason",
    "revision", "origin", "run", "lon", "lat",
)  # fmt: skip
"""Columns of an observation (CONTRACT "Lines that programs read")."""


def checked(asking: Request, narrowed: Request | None, zone: Callable[[], Micros]) -> Request | None:
    """A request that can be answered, with the zone where days are counted; None when no device is left. Raises UsageError."""
    if asking.every is not None and not asking.aggs:
        raise UsageError("every without agg", "say what is made of each stretch of time: mean, max, sum")
    if set(asking.aggs) - {"mean", "first", "last", "count"} and asking.wanted.properties:
        from .aggregate import refuse

        refuse(asking, asking.wanted.properties)
    if narrowed is not None and asking.every is not None and asking.every % times.DAY == 0:
        return replace(narrowed, zone=zone())
    return narrowed


def narrowed(request: Request, devices: Devices, reader: Reader, look: Look) -> Request | None:
    """The request with devices as ids, and properties that are patterns likewise; None when there is none of them."""
    found = devices.find(reader.devices, lambda device: device in reader.devices(), look)
    wanted = request.wanted if found is None else replace(request.wanted, devices=found)
    properties = matching(wanted.properties, reader.properties)
    if found == [] or (wanted.properties and not properties):
        return None
    return replace(request, wanted=replace(wanted, properties=properties))


def schema(aggs: Sequence[str], columns: Sequence[str]) -> Any:
    """Names and types of the answer's columns."""
    if aggs:
        from . import aggregate

        return aggregate.schema(aggs)
    from . import told

    return told.schema(columns)


def nothing(_done: float) -> None:
    """Nobody wants to know."""


def pieces(reader: Reader, request: Request, columns: Sequence[str], tell: Tell = nothing, few: int = 0) -> Iterator[Any]:
    """Rows with the contract's columns by time, then commit; or lines by bucket, then device, when something is made of them.

    few: how many rows the caller will look at, 0 for all.
    """
    if request.aggs:
        yield from _lines(reader, request, tell)
    else:
        yield from _rows(reader, request, columns, tell, few)


def _rows(reader: Reader, request: Request, columns: Sequence[str], tell: Tell, few: int) -> Iterator[Any]:
    import pyarrow as pa

    from . import told

    asked = sorted({*told.names(columns), "time", "seq"} | request.keep.columns())
    order = [("time", "ascending"), ("seq", "ascending")]
    for wanted in _cut(reader, request, tell, max(50_000, few * 2) if few else 0):
        for tables in _together(reader.batches(wanted, asked), request.keep):
            found = pa.concat_tables(tables).unify_dictionaries().sort_by(order)
            yield told.public(found, columns)


def _together(found: Iterator[Any], keep: Keep) -> Iterator[list[Any]]:
    """Rows that pass, all of a span together unless they are far more than the catalogue said: then the order ends where memory does."""
    import pyarrow as pa

    tables: list[Any] = []
    for piece in found:
        mask = keep.mask(piece)
        tables.append(piece if mask is None else piece.filter(pa.array(mask)))
        if sum(table.num_rows for table in tables) > _MOST_ROWS:
            yield tables
            tables = []
    if any(table.num_rows for table in tables):
        yield tables


def _lines(reader: Reader, request: Request, tell: Tell) -> Iterator[Any]:
    from . import aggregate

    asked = sorted({*aggregate.COLUMNS} | request.keep.columns())
    for wanted in _cut(reader, request, tell, 0):
        gathering = aggregate.Gathering(replace(request, wanted=wanted))
        reaching = wanted if wanted.end is None else replace(wanted, end=wanted.end + 1)  # what is told at the end lies before it
        for piece in reader.batches(reaching, asked):
            gathering.add(piece)
        found = gathering.table()
        if found.num_rows:
            yield found


def _cut(reader: Reader, request: Request, tell: Tell, first: int) -> Iterator[Wanted]:
    """The request's rows in spans of time."""
    wanted = request.wanted
    if (request.aggs and request.every is None) or wanted.as_of is not None:
        yield wanted
    else:
        parts = reader.segments().segments
        share = _share(wanted.devices, reader.devices) * _share(wanted.properties, reader.properties)
        whole = total(parts, wanted.begin, wanted.end, share) or 1.0
        found = spans(parts, wanted.begin, wanted.end, share, first) if first else spans(parts, wanted.begin, wanted.end, share)
        for begin, end in _aligned(found, request):
            yield replace(wanted, begin=begin, end=end)
            if end is not None:
                tell(min(1.0, total(parts, wanted.begin, end, share) / whole))
    tell(1.0)


def _share(wanted: Sequence[str], known: Callable[[], Sequence[str]]) -> float:
    """About how many of all rows are of these, 0..1."""
    return min(1.0, len(wanted) / max(1, len(known()))) if wanted else 1.0


def _aligned(found: Iterator[Span], request: Request) -> Iterator[Span]:
    """The same spans, each edge between two at the begin of a bucket."""
    if request.every is None:
        yield from found
        return
    import numpy as np

    buckets, start = Buckets(request.every, request.zone), request.wanted.begin
    for _, edge in found:
        if edge is None or edge == request.wanted.end:
            break
        begin: Micros = int(buckets.begin(buckets.of(np.array([edge]), np.zeros(1, dtype=bool)))[0])
        if start is None or begin > start:
            yield start, begin
            start = begin
    yield start, request.wanted.end
