"""What is asked of the store, read from words: which rows, and what is made of those of one stretch of time."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

from sensing import times
from sensing.errors import UsageError
from sensing.model import Domain, Micros
from sensing.store.wanted import Wanted

from .keep import Keep

TRUSTED = frozenset((1, 2))
"""Flags that count in a mean when nothing else is said: good, and not evaluated."""
EIGHT = 8 * times.HOUR
"""Where the city is, until the settings say otherwise."""
MOST_BUCKETS = 10_000_000
_PLAIN = ("mean", "min", "max", "sum", "first", "last", "count")
_PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d{1,2})?)")
_QUALITY = {"good": 1, "unknown": 2, "suspect": 3, "fail": 4, "missing": 9}
_DOMAINS = tuple(each.value for each in Domain)
_ZONE = re.compile(r"([+-])(\d\d):(\d\d)")


class Request(Struct, frozen=True):
    """wanted, keep: which rows. every: microseconds of a bucket, None for one over all the time. aggs: what is made of a bucket;
    none means the rows themselves. trusted: flags that count in it. zone: microseconds east of UTC, for buckets of days. fill: show
    buckets that hold nothing as well.
    """

    wanted: Wanted
    keep: Keep = Keep()
    every: Micros | None = None
    aggs: tuple[str, ...] = ()
    trusted: frozenset[int] = TRUSTED
    zone: Micros = EIGHT
    fill: bool = False


def aggs(words: Sequence[str]) -> tuple[str, ...]:
    """Names of what is made of a bucket, each once: mean min max sum first last count, p50, p95, median. Raises UsageError."""
    found: dict[str, None] = {}
    for word in words:
        name = "p50" if word == "median" else word
        if name not in _PLAIN and not _PERCENTILE.fullmatch(name):
            raise UsageError(f'agg "{word[:40]}" does not exist', f"there are {' '.join(_PLAIN)} and percentiles: p50 p95 p99.9")
        found[name] = None
    return tuple(found)


def columns(names: Sequence[str]) -> list[str]:
    """Columns of the lines that these make."""
    return [
        "device", "property", "statistic", "channel", "begin", "time", *(name for name in names if name != "count"), "count", "left_out",
        *(["summed"] if "sum" in names else []), "unit", "origin", "run", "lon", "lat",
    ]  # fmt: skip


def share(name: str) -> float | None:
    """0..1 of a percentile's name; None for another."""
    read = _PERCENTILE.fullmatch(name)
    return float(read[1]) / 100 if read else None


def every(text: str) -> Micros | None:
    """A bucket's length; None for "". Raises UsageError."""
    if not text:
        return None
    try:
        found = times.parse_duration(text)
    except UsageError as error:
        raise UsageError(f"every: {error.what}", error.hint) from None
    if found < times.SECOND // 1000:
        raise UsageError(f'every "{text}" is no time at all', "write 5m, 1h or 1d")
    if found % times.DAY and found > times.DAY:
        raise UsageError(f'every "{text}": more than a day is counted in whole days', "write 2d or 7d")
    return found


def qualities(words: Sequence[str]) -> frozenset[int]:
    """Flags by number or name: good unknown suspect fail missing, or any (empty). Raises UsageError."""
    found = set[int]()
    for word in words:
        if word in {"any", "all"}:
            return frozenset(_QUALITY.values())
        number = _QUALITY.get(word) or (int(word) if word.isascii() and word.isdigit() else 0)
        if number not in _QUALITY.values():
            raise UsageError(
                f'quality "{word[:40]}" does not exist', "write 1 good, 2 unknown, 3 suspect, 4 fail, 9 missing, or any"
            )
        found.add(number)
    return frozenset(found)


def domains(words: Sequence[str]) -> tuple[str, ...]:
    """The same words. Raises UsageError for one that is no domain: the list is closed, and a slip of the pen would find nothing."""
    for word in words:
        if word not in _DOMAINS:
            raise UsageError(f'domain "{word[:40]}" does not exist', f"write {' or '.join(_DOMAINS)}")
    return tuple(words)


def zone(text: str) -> Micros:
    """`+08:00` in microseconds east of UTC; eight hours when it is not understood."""
    read = _ZONE.fullmatch(text)
    if not read:
        return EIGHT
    offset = int(read[2]) * times.HOUR + int(read[3]) * times.MINUTE
    return -offset if read[1] == "-" else offset
