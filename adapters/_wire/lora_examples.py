"""Readings that a network server's uplink can say, for tests and documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sensing import properties
from sensing.model import Micros, Reading
from sensing.times import SECOND

_TIME: Micros = 1_787_293_800 * SECOND  # 2026-08-21 14:30 in Beijing
_EUI = "24e124136b502217"


def said(
    code: str, value: float | str, name: str | None = "", *, unit: str | None = None, time: Micros | None = _TIME, count: int = 7,
) -> Reading:  # fmt: skip
    """One reading of an uplink. name: the property; "" is the dynamic one of the code."""
    kept = properties.slug("lorawan", code) if name == "" else name
    return Reading(_EUI, code, kept, value, unit, time=time, wire_time=time, sent=time or 0, rank=count)


def heard(rssi: float = -97, snr: float = 7.5, *, time: Micros | None = _TIME, count: int = 7, port: int = 85) -> list[Reading]:
    """How an uplink was heard, and its numbers."""
    rows = (
        ("rssi", rssi, "signal_strength", "dBm"),
        ("snr", snr, "lorawan_snr", None),
        ("fport", port, None, None),
        ("fcnt", count, None, None),
    )
    return [said(code, value, name, unit=unit, time=time, count=count) for code, value, name, unit in rows]


EXAMPLES: Mapping[str, Sequence[Reading]] = {
    "an object": [
        said("temperature", 27.25),
        said("air_pressure", 1003.5, "air_pressure"),
        said("state", "open", None),
        *heard(),
    ],
    "bytes that nobody reads": [said("payload_hex", "01755C03824408", None), *heard(-120, 0.0)],
    "zeros": [said("water_level", 0, "water_level", count=0), *heard(-80, -3.25, count=0, port=0)],
    "without a clock": [said("depth", 3.5, time=None), *heard(time=None)],
}
