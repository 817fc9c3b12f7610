"""A long time cut into spans of a million rows or two each, at the edges of buckets: memory does not grow with the answer, and rows come by time.

How many rows there are is what the reader's catalogue says of its files. A store without one (or without files) is one span.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from sensing.model import Micros

ROWS = 1_500_000
Span = tuple[Micros | None, Micros | None]


def spans(segments: Sequence[Any], begin: Micros | None, end: Micros | None, share: float, first: int = ROWS) -> Iterator[Span]:
    """Spans that join up from `begin` to `end`; an open end stays open.

    segments: with `begin`, `end` (microseconds, inclusive) and `rows`. share: how many of their rows are wanted, 0..1. first: rows of the
    first span, when little is wanted; each is four times the one before, up to `ROWS`.
    """
    start, size = begin, min(first, ROWS)
    for edge in _edges(segments, begin, end, share, size):
        yield start, edge
        start = edge
    yield start, end


def _edges(segments: Sequence[Any], begin: Micros | None, end: Micros | None, share: float, size: int) -> Iterator[Micros]:
    """Where one span ends and the next begins."""
    found = [one for one in segments if (begin is None or one.end >= begin) and (end is None or one.begin < end)]
    marks = sorted({mark for one in found for mark in (one.begin, one.end + 1)})
    counted = 0.0
    for low, high in pairwise(marks):
        dense = share * sum(one.rows / (one.end + 1 - one.begin) for one in found if one.begin < high and one.end >= low)
        least = low if begin is None else max(low, begin)
        most = high if end is None else min(high, end)
        while dense and least < most and counted + dense * (most - least) > size:
            least += max(1, int((size - counted) / dense))
            counted, size = 0.0, min(ROWS, size * 4)
            if least < most:
                yield least
        counted += dense * max(0, most - least)


def total(segments: Sequence[Any], begin: Micros | None, end: Micros | None, share: float) -> float:
    """About how many rows lie between."""
    found: float = share * sum(
        one.rows * max(0, min(one.end + 1, one.end + 1 if end is None else end) - max(one.begin, one.begin if begin is None else begin))
        / (one.end + 1 - one.begin) for one in segments
    )  # fmt: skip
    return found
