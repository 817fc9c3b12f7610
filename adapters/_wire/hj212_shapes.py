"""HJ 212 data read by their shape: a device says the same names in the same order each minute, only the values change.

    a34004-Rtd=37.2,a34004-Flag=N;a01007-Rtd=31.4     names, seen before: a plan says which value is what, and where its flag stands
               |                |            |
               values: split at once, no item is looked at alone

Rules of this file
- A plan is made of names that the long way (`hj212_fields`) has read without complaint. What does not fit goes the long way.
- Only plain numbers and their flags are planned: no text, positions or sample times.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sensing.model import Micros, Reading

from .hj212_codes import ASIDE, FLAG, LATITUDE, LONGITUDE, NUMBER, PARAMETER, Rule, Rules
from .hj212_times import moment

MOST_NAMES = 64
MOST_SHAPES = 64
"""Of a dialect; a fleet has a few models of station."""
_BIG = 1e15
_TIME = "DataTime"
_SPECIAL = (LONGITUDE, LATITUDE, "PolId", "AlarmTime")


class Step(NamedTuple):
    """One value of a plan. at, flag: where value and flag stand; flag 0 when it has none."""

    at: int
    flag: int
    name: str
    property: str | None
    unit: str | None
    statistic: str
    channel: str
    begin: Micros | None
    end: Micros


def readings(cp: str, rules: Rules, native: str, sent: Micros) -> list[Reading] | None:
    """Readings of data whose shape is known; None when the long way must be gone."""
    flat = cp.replace(",", ";").replace("=", ";").split(";")
    plan = rules.shapes.get(tuple(flat[::2]))
    if plan is None or not cp.isascii() or "_" in cp:
        return None
    time = moment(flat[1])
    if time is None or len(flat) % 2:
        return None
    found = list[Reading]()
    for at, flag, name, prop, unit, statistic, channel, begin, end in plan:
        text = flat[at]
        value = None
        if text:
            try:
                value = float(text)
            except ValueError:
                return None
            if not -_BIG < value < _BIG or not text[-1].isdigit():
                return None
        found.append(Reading(
            native, name, prop, value, unit, statistic, channel, time + end, None if begin is None else time + begin, time,
            flat[flag].strip() or None if flag else None, None, None, sent,
        ))  # fmt: skip
    return found


def learn(cp: str, rules: Rules) -> None:
    """Remember the shape of data that were read, when it can be planned."""
    flat = cp.replace(",", ";").replace("=", ";").split(";")
    names = flat[::2]
    if len(flat) % 2 or len(names) > MOST_NAMES or cp.count("=") != len(names) or names[0] != _TIME:
        return
    plan = _plan(names, rules)
    if plan:
        if len(rules.shapes) >= MOST_SHAPES:
            rules.shapes.clear()
        rules.shapes[tuple(names)] = plan


def _plan(names: Sequence[str], rules: Rules) -> tuple[Step, ...]:
    found = [rules[name] for name in names]
    flags = {rule.factor: 2 * place + 1 for place, rule in enumerate(found) if rule.kind == FLAG}
    if not all(_plannable(name, rule) for name, rule in zip(names, found, strict=True)):
        return ()
    return tuple(
        _step(2 * place + 1, flags.get(rule.factor, 0), rule) for place, rule in enumerate(found) if rule.kind in (NUMBER, ASIDE)
    )


def _step(at: int, flag: int, rule: Rule) -> Step:
    return Step(at, flag, rule.name, rule.property, rule.unit, rule.statistic, rule.channel, rule.begin, rule.end)


def _plannable(name: str, rule: Rule) -> bool:
    return rule.kind in (NUMBER, ASIDE, FLAG, PARAMETER) and name == rule.name and name not in _SPECIAL
