"""What the score compares, as columns of one length each: all that was said, and all that is stored. One row, one value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sensing.model import Micros

from ..truth_reader import TruthReader

Series = tuple[str, str, str, str]
"""(device, property, statistic, channel)."""
Column = NDArray[Any]


class Stored(Protocol):
    """What a run left in a store (sensing.store.evidence). Times in microseconds."""

    run: str
    reasons: Sequence[str]
    """Words of the numbers in the column `reason`."""

    def words(self) -> Mapping[int, Series]: ...

    def batches(self) -> Iterable[Mapping[str, Column]]: ...

    def ledger(self) -> Mapping[str, Any]: ...

    def dead(self) -> list[dict[str, Any]]: ...

    def events(self) -> list[dict[str, Any]]: ...


class Names:
    """Numbers for series, the same on both sides."""

    def __init__(self) -> None:
        self._numbers: dict[Series, int] = {}

    def number(self, series: Series) -> int:
        return self._numbers.setdefault(series, len(self._numbers))

    def words(self) -> list[Series]:
        """Series in order of their numbers."""
        return list(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)


@dataclass
class Said:
    """Every true value. `result` is true, `said` is what was claimed at `said_time`. fate: see simulators.truth. lon, lat: NaN for none."""

    series: Column
    time: Column
    result: Column
    said_time: Column
    said: Column
    lon: Column
    lat: Column
    kinds: Column
    sent: Column
    fate: Column
    frame: Column
    speaker: Column
    """Number in `speakers`."""
    speakers: list[str]

    def __len__(self) -> int:
        return len(self.series)


@dataclass
class Rows:
    """Every stored revision."""

    series: Column
    time: Column
    result: Column
    lon: Column
    lat: Column
    quality: Column
    reason: Column
    revision: Column
    generation: Column
    sent: Column
    rank: Column
    received: Column
    served: Column

    def __len__(self) -> int:
        return len(self.series)


@dataclass
class Picture:
    """What pictures are drawn from: both sides, `row` (of each said value its stored one, -1 for none), series and devices."""

    said: Said
    rows: Rows
    row: Column
    series: list[Series]
    devices: Mapping[str, Mapping[str, Any]]


def stored_rows(stored: Stored, names: Names) -> Rows:
    """All rows of a run."""
    words = stored.words()
    most = max(words, default=0)
    known = np.full(most + 1, -1, np.int32)
    for number, series in words.items():
        known[number] = names.number(series)
    columns = _joined(stored.batches(), list(Rows.__dataclass_fields__))
    columns["series"] = known[columns["series"]] if len(columns["series"]) else columns["series"].astype(np.int32)
    return Rows(**columns)


def said_rows(truth: TruthReader, names: Names, until: Micros | None = None) -> Said:
    """All true values of messages that set off before `until`."""
    speakers: dict[str, int] = {}
    columns = _joined(_said_batches(truth, names, speakers, until), list(Said.__dataclass_fields__)[:-1])
    return Said(**columns, speakers=list(speakers))


def _said_batches(
    truth: TruthReader, names: Names, speakers: dict[str, int], until: Micros | None
) -> Iterator[dict[str, Column]]:
    for batch in truth.values():
        codes = [batch.column(name) for name in ("device", "property", "statistic", "channel")]
        columns = {
            "series": _series(codes, names),
            "speaker": np.array([speakers.setdefault(word, len(speakers)) for word in batch.column("speaker").dictionary.to_pylist()],
                                np.int32)[batch.column("speaker").indices.to_numpy()],
            **{name: batch.column(name).to_numpy(zero_copy_only=False)
               for name in ("time", "said_time", "kinds", "sent", "fate", "frame")},
            **{name: batch.column(name).to_numpy(zero_copy_only=False).astype(np.float64)
               for name in ("result", "said", "lon", "lat")},
        }  # fmt: skip
        if until is not None:
            keep = columns["sent"] < until
            columns = {name: column[keep] for name, column in columns.items()}
        yield columns


def _series(codes: Sequence[Any], names: Names) -> Column:
    """Numbers of series, from four columns of words."""
    mixed = np.zeros(len(codes[0]), np.int64)
    lists = [code.dictionary.to_pylist() for code in codes]
    for code, words in zip(codes, lists, strict=True):
        mixed = mixed * (len(words) + 1) + code.indices.to_numpy()
    found, back = np.unique(mixed, return_inverse=True)
    numbers = []
    for value in found.tolist():
        left, parts = value, []
        for words in reversed(lists):
            left, at = divmod(left, len(words) + 1)
            parts.append(words[at])
        device, prop, statistic, channel = reversed(parts)
        numbers.append(names.number((device, prop, statistic, channel)))
    return np.array(numbers, np.int32)[back] if numbers else np.zeros(0, np.int32)


def _joined(batches: Iterable[Mapping[str, Column]], wanted: Sequence[str]) -> dict[str, Column]:
    parts: dict[str, list[Column]] = {name: [] for name in wanted}
    for batch in batches:
        for name in wanted:
            parts[name].append(batch[name])
    return {name: np.concatenate(found) if found else np.zeros(0, np.int64) for name, found in parts.items()}
