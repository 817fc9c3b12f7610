"""Third stage: what is observed. A reading in its own unit becomes the canonical result, dated, on its datum, flagged. Pure.

Units: a result that the adapter gives is taken as it is; else the device's unit for the property, else the wire's, else the
property's own. A reading that no property or unit fits is unmapped: nothing is observed. A sum whose wire unit is that of an
amount (HJ 212 `Cou`: kg of a concentration, m3 of a flow) is kept in the preferred unit of its own dimension.

Levels, in metres:
    absolute (SL 651 39H, 3AH-43H)           wire value + offset                       the station has added its zero already
    relative (SL 651 F5H-FCH, or the type    zero + wire value + offset                without a zero it stays relative
              says `level = "relative"`)
    distance_to_surface                      stays, and when zero or mount height is known also gives
                                             water_level = zero + mount height - distance + offset
A position has no result, only lon and lat. A value that is not a finite number is missing: never stored as 0, NaN or infinity.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from math import isfinite, nan
from struct import Struct as Packer
from typing import Any

from msgspec import Struct

from . import properties, quality
from .model import Config, Micros, QualityReason, Reading, Thing
from .properties import Property
from .times import rfc3339
from .units import Convert, UnitError, converter

_CONTENT = Packer("<dqdd").pack
_NUMBER = Packer(">I").unpack
_EMPTY = blake2b(digest_size=4)
_NOWHERE = (None, None)
_NO_BEGIN = -(2**63)
_RELATIVE = frozenset(("F5", "F6", "F7", "F8", "F9", "FA", "FB", "FC"))
"""SL 651 elements that state a level above the station's base (SL 651-2014 table C.1)."""
MIRRORED = {"min": "max", "max": "min"}
MICROMETRES = 6
"""Sums of levels are rounded to this many decimals, so that 1.1 + 2.2 is 3.3."""


class Observed(Struct, gc=False):
    """One observation, columns of a row to be. unit: of result. time: the instant, or the end of begin..time.

    revision: 32-bit hash of the content (result, begin, lon, lat): the same content is the same revision.
    """

    property: str
    statistic: str
    channel: str
    unit: str
    begin: Micros | None
    time: Micros
    result: float | None
    quality: int
    reason: QualityReason
    revision: int
    generation: int
    sent: Micros
    rank: int
    lon: float | None
    lat: float | None


class Way(Struct, gc=False):
    """How readings of one kind are observed: all that does not depend on what one of them says.

    convert: from the unit of the wire, None when it is the canonical one. zero: what a relative level stands on; None for any other.
    """

    kept: Property
    convert: Convert | None
    config: Config
    span: quality.Span | None
    sentinels: Any
    zero: float | None
    offset: float


Ways = dict[tuple[str, str | None, str, str], "Way | None"]
"""(property, unit, statistic, channel) of readings of one thing with one configuration, to how they are observed; None: unmapped."""


def observe(
    reading: Reading, thing: Thing, received: Micros, ahead: Micros = quality.AHEAD, ways: Ways | None = None
) -> Sequence[Observed]:
    """What a reading of a thing says; () when it is unmapped. After the first, further ones are derived from the same reading.

    received: first reception on the run's clock, µs; the observation's time when the protocol has no clock.
    ways: what was found out before for this thing, and is added to.
    """
    name = reading.property
    if name is None:
        return ()
    time = received if reading.time is None else reading.time
    if ways is None or len(thing.configs) > 1:
        way = _way(reading, name, thing, thing.config_at(time))
    else:
        words = (name, reading.unit, reading.statistic, reading.channel)
        try:
            way = ways[words]
        except KeyError:
            way = ways[words] = _way(reading, name, thing, thing.configs[0])
    if way is None:
        return ()
    result, value = reading.result, reading.value
    if result is None and value is not None:
        if isinstance(value, str):
            return ()
        result = float(value) if way.convert is None else way.convert(value)
    if result is not None:
        if not isfinite(result):
            result = None
        elif way.zero is not None:
            result = round(way.zero + result + way.offset, MICROMETRES)
        elif way.offset:
            result = round(result + way.offset, MICROMETRES)
    observed = _observed(reading, way, result, time, received, ahead)
    if name == "distance_to_surface":
        return _with_level(observed, reading, thing, way.config, received, ahead)
    return (observed,)


def revision(result: float | None, begin: Micros | None, lon: float | None = None, lat: float | None = None) -> int:
    """The 32-bit hash of a content; -0.0 is 0.0."""
    hashed = _EMPTY.copy()  # half the cost of a new one
    hashed.update(_CONTENT(
        nan if result is None else result + 0.0,
        _NO_BEGIN if begin is None else begin,
        nan if lon is None else lon + 0.0,
        nan if lat is None else lat + 0.0,
    ))  # fmt: skip
    return _NUMBER(hashed.digest())[0]  # type: ignore[no-any-return]


def _way(reading: Reading, name: str, thing: Thing, config: Config) -> Way | None:
    """How readings like this one are observed; None when they are unmapped."""
    unit = (config.units.get(name) if config.units else None) or reading.unit
    plan = _plan(name, unit)
    if (plan is None or unit != reading.unit) and reading.statistic.startswith("sum"):
        plan = _amount(name, reading.unit) or plan
    if plan is None:
        return None
    kept, convert = plan
    zero = config.zero if kept.level and is_relative(reading.channel, thing) else None
    offset = config.offset if kept.level else 0.0
    return Way(kept, convert, config, span(kept, reading.statistic, thing), _sentinels(kept, thing), zero, offset)


@lru_cache(maxsize=8192)
def _plan(name: str, unit: str | None) -> tuple[Property, Convert | None] | None:
    """The property and what turns `unit` into its own; None when they measure different things."""
    kept = properties.get(name) or properties.dynamic(name, unit)
    if kept is None:
        return None
    try:
        return kept, converter(unit, kept.unit) if unit else None
    except UnitError:
        return None


@lru_cache(maxsize=1024)
def _amount(name: str, unit: str | None) -> tuple[Property, Convert | None] | None:
    """What a sum of a concentration or rate is kept in when the wire says so: its amount (kg of SO2, m3 of flow). None for others."""
    if unit is None or _plan(name, unit) is not None:
        return None
    kept = properties.dynamic(name, unit)
    return (kept, converter(unit, kept.unit)) if kept else None


def _observed(reading: Reading, way: Way, result: float | None, time: Micros, received: Micros, ahead: Micros) -> Observed:
    lon, lat = position = reading.position or _NOWHERE
    if position is not _NOWHERE and result is None and reading.value is None:
        verdict = quality.first_flag(0.0, None, time, received, flag=reading.flag, test=reading.test, ahead=ahead)
    else:
        verdict = quality.first_flag(
            result, reading.value, time, received, way.span, way.sentinels, reading.flag, test=reading.test, ahead=ahead
        )
    kept, begin = way.kept, reading.begin
    return Observed(
        kept.id, reading.statistic, reading.channel, kept.unit, begin, time, result, verdict[0], verdict[1],
        revision(result, begin, lon, lat), way.config.generation, reading.sent, reading.rank, lon, lat,
    )  # fmt: skip


def span(kept: Property, statistic: str, thing: Thing) -> tuple[float, float] | None:
    """A type's limits are for values and short sums; a running total only has the property's own."""
    limits = thing.limits
    if not limits or statistic == "sum/total":
        return kept.range
    if statistic.startswith("sum") and properties.get(kept.id) not in (kept, None):
        return None  # an amount, not what the limits are for
    return limits.get(kept.id) or kept.range


def _sentinels(kept: Property, thing: Thing) -> Any:
    own = thing.settings.get("sentinels") if thing.settings else None
    if isinstance(own, Mapping) and kept.id in own:
        return kept.sentinels.union(own[kept.id])
    return kept.sentinels


def is_relative(channel: str, thing: Thing) -> bool:
    """Whether a level of this channel is stated above the station's zero."""
    return channel in _RELATIVE if thing.adapter == "sl651" else thing.settings.get("level") == "relative"


def _with_level(
    distance: Observed, reading: Reading, thing: Thing, config: Config, received: Micros, ahead: Micros
) -> Sequence[Observed]:
    if config.zero is None and config.mount_height is None:
        return (distance,)
    kept = properties.get("water_level")
    assert kept is not None
    above = (config.zero or 0.0) + (config.mount_height or 0.0) + config.offset
    result = None if distance.result is None else round(above - distance.result, MICROMETRES)
    way = Way(kept, None, config, span(kept, reading.statistic, thing), _sentinels(kept, thing), None, 0.0)
    level = _observed(reading, way, result, distance.time, received, ahead)
    kind, _, period = reading.statistic.partition("/")
    if kind in MIRRORED:  # the least distance is the highest water
        level.statistic = MIRRORED[kind] + ("/" + period if period else "")
    if distance.quality > level.quality:
        level.quality, level.reason = distance.quality, distance.reason
    return (distance, level)


def steps(reading: Reading, thing: Thing, received: Micros, ahead: Micros = quality.AHEAD) -> list[dict[str, Any]]:
    """The same way as `observe`, told step by step for `sensing explain`: reading, unit, datum, flags."""
    time = received if reading.time is None else reading.time
    config = thing.config_at(time)
    told: list[dict[str, Any]] = [_tell_reading(reading)]
    observed = observe(reading, thing, received, ahead)
    if not observed:
        why = "no property for this code" if reading.property is None else "text, or a unit that does not fit the property"
        return [*told, {"step": "unit", "unmapped": why}]
    told.append(_tell_unit(reading, config, observed[0]))
    told += [_tell_datum(one, reading, thing, config) for one in observed if one.property in _datum_properties()]
    told += [_tell_flags(one, thing, received) for one in observed]
    return told


def _tell_reading(reading: Reading) -> dict[str, Any]:
    return {
        "step": "reading", "device": reading.native, "code": reading.code, "property": reading.property, "value": reading.value,
        "unit": reading.unit, "statistic": reading.statistic, "channel": reading.channel, "flag": reading.flag,
        "wire_time": _text(reading.wire_time), "begin": _text(reading.begin), "time": _text(reading.time),
    }  # fmt: skip


def _tell_unit(reading: Reading, config: Config, first: Observed) -> dict[str, Any]:
    device = config.units.get(first.property)
    source = "adapter" if reading.result is not None else "device" if device else "wire" if reading.unit else "property"
    plan = _plan(first.property, device or reading.unit)
    if reading.statistic.startswith("sum") and (amount := _amount(first.property, reading.unit)):
        device, plan, source = None, amount, "wire"
    converted = reading.result
    if converted is None and plan is not None and isinstance(reading.value, (int, float)):
        converted = plan[1](reading.value) if plan[1] else float(reading.value)
    return {"step": "unit", "from": device or reading.unit or first.unit, "by": source, "to": first.unit, "result": converted}


def _tell_datum(one: Observed, reading: Reading, thing: Thing, config: Config) -> dict[str, Any]:
    if reading.property == "distance_to_surface":
        rule = "as measured" if one.property == reading.property else "zero + mount height - distance + offset"
    else:
        rule = "zero + value + offset" if is_relative(one.channel, thing) else "value + offset"
    return {
        "step": "datum", "property": one.property, "rule": rule, "datum": config.datum, "zero": config.zero,
        "mount_height": config.mount_height, "offset": config.offset, "generation": config.generation, "result": one.result,
    }  # fmt: skip


def _tell_flags(one: Observed, thing: Thing, received: Micros) -> dict[str, Any]:
    kept = properties.get(one.property)
    return {
        "step": "flags", "property": one.property, "quality": one.quality, "reason": str(one.reason), "time": _text(one.time),
        "received": _text(received), "limits": span(kept, one.statistic, thing) if kept else None,
        "revision": f"{one.revision:08x}",
    }  # fmt: skip


def _datum_properties() -> frozenset[str]:
    levels = {name for name, kept in properties.all_properties().items() if kept.level}
    return frozenset(levels | {"distance_to_surface"})


def _text(time: Micros | None) -> str | None:
    try:
        return None if time is None else rfc3339(time)
    except OverflowError:
        return str(time)
