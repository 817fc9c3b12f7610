"""The levels that a device's datastreams are watched by: its own thresholds over those of its type, as charts draw them and people read them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sensing.registry import Device
from sensing.rules import MEAN, SEVERITIES, Rule, span_word
from sensing.watch import Watch

from .desk import Desk
from .explain import thing_of


def levels(desk: Desk, device: Device, latest: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """For each datastream of `latest` and each rule about its value, or a mean of it: {property statistic channel kind over unit levels}.

    over: the window of the mean, such as "1h", or null. levels: [{severity, value, name}], in the property's unit, the first to be reached first;
    name is of config/words.toml [level], or null. Rules about sums, rises and forecasts have no line on a chart, and are not told.
    """
    thing, watch = thing_of(desk, device), Watch()
    told: list[dict[str, Any]] = []
    for row in latest:
        watched = watch.over(thing, row["property"], row["statistic"], row["channel"])
        series = {name: row[name] for name in ("property", "statistic", "channel", "unit")}
        told += [series | _told(rule) for rule in (watched.rules if watched else ()) if rule.take in ("", MEAN)]
    return told


def _told(rule: Rule) -> dict[str, Any]:
    names = dict(enumerate(rule.names))
    return {
        "kind": rule.kind, "over": span_word(rule.over) if rule.take else None,
        "levels": [
            {"severity": SEVERITIES[severity], "value": value * rule.sign, "name": names.get(severity) or None} for value, severity in rule.levels
        ],
    }  # fmt: skip
