"""HJ 212 times: digits `yyyyMMddHHmmss[fff]` in Beijing time to UTC and back, and how long the periods of statistics are."""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache

from sensing.errors import DecodeError, Reason
from sensing.model import Micros
from sensing.times import BEIJING, DAY, HOUR, MINUTE, SECOND, from_datetime, to_datetime

FIRST_YEAR, LAST_YEAR = 1900, 9998
"""Outside no clock runs, and a period would leave the calendar."""

_DIGITS = re.compile(r"[0-9]{14}(?:[0-9]{3})?")


def instant(text: str) -> Micros:
    """`yyyyMMddHHmmss`, with milliseconds or without. Raises DecodeError bad_time for what no calendar has."""
    found = moment(text)
    if found is None:
        raise DecodeError(Reason.BAD_TIME, f'"{text[:20]}" is no date and time (yyyyMMddHHmmss)')
    return found


def moment(text: str) -> Micros | None:
    """The same; None for what no calendar has."""
    if not _DIGITS.fullmatch(text):
        text = "".join(text.split())
        if not _DIGITS.fullmatch(text):
            return None
    try:
        minute, second = _minute(text[:12]), int(text[12:14])
    except ValueError:
        return None
    return minute + second * SECOND + (int(text[14:]) * 1000 if len(text) == 17 else 0) if second < 60 else None


@lru_cache(8192)
def _minute(digits: str) -> Micros:
    year, month, day, hour, minute = (int(digits[i:j]) for i, j in ((0, 4), (4, 6), (6, 8), (8, 10), (10, 12)))
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise ValueError(year)
    return from_datetime(datetime(year, month, day, hour, minute, tzinfo=BEIJING))


def digits(time: Micros, *, milliseconds: bool = False) -> str:
    """An instant as `yyyyMMddHHmmss`, or with milliseconds."""
    text = to_datetime(time).astimezone(BEIJING).strftime("%Y%m%d%H%M%S")
    return f"{text}{time % SECOND // 1000:03d}" if milliseconds else text


def duration(minutes: int) -> str:
    """ISO 8601: 10 is PT10M, 60 PT1H, 1440 P1D."""
    length = minutes * MINUTE
    if length % DAY == 0:
        return f"P{length // DAY}D"
    return f"PT{length // HOUR}H" if length % HOUR == 0 else f"PT{minutes}M"
