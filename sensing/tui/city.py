"""What the terminal knows of the city, and which part of it is shown. Pure: fed with what `/api/map` and `/api/live` say (docs/live.md)."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

SEVERITIES = ("watch", "warning", "danger")
DOMAINS = ("people", "city", "environment", "industry", "safety")
_FIRST = (
    "water_level", "ponding_depth", "rainfall", "pm2_5", "voc", "nmhc", "wave_height", "wind_speed", "speed_over_ground", "sound_level",
    "air_temperature",
)  # fmt: skip
"""Which of a thing's values stands for it, when none of its events says so."""
_REMEMBERED = 24
"""Values of each thing that a sparkline is drawn from."""
_MOST_KEPT = 4_000
"""Things whose values are remembered for that."""
Thing = dict[str, Any]
Event = dict[str, Any]


class Wanted(Struct, frozen=True):
    """Which things are shown. text: words that must all stand in id, name, type or area; severity: this or higher, -1 for any."""

    text: str = ""
    severity: int = -1
    domain: str = ""
    silent: bool = False


class City:
    """Things by id, events by id, and the figures. `take` and `merge` say which things changed."""

    def __init__(self) -> None:
        self.things: dict[str, Thing] = {}
        self.events: dict[str, Event] = {}
        self.kpi: dict[str, Any] = {}
        self.drill: dict[str, Any] | None = None
        self.clock = 0
        self._trail: dict[str, deque[float]] = {}

    def take(self, snapshot: Mapping[str, Any]) -> None:
        """Everything anew. What was remembered for sparklines stays."""
        self.things = {thing["id"]: thing for thing in snapshot["things"]}
        self.events = {event["id"]: event for event in snapshot["events"]}
        self.kpi, self.drill, self.clock = snapshot["kpi"], snapshot.get("drill"), int(snapshot["clock"])
        for thing in self.things.values():
            self._remember(thing)

    def merge(self, batch: Mapping[str, Any]) -> set[str]:
        """What has changed; returns the ids of its things."""
        changed = set[str]()
        for told in batch.get("things", ()):
            changed.add(told["id"])
            if told.get("gone"):
                self.things.pop(told["id"], None)
                continue
            known = self.things.setdefault(told["id"], {"values": {}})
            values = known["values"] | told.get("values", {})
            known.update(told)
            known["values"] = values
            self._remember(known)
        for event in batch.get("events", ()):
            if event.get("state") == "withdrawn":
                self.events.pop(event["id"], None)
            else:
                self.events[event["id"]] = event
        self.kpi = batch.get("kpi") or self.kpi
        self.clock = int(batch.get("clock") or self.clock)
        return changed

    def shown(self, wanted: Wanted) -> list[Thing]:
        """Things that are wanted, the worst first, then by name."""
        words = wanted.text.casefold().split()
        found = [thing for thing in self.things.values() if _is(thing, wanted, words)]
        return sorted(found, key=lambda thing: (-thing.get("severity", -1), str(thing.get("name") or thing["id"])))

    def listed(self) -> list[Event]:
        """Events: those that last first, the worst first, the newest first."""
        events = sorted(self.events.values(), key=lambda event: str(event["start"]), reverse=True)
        return sorted(events, key=lambda event: (event["state"] != "open", -rank(event["severity"])))

    def of(self, thing: str) -> list[Event]:
        """The events of one thing."""
        return [event for event in self.listed() if event.get("device") == thing]

    def main(self, thing: Thing) -> str | None:
        """The key of the value that stands for a thing; None when it has none."""
        values: dict[str, Any] = thing.get("values", {})
        for event in self.of(thing["id"]) if thing.get("severity", -1) >= 0 else ():
            if event["state"] == "open":
                found = next((key for key in values if key.partition("|")[0] == event.get("property")), None)
                if found is not None:
                    return found
        named = {key.partition("|")[0]: key for key in reversed(list(values))}
        return next((named[name] for name in _FIRST if name in named), next(iter(values), None))

    def trail(self, thing: str) -> tuple[float, ...]:
        """The values that stood for a thing lately, oldest first."""
        return tuple(self._trail.get(thing, ()))

    def _remember(self, thing: Thing) -> None:
        key = self.main(thing)
        value = thing["values"][key][0] if key is not None else None
        if value is None or (thing["id"] not in self._trail and len(self._trail) >= _MOST_KEPT):
            return
        trail = self._trail.setdefault(thing["id"], deque(maxlen=_REMEMBERED))
        trail.append(float(value))


def rank(severity: str) -> int:
    """0 watch, 1 warning, 2 danger; -1 for any other word."""
    return SEVERITIES.index(severity) if severity in SEVERITIES else -1


def _is(thing: Thing, wanted: Wanted, words: Iterable[str]) -> bool:
    if thing.get("severity", -1) < wanted.severity or (wanted.domain and thing.get("domain") != wanted.domain):
        return False
    if wanted.silent and thing.get("state") != "silent":
        return False
    text = "\n".join(str(thing.get(field) or "") for field in ("id", "name", "type", "area")).casefold()
    return all(word in text for word in words)
