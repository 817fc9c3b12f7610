"""Things and events as cells of a table: marks, words, numbers, ages, sparklines. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from rich.text import Text as Rich

from sensing.cli.output import SEVERITY_MARK, local

from .city import City, Event, Thing, rank


class Words(Protocol):
    """Words in one language."""

    def __call__(self, table: str, key: str) -> str: ...
    def datastream(self, key: str) -> str: ...


_WORDS = ("watch", "warning", "danger")
MARKS = {-1: "·"} | {level: SEVERITY_MARK[word] for level, word in enumerate(_WORDS)}
STYLES = {-1: "", 0: "yellow", 1: "dark_orange", 2: "bold red"}
_BARS = "▁▂▃▄▅▆▇█"
_STATES = {"online": "●", "silent": "○", "new": "◌", "retired": "–"}


def spark(values: Sequence[float], width: int = 12) -> str:
    """The last values as bars between the least and the greatest of them; equal ones are level."""
    shown = values[-width:]
    if len(shown) < 2:
        return ""
    low, high = min(shown), max(shown)
    span = high - low
    return "".join(_BARS[round((value - low) / span * (len(_BARS) - 1))] if span else _BARS[0] for value in shown)


def age(then_ms: float | None, now_ms: float) -> str:
    """How long ago: 12s, 5m, 3h, 2d; – when never."""
    if not then_ms:
        return "–"
    seconds = max(0, int((now_ms - then_ms) / 1000))
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def number(value: float | None) -> str:
    """A value to read: at most three decimals; – when missing."""
    return "–" if value is None else f"{value:,.3f}".rstrip("0").rstrip(".")


def severity(level: int, say: Words) -> Rich:
    """Mark and word: colour is never the only sign."""
    return Rich(f"{MARKS[level]} {say('severity', _WORDS[level])}" if level >= 0 else MARKS[-1], STYLES[level])


def state(word: str, say: Words) -> Rich:
    """Whether a thing is heard, as mark and word."""
    return Rich(f"{_STATES.get(word, '?')} {say('watch', f'state_{word}')}", "dim" if word in {"new", "retired"} else "")


def thing_cells(city: City, thing: Thing, say: Words) -> tuple[Any, ...]:
    """severity, name, property, value, quality, trend, area, age, state: what is cut off in a narrow window comes last."""
    key = city.main(thing)
    told = thing["values"][key] if key is not None else (None, None, 9, "", "")
    value, time, quality, reason, unit = told[:5]
    doubted = Rich(say("reason", reason) if reason else "", "magenta" if quality not in (1, 2) else "dim")
    return (
        severity(thing.get("severity", -1), say), str(thing.get("name") or thing["id"]),
        "" if key is None else say.datastream(key), Rich(f"{number(value)} {_unit(unit)}".strip(), justify="right"), doubted,
        spark(city.trail(thing["id"]), 10), str(thing.get("area") or ""), Rich(age(time, city.clock), justify="right"), state(thing.get("state", "new"), say),
    )  # fmt: skip


def event_cells(city: City, event: Event, say: Words) -> tuple[Any, ...]:
    """severity, state, device, kind, since, peak, who looks after it."""
    name = city.things.get(event.get("device") or "", {}).get("name") or event.get("device") or ""
    peak = event.get("peak") or {}
    value = f"{number(peak.get('value'))} {_unit(event.get('unit') or '')}".strip() if peak.get("value") is not None else ""
    by = (event.get("acknowledged") or {}).get("by", "")
    return (
        severity(rank(event["severity"]), say), say("event_state", event["state"]), str(name), say("kind", event["kind"]),
        local(str(event["start"]))[5:16], value, str(by),
    )  # fmt: skip


def _unit(unit: str) -> str:
    return {"1": "", "Cel": "°C", "[kn_i]": "kn", "deg": "°", "ug/m3": "µg/m³", "mg/m3": "mg/m³"}.get(unit, unit)
