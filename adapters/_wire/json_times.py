"""Times as JSON devices write them, in microseconds UTC. Anything that is not an instant is a DecodeError bad_time."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Any

from sensing.errors import DecodeError, Reason, ValidationError
from sensing.model import Micros
from sensing.times import DAY, HOUR, MINUTE, SECOND

from .json_in import shown

LATEST: Micros = 253_402_300_800 * SECOND
"""The year 10000: no time is so late."""
EARLIEST: Micros = -62_135_596_800 * SECOND
"""The year 1."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ZONE = re.compile(r"([+-])(\d\d):(\d\d)", re.ASCII)
_PERIOD = re.compile(r"P(?:(\d{1,3})D)?(?:T(?:(\d{1,4})H)?(?:(\d{1,5})M)?(?:(\d{1,6})S)?)?", re.ASCII)
_SHAPES = {"%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"}
"""Patterns that `rfc3339` reads as well, twenty times faster than strptime."""

ReadTime = Callable[[Any], Micros]


def rfc3339(text: str, zone: timezone | None = None) -> Micros:
    """An RFC 3339 instant; without an offset it needs `zone`."""
    if not 19 <= len(text) <= 40 or text[4] + text[7] + text[13] + text[16] != "--::" or text[10] not in "Tt " or "," in text:
        raise DecodeError(Reason.BAD_TIME, f'"{text[:40]}" is not RFC 3339')
    try:
        instant = datetime.fromisoformat(text if text[-1] != "z" else text.upper())
    except ValueError as error:
        raise DecodeError(Reason.BAD_TIME, f'"{text}": {error}') from None
    return _micros(instant, zone, text)


def epoch(value: float, micros_each: int) -> Micros:
    """A count of seconds (1e6 µs each) or milliseconds (1e3) since 1970."""
    if not -1e20 < value < 1e20:
        raise DecodeError(Reason.BAD_TIME, f"{shown(value)} is no time")
    found = value * micros_each if type(value) is int else round(value * micros_each)
    if not EARLIEST <= found < LATEST:
        raise DecodeError(Reason.BAD_TIME, f"{value} is outside the years 1 to 9999")
    return int(found)


def instant(value: Any) -> Micros:
    """RFC 3339 text, or seconds or milliseconds since 1970: a count of 1e11 and more is milliseconds (1e11 s is the year 5138)."""
    kind = type(value)
    if kind is str:
        return rfc3339(value)
    if kind is int or kind is float:
        return epoch(value, SECOND if -1e11 < value < 1e11 else 1000)
    raise DecodeError(Reason.BAD_TIME, f"time is {kind.__name__}, not RFC 3339 or seconds since 1970")


@lru_cache(maxsize=1024)
def reader(form: str, zone_text: str) -> ReadTime:
    """How to read one device's times. form: auto, rfc3339, epoch_s, epoch_ms or a strptime pattern. Raises ValidationError."""
    zone = fixed_zone(zone_text)
    if form == "auto":
        return lambda value: rfc3339(value, zone) if type(value) is str else instant(value)
    if form == "rfc3339" or form in _SHAPES:
        return lambda value: rfc3339(_text(value), zone)
    if form in ("epoch_s", "epoch_ms"):
        each = SECOND if form == "epoch_s" else 1000
        return lambda value: epoch(_count(value), each)
    if "%" not in form:
        raise ValidationError(
            f'time format "{form}" is not known', "write rfc3339, epoch_s, epoch_ms or a pattern like %Y%m%d%H%M%S"
        )
    return lambda value: _patterned(_text(value), form, zone)


def fixed_zone(text: str) -> timezone | None:
    """`+08:00` or `Z` as a zone, "" as None: naive times are then refused. Raises ValidationError."""
    if not text:
        return None
    if text == "Z":
        return UTC
    found = _ZONE.fullmatch(text)
    if not found or int(found[2]) > 14 or int(found[3]) > 59:
        raise ValidationError(f'zone "{text}" is not an offset', 'write "+08:00" or "Z"')
    minutes = int(found[2]) * 60 + int(found[3])
    return timezone(timedelta(minutes=minutes if found[1] == "+" else -minutes))


@lru_cache(maxsize=1024)
def period(statistic: str) -> Micros | None:
    """The length of `sum/PT5M`, `mean/PT1H`, `max/P1D`; None where a statistic has none (instant, sum/total)."""
    found = _PERIOD.fullmatch(statistic.partition("/")[2])
    if not found or not any(found.groups()):
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return days * DAY + hours * HOUR + minutes * MINUTE + seconds * SECOND


def _patterned(text: str, form: str, zone: timezone | None) -> Micros:
    try:
        found = datetime.strptime(text, form)  # noqa: DTZ007  # the zone comes from the mapping, or the time is refused
    except ValueError as error:
        raise DecodeError(Reason.BAD_TIME, str(error)) from None
    return _micros(found, zone, text)


def _micros(found: datetime, zone: timezone | None, text: str) -> Micros:
    if found.tzinfo is None:
        if zone is None:
            raise DecodeError(Reason.BAD_TIME, f'"{text[:40]}" has no zone, and no zone is set for the device')
        found = found.replace(tzinfo=zone)
    gap = found - _EPOCH
    micros = (gap.days * 86_400 + gap.seconds) * SECOND + gap.microseconds
    if not EARLIEST <= micros < LATEST:
        raise DecodeError(Reason.BAD_TIME, f'"{text[:40]}" is outside the years 1 to 9999 in UTC')
    return micros


def _text(value: Any) -> str:
    if type(value) is int:
        value = str(value) if abs(value) < 10**30 else ""
    if type(value) is not str or not value.isascii():
        raise DecodeError(Reason.BAD_TIME, f"time is {type(value).__name__}, not ASCII text")
    return value


def _count(value: Any) -> float:
    if type(value) is str and re.fullmatch(r"[0-9]{1,19}(\.[0-9]{1,9})?", value, re.ASCII):
        return int(value) if value.isdigit() else float(value)
    if type(value) is int or type(value) is float:
        return value
    raise DecodeError(Reason.BAD_TIME, f"time is {type(value).__name__}, not a count since 1970")
