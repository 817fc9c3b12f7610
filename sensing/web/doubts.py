"""What is odd about a device's newest values: their units, their times, the hand that measured beside them. Pure.

A doubt either fails its step (`fails`) or warns: a warning is shown with its remedy and does not hold up a registration.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from sensing import properties, times, units
from sensing.model import Config, Quality, QualityReason
from sensing.properties import Property
from sensing.registry import Device
from sensing.things import ThingType

from .remedies import CHECK, Words, quality_remedy, words

Row = Mapping[str, Any]

WIRE_UNITS: Mapping[str, Sequence[str]] = {
    "m": ("cm", "mm", "dm", "km"),
    "mm": ("m", "cm"),
    "ug/m3": ("mg/m3",),
    "mg/m3": ("ug/m3",),
    "mg/L": ("ug/L",),
    "hPa": ("kPa", "Pa"),
    "V": ("mV",),
    "m3/s": ("L/s", "m3/h"),
    "uS/cm": ("mS/cm",),
}
"""Units that makers send where another is meant, by the unit that we keep."""
LEAST: Mapping[str, float] = {"pm2_5": 0.5, "pm10": 0.5, "tsp": 1.0, "so2": 0.1, "no2": 0.1, "nox": 0.1, "o3": 0.5}
"""ug/m3: outdoor air has more than this (WHO 2021 annex, background stations); all values below it are mg/m3 that was not converted."""
_LEVELS = ("water_level", "groundwater_depth", "ponding_depth", "distance_to_surface")
_SHIFT, _SHIFT_GIVE = 8 * times.HOUR, 10 * times.MINUTE
_UNSET = times.parse_instant("2005-01-01T00:00:00Z")
"""No device of ours was made before: a clock that says so starts at 1970, 1980 or 2000."""
_SKEW = 2 * times.MINUTE
_OLD = 30 * times.MINUTE
_RATIO_GIVE = 0.2
"""A dip test may differ by so much, as a part, and still tell one unit from another."""
_DIP_GIVE = 0.02
"""Metres, or the property's unit, that a dip test may be off without a word."""


class Doubt(Struct, frozen=True):
    """Why something is odd, what to do, and the values that tell it."""

    reason: str
    remedy: Words | None
    fails: bool = True
    told: Mapping[str, Any] = {}


def doubt(reason: str, *, fails: bool = True, **values: Any) -> Doubt:
    """A doubt of the table CHECK, its values filled in."""
    return Doubt(reason, words(CHECK[reason], **values), fails, {key: value for key, value in values.items() if key != "id"})


def of_values(device: Device, kind: ThingType | None, rows: Sequence[Row], dip: float | None = None) -> Iterator[Doubt]:
    """Doubts about rows of one device, oldest first, as the store's reader gives them; the gravest first. kind: its type."""
    newest = {(row["property"], row["statistic"], row["channel"]): row for row in rows}
    live = any(row["origin"] == "live" for row in rows)
    if live:
        yield from _clock(rows)
    bad = [row for row in newest.values() if row["quality"] not in {Quality.GOOD, Quality.NOT_EVALUATED}]
    for row in sorted(bad, key=lambda row: (row["quality"] != Quality.FAIL, row["time"])):
        if row["reason"] != QualityReason.CLOCK or not live:
            yield _quality(device, kind, row)
    for row in newest.values():
        if row not in bad:
            yield from _small(device, row, rows)
    if dip is not None:
        yield from _dipped(device, newest.values(), dip)


def measured(rows: Sequence[Row]) -> Row | None:
    """The newest value that a dip test is compared with; None when no level is among the rows."""
    found = {row["property"]: row for row in rows if row["result"] is not None}
    return next((found[name] for name in _LEVELS if name in found), None)


# --- clocks ---


def _clock(rows: Sequence[Row]) -> Iterator[Doubt]:
    """The newest time of those that came last, against their reception: buffered rows are old by right."""
    seen = [(times.parse_instant(row["time"]), times.parse_instant(row["received"])) for row in rows]
    last = max(received for _, received in seen)
    time = max(time for time, received in seen if received == last)
    ahead = time - last
    if time < _UNSET:
        yield doubt("clock_unset", time=times.rfc3339(time))
    elif abs(ahead - _SHIFT) < _SHIFT_GIVE:
        yield doubt("clock_8h")
    elif abs(ahead + _SHIFT) < _SHIFT_GIVE:
        yield doubt("clock_8h_behind")
    elif any(row["reason"] == QualityReason.CLOCK for row, (_, received) in zip(rows, seen, strict=True) if received == last):
        yield Doubt("clock", quality_remedy("clock"), told={"time": times.rfc3339(time)})
    elif ahead > _SKEW:
        yield doubt("clock_skew", fails=False, minutes=round(ahead / times.MINUTE))
    elif ahead < -_OLD:
        yield doubt("old_data", fails=False, minutes=round(-ahead / times.MINUTE))


# --- quality and units ---


def _quality(device: Device, kind: ThingType | None, row: Row) -> Doubt:
    told = {name: row[name] for name in ("property", "result", "unit", "time", "quality")}
    if row["reason"] == QualityReason.RANGE:
        found = _wire_unit(device, kind, row)
        if found is not None:
            return _flip(device, row, *found)
    return Doubt(row["reason"], quality_remedy(row["reason"]), told=told)


def _flip(device: Device, row: Row, unit: str, factor: float) -> Doubt:
    value = f"{row['result']:.6g}"
    found = doubt(
        "unit_flip", id=device.id, property=row["property"], value=value, unit=row["unit"], factor=1 / factor, wire=unit
    )
    return Doubt(found.reason, found.remedy, told={name: row[name] for name in ("property", "result", "unit", "time")})


def _wire_unit(device: Device, kind: ThingType | None, row: Row) -> tuple[str, float] | None:
    """Another unit on the wire that would make a value possible, and what the value is to be multiplied with."""
    kept = properties.get(row["property"])
    span = (kind.limits.get(row["property"]) if kind else None) or (kept.range if kept else None)
    if kept is None or span is None or row["result"] is None:
        return None
    return next(
        ((unit, factor) for unit, factor in _factors(kept, device.config) if span[0] <= row["result"] * factor <= span[1]), None
    )


def _factors(kept: Property, config: Config) -> Iterator[tuple[str, float]]:
    """Other units of a property, with what each makes of a value that was read in the unit in force."""
    now = config.units.get(kept.id, kept.unit)
    for unit in (kept.unit, *WIRE_UNITS.get(kept.unit, ())):
        if unit != now:
            yield unit, units.convert(1.0, unit, kept.unit) / units.convert(1.0, now, kept.unit)


def _small(device: Device, row: Row, rows: Sequence[Row]) -> Iterator[Doubt]:
    """A concentration that no outdoor air has, in everything that came of it: mg for ug."""
    least = LEAST.get(row["property"])
    seen = [each["result"] for each in rows if each["property"] == row["property"] and each["result"] is not None]
    if least is not None and seen and 0 < max(seen) < least and row["statistic"].partition("/")[0] != "sum":
        yield _flip(device, row, "mg/m3", 1000.0)


def _dipped(device: Device, newest: Any, dip: float) -> Iterator[Doubt]:
    row = measured(list(newest))
    kept = properties.get(row["property"]) if row else None
    if row is None or kept is None:
        return
    zero = device.config.zero or 0.0 if kept.level else 0.0
    for unit, factor in _factors(kept, device.config):
        for base in {zero, 0.0}:
            stated, real = row["result"] - base, dip - base
            if real and abs(stated * factor / real - 1) < _RATIO_GIVE and abs(stated / real - 1) > _RATIO_GIVE:
                yield _flip(device, row, unit, factor)
                return
    if abs(row["result"] - dip) > _DIP_GIVE:
        yield doubt("dip_differs", fails=False, id=device.id, difference=row["result"] - dip)
