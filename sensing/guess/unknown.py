"""What an unknown id in quarantine may be: type, unit, zone and cadence, out of a few of its frames. Pure; a person decides.

types    of this adapter, by how many of the properties that came are theirs, and how many values lie within their limits
unit     where values lie outside the limits as they are, and inside once they are taken for another unit (cm for m)
zone     the median distance of device time from reception, when that is whole hours
cadence  the median distance of one time from the next
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import pairwise
from statistics import median
from typing import Any

from msgspec import Struct, field

from sensing import times
from sensing.model import Config, Quality, Reading, Thing
from sensing.observe import observe
from sensing.ports import Adapter
from sensing.things import ThingType

from .adapter import tried
from .samples import Sample

_OTHERS = {"m": ("cm", "mm"), "mm": ("cm", "m"), "hPa": ("kPa", "Pa"), "Cel": ("K",), "mg/L": ("ug/L",), "ug/m3": ("mg/m3",),
           "mg/m3": ("ug/m3",), "m3/s": ("L/s",), "m/s": ("km/h",), "V": ("mV",)}  # fmt: skip
"""Units that a value is taken for by mistake, by the property's own."""
_MOST_TYPES = 3
_HOUR_S = 3600
_NEAR_S = 900
"""How far from whole hours a clock may be for its zone to be in doubt."""
_SHOWN = 6


class Guess(Struct):
    """types: [{type, score, properties}], the likeliest first. unit: property to unit. clock_s: device time minus reception, s, None
    without a clock. zone: what that says. values: a few readings of the newest frame.
    """

    types: list[dict[str, Any]] = field(default_factory=list)
    unit: dict[str, str] = field(default_factory=dict)
    clock_s: float | None = None
    zone: str = ""
    cadence_s: float | None = None
    position: tuple[float, float] | None = None
    properties: list[str] = field(default_factory=list)
    values: list[dict[str, Any]] = field(default_factory=list)


class _Read(Struct):
    """What the samples say under some settings. times: (received, newest time) of each sample that tells one."""

    readings: list[Reading]
    times: list[tuple[int, int]]


def guess(native: str, samples: Sequence[Sample], adapter: Adapter, types: Mapping[str, ThingType]) -> Guess:
    """Look at samples of one native id, the oldest first."""
    known: dict[str, _Read] = {}
    ranked: list[tuple[float, ThingType, _Read]] = []
    for kind in types.values():
        if kind.adapter not in ("", adapter.NAME):
            continue
        text = json.dumps(kind.settings, sort_keys=True, default=str)
        if text not in known:
            known[text] = _read(native, samples, adapter, kind.settings)
        ranked.append((_score(kind, known[text], adapter.NAME), kind, known[text]))
    ranked.sort(key=lambda each: (-each[0], each[1].id))
    if not ranked:
        return Guess()
    read = ranked[0][2]
    found = Guess([_told(score, kind, each) for score, kind, each in ranked[:_MOST_TYPES] if score > 0])
    found.properties = sorted({reading.property for reading in read.readings if reading.property})
    found.unit = _units(ranked[0][1], read, adapter.NAME)
    found.position = next((reading.position for reading in reversed(read.readings) if reading.position), None)
    _dates(found, samples, read)
    found.values = [told(reading) for reading in read.readings[-_SHOWN:]]
    return found


def told(reading: Reading) -> dict[str, Any]:
    """A reading as the wire says it."""
    at = None if reading.time is None else times.rfc3339(reading.time)
    return {"code": reading.code, "property": reading.property, "value": reading.value, "unit": reading.unit,
            "statistic": reading.statistic, "channel": reading.channel, "time": at}  # fmt: skip


def _read(native: str, samples: Sequence[Sample], adapter: Adapter, settings: Mapping[str, Any]) -> _Read:
    found = _Read([], [])
    for sample in samples:
        mine = [one for one in tried([sample], adapter, settings, sample.received or 0).readings if one.native == native]
        found.readings += mine
        moments = [one.time for one in mine if one.time is not None]
        if moments and sample.received is not None:
            found.times.append((sample.received, max(moments)))
    if not found.readings:  # a message in several frames
        found.readings = [one for one in tried(samples, adapter, settings, 0).readings if one.native == native]
    return found


def _thing(kind: ThingType, adapter: str, units: Mapping[str, str]) -> Thing:
    config = Config(units={**kind.units, **units})
    return Thing("unknown", kind.id, adapter, "unknown", "", settings=kind.settings, limits=kind.limits, configs=(config,))


def _score(kind: ThingType, read: _Read, adapter: str) -> float:
    """0..1: how well the properties that came, and their values, fit a type."""
    came = {reading.property for reading in read.readings if reading.property}
    if not came:
        return 0.0
    theirs = set(kind.properties)
    overlap = len(came & theirs) / len(came | theirs) if theirs else 0.1
    return round(0.7 * overlap + 0.3 * _plausible(kind, read, adapter, {}), 2)


def _plausible(kind: ThingType, read: _Read, adapter: str, units: Mapping[str, str], name: str = "") -> float:
    """The share of values that lie within the limits."""
    thing = _thing(kind, adapter, units)
    fine = bad = 0
    for reading in read.readings:
        for one in observe(reading, thing, reading.time or 0):
            if one.result is not None and name in ("", one.property):
                inside = one.quality != Quality.FAIL
                fine, bad = fine + inside, bad + (not inside)
    return fine / (fine + bad) if fine + bad else 0.0


def _units(kind: ThingType, read: _Read, adapter: str) -> dict[str, str]:
    from sensing import properties

    found: dict[str, str] = {}
    for name in {reading.property for reading in read.readings if reading.property}:
        kept = properties.get(name)
        if kept is None or _plausible(kind, read, adapter, {}, name) > 0.5:
            continue
        for unit in _OTHERS.get(kept.unit, ()):
            if _plausible(kind, read, adapter, {name: unit}, name) > 0.5:
                found[name] = unit
                break
    return found


def _told(score: float, kind: ThingType, read: _Read) -> dict[str, Any]:
    came = {reading.property for reading in read.readings if reading.property}
    return {"type": kind.id, "score": score, "properties": sorted(came & set(kind.properties))}


def _dates(found: Guess, samples: Sequence[Sample], read: _Read) -> None:
    if read.times:
        found.clock_s = round(median((at - received) / times.SECOND for received, at in read.times), 1)
        hours = round(found.clock_s / _HOUR_S)
        if hours and abs(found.clock_s - hours * _HOUR_S) <= _NEAR_S:
            found.zone = f"{hours:+d} h"
    moments = sorted({at for _, at in read.times}) if read.times else sorted({one.received for one in samples if one.received})
    if len(moments) > 1:
        found.cadence_s = round(median((b - a) / times.SECOND for a, b in pairwise(moments)), 1)
