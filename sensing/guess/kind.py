"""The whole guess: a thing type from samples, with what is not sure as notes beside its fields. Pure.

Codecs, domains and limits are those that the types which ship already use for the same properties; what no sample shows is not invented.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from statistics import median
from typing import Any

from msgspec import Struct, field

from sensing import properties, units
from sensing.errors import ValidationError
from sensing.model import Micros, Reading
from sensing.ports import Adapter
from sensing.things import ThingType
from sensing.times import SECOND

from .adapter import Tried, candidates, tried
from .json_map import mapped
from .samples import Sample

_CADENCES = (1, 5, 10, 15, 30, 60, 120, 180, 300, 600, 900, 1200, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400)
_NEAR = 0.2
_TOLERANCES = ("length_off_by_one", "modbus_crc")


class Guess(Struct):
    """A type as its file will say it. tree: the file's fields in order. notes: by field, or by field and row. confidence: 0 to 1."""

    adapter: str
    tree: dict[str, Any]
    notes: dict[str, str] = field(default_factory=dict)
    confidence: float = 0.0
    alternatives: Sequence[str] = ()
    native: str = ""
    read: int = 0
    samples: int = 0


def guess(
    samples: Sequence[Sample],
    adapters: Mapping[str, Adapter],
    types: Mapping[str, ThingType],
    received: Micros,
    adapter: str = "",
) -> Guess:
    """The type of the device that sent the samples. adapter: "" is to be guessed. Raises ValidationError when nothing reads them."""
    others: Sequence[Tried] = ()
    if not adapter:
        others = candidates(samples, adapters, received)
        if (
            not others
            and "lorawan" in adapters
            and not _is_text(samples[0])
            and _codec(samples, adapters["lorawan"], types, received)[0]
        ):
            others = [Tried("lorawan", [], 0, 0)]  # a device's own bytes, without an envelope
        if not others:
            raise ValidationError("no adapter reads these samples", "name it (--adapter), or see `sensing decode ADAPTER`")
        adapter, others = others[0].adapter, others[1:4]
    known = adapters[adapter]
    settings, notes, unsure = _settings(samples, known, types, received)
    final = tried(samples, known, settings, received, marked=True)
    if not final.readings:
        raise ValidationError(
            f"{adapter} reads no value in these samples: {final.first or 'nothing to read'}", "name another adapter (--adapter)"
        )
    names = list(dict.fromkeys(reading.property for reading in final.readings if reading.property))
    found = Guess(adapter, {}, notes, native=final.readings[0].native, read=final.read, samples=len(samples))
    found.confidence = max(0.05, round(final.score * 0.9**unsure, 2))
    found.alternatives = [f"{each.adapter} ({each.score:.2f})" for each in others if each.score > 0.3]
    _say_cadence(found, final.readings)
    found.tree["adapter"] = adapter
    found.tree["domain"] = _domain(names, types)
    found.tree["properties"] = names
    if final.first:
        notes["properties"] = f"not everything could be read: {final.first}"
    unnamed = sorted({reading.code for reading in final.readings if reading.property is None})
    if unnamed:
        notes["properties"] = f"not stored, for no property is known for it: {', '.join(unnamed[:12])}"
    found.tree["limits"] = _limits(names, final.readings, types, notes)
    found.tree["settings"] = settings
    return found


def _is_text(sample: Sample) -> bool:
    return sample.payload.isascii() and sample.payload.decode("ascii").strip().isprintable()


def _settings(
    samples: Sequence[Sample], adapter: Adapter, types: Mapping[str, ThingType], received: Micros
) -> tuple[dict[str, Any], dict[str, str], int]:
    """(settings, notes, how many things are not sure)."""
    if adapter.NAME == "plainjson" and not _is_generic(samples, adapter, received):
        found = mapped([json.loads(sample.payload) for sample in samples])
        return found.settings, found.notes, found.unsure
    if adapter.NAME == "lorawan":
        return _codec(samples, adapter, types, received)
    if adapter.NAME == "hj212":
        plain = tried(samples, adapter, {}, received)
        for number in (1, 2):
            settings = {"tolerate": list(_TOLERANCES[number - 1 : number])}
            if not plain.read and tried(samples, adapter, settings, received).read:
                return settings, {"tolerate": f"its frames are refused otherwise: {plain.first}"}, 1
    return {}, {}, 0


def _is_generic(samples: Sequence[Sample], adapter: Adapter, received: Micros) -> bool:
    """Whether our own plain form is spoken: every number under the name of a property."""
    found = tried(samples, adapter, {}, received)
    return found.read == len(samples) and all(properties.get(reading.property or "") for reading in found.readings)


def _codec(
    samples: Sequence[Sample], adapter: Adapter, types: Mapping[str, ThingType], received: Micros
) -> tuple[dict[str, Any], dict[str, str], int]:
    """The codec that reads the device's bytes without an error, into what its type measures and nothing else."""
    names = sorted({str(kind.settings["codec"]) for kind in types.values() if "codec" in kind.settings})
    scores: list[tuple[float, str]] = []
    for name in names:
        found = tried(samples, adapter, {"codec": name}, received)
        measured = {reading.property for reading in found.readings if reading.property and reading.property not in _RADIO}
        if measured and not found.first and all(_possible(reading, name, types) for reading in found.readings):
            scores.append((_fit(measured, name, types), name))
    if not scores:
        return {}, {"codec": "no codec of ours reads its bytes: what the network server made of them is taken"}, 1
    scores.sort(key=lambda one: (-one[0], one[1]))
    best = [name for number, name in scores if number == scores[0][0]]
    rest = [name for _, name in scores if name != best[0]]
    note = f"these read the bytes as well: {', '.join(rest[:8])}; the model is on the device's plate" if rest else ""
    return {"codec": best[0]}, {"codec": note} if note else {}, min(2, len(rest))


def _fit(measured: set[str], codec: str, types: Mapping[str, ThingType]) -> float:
    """How much of what was read is what a type of this codec measures, and the other way round: 1 when they are the same."""
    wanted = [set(kind.properties) - _RADIO for kind in types.values() if kind.settings.get("codec") == codec]
    return max((len(measured & each) / len(measured | each) for each in wanted), default=0.0)


def _possible(reading: Reading, codec: str, types: Mapping[str, ThingType]) -> bool:
    """Whether a value lies where a device of this codec can measure."""
    kept = properties.get(reading.property or "")
    if kept is None or not isinstance(reading.value, (int, float)):
        return True
    spans = [kind.limits[kept.id] for kind in types.values() if kind.settings.get("codec") == codec and kept.id in kind.limits]
    low, high = spans[0] if spans else kept.range or (float("-inf"), float("inf"))
    try:
        value = units.convert(reading.value, reading.unit or kept.unit, kept.unit)
    except units.UnitError:
        return True
    return low <= value <= high


_RADIO = frozenset(("signal_strength", "lorawan_snr", "lorawan_margin"))


def _say_cadence(found: Guess, readings: Sequence[Reading]) -> None:
    """How often one datastream speaks, from the times of several samples."""
    series: dict[tuple[Any, ...], set[Micros]] = {}
    for reading in readings:
        if reading.time is not None:
            series.setdefault((reading.native, reading.code, reading.statistic, reading.channel), set()).add(reading.time)
    gaps = [later - earlier for stamps in series.values() for earlier, later in pairwise(sorted(stamps))]
    if not gaps:
        found.notes["cadence_s"] = "cadence_s = 300   # how often it reports: two samples with times would tell"
        return
    seconds = median(gaps) / SECOND
    near = min(_CADENCES, key=lambda each: abs(each - seconds))
    found.tree["cadence_s"] = near if abs(near - seconds) < _NEAR * near else max(1, round(seconds))
    found.notes["cadence_s"] = f"median of {len(gaps)} gaps: {seconds:g} s"


def _domain(names: Sequence[str], types: Mapping[str, ThingType]) -> str:
    """The domain of most types that measure the same."""
    counted = Counter(str(kind.domain) for kind in types.values() for name in names[:3] if name in kind.properties)
    return counted.most_common(1)[0][0] if counted else "environment"


def _limits(
    names: Sequence[str], readings: Sequence[Reading], types: Mapping[str, ThingType], notes: dict[str, str]
) -> dict[str, list[float]]:
    """What most types that ship allow for the same property, with what the samples held beside it."""
    found: dict[str, list[float]] = {}
    for name in names:
        spans = Counter(kind.limits[name] for kind in types.values() if name in kind.limits)
        kept = properties.get(name)
        span = spans.most_common(1)[0][0] if spans else kept.range if kept else None
        if span is not None:
            found[name] = list(span)
            seen = [reading.value for reading in readings if reading.property == name and isinstance(reading.value, (int, float))]
            notes[f"limits.{name}"] = f"on the wire: {min(seen):g} to {max(seen):g}" if seen else ""
    return found
