"""Thresholds of checks: what `config/quality.toml`, a type's `[checks]` and the setting `checks` of a device say, read and checked.

    checks = { water_level = { spike = 0.6, rate = 3, stuck = "2h", step = 0.25, factors = [100, 1000] } }

    spike      a value that departs by more than this from both neighbours is a spike; canonical unit, as all that follows
    rate       how much more is possible in an hour: added to `spike` for the time between two values (0)
    gap        values further apart than this are not compared ("3h")
    stuck      the same value for so long, after it had been moving, is a stuck sensor
    step       the same value for an hour, ended by a step of this size, was one
    ever       the same value for so long is one, whatever came before
    still      values that may stand for ever: [0] for a dry road
    factors    what a value is multiplied by when its unit is another one
    least      a step smaller than this is no other unit (0)
    months     twelve [low, high], from January, of local time; outside is what the season does not know
    hours      twenty-four [low, high], from midnight, local time
    knots      of a position: faster than this nothing moves from one to the next
    ashore     of a position: further inland than this, metres, no ship is
    apart      true: it is not compared with neighbours, for what it measures is its own (a stack)

Durations are texts like "90m". A field replaces the one of the level below: property, then type, then device. `false` takes it away,
and `checks = { water_level = false }` all of a property's. A section `"rainfall|sum/PT5M"` is for one statistic; instants and means have the
section of their property's name, other statistics none.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from functools import lru_cache
from math import isfinite
from typing import Any

from msgspec import Struct

from sensing import properties, times
from sensing.errors import SensingError, ValidationError
from sensing.model import Micros
from sensing.paths import config_dir

from .beside import Beside

Span = tuple[float, float]
_NUMBERS = ("spike", "rate", "step", "least", "knots", "ashore")
_SPANS = ("gap", "stuck", "ever")
_LISTS = ("still", "factors")
_TABLES = {"months": 12, "hours": 24}
_MARKS = ("apart",)
_FIELDS = (*_NUMBERS, *_SPANS, *_LISTS, *_TABLES, *_MARKS)
_DYNAMIC = re.compile(r"[a-z0-9]{1,32}_[a-z0-9_]{1,63}")
_PAIR = 2


class Limits(Struct, frozen=True):
    """See above; None and () where nothing is checked. Durations in µs, rate in units an hour. beside: what it is compared by."""

    spike: float | None = None
    rate: float = 0.0
    gap: Micros = 3 * times.HOUR
    stuck: Micros | None = None
    step: float | None = None
    ever: Micros | None = None
    still: tuple[float, ...] = ()
    factors: tuple[float, ...] = ()
    least: float = 0.0
    months: tuple[Span, ...] = ()
    hours: tuple[Span, ...] = ()
    beside: Beside | None = None
    knots: float | None = None
    ashore: float | None = None
    apart: bool = False

    @property
    def smallest(self) -> float:
        """A step between two values that is smaller than this can mean nothing."""
        steps = [self.spike, self.step, self.least if self.factors else None]
        return min((each for each in steps if each is not None), default=float("inf"))

    @property
    def shortest(self) -> Micros | None:
        """A run of equal values that is shorter than this is nothing; None when none is."""
        return min((each for each in (self.stuck, self.ever) if each is not None), default=None)


Told = Mapping[str, Any]
"""Fields of a property as they were read; {} is none."""


def read(told: object, where: str = "checks") -> dict[str, dict[str, Any]]:
    """Fields by section from a setting `checks`. Raises ValidationError that names section, field, value and remedy."""
    if told is None:
        return {}
    if not isinstance(told, Mapping):
        raise ValidationError(f"{where} {told!r}: not an object", 'write {"water_level": {"spike": 0.6}}')
    return {str(name): _section(str(name), fields, f"{where}.{name}") for name, fields in told.items()}


def limits(name: str, statistic: str, *settings: Mapping[str, Mapping[str, Any]]) -> Limits | None:
    """What holds for a datastream: the shipped section, then each of `settings`, as `read` gives them. None: nothing is checked."""
    instant = statistic == "instant" or statistic.startswith("mean")
    found: dict[str, Any] = {}
    for each in (_shipped(), *settings):
        for section in (name if instant else "", f"{name}|{statistic}"):
            if section in each:
                found = {} if each[section].get("none") else {**found, **each[section]}
    kept = {field: value for field, value in found.items() if value is not None and field != "none"}
    return Limits(**kept) if kept else None


@lru_cache(maxsize=1)
def _shipped() -> dict[str, dict[str, Any]]:
    path = config_dir() / "quality.toml"
    return read(tomllib.loads(path.read_text("utf-8"))["property"], str(path))


def _section(name: str, fields: object, where: str) -> dict[str, Any]:
    prop = name.partition("|")[0]
    if properties.get(prop) is None:
        near = get_close_matches(prop, properties.all_properties(), 1, 0.85)
        if near or not _DYNAMIC.fullmatch(prop):
            hint = f"did you mean {near[0]}?" if near else "write its id, such as water_level"
            raise ValidationError(f'{where}: "{prop[:64]}" is not a property', hint)
    if fields is False:
        return {"none": True}
    if not isinstance(fields, Mapping):
        raise ValidationError(f"{where} {fields!r}: not an object", 'write {"spike": 0.6}, or false for no checks')
    found = {}
    for field, value in fields.items():
        if field not in _FIELDS:
            raise ValidationError(f'{where}: no field "{str(field)[:40]}"', f"fields are {', '.join(_FIELDS)}")
        found[field] = None if value is False else _value(f"{where}.{field}", field, value)
    return found


def _value(where: str, field: str, value: object) -> Any:
    if field in _NUMBERS:
        return _number(where, value)
    if field in _SPANS:
        try:
            return times.parse_duration(str(value))
        except SensingError:
            raise ValidationError(f'{where} "{value}": not a duration', 'write "90m" or "2h"') from None
    if field in _MARKS:
        if value is not True:
            raise ValidationError(f"{where} {value!r}: not true or false", "write true, or leave it out")
        return True
    if not isinstance(value, (list, tuple)):
        raise ValidationError(f"{where} {value!r}: not a list", "write it in brackets")
    if field == "still":
        return tuple(_number(where, each, None) for each in value)
    if field == "factors":
        if any(_number(where, each) in (0.0, 1.0) for each in value):
            raise ValidationError(f"{where} {value!r}: a factor is neither 0 nor 1", "write [100] for cm instead of m")
        return tuple(float(each) for each in value)
    return _table(where, field, value)


def _table(where: str, field: str, value: Any) -> tuple[Span, ...]:
    count = _TABLES[field]
    pairs = [pair for pair in value if isinstance(pair, (list, tuple)) and len(pair) == _PAIR]
    if len(pairs) != count or len(value) != count:
        raise ValidationError(f"{where}: {len(value)} entries", f"write {count} of [low, high]")
    found = tuple((_number(where, low, None), _number(where, high, None)) for low, high in pairs)
    for low, high in found:
        if not low < high:
            raise ValidationError(f"{where}: {low:g} is not below {high:g}", "write [low, high]")
    return found


def _number(where: str, value: object, least: float | None = 0.0) -> float:
    fits = isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value)
    if not fits or (least is not None and value < least):  # type: ignore[operator]
        span = "" if least is None else f" from {least:g} up"
        raise ValidationError(f"{where} {value!r}: not a number{span}", "write it in the property's own unit, such as 0.6")
    return float(value)  # type: ignore[arg-type]
