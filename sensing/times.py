"""Instants and durations between people, machines and microseconds."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

from .errors import UsageError

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
BEIJING = timezone(timedelta(hours=8), "+08:00")
"""Chinese protocols carry no zone: always fixed UTC+8, never the host's."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS = {"ms": 1000, "s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}
_DURATION = re.compile(r"(\d{1,9})(ms|s|m|h|d)")


def now() -> int:
    """The wall clock, microseconds since the epoch."""
    return time.time_ns() // 1000


def from_datetime(instant: datetime) -> int:
    """An aware datetime in microseconds, exactly."""
    return (instant - _EPOCH) // timedelta(microseconds=1)


def to_datetime(micros: int) -> datetime:
    """Microseconds as an aware UTC datetime; raises OverflowError outside the years 1-9999."""
    return _EPOCH + timedelta(microseconds=micros)


def rfc3339(micros: int) -> str:
    """RFC 3339 in UTC: whole seconds without a fraction, else milli- or microseconds."""
    second, rest = divmod(micros, SECOND)
    if not rest:
        return _second(second) + "Z"
    return f"{_second(second)}.{rest // 1000:03d}Z" if rest % 1000 == 0 else f"{_second(second)}.{rest:06d}Z"


@lru_cache(maxsize=8192)
def _second(second: int) -> str:
    return (_EPOCH + timedelta(seconds=second)).replace(tzinfo=None).isoformat(timespec="seconds")


def parse_duration(text: str) -> int:
    """`90s 10m 2h 7d` in microseconds; raises UsageError."""
    found = _DURATION.fullmatch(text.strip())
    if not found:
        raise UsageError(f'duration "{text}" is not a number and a unit', "write 90s, 10m, 2h or 7d")
    return int(found[1]) * _UNITS[found[2]]


def parse_instant(text: str) -> int:
    """An RFC 3339 instant in microseconds; without a zone it is local time of the city (+08:00). Raises UsageError."""
    try:
        instant = datetime.fromisoformat(text.strip())
    except ValueError:
        raise UsageError(f'time "{text}" is not RFC 3339', "write 2026-09-14T19:00:00Z or 2026-09-15T03:00:00+08:00") from None
    return from_datetime(instant if instant.tzinfo else instant.replace(tzinfo=BEIJING))


def until(text: str, at: int) -> int:
    """A duration after `at`, or an instant. Raises UsageError."""
    return at + parse_duration(text) if _DURATION.fullmatch(text.strip()) else parse_instant(text)


def since(text: str, at: int) -> int:
    """A duration before `at`, `now` (which is `at`), or an instant. Raises UsageError."""
    if text.strip() == "now":
        return at
    return at - parse_duration(text) if _DURATION.fullmatch(text.strip()) else parse_instant(text)
