"""Rows in memory as others are given them: words for series numbers, instants for microseconds, annotations applied."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sensing.model import QualityReason
from sensing.store.annotations import Annotations

from . import columns
from .bridge import with_hashes

_REASONS = [str(reason) for reason in QualityReason]
_SEQ = {"seq": pa.int64()}


def schema(names: Sequence[str]) -> Any:
    """The types of columns by name."""
    return pa.schema([(name, _SEQ[name] if name in _SEQ else columns.FILE.field(name).type) for name in names])


def numbers(names: Sequence[str]) -> list[str]:
    """The columns in memory that these are made from. Raises KeyError for a name that is none."""
    needed = {"series", "time"}
    for name in names:
        if name == "seq":
            needed |= {"commit_no", "row"}
        elif name == "revision":
            needed |= {"revision", "result", "begin", "lon", "lat"}
        elif name not in columns.WORDS:
            if name not in columns.NAMES:
                raise KeyError(name)
            needed.add(name)
    return [name for name in columns.NAMES if name in needed]


def public(table: Any, names: Sequence[str], words: Mapping[int, tuple[str, ...]], notes: Annotations) -> Any:
    """The same rows with the columns asked for. words: series to (thing, property, statistic, channel, unit, origin, run)."""
    table = table.combine_chunks()
    if notes and {"quality", "reason"} & set(names):
        table = _annotated(table, words, notes)
    if "revision" in names:
        table = with_hashes(table)
    made = {}
    coded: Any = None
    for name in names:
        if name in columns.WORDS:
            if coded is None:
                coded = pc.dictionary_encode(table["series"].combine_chunks())
                if isinstance(coded, pa.ChunkedArray):
                    coded = coded.combine_chunks()
            made[name] = _words(coded, columns.WORDS.index(name), words)
        elif name == "seq":
            made[name] = pa.array(columns.seqs(table), pa.int64())
        elif name == "reason":
            made[name] = pa.DictionaryArray.from_arrays(_flat(table["reason"]), pa.array(_REASONS))
        else:
            made[name] = table[name].cast(columns.FILE.field(name).type)
    return pa.table([made[name] for name in names], schema=schema(names))


def _flat(column: Any) -> Any:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _words(coded: Any, place: int, words: Mapping[int, tuple[str, ...]]) -> Any:
    known = pc.dictionary_encode(pa.array([words[number][place] for number in coded.dictionary.to_pylist()], pa.string()))
    return pa.DictionaryArray.from_arrays(known.indices.take(coded.indices).cast(pa.int32()), known.dictionary)


def _annotated(table: Any, words: Mapping[int, tuple[str, ...]], notes: Annotations) -> Any:
    """Later verdicts over a range take the place of the rows' own flags."""
    series, time = table["series"].to_numpy(), table["time"].to_numpy()
    present = np.unique(series).tolist()
    for note in notes.notes:
        about = [number for number in present if words[number][0] == note.device and note.property in ("", words[number][1])]
        hit = np.isin(series, about) & (time >= note.begin) & (time <= note.end)
        if hit.any():
            for name, value in (("quality", note.quality), ("reason", _REASONS.index(note.reason))):
                if name in table.column_names:
                    changed = pc.if_else(pa.array(hit), pa.scalar(value, columns.MEMORY.field(name).type), table[name])
                    table = table.set_column(table.column_names.index(name), name, changed)
    return table
