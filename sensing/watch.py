"""Which observations are watched, and by what: the thresholds in a thing's settings over those of its type in config/events.toml.

Read once per thing as the registry has it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from . import logs, thresholds
from .errors import UsageError, ValidationError
from .events import Speaker, Watched
from .model import Micros, Source, Thing
from .paths import config_dir
from .rules import SEVERITIES, Rule
from .times import SECOND, parse_duration

_log = logs.get("watch")
_MOST = 20_000
_OWN = frozenset(("types", "property", "name"))
_NOTHING: Mapping[str, tuple[Rule, ...]] = {}


class Stay(Struct, frozen=True):
    """When values that stand still are an event: once they did for `least`; instants that are doubted are one stay up to `apart`."""

    least: Micros
    apart: Micros


class Shipped(Struct, frozen=True):
    """config/events.toml. rules: by type, then property, then name, as they are written. names: of levels, by property, then type.

    times, least: how long a device may be silent; gateway: and a gateway offline. mute: types that nobody misses.
    escalate: by severity, how long nobody need acknowledge an event; None for ever.
    """

    rules: Mapping[str, Mapping[str, Mapping[str, Mapping[str, Any]]]]
    names: Mapping[str, Mapping[str, Mapping[str, str]]]
    times: float
    least: Micros
    gateway: Micros
    mute: frozenset[str]
    escalate: tuple[Micros | None, ...]
    frozen: Stay


@cache
def shipped() -> Shipped:
    """What is watched although nobody said so."""
    tree = tomllib.loads((config_dir() / "events.toml").read_text("utf-8"))
    rules: dict[str, dict[str, dict[str, Mapping[str, Any]]]] = {}
    for told in tree["rule"].values():
        fields = {key: value for key, value in told.items() if key not in _OWN}
        for kind in told["types"]:
            rules.setdefault(kind, {}).setdefault(told["property"], {})[told["name"]] = fields
    silent, escalate = tree["silent"], tree["escalate"]
    return Shipped(
        rules, tree["names"], float(silent["times"]), parse_duration(silent["least"]), parse_duration(silent["gateway"]),
        frozenset(silent["except"]), tuple(None if escalate[word] == "off" else parse_duration(escalate[word]) for word in SEVERITIES),
        Stay(parse_duration(tree["frozen"]["for"]), parse_duration(tree["frozen"]["apart"])),
    )  # fmt: skip


class Watch:
    """Rules of the things met lately. A thing that the registry has changed is another object, so what it says is read anew."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[Thing, Mapping[str, tuple[Rule, ...]]]] = {}
        self._speakers: dict[tuple[str, str], tuple[Thing, Speaker | None]] = {}

    def over(self, thing: Thing, name: str, statistic: str, channel: str, source: Source | None = None) -> Watched | None:
        """What watches a datastream of a thing; None for nothing. source: who says it in which run, to miss it when it falls silent."""
        known = self._known.get(thing.id)
        if known is None or known[0] is not thing:
            if len(self._known) >= _MOST:
                self._known.clear()
            known = self._known[thing.id] = thing, _read(thing)
        rules = tuple(rule for rule in known[1].get(name, ()) if rule.covers(statistic, channel))
        speaker = self._speaker(thing, source) if source is not None else None
        return Watched(rules, str(thing.domain), speaker) if rules or speaker is not None else None

    def _speaker(self, thing: Thing, source: Source) -> Speaker | None:
        """One object for all datastreams of a thing in a run."""
        known = self._speakers.get((thing.id, source.run))
        if known is None or known[0] is not thing:
            if len(self._speakers) >= _MOST:
                self._speakers.clear()
            limit = patience(thing)
            speaker = None if limit is None else Speaker(
                thing.id, source.run, source.origin, thing.adapter, thing.native, thing.principal, str(thing.domain), limit)  # fmt: skip
            known = self._speakers[thing.id, source.run] = thing, speaker
        return known[1]


def patience(thing: Thing) -> Micros | None:
    """How long a thing may be silent, µs; None for ever. Its setting `silent` (seconds, "30m", false) goes before its type's cadence."""
    told, about = thing.settings.get("silent"), shipped()
    try:
        if told is False or thing.shared or (told is None and (thing.type in about.mute or not thing.cadence_s)):
            return None
        if told is not None:
            return parse_duration(told) if isinstance(told, str) else int(float(told) * SECOND)
    except (UsageError, TypeError, ValueError):
        _log.warning("silent_unreadable", device=thing.id, silent=repr(told)[:40])
    return max(int(about.times * (thing.cadence_s or 0) * SECOND), about.least)


def _read(thing: Thing) -> Mapping[str, tuple[Rule, ...]]:
    """Rules by property. What registration would refuse (an older registry, a type's file) watches nothing, and is told once."""
    about = shipped()
    try:
        found = thresholds.read(thing.settings.get("thresholds"), about.rules.get(thing.type))
    except ValidationError as error:
        _log.warning("thresholds_unreadable", device=thing.id, error=str(error))
        return _NOTHING
    return {
        name: tuple(_named(rule, about.names.get(name, {}).get(thing.type)) for rule in rules) for name, rules in found.items()
    }


def _named(rule: Rule, names: Mapping[str, str] | None) -> Rule:
    """A rule about the values themselves, with what its levels are called where nobody has said it."""
    if rule.names or rule.take or names is None:
        return rule
    return replace(rule, names=tuple(names.get(word, "") for word in SEVERITIES))
