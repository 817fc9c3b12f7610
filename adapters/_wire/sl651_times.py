"""SL 651-2014 times: digits `yymmddHHMM[SS]` in Beijing time to UTC, the start of a value's period, the slots of a series."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

from sensing.errors import DecodeError, Reason
from sensing.model import Micros
from sensing.times import BEIJING, DAY, SECOND, from_datetime, to_datetime

SINCE_08 = -1
"""Stands for the period of `sum/since-08`, which begins at 08:00 Beijing time."""

FIRST, END, AUTO = "first", "end", "auto"
"""Device setting `block_anchor`: whether the time before a series is its first value's, its last one's, or as it fits."""


def instant(digits: str) -> Micros:
    """`yymmddHHMM` or `yymmddHHMMSS`, years 2000-2099. Raises DecodeError bad_time for what no calendar has."""
    try:
        second = int(digits[10:]) if len(digits) == 12 else 60 * (len(digits) != 10)
        if second < 60:
            return _minute(digits[:10]) + second * SECOND
    except ValueError:
        pass
    raise DecodeError(Reason.BAD_TIME, f"{digits[:12]} is no date and time (yymmddHHMM[SS])")


@lru_cache(8192)
def _minute(digits: str) -> Micros:
    year, month, day, hour, minute = (int(digits[i : i + 2]) for i in range(0, 10, 2))
    return from_datetime(datetime(2000 + year, month, day, hour, minute, tzinfo=BEIJING))


@lru_cache(64)
def digits(second: int) -> str:
    """The instant `second` seconds after 1970 as `yymmddHHMMSS`."""
    return to_datetime(second * SECOND).astimezone(BEIJING).strftime("%y%m%d%H%M%S")


def begin(time: Micros, period: int) -> Micros | None:
    """When the period of a value that ends at `time` began; None for an instant or a running total.

    A day's sum at 08:00 sharp is that of the whole day before: a period is never empty.
    """
    if period > 0:
        return time - period
    return (time - 1) // DAY * DAY if period == SINCE_08 else None  # 08:00 Beijing is 00:00 UTC


def first_slot(time: Micros, step: int, count: int, sent: Micros, anchor: str) -> Micros:
    """When the first of `count` values ends. The standard puts its time before the series (6.6.2); real stations put the
    last one's. A series that would end after the frame was sent is taken as theirs, unless the device is set to one.
    """
    length = step * (count - 1)
    return time - length if anchor == END or (anchor != FIRST and time + length > sent) else time
