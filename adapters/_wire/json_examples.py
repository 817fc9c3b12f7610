"""Readings that SenML and plain JSON can say, for tests and documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sensing import properties
from sensing.model import Micros, Reading
from sensing.times import MINUTE, SECOND

_TIME: Micros = 1_787_293_800 * SECOND  # 2026-08-21 14:30 in Beijing
_PLACE = (117.65, 24.51)


def senml(
    code: str,
    value: float | str,
    unit: str | None = None,
    *,
    name: str | None = "",
    native: str = "urn:dev:7",
    time: Micros | None = _TIME,
) -> Reading:
    """One reading as SenML says it. name: the property; "" is the code itself, None unmapped."""
    return Reading(native, code, code if name == "" else name, value, unit, time=time, wire_time=time)


def generic(code: str, value: float | None, *, native: str = "gauge-7", time: Micros | None = _TIME) -> Reading:
    """One reading as the generic form of plainjson says it."""
    kept = properties.get(code)
    name, unit = (code, kept.unit) if kept else (properties.slug("plainjson", code), None)
    return Reading(native, code, name, value, unit, time=time, wire_time=time)


def placed(native: str, code: str) -> Reading:
    """A position."""
    return Reading(native, code, "position", None, time=_TIME, wire_time=_TIME, position=_PLACE)


SENML: Mapping[str, Sequence[Reading]] = {
    "a river gauge": [senml("water_level", 321.4, "cm"), senml("rainfall", 0.5, "mm"), senml("battery_voltage", 12, "V")],
    "named by its unit": [senml("%RH", 80.5, "%RH", name="relative_humidity"), senml("%EL", 98, "%EL", name="battery_level")],
    "a code of its own": [senml("voltage", 120.1, "V", name="senml_voltage", native="2001:db8::2")],
    "without a clock": [senml("air_temperature", -5.3, "Cel", time=None)],
    "to the microsecond": [senml("air_temperature", 21.0, "Cel", time=_TIME + 1_001)],
    "two devices": [senml("ph", 7.01, "pH"), senml("ph", 6.5, None, native="urn:dev:8", time=_TIME + MINUTE)],
    "a unit that does not fit": [senml("water_level", 12.6, "V", name=None)],
    "a position": [placed("urn:dev:7", "lon+lat")],
    "text": [senml("firmware", "1.4.2", name=None)],
}

PLAINJSON: Mapping[str, Sequence[Reading]] = {
    "a river gauge": [generic("water_level", 3.214), generic("rainfall", 0.5), generic("signal_strength", -87)],
    "other numbers": [generic("Pump A/rpm", 1450), generic("\u6c34\u4f4d", 6.38)],
    "missing": [generic("water_level", None), generic("battery_voltage", 12.6)],
    "without a clock": [generic("air_temperature", -5.3, time=None)],
    "two devices, two times": [
        generic("ph", 7.01),
        generic("ph", 6.5, native="gauge-8"),
        generic("ph", 7.02, time=_TIME + 1_001),
    ],
    "a position": [placed("gauge-7", "position"), generic("water_level", -0.0)],
}
