"""Readings and times as the people who look at bytes want to see them."""

from __future__ import annotations

from sensing.model import Micros, Reading
from sensing.times import BEIJING, rfc3339, to_datetime


def result(reading: Reading) -> str:
    """`2.345 m → water_level`, with the statistic when it is no instant."""
    value = reading.value
    if reading.position is not None:
        said = f"{reading.position[0]:.10g}, {reading.position[1]:.10g}"
    elif value is None:
        said = "缺测 missing"
    else:
        said = f"{value:.10g}" if isinstance(value, (int, float)) else value
    statistic = "" if reading.statistic == "instant" else f" {reading.statistic}"
    channel = f" [{reading.channel}]" if reading.channel else ""
    unit = f" {reading.unit}" if reading.unit not in (None, "1") and value is not None else ""
    return f"{said}{unit} → {reading.property or '未映射 unmapped'}{statistic}{channel}"


def beijing(time: Micros | None) -> str:
    """An instant in Beijing time, which Chinese protocols write."""
    return "–" if time is None else to_datetime(time).astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S +08:00")


def utc(time: Micros | None) -> str:
    """An instant as RFC 3339; `–` for the time of reception."""
    return "–" if time is None else rfc3339(time)
