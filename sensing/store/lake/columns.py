"""Columns of the lake: as they lie in the files, and as we hold them in memory. The only place that knows both.

In a file (readable by pandas, polars, DuckDB and Spark as it lies; docs/lake.md tells each column):
    series thing property statistic channel unit origin run | time begin result lon lat quality reason | revision generation sent
    rank received frame served | commit_no row
Rows are sorted by series, time, commit_no, row. `revision` is null where it is the hash of the content (observe.revision), which
four random bytes a row would only repeat. In memory times are microseconds and words are numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sensing.model import QualityReason
from sensing.observe import revision
from sensing.store import ROW_BITS

from . import ROW_GROUP

MEMORY = pa.schema([
    ("series", pa.int32()), ("time", pa.int64()), ("begin", pa.int64()), ("result", pa.float64()), ("quality", pa.int8()),
    ("reason", pa.int8()), ("revision", pa.int64()), ("generation", pa.int64()), ("sent", pa.int64()), ("rank", pa.int64()),
    ("received", pa.int64()), ("frame", pa.int64()), ("lon", pa.float64()), ("lat", pa.float64()), ("served", pa.bool_()),
    ("commit_no", pa.int64()), ("row", pa.int32()),
])  # fmt: skip
NAMES = tuple(MEMORY.names)
ORDER = [("series", "ascending"), ("time", "ascending"), ("commit_no", "ascending"), ("row", "ascending")]
WORDS = ("thing", "property", "statistic", "channel", "unit", "origin", "run")
_INSTANT = pa.timestamp("us", "UTC")
_INSTANTS = ("time", "begin", "sent", "received")
_REASONS = pa.array([str(reason) for reason in QualityReason])
_WORD = pa.dictionary(pa.int32(), pa.string())
FILE = pa.schema([
    ("series", pa.int32()), *((name, _WORD) for name in WORDS), ("time", _INSTANT), ("begin", _INSTANT), ("result", pa.float64()),
    ("lon", pa.float64()), ("lat", pa.float64()), ("quality", pa.int8()), ("reason", pa.dictionary(pa.int8(), pa.string())),
    ("revision", pa.int64()), ("generation", pa.int64()), ("sent", _INSTANT), ("rank", pa.int64()), ("received", _INSTANT),
    ("frame", pa.int64()), ("served", pa.bool_()), ("commit_no", pa.int64()), ("row", pa.int32()),
])  # fmt: skip
_MEASURED = ("time", "begin", "sent", "received", "frame", "commit_no", "row", "generation", "rank", "result", "lon", "lat")
_REALS = ("result", "lon", "lat")


def hot_names(names: Sequence[str]) -> str:
    """What to select from `hot h` for these columns in memory, as `from_hot` takes it."""
    others = ("place" if name == "frame" else name for name in names if name not in {"commit_no", "row"})
    return ", ".join(f"h.{name}" for name in ("seq", *others))


def from_hot(rows: Sequence[tuple[Any, ...]], names: Sequence[str] = NAMES) -> Any:
    """Rows of the table `hot` as a table in memory with these columns."""
    if not rows:
        return pa.schema([MEMORY.field(name) for name in names]).empty_table()
    found = list(zip(*rows, strict=True))
    seqs = pa.array(found[0], pa.int64())
    made = {}
    for name, values in zip((name for name in names if name not in {"commit_no", "row"}), found[1:], strict=True):
        kind = MEMORY.field(name).type
        made[name] = pa.array(values, pa.int8()).cast(kind) if name == "served" else pa.array(values, kind)
    if "commit_no" in names:
        made["commit_no"] = pc.shift_right(seqs, ROW_BITS)
    if "row" in names:
        made["row"] = pc.bit_wise_and(seqs, (1 << ROW_BITS) - 1).cast(pa.int32())
    return pa.table({name: made[name] for name in names})


def seqs(table: Any) -> Any:
    """The seq of each row, as a numpy array."""
    commits, rows = table["commit_no"].to_numpy(), table["row"].to_numpy()
    return (commits << ROW_BITS) | rows


def without_hashes(table: Any) -> Any:
    """The same rows with `revision` null where it is the content's own hash."""
    content = (table[name].to_pylist() for name in ("result", "begin", "lon", "lat", "revision"))
    kept = [
        None if own == revision(result, begin, lon, lat) else own for result, begin, lon, lat, own in zip(*content, strict=True)
    ]
    return table.set_column(NAMES.index("revision"), "revision", pa.array(kept, pa.int64()))


def to_file(table: Any, words: Mapping[int, tuple[str, ...]]) -> Any:
    """Sorted rows in memory as they lie in a file. words: series to (thing, property, statistic, channel, unit, origin, run)."""
    coded = pc.dictionary_encode(table["series"].combine_chunks())
    numbers = coded.dictionary.to_pylist()
    columns: dict[str, Any] = {}
    for place, word in enumerate(WORDS):
        known = pc.dictionary_encode(pa.array([words[number][place] for number in numbers], pa.string()))
        columns[word] = pa.DictionaryArray.from_arrays(known.indices.take(coded.indices), known.dictionary).cast(_WORD)
    for name in FILE.names:
        if name == "reason":
            columns[name] = pa.DictionaryArray.from_arrays(table[name].combine_chunks(), _REASONS)
        elif name not in WORDS:
            columns[name] = table[name].cast(FILE.field(name).type)
    return pa.table([columns[name] for name in FILE.names], schema=FILE)


def from_file(table: Any) -> Any:
    """Columns of a file as we hold them in memory; those that are words of the series are left out."""
    columns = {}
    for name in table.column_names:
        if name == "reason":
            column = table[name].combine_chunks() if table.num_rows else pa.array([], FILE.field(name).type)
            place = pc.index_in(column.dictionary, _REASONS).cast(pa.int8())
            columns[name] = place.take(column.indices)
        elif name in NAMES:
            columns[name] = table[name].cast(MEMORY.field(name).type)
    return pa.table(columns)


def constant(name: str, value: Any, rows: int) -> Any:
    """A column in memory that has one value throughout; `value` as the footer of a file has it, None for missing."""
    kind = MEMORY.field(name).type
    if value is None:
        return pa.nulls(rows, kind)
    if name == "reason":
        value = _REASONS.index(value.decode() if isinstance(value, bytes) else value).as_py()
    return pa.repeat(pa.scalar(value, kind), rows)


class Writer:
    """One file being written: row groups of `ROW_GROUP` whatever the pieces that it is given, sorted, one after the other.

    How a column is laid out is chosen by trying on the first row group: shared instants (four values of one frame) are cheaper
    plain, where zstd sees them again, than as deltas; regular ones the other way round.
    """

    def __init__(self, path: Path, words: Mapping[int, tuple[str, ...]]) -> None:
        self._path, self._words = path, words
        self._out: Any = None
        self._waiting: list[Any] = []
        self._rows = 0

    def add(self, table: Any) -> None:
        """Append rows in memory; they must come in order."""
        self._waiting.append(table)
        self._rows += table.num_rows
        while self._rows >= ROW_GROUP:
            whole = pa.concat_tables(self._waiting)
            self._group(whole.slice(0, ROW_GROUP))
            self._waiting = [whole.slice(ROW_GROUP)]
            self._rows -= ROW_GROUP

    def close(self) -> None:
        """Write what is left and the footer."""
        self._group(pa.concat_tables(self._waiting).slice(0))
        self._out.close()

    def _group(self, table: Any) -> None:
        if not table.num_rows and self._out is not None:
            return
        laid = to_file(table.combine_chunks(), self._words)
        if self._out is None:
            self._out = pq.ParquetWriter(self._path, FILE, **_layout(laid))
        self._out.write_table(laid, row_group_size=ROW_GROUP)


def _layout(sample: Any) -> dict[str, Any]:
    dictionaries, encodings = [*WORDS, "reason"], {"series": "DELTA_BINARY_PACKED", "revision": "PLAIN"}
    for name in _MEASURED:
        choices: list[str] = ["DICTIONARY", "PLAIN"] if name in _REALS else ["DELTA_BINARY_PACKED", "PLAIN"]
        best = min(choices, key=lambda choice, name=name: _size(sample.select([name]), name, choice))  # type: ignore[misc]
        if best == "DICTIONARY":
            dictionaries.append(name)
        else:
            encodings[name] = best
    return _options(dictionaries, encodings)


def _size(sample: Any, name: str, choice: str) -> int:
    sink = pa.BufferOutputStream()
    options = _options([name], {}) if choice == "DICTIONARY" else _options([], {name: choice})
    with pq.ParquetWriter(sink, sample.schema, **options) as out:
        out.write_table(sample)
    return int(sink.getvalue().size)


def _options(dictionaries: list[str], encodings: dict[str, str]) -> dict[str, Any]:
    """One page a row group: zstd looks back over the whole of it."""
    return {
        "compression": "zstd", "compression_level": 3, "version": "2.6", "use_dictionary": dictionaries or False,
        "column_encoding": encodings or None, "data_page_size": 64 << 20, "max_rows_per_page": ROW_GROUP,
        "dictionary_pagesize_limit": 4 << 20,
    }  # fmt: skip


Reach = Callable[[str], None]
