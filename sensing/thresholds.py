"""Level thresholds, as settings of a device or its type state them, read and checked. Values are canonical, levels on the stored datum.

    thresholds = { water_level = { watch = 2.8, warning = 3.2, danger = 4.0, hysteresis = 0.1 } }

    watch warning danger   any of them; an event begins at the first, and its severity is the last that was reached
    hysteresis             an event ends when a value is this far below the first level (0)
    for                    a level counts once every value has been there for so many seconds (0)
    statistic              datastreams of this statistic, such as mean/PT1H (instant)
    channel                datastreams of this channel, such as F5 or 3; "*" for any, each by itself (those without one)
    below                  true: low values are the bad ones; the levels go down, and all else is mirrored

A device's `thresholds` replace those of its type as a whole, like every setting.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from math import isfinite
from typing import Any

from msgspec import Struct

from . import properties
from .errors import ValidationError
from .model import Micros
from .times import SECOND

SEVERITIES = ("watch", "warning", "danger")
_FIELDS = (*SEVERITIES, "hysteresis", "for", "statistic", "channel", "below")
_ANY = "*"
_STATISTIC = re.compile(r"[a-z]+(/[A-Za-z0-9-]+)?")
_DYNAMIC = re.compile(r"[a-z0-9]{1,32}_[a-z0-9_]{1,63}")
_LONGEST_S = 7 * 86_400
_DIGITS = 9
"""The end level is rounded to so many decimals: 2.8 - 0.1 is 2.7."""


class Rule(Struct, frozen=True, gc=False):
    """The thresholds of the property `name`. levels: (value times sign, index in SEVERITIES), ascending. clear: below it an event ends, times sign.

    sign: 1, or -1 where low values are the bad ones. hold: how long a level must last to count. statistic, channel: of the datastreams that it watches.
    """

    name: str
    levels: tuple[tuple[float, int], ...]
    clear: float
    hold: Micros = 0
    sign: int = 1
    statistic: str = "instant"
    channel: str = ""

    @property
    def kind(self) -> str:
        """What its events are called: `water_level_high`."""
        return f"{self.name}_{'high' if self.sign > 0 else 'low'}"

    def covers(self, statistic: str, channel: str) -> bool:
        """Whether a datastream of the property is watched. One only, unless told: a station that says its level twice has one flood."""
        return statistic == self.statistic and self.channel in (channel, _ANY)


def read(told: object) -> dict[str, Rule]:
    """Rules by property from the setting `thresholds`. Raises ValidationError that names property, field, value and remedy."""
    if told is None:
        return {}
    if not isinstance(told, Mapping):
        raise ValidationError(
            f"thresholds {told!r}: not an object", 'write {"water_level": {"watch": 2.8, "warning": 3.2, "danger": 4.0}}'
        )
    return {str(name): _rule(str(name), fields) for name, fields in told.items()}


def _rule(name: str, fields: object) -> Rule:
    _known(name)
    where = f"thresholds.{name}"
    if not isinstance(fields, Mapping):
        raise ValidationError(f"{where} {fields!r}: not an object", 'write {"watch": 2.8, "hysteresis": 0.1}')
    for field in fields:
        if field not in _FIELDS:
            raise ValidationError(f'{where}: no field "{str(field)[:40]}"', f"fields are {', '.join(_FIELDS)}")
    below, statistic, channel = fields.get("below", False), fields.get("statistic", "instant"), fields.get("channel", "")
    if not isinstance(below, bool):
        raise ValidationError(
            f"{where}.below {below!r}: neither true nor false", "leave it out when high values are the bad ones"
        )
    if not (isinstance(statistic, str) and _STATISTIC.fullmatch(statistic)):
        raise ValidationError(f"{where}.statistic {statistic!r}: not a statistic", "write instant, mean/PT1H or sum/PT1H")
    if not isinstance(channel, str):
        raise ValidationError(
            f"{where}.channel {channel!r}: not a channel", 'write it as rows show it, such as "F5", or "*" for any'
        )
    sign = -1 if below else 1
    levels = _levels(where, fields, sign)
    hysteresis = _number(where, "hysteresis", fields.get("hysteresis", 0), 0)
    hold = _number(where, "for", fields.get("for", 0), 0, _LONGEST_S)
    return Rule(name, levels, round(levels[0][0] - hysteresis, _DIGITS), int(hold * SECOND), sign, statistic, channel)


def _levels(where: str, fields: Mapping[str, Any], sign: int) -> tuple[tuple[float, int], ...]:
    given = [word for word in SEVERITIES if word in fields]
    if not given:
        raise ValidationError(f"{where}: no level", f"give one or more of {', '.join(SEVERITIES)}")
    levels = tuple((sign * _number(where, word, fields[word]), SEVERITIES.index(word)) for word in given)
    for (low, _), (high, _), lower, upper in zip(levels, levels[1:], given, given[1:], strict=False):
        if not low < high:
            raise ValidationError(
                f"{where}: {upper} {sign * high:g} is not {'above' if sign > 0 else 'below'} {lower} {sign * low:g}",
                "watch is reached first, then warning, then danger" + ("" if sign < 0 else '; for low values say "below": true'),
            )
    return levels


def _number(where: str, field: str, value: object, low: float | None = None, high: float | None = None) -> float:
    fits = isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value)
    if not fits or (low is not None and value < low) or (high is not None and value > high):  # type: ignore[operator]
        span = "" if low is None else f" from {low:g}" + (f" to {high:g}" if high is not None else " up")
        raise ValidationError(
            f"{where}.{field} {value!r}: not a number{span}", "write it in the property's own unit, such as 2.8"
        )
    return float(value)  # type: ignore[arg-type]


def _known(name: str) -> None:
    if properties.get(name) is not None:
        return
    near = get_close_matches(name, properties.all_properties(), 1, 0.85)
    if near or not _DYNAMIC.fullmatch(name):
        hint = f"did you mean {near[0]}?" if near else "write its id, such as water_level"
        raise ValidationError(f'thresholds: "{name[:64]}" is not a property', hint)
