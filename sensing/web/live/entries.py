"""Things as JSON (docs/live.md): whole, and what of them has changed since a position. Encoded once, whoever is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from sensing.model import Micros

from .city import City, Standing, Value
from .places import Place
from .position import Position

FACTS = ("name", "ship_type", "dangerous_goods", "destination", "eta", "length_m", "callsign", "imo", "flag", "aid_type")
"""What a map tells of a mover; `sensing device show` has all."""
_LATE = 60_000_000
"""Somebody who enrolled shortly before a position may have been unknown there."""
_UNJUDGED = 2
raw = msgspec.json.Encoder().encode


def whole(place: Place, standing: Standing, city: City) -> dict[str, Any]:
    """All of a thing."""
    told = {"id": place.id} | _about(place, standing, city) | _state(standing)
    if standing.placed:
        told |= _moved(standing)
        told["facts"] = _facts(standing.facts)
    told["values"] = {key: value_told(value) for key, value in standing.values.items()}
    return told


def changed(place: Place, standing: Standing, city: City, since: Position) -> dict[str, Any] | None:
    """What of a thing has changed since a position; None when nothing has."""
    met = place.version > since.version or place.since > since.turn - _LATE
    if not (met or standing.seq > since.seq or standing.mark > since.mark or standing.turn > since.turn):
        return None
    told: dict[str, Any] = {"id": place.id}
    if met:
        told |= _about(place, standing, city)
    told |= _state(standing)
    if standing.moved > since.seq:
        told |= _moved(standing)
    if standing.told > since.turn:
        told["facts"] = _facts(standing.facts)
        if standing.facts.get("name"):
            told["name"] = standing.facts["name"]
    values = {key: value_told(value) for key, value in standing.values.items() if value.seq > since.seq}
    if values:
        told["values"] = values
    return told


def value_told(value: Value) -> list[Any]:
    """[value, time, quality, reason, unit], and the newest good value and time where it is not good itself."""
    told = [value.value, value.time // 1000, value.quality, value.reason, value.unit]
    if value.good_time is not None and value.good_time != value.time:
        told += [value.good, value.good_time // 1000]
    return told


def _about(place: Place, standing: Standing, city: City) -> dict[str, Any]:
    lon, lat = (standing.lon, standing.lat) if standing.placed else (place.lon, place.lat)
    return {
        "name": place.name or standing.facts.get("name", ""), "type": place.type, "domain": place.domain, "area": place.area,
        "lon": _degrees(lon), "lat": _degrees(lat), "mover": standing.placed != 0, "cadence": place.cadence, "run": city.run,
    }  # fmt: skip


def _state(standing: Standing) -> dict[str, Any]:
    return {"time": _ms(standing.time), "state": standing.state, "severity": standing.severity}


def _moved(standing: Standing) -> dict[str, Any]:
    return {
        "lon": _degrees(standing.lon), "lat": _degrees(standing.lat), "course": standing.course, "speed": standing.speed, "mover": True
    }  # fmt: skip


def _facts(facts: Mapping[str, str]) -> dict[str, str]:
    return {key: facts[key] for key in FACTS if key in facts}


def _degrees(value: float | None) -> float | None:
    return None if value is None else round(value, 6)


def _ms(time: Micros) -> int | None:
    return time // 1000 if time else None
