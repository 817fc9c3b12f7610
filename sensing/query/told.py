"""Tables and rows in the contract's words (CONTRACT "Lines that programs read"): device, cursor, RFC 3339 in UTC, revision in hex.

Texts are made a column at a time: a million rows of them take a second, one by one they would take ten.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sensing.store import ROW_BITS

_OWN = {"device": "thing", "cursor": "seq"}
_WORD = pa.dictionary(pa.int32(), pa.string())
_BASE32 = np.frombuffer(b"0123456789abcdefghijklmnopqrstuv", dtype=np.uint8)
_HEX = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def names(columns: Sequence[str]) -> list[str]:
    """What to ask a reader for, to make these columns."""
    return [_OWN.get(name, name) for name in columns]


def schema(columns: Sequence[str]) -> Any:
    """Names and types of these columns."""
    instants, reals = {"begin", "time", "received"}, {"result", "lon", "lat"}
    kinds = {name: pa.timestamp("us", "UTC") for name in instants} | dict.fromkeys(reals, pa.float64())
    kinds |= {"cursor": pa.string(), "revision": pa.string(), "quality": pa.int8(), "frame": pa.int64()}
    return pa.schema([(name, kinds.get(name, _WORD)) for name in columns])


def public(table: Any, columns: Sequence[str]) -> Any:
    """A reader's table with the contract's columns: words as dictionaries, instants as timestamps, cursor and revision as text."""
    made = {}
    for name in columns:
        column = table[_OWN.get(name, name)]
        if name == "cursor":
            made[name] = _texts(_cursors(column.to_numpy()))
        elif name == "revision":
            made[name] = _texts(_digits(column.to_numpy(), _HEX, 4, 8))
        elif name == "reason":
            made[name] = column.cast(_WORD)
        else:
            made[name] = column
    return pa.table(made)


def rows(table: Any) -> Iterator[dict[str, Any]]:
    """A table, of this module or of lines, as dicts: times as text, places only where there are any."""
    table = texts(table)
    places = [name for name in ("lon", "lat") if name in table.column_names]
    for batch in table.to_batches(max_chunksize=50_000):
        listed = [column.to_pylist() for column in batch.columns]
        for values in zip(*listed, strict=True):
            row = dict(zip(batch.schema.names, values, strict=True))
            if places and row["lon"] is None:
                for name in places:
                    row.pop(name)
            yield row


def texts(table: Any, *, guarded: bool = False) -> Any:
    """The same with instants as RFC 3339. guarded: words that a spreadsheet would take for a formula get a quote before them."""
    for place, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type):
            table = table.set_column(place, field.name, _rfc3339(table[field.name]))
        elif guarded and pa.types.is_dictionary(field.type):
            table = table.set_column(place, field.name, _guarded(table[field.name]))
    return table


def _rfc3339(column: Any) -> Any:
    """As times.rfc3339 writes them: whole seconds without a fraction, else milli- or microseconds. Few differ: each is written once."""
    coded = pc.dictionary_encode(column.combine_chunks())
    instants = coded.dictionary.cast(pa.timestamp("us")).to_numpy()
    micros = instants.astype("int64")
    written = np.empty(len(micros), dtype="U27")
    whole, milli = micros % 1_000_000 == 0, micros % 1_000 == 0
    grains: tuple[tuple[Literal["s", "ms", "us"], Any], ...] = (("s", whole), ("ms", milli & ~whole), ("us", ~milli))
    for unit, mask in grains:
        if mask.any():
            written[mask] = np.char.add(np.datetime_as_string(instants[mask], unit=unit), "Z")
    return pa.array(written.tolist(), pa.string()).take(coded.indices)


def _guarded(column: Any) -> Any:
    def guard(word: str | None) -> str | None:
        return f"'{word}" if word and word.startswith(_FORMULA) else word

    coded = column.combine_chunks()
    words = [guard(word) for word in coded.dictionary.to_pylist()]
    return pa.DictionaryArray.from_arrays(coded.indices, pa.array(words, pa.string())).cast(pa.string())


def _cursors(seqs: Any) -> Any:
    commit, row = seqs >> ROW_BITS, seqs & ((1 << ROW_BITS) - 1)
    made = np.empty((len(seqs), 21), dtype=np.uint8)
    made[:, :13] = _digits(commit, _BASE32, 5, 13)
    made[:, 13] = ord("-")
    for place in range(20, 13, -1):
        made[:, place] = ord("0") + row % 10
        row = row // 10
    return made


def _digits(numbers: Any, alphabet: Any, bits: int, length: int) -> Any:
    """Numbers in a base that is a power of two, as a matrix of characters."""
    made = np.empty((len(numbers), length), dtype=np.uint8)
    for place in range(length):
        made[:, place] = alphabet[(numbers >> (bits * (length - 1 - place))) & ((1 << bits) - 1)]
    return made


def _texts(matrix: Any) -> Any:
    """A matrix of characters as an array of texts."""
    count, length = matrix.shape
    offsets = pa.py_buffer(
        np.arange(0, (count + 1) * length, length, dtype=np.int32) if length else np.zeros(count + 1, np.int32)
    )
    return pa.StringArray.from_buffers(count, offsets, pa.py_buffer(np.ascontiguousarray(matrix)))
