"""What an incident is, told: its title in plain words, how bad, where, since when, and its timeline."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sensing.model import Micros
from sensing.thresholds import SEVERITIES
from sensing.times import rfc3339
from sensing.wordbook import Words, halves, pair

from . import Incident, Item
from .rules import Rules

_NAMED = 3
"""Families and areas that a title names."""


def title(incident: Incident, rules: Rules) -> Words:
    """`暴雨、道路积水（芗城区，12 台设备）`, `Rainstorm, roads under water (Xiangcheng, 12 devices)`: the worst families first."""
    worst: dict[str, tuple[int, Micros]] = {}
    for item in incident.items:
        name = rules.of(item.kind)
        held = worst.get(name, (0, item.start))
        worst[name] = min(held[0], -item.severity), min(held[1], item.start)
    names = sorted(worst, key=lambda name: (rules.family[name].follows, *worst[name], name))
    shown = [rules.family[name].name for name in names[:_NAMED]]
    devices = len({item.device for item in incident.items})
    areas = Counter(item.place.area for item in incident.items if item.place.area)
    where = [halves(name) for name, _ in sorted(areas.items(), key=lambda each: (-each[1], each[0]))[:_NAMED]]
    zh, en = "、".join(word["zh"] for word in shown), ", ".join(word["en"] for word in shown)
    return {
        "zh": f"{zh}（{'、'.join([*(each['zh'] for each in where), f'{devices} 台设备'])}）",
        "en": f"{en[:1].upper()}{en[1:]} ({', '.join([*(each['en'] for each in where), f'{devices} device' + 's' * (devices > 1)])})",
    }


def summary(incident: Incident, rules: Rules) -> dict[str, Any]:
    """What an event says of its incident."""
    return {"id": incident.id, "title": title(incident, rules)}


def told(incident: Incident, rules: Rules, run: str, origin: str) -> dict[str, Any]:
    """An incident in the API's words. end: null while an event of it lasts. bbox: W, S, E, N."""
    items = incident.items
    points = [(item.place.lon, item.place.lat) for item in items if item.place.lon is not None and item.place.lat is not None]
    ends = [item.end for item in items]
    lasts = any(end is None for end in ends)
    lons, lats = [lon for lon, _ in points], [lat for _, lat in points]
    return {
        "id": incident.id, "title": title(incident, rules), "severity": SEVERITIES[max(item.severity for item in items)],
        "state": "open" if lasts else "closed", "start": rfc3339(min(item.start for item in items)),
        "end": None if lasts else rfc3339(max(end for end in ends if end is not None)),
        "centre": [round(sum(lons) / len(lons), 5), round(sum(lats) / len(lats), 5)] if points else None,
        "bbox": [min(lons), min(lats), max(lons), max(lats)] if points else None,
        "families": list(incident.families), "kinds": sorted({item.kind for item in items}),
        "domains": sorted({item.domain for item in items if item.domain}),
        "areas": sorted({item.place.area for item in items if item.place.area}),
        "devices": len({item.device for item in items}), "events": [item.id for item in items], "run": run, "origin": origin,
    }  # fmt: skip


def timeline(items: Sequence[Item]) -> list[dict[str, Any]]:
    """What happened, in order: each event as it began, rose and ended."""
    found: list[tuple[Micros, str, str, int, Item]] = []
    for item in items:
        found += [(time, item.id, "rose" if at else "began", severity, item) for at, (severity, time) in enumerate(item.steps)]
        if item.end is not None:
            found.append((item.end, item.id, "ended", item.severity, item))
    return [
        {
            "time": rfc3339(time), "event": identity, "what": what, "severity": SEVERITIES[severity], "kind": item.kind,
            "words": pair("kind", item.kind), "device": item.device, "name": item.place.name, "area": item.place.area,
        }
        for time, identity, what, severity, item in sorted(found, key=lambda each: each[:3])
    ]  # fmt: skip
