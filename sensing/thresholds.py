"""Thresholds, as settings of a device or its type state them, read and checked. Values are canonical, levels on the stored datum.

    thresholds = { water_level = { watch = 2.8, warning = 3.2, danger = 4.0, hysteresis = 0.1 } }
    thresholds = { water_level = { level = { watch = 2.8 }, rise = { take = "rise", over = "30m", watch = 0.5 } }, rainfall = false }

    watch warning danger   any of them; an event begins at the first, and its severity is the last that was reached
    hysteresis             an event ends when a value is this far below the first level (0)
    for                    a level counts once every value has been there for so many seconds (0)
    statistic              datastreams of this statistic, such as mean/PT1H (instant)
    channel                datastreams of this channel, such as F5 or 3; "*" for any, each by itself (those without one)
    below                  true: low values are the bad ones; the levels go down, and all else is mirrored
    take, over             not the value itself but its sum, mean, rise (per hour) or crossing over a window, such as "3h" (derive.py)
    kind                   what its events are called (water_level_high)
    names                  what its levels are called, by severity: words of config/words.toml [level]

A property has one rule, several by name, or a list of them. A rule replaces the one of its name among the defaults of the device's type
(config/events.toml), `false` takes it away; one rule alone is named `level`. A device's `thresholds` replace those of its type as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from math import isfinite
from typing import Any

from . import properties
from .errors import UsageError, ValidationError
from .model import Micros
from .rules import CROSSING, GRADES, MEAN, RISE, SEVERITIES, SUM, Rule
from .times import SECOND, parse_duration

__all__ = ["SEVERITIES", "Rule", "merged", "read"]

LEVEL = "level"
"""The name of the rule about the values themselves; a `crossing` looks ahead to its levels."""
_FIELDS = (*SEVERITIES, "hysteresis", "for", "statistic", "channel", "below", "take", "over", "kind", "names", "grades")
_TAKES = (SUM, MEAN, RISE, CROSSING, GRADES)
_GRADE = ("name", "over", "at", "severity")
_STATISTIC = re.compile(r"[a-z]+(/[A-Za-z0-9-]+)?")
_WORD = re.compile(r"[a-z][a-z0-9_]{0,63}")
_DYNAMIC = re.compile(r"[a-z0-9]{1,32}_[a-z0-9_]{1,63}")
_LONGEST_S = 7 * 86_400
_DIGITS = 9
"""The end level is rounded to so many decimals: 2.8 - 0.1 is 2.7."""
_ENOUGH = 0.5
"""Of the time to a crossing, how much later it must become for its event to end."""
_SHARE = 0.2
"""Of the first grade, how far the sum must fall below it for its event to end."""
Told = Mapping[str, Any]


def read(told: object, defaults: Mapping[str, Mapping[str, Told]] | None = None) -> dict[str, tuple[Rule, ...]]:
    """Rules by property from the setting `thresholds`, over the defaults of a type: property to its rules by name.

    Raises ValidationError that names property, field, value and remedy.
    """
    return {name: found for name, rules in merged(told, defaults).items() if (found := _rules(name, rules))}


def merged(told: object, defaults: Mapping[str, Mapping[str, Told]] | None = None) -> dict[str, dict[str, Told]]:
    """What `told` says, laid over the defaults: property to its rules by name, unread. Raises ValidationError."""
    found = {name: dict(rules) for name, rules in (defaults or {}).items()}
    if told is None:
        return found
    if not isinstance(told, Mapping):
        raise ValidationError(
            f"thresholds {told!r}: not an object", 'write {"water_level": {"watch": 2.8, "warning": 3.2, "danger": 4.0}}'
        )
    for name, fields in told.items():
        _known(str(name))
        if fields is False:
            found[str(name)] = {}
            continue
        mine = found.setdefault(str(name), {})
        for key, rule in _named(f"thresholds.{name}", fields).items():
            if rule is False:
                mine.pop(key, None)
            else:
                mine[key] = rule
    return found


def _named(where: str, fields: object) -> dict[str, Any]:
    """Rules by name, however they were written."""
    several = isinstance(fields, Mapping) and fields and not any(field in _FIELDS for field in fields)
    if several and all(rule is False or isinstance(rule, Mapping) for rule in fields.values()):  # type: ignore[attr-defined]
        return {str(key): rule for key, rule in fields.items()}  # type: ignore[attr-defined]
    if isinstance(fields, Sequence) and not isinstance(fields, str):
        rules: dict[str, Any] = {}
        for rule in fields:
            key = _key(rule) if isinstance(rule, Mapping) else LEVEL
            if key in rules:
                raise ValidationError(f"{where}: two rules {key}", 'give them names: {"level": {...}, "slow": {...}}')
            rules[key] = rule
        return rules
    return {LEVEL: fields}


def _key(rule: Told) -> str:
    if isinstance(rule.get("kind"), str):
        return str(rule["kind"])
    words = [str(rule[field]) for field in ("take", "over") if field in rule]
    return "_".join(words) or LEVEL


def _rules(name: str, told: Mapping[str, Told]) -> tuple[Rule, ...]:
    """The rules of a property; a crossing of levels that there are none of is none."""
    found = {key: _rule(name, key, fields) for key, fields in told.items() if not _is_crossing(fields)}
    level = found.get(LEVEL)
    for key, fields in told.items():
        if _is_crossing(fields) and level is not None:
            found[key] = _crossing(name, key, fields, level)
    kinds = [rule.kind for rule in found.values()]
    if twice := next((kind for kind in kinds if kinds.count(kind) > 1), None):
        raise ValidationError(f"thresholds.{name}: two rules make events of the kind {twice}", 'give one another: "kind": "..."')
    return tuple(found.values())


def _is_crossing(fields: object) -> bool:
    return isinstance(fields, Mapping) and fields.get("take") == CROSSING


def _rule(name: str, key: str, fields: object) -> Rule:
    where = f"thresholds.{name}" if key == LEVEL else f"thresholds.{name}.{key}"
    checked = _checked(where, fields)
    below, statistic, channel = checked.get("below", False), checked.get("statistic", "instant"), checked.get("channel", "")
    sign, take, over = (-1 if below else 1), _take(where, checked), _over(where, checked)
    if take and not over and take != GRADES:
        raise ValidationError(f"{where}: {take} over how long?", 'write "over": "3h"')
    hold = int(_number(where, "for", checked.get("for", 0), 0, _LONGEST_S) * SECOND)
    more = {"hold": hold, "statistic": statistic, "channel": channel, "key": key, "called": checked.get("kind", "")}
    if take == GRADES:
        return _graded(where, name, checked, more)
    levels = _levels(where, checked, sign)
    clear = round(levels[0][0] - _number(where, "hysteresis", checked.get("hysteresis", 0), 0), _DIGITS)
    return Rule(name, levels, clear, sign=sign, take=take, over=over, names=_names(where, checked), **more)


def _checked(where: str, fields: object) -> Told:
    """The fields of a rule, with those that are words being what they should be."""
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
    kind = fields.get("kind", "gale")
    if not (isinstance(kind, str) and _WORD.fullmatch(kind)):
        raise ValidationError(f"{where}.kind {kind!r}: not a kind", "use a-z 0-9 _, such as gale")
    return fields


def _take(where: str, fields: Told) -> str:
    take = fields.get("take", GRADES if "grades" in fields else "")
    if "over" in fields and not take:
        take = SUM if str(fields.get("statistic", "")).startswith("sum/") else MEAN
    if take and take not in _TAKES:
        raise ValidationError(f"{where}.take {take!r}: not known", f"one of {', '.join(_TAKES)}")
    return str(take)


def _over(where: str, fields: Told, field: str = "over") -> Micros:
    told = fields.get(field, 0)
    try:
        over = parse_duration(told) if isinstance(told, str) else int(_number(where, field, told, 0, _LONGEST_S) * SECOND)
    except UsageError as error:
        raise ValidationError(f"{where}.{field} {told!r}: not a duration", error.hint) from None
    if over > _LONGEST_S * SECOND:
        raise ValidationError(f"{where}.{field} {told!r}: longer than a week", "write 3h or 30m")
    return over


def _crossing(name: str, key: str, fields: Told, level: Rule) -> Rule:
    """Looks ahead to the levels of another rule: its own value is the hours until the next one is reached, and few are bad."""
    where = f"thresholds.{name}.{key}"
    checked = _checked(where, fields)
    over = _over(where, checked) or 3600 * SECOND
    horizon = _number(where, "watch", checked.get("watch", 2), 0.01, _LONGEST_S / 3600)
    later = _number(where, "hysteresis", checked.get("hysteresis", _ENOUGH * horizon), 0)
    hold = int(_number(where, "for", checked.get("for", 0), 0, _LONGEST_S) * SECOND)
    return Rule(
        name, ((-horizon, 0),), round(-horizon - later, _DIGITS), hold, -1, level.statistic, level.channel, key,
        checked.get("kind", ""), CROSSING, over, level.names, targets=level.levels, toward=level.sign,
        room=round(level.levels[0][0] - level.clear, _DIGITS),
    )  # fmt: skip


def _graded(where: str, name: str, fields: Told, more: Mapping[str, Any]) -> Rule:
    """Several sums over several windows, each a grade of its own; the value is the highest grade that is reached."""
    told = fields.get("grades")
    if not isinstance(told, Sequence) or isinstance(told, str) or not told:
        raise ValidationError(f"{where}.grades: none", 'write [{"name": "blue", "over": "12h", "at": 50, "severity": "watch"}]')
    grades, levels, names = list[tuple[Micros, float, int]](), list[tuple[float, int]](), list[str]()
    for number, grade in enumerate(told, 1):
        here = f"{where}.grades[{number}]"
        if not isinstance(grade, Mapping) or set(grade) != set(_GRADE) or grade["severity"] not in SEVERITIES:
            raise ValidationError(
                f"{here} {grade!r}: not a grade", f"give {', '.join(_GRADE)}; severity is {', '.join(SEVERITIES)}"
            )
        severity = SEVERITIES.index(grade["severity"])
        if levels and severity < levels[-1][1]:
            raise ValidationError(f"{here}: less severe than the one before", "the least comes first")
        grades.append((_over(here, grade), _number(here, "at", grade["at"], 0.001), severity))
        names.append(str(grade["name"]))
        if not levels or severity > levels[-1][1]:
            levels.append((float(number), severity))
    clear = round(1 - _number(where, "hysteresis", fields.get("hysteresis", _SHARE), 0, 1), _DIGITS)
    over = max(window for window, _, _ in grades)
    return Rule(name, tuple(levels), clear, take=GRADES, over=over, names=tuple(names), grades=tuple(grades), **more)


def _names(where: str, fields: Told) -> tuple[str, ...]:
    told = fields.get("names", {})
    fits = isinstance(told, Mapping) and all(word in SEVERITIES and isinstance(name, str) for word, name in told.items())
    if not fits:
        raise ValidationError(f"{where}.names {told!r}: not names", 'write {"warning": "river_warning"}')
    return tuple(str(told.get(word, "")) for word in SEVERITIES) if told else ()


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
